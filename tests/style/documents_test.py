# SPDX-License-Identifier: MIT
"""The documents agree with the tree and with the program: manual pages, maps of the code, links, examples."""
import json
import os
import re
import shutil
import subprocess
import unittest

import tree

MUSTER = os.environ.get("MUSTER", "")
MAN_PAGES = tree.files("docs/man/*.[1-8]")
MARKDOWN = tree.files("*.md")
MAPPED_PATH = r"`((?:launcher|worker_api|tests|tools|docs|examples|configs|cmake)/[\w./-]*)`"


def muster(*arguments):
    return subprocess.run([MUSTER, *arguments], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=20, check=False)


def subcommands():
    """The words that `muster --help` lists as commands: `  muster WORD ...`."""
    return sorted(set(re.findall(r"^\s+muster ([a-z]+)\b", muster("--help").stdout, re.MULTILINE)))


class Documents(unittest.TestCase):
    maxDiff = None

    def test_manual_pages_have_no_lint(self):
        if shutil.which("mandoc") is None:
            self.skipTest("mandoc is not installed")
        self.assertNotEqual(MAN_PAGES, [])
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *map(str, MAN_PAGES)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 0)

    def test_examples_of_manual_pages_keep_their_quotes(self):
        # roff takes a bare quote for the beginning of an argument and shows none: \(dq is one that is shown.
        for path in MAN_PAGES:
            lost = re.findall(r'^\.(?:Dl|Ql) .*".*$', tree.text(path), re.MULTILINE)
            self.assertEqual(lost, [], tree.name(path))

    def test_every_subcommand_has_a_manual_page_and_help(self):
        self.assertIn("run", subcommands())
        pages = {path.name for path in MAN_PAGES}
        for word in subcommands():
            with self.subTest(subcommand=word):
                self.assertIn(f"muster-{word}.1", pages)
                help_text = muster(word, "--help")
                self.assertEqual(help_text.returncode, 0)
                self.assertIn(f"muster {word}", help_text.stdout)

    def test_the_page_of_run_and_its_help_tell_of_the_same_options(self):
        page = tree.text(tree.TOP / "docs/man/muster-run.1")
        told = {"-" + name for line in re.findall(r"^\.It (Fl .*)$", page, re.MULTILINE)
                for name in re.findall(r"Fl (-?[a-z-]+)", line)}
        lines = re.findall(r"^ +(-.*?)(?:  |$)", muster("run", "--help").stdout, re.MULTILINE)
        offered = {name for line in lines for name in re.findall(r"(?:^|, )(--?[a-z-]+)", line)}
        self.assertGreater(len(offered), 30)
        self.assertEqual(offered - told, set())
        self.assertEqual({name for name in told if name.startswith("--")} - offered, set())

    def test_a_manual_page_refers_only_to_pages_that_are_there(self):
        pages = {path.name for path in MAN_PAGES}
        for path in tree.files("docs/man/*.3"):  # functions are found under their own names
            pages |= {f"{name}.3" for name in re.findall(r"^\.Nm (\w+)", tree.text(path), re.MULTILINE)}
        for path in MAN_PAGES:
            text = tree.text(path).replace("\\", "").replace("fB", "").replace("fR", "")
            named = {f"{name}.{section}" for name, section in
                     re.findall(r"\b((?:lib)?muster[a-z_-]*)(?: |\s*\()([1-8])\b", text)}
            self.assertLessEqual(named, pages, tree.name(path))

    def test_every_preset_that_a_document_names_is_there(self):
        presets = json.loads(tree.text(tree.TOP / "CMakePresets.json"))
        for path in MARKDOWN:
            for command, name in re.findall(r"\b(cmake(?: --build)?|ctest) --preset ([\w-]+)", tree.text(path)):
                kind = {"cmake": "configure", "cmake --build": "build", "ctest": "test"}[command] + "Presets"
                self.assertIn(name, [preset["name"] for preset in presets[kind]], tree.name(path))

    def test_every_example_spec_that_a_document_names_is_there(self):
        for path in MARKDOWN + MAN_PAGES:
            for name in re.findall(r"configs/[\w./]+\.(?:yaml|json)", tree.text(path).replace("\\", "")):
                self.assertTrue((tree.TOP / name).is_file(), f"{tree.name(path)} names {name}")

    def test_every_example_spec_is_named_in_a_manual_page(self):
        pages = "".join(tree.text(path).replace("\\", "") for path in MAN_PAGES)
        missing = [tree.name(path) for path in tree.files("configs/*.yaml", "configs/libmuster/*.yaml")
                   if str(path.relative_to(tree.TOP)) not in pages]
        self.assertEqual(missing, [])

    def test_every_path_that_a_map_of_the_code_names_is_there(self):
        for path in tree.TOP.glob("*.md"):
            for name in re.findall(MAPPED_PATH, tree.text(path)):
                self.assertTrue((tree.TOP / name).exists(), f"{tree.name(path)} names {name}")

    def test_every_link_between_documents_leads_somewhere(self):
        for path in MARKDOWN:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", tree.text(path)):
                self.assertTrue((path.parent / target).exists(), f"{tree.name(path)} links to {target}")

    def test_every_file_of_the_library_is_in_the_architecture(self):
        table = tree.text(tree.TOP / "ARCHITECTURE.md")
        missing = [path.name for path in tree.files("worker_api/src/*.[ch]")
                   if f"`src/{path.stem}`" not in table and f"`src/{path.name}`" not in table]
        self.assertEqual(missing, [])

    def test_every_room_of_the_launcher_is_in_the_map_of_the_readme(self):
        readme = tree.text(tree.TOP / "README.md")
        for room in sorted({path.parent.name for path in tree.files("launcher/*/*.c")}):
            self.assertIn(f"{room}/", readme)


if __name__ == "__main__":
    unittest.main(verbosity=2)
