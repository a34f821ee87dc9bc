# SPDX-License-Identifier: MIT
"""Each public header can be included alone, from C11 and from C++17, and says of each function what it does."""
import re
import shutil

import package
from package import harness

INCLUDES = harness.TOP / "worker_api/include"
DIALECTS = (("gcc", "c11", "c"), ("gcc", "gnu2x", "c"), ("g++", "c++17", "c++"),
            ("clang", "c11", "c"), ("clang++", "c++17", "c++"))


class Headers(harness.TestCase):
    def test_each_compiles_alone_as_c_and_as_cxx(self):
        self.assertGreater(len(package.HEADERS), 8)
        compilers = [dialect for dialect in DIALECTS if shutil.which(dialect[0])]
        self.assertNotEqual(compilers, [])
        for compiler, standard, language in compilers:
            for header in package.HEADERS:
                with self.subTest(header=header.name, compiler=compiler, standard=standard):
                    name = header.relative_to(INCLUDES)
                    done = self.command(compiler, f"-std={standard}", "-x", language, *package.WARNINGS, "-Wshadow",
                                        "-I", INCLUDES, "-fsyntax-only", "-", stdin=f"#include <{name}>\n"
                                        f"#include <{name}>\nint alone;\n")
                    self.assert_exit(done, 0)

    def test_the_umbrella_includes_every_one(self):
        umbrella = (INCLUDES / "muster.h").read_text()
        included = set(re.findall(r"#include <muster/(\w+)\.h>", umbrella))
        self.assertEqual(included | {"base"}, {header.stem for header in package.HEADERS} - {"muster"})

    def test_each_is_guarded_by_its_own_name_and_includes_only_its_like(self):
        for header in package.HEADERS:
            text = header.read_text()
            guard = "MUSTER_H" if header.stem == "muster" else f"MUSTER_{header.stem.upper()}_H"
            self.assertIn(f"#ifndef {guard}\n#define {guard}\n", text)
            for included in re.findall(r"#include (\S+)", package.without_comments(text)):
                self.assertRegex(included, r"^<(muster/\w+|stddef|stdint)\.h>$", header.name)

    def test_a_comment_stands_over_each_function_or_over_the_block_that_it_is_in(self):
        for header in package.HEADERS:
            for block in re.split(r"\n\s*\n", header.read_text()):
                if "MUSTER_API muster" in block or re.search(r"^MUSTER_API", block, re.MULTILINE):
                    self.assertRegex(block, r"^/\* ", f"{header.name}: {block}")

    def test_no_name_is_given_out_that_does_not_begin_with_the_library_s(self):
        for header in package.HEADERS:
            text = package.without_comments(header.read_text())
            for name in re.findall(r"^#define (\w+)", text, re.MULTILINE) + re.findall(r"\b(?:enum|struct) (\w+)", text):
                self.assertRegex(name, r"^(MUSTER|muster)_", header.name)


harness.main()
