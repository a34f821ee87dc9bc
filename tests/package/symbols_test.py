# SPDX-License-Identifier: MIT
"""The libraries that are built give out what the headers promise, and nothing else."""
import re

import package
from package import harness

LIBRARY = harness.BUILD / "worker_api"
SHARED = LIBRARY / "libmuster.so"
ARCHIVE = LIBRARY / "libmuster.a"
PROMISED = sorted(name for names in package.declared().values() for name in names)


class Symbols(harness.TestCase):
    def tool(self, *words):
        done = self.command(*words)
        self.assert_exit(done, 0)
        return done.stdout

    def test_the_shared_library_exports_exactly_what_the_headers_declare(self):
        exported = re.findall(r" T (\w+)@@MUSTER_0\.1$", self.tool("nm", "-D", "--defined-only", SHARED), re.MULTILINE)
        self.assertGreater(len(PROMISED), 40)
        self.assertEqual(sorted(exported), PROMISED)

    def test_nothing_else_is_exported_but_the_name_of_the_version(self):
        lines = self.tool("nm", "-D", "--defined-only", SHARED).splitlines()
        others = [line for line in lines if not re.search(r" T muster_\w+@@MUSTER_0\.1$", line)]
        self.assertEqual([line.split()[1:] for line in others], [["A", "MUSTER_0.1"]])

    def test_the_archive_has_no_global_name_but_those(self):
        names = re.findall(r"^\S+ [A-Z] (\S+)$", self.tool("nm", "-g", "--defined-only", ARCHIVE), re.MULTILINE)
        self.assertEqual(sorted(names), PROMISED)

    def test_the_shared_library_needs_the_c_library_only(self):
        dynamic = self.tool("readelf", "-d", SHARED)
        self.assertEqual(set(re.findall(r"NEEDED.*\[([^\]]+)\]", dynamic)) - {"ld-linux-x86-64.so.2"}, {"libc.so.6"})
        self.assertEqual(re.findall(r"SONAME.*\[([^\]]+)\]", dynamic), ["libmuster.so.0"])

    def test_the_shared_library_can_be_mapped_read_only_and_without_an_executable_stack(self):
        self.assertNotIn("TEXTREL", self.tool("readelf", "-d", SHARED))
        self.assertRegex(self.tool("readelf", "-lW", SHARED), r"GNU_STACK.* RW ")


harness.main()
