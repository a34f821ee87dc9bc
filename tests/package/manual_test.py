# SPDX-License-Identifier: MIT
"""The manual pages of libmuster tell of every function, and their examples are programs that do what the pages show."""
import re
import shutil

import package
from package import harness

PAGES = sorted([harness.TOP / "docs/man/libmuster.7", *(harness.TOP / "docs/man").glob("*.3")])
DECLARED = package.declared()


def literals(page):
    """The page's displays as a reader sees them."""
    displays = re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", page.read_text(), re.MULTILINE)
    return [text.replace("\\&", "").replace("\\e", "\\") for text in displays]


def example_of(page):
    """The program, the command that starts it, and what that prints."""
    displays = literals(page)
    program = next(text for text in displays if text.startswith("#include"))
    command, *printed = next(text for text in displays if text.startswith("$ ")).splitlines()
    return program, command.removeprefix("$ "), printed


def names_of(page):
    return re.findall(r"^\.Nm (muster_\w+)", page.read_text(), re.MULTILINE)


def prototypes(text):
    """Of each function, its words without names' spacing: from a header, or from a synopsis."""
    found = {}
    for result, name, parameters in re.findall(r"(?:MUSTER_API )([\w ]+?\*?)\s*\b(muster_\w+)\(([^)]*)\)", text):
        found[name] = re.sub(r"\s+", " ", f"{result.strip()} ({parameters})")
    return found


def synopsis(page):
    text = page.read_text().split(".Sh DESCRIPTION")[0]
    found = {}
    for result, rest in re.findall(r"^\.Ft (.*)\n((?:\.F[noac].*\n)+)", text, re.MULTILINE):
        name = re.search(r"^\.F[no] (\w+)", rest)[1]
        rest = re.sub(r"^\.Fn \w+ void$", "", rest, flags=re.MULTILINE)
        found[name] = f"{result} ({', '.join(re.findall(chr(34) + '(.*?)' + chr(34), rest)) or 'void'})"
    return found


class Manual(package.InstalledTestCase):
    def test_each_header_has_its_page_and_the_page_all_its_functions(self):
        pages = {page.stem.removeprefix("muster_"): page for page in PAGES if page.suffix == ".3"}
        self.assertEqual(set(pages), set(DECLARED))
        for header, functions in DECLARED.items():
            self.assertEqual(sorted(names_of(pages[header])), sorted(functions), header)

    def test_a_synopsis_says_what_the_header_declares(self):
        for header in DECLARED:
            page = harness.TOP / f"docs/man/muster_{header}.3"
            text = (harness.TOP / f"worker_api/include/muster/{header}.h").read_text()
            self.assertEqual(synopsis(page), prototypes(package.without_comments(text)), header)

    def test_every_code_and_every_name_of_the_headers_is_explained_in_a_page(self):
        told = "".join(page.read_text() for page in PAGES)
        for header in package.HEADERS:
            text = package.without_comments(header.read_text())
            for names in re.findall(r"\benum \w*\s*{(.*?)}", text, re.DOTALL):
                for name in re.findall(r"\b(MUSTER_\w+)", names):
                    self.assertIn(name, told, header.name)

    def test_the_example_of_each_page_is_built_and_prints_what_the_page_shows(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                text, command, printed = example_of(page)
                source = self.directory / "example.c"
                source.write_text(text)
                self.program(source, name=re.search(r" \./(\w+)", command)[1], more=["-std=gnu11"])
                done = self.command("sh", "-c", command, cwd=self.directory)
                self.assertEqual(sorted(done.stdout.splitlines()), sorted(printed), done.stderr)

    def test_each_function_is_found_under_its_name(self):
        if shutil.which("man") is None:
            self.skipTest("man is not installed")
        for functions in DECLARED.values():
            for function in functions:
                self.assertTrue((self.prefix / f"share/man/man3/{function}.3").is_file(), function)
        done = self.command("man", "-M", self.prefix / "share/man", "3", "muster_allreduce")
        self.assert_exit(done, 0)
        self.assertIn("muster_reduce_scatter_by", done.stdout)


harness.main()
