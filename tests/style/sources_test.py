# SPDX-License-Identifier: MIT
"""The sources keep the habits of the house: layers, openings, format, no marks of unfinished work."""
import re
import shutil
import subprocess
import unittest

import tree

LONG_FUNCTION_LINES = 60
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def rooms_of_the_layer_table():
    """ARCHITECTURE.md's table: each room with the set of rooms that it may include."""
    rooms = {}
    for line in tree.text(tree.TOP / "ARCHITECTURE.md").splitlines():
        row = re.match(r"\|\s*`launcher/(\w+)`\s*\|([^|]*)\|", line)
        if row:
            rooms[row[1]] = set(re.findall(r"`(\w+)`", row[2]))
    return rooms


def rooms_as_included():
    """The same, as the sources have it."""
    rooms = {}
    for path in tree.files("launcher/*/*.[ch]"):
        room = path.parent.name
        used = rooms.setdefault(room, set())
        for quote, included in INCLUDE.findall(tree.text(path)):
            if quote == '"' and "/" in included and included.split("/")[0] != room:
                used.add(included.split("/")[0])
    return rooms


def opening_comment(path):
    """The first comment of a C file, without its SPDX line and decoration."""
    opening = re.match(r"/\* SPDX-License-Identifier: MIT\n(.*?)\*/", tree.text(path), re.DOTALL)
    return " ".join(line.strip(" *") for line in opening[1].splitlines()).strip() if opening else ""


def functions_of(path):
    """Name and length of each function: the format puts its braces at the start of a line."""
    lines = tree.text(path).splitlines()
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            head = " ".join(lines[max(0, begin - 4):begin])
            name = re.findall(r"(\w+)\(", head)
            yield (name[-1] if name else "?"), number - begin + 1
            begin = None


COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Sources(unittest.TestCase):
    maxDiff = None

    def test_every_source_names_its_licence_in_its_first_lines(self):
        sources = tree.files("*.[ch]", "*.cc", "*.py", "*.sh", "*.awk", "*.cmake",
                             "*.map", "CMakeLists.txt", ".ci/run")
        self.assertGreater(len(sources), 20)
        without = [tree.name(path) for path in sources
                   if "SPDX-License-Identifier: MIT" not in "\n".join(tree.text(path).splitlines()[:3])]
        self.assertEqual(without, [])

    def test_a_comment_names_no_function_that_is_not_there(self):
        sources = {tree.name(path): tree.text(path) for path in tree.files("*.[ch]")}
        there = {word for text in sources.values() for word in re.findall(r"\w+", COMMENT.sub(" ", text))}
        gone = [(name, called) for name, text in sources.items() for comment in COMMENT.findall(text)
                for called in re.findall(r"\b[a-z]\w*_\w+(?=\((?!\d\)))", comment) if called not in there]
        self.assertEqual(gone, [])

    def test_every_c_file_opens_with_prose_that_says_what_it_is_for(self):
        silent = [tree.name(path) for path in tree.files("*.[ch]") if len(opening_comment(path).split()) < 3]
        self.assertEqual(silent, [])

    def test_every_header_is_guarded_by_its_own_name(self):
        wrong = []
        for path in tree.files("launcher/**/*.h"):
            guard = "MUSTER_" + re.sub(r"\W", "_", str(path.relative_to(tree.TOP / "launcher"))).upper()
            if f"#ifndef {guard}\n#define {guard}\n" not in tree.text(path):
                wrong.append(f"{tree.name(path)}: {guard}")
        for path in tree.files("worker_api/src/*.h"):  # the names of public headers are taken: LIBRARY tells them apart
            name = re.sub(r"\W", "_", path.name).upper()
            if not re.search(rf"#ifndef (MUSTER_(?:LIBRARY_)?{name})\n#define \1\n", tree.text(path)):
                wrong.append(f"{tree.name(path)}: MUSTER_{name}, or MUSTER_LIBRARY_{name}")
        self.assertEqual(wrong, [])

    def test_the_include_graph_is_the_layer_table_of_the_architecture(self):
        self.assertEqual(rooms_as_included(), rooms_of_the_layer_table())

    def test_the_library_knows_nothing_of_the_launcher(self):
        own = {path.name for path in tree.files("worker_api/src/*.h")}
        for path in tree.files("worker_api/**/*.[ch]"):
            for quote, included in INCLUDE.findall(tree.text(path)):
                if quote == '"':
                    self.assertIn(included, own, tree.name(path))

    def test_launcher_and_library_share_two_headers_in_one_room(self):
        """The layout of the job's segment and its clock; all else of worker_api stays behind its public headers."""
        shared = {"segment_layout.h", "ticks.h"}
        private = {path.name for path in tree.files("worker_api/src/*.h")}
        users = {(path.parent.name, included) for path in tree.files("launcher/**/*.[ch]")
                 for quote, included in INCLUDE.findall(tree.text(path)) if included in private or "muster/" in included}
        self.assertEqual({room for room, _ in users}, {"run"})
        self.assertEqual({included for _, included in users}, shared)

    def test_the_layer_table_has_no_cycle(self):
        rooms = rooms_of_the_layer_table()
        while rooms:
            ground = [room for room, used in rooms.items() if not used & rooms.keys()]
            self.assertNotEqual(ground, [], f"these rooms use one another in a circle: {sorted(rooms)}")
            for room in ground:
                del rooms[room]

    def test_a_library_is_included_by_one_file_only(self):
        for header, owner in (("hwloc.h", "machine.c"), ("yaml.h", "yaml_tree.c")):
            users = {path.name for path in tree.files("launcher/**/*.[ch]")
                     if any(included == header or included.startswith(header[:-2] + "/")
                            for quote, included in INCLUDE.findall(tree.text(path)) if quote == "<")}
            self.assertEqual(users, {owner}, header)

    def test_c_sources_are_as_clang_format_writes_them(self):
        if shutil.which("clang-format") is None:
            self.skipTest("clang-format is not installed")
        version = subprocess.run(["clang-format", "--version"], text=True, capture_output=True, check=True).stdout
        if "version 14." not in version:
            self.skipTest(f"another version than 14 formats otherwise: {version.strip()}")
        sources = [str(path) for path in tree.files("*.[ch]")]
        done = subprocess.run(["clang-format", "--dry-run", "--Werror", *sources], cwd=tree.TOP, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, check=False)
        self.assertEqual(done.returncode, 0, f"run tools/format.sh:\n{done.stdout[-4000:]}")

    def test_shell_scripts_are_clean(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        scripts = [str(path) for path in tree.files("*.sh", ".ci/run")]
        # Scripts that read one another in share variables: SC2034 and SC2154 see only one of them.
        done = subprocess.run(["shellcheck", "-S", "warning", "-e", "SC2034,SC2154", *scripts], cwd=tree.TOP, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_no_path_of_one_machine_stands_in_the_tree(self):
        machine_path = re.compile(r"(?<![\w.])/(?:root|wor" r"k/(?:main|shared)|tmp/h)/")
        self.assert_nowhere(machine_path, files=tree.files("*"))

    def test_nothing_is_marked_as_unfinished(self):
        marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b|not yet imple" r"mented")
        self.assert_nowhere(marks, files=tree.files("*.[ch]", "*.py", "*.sh", "*.md", "*.yaml", "CMakeLists.txt"))

    def test_long_functions_are_reported(self):
        long = [f"{tree.name(path)}: {name} has {length} lines"
                for path in tree.files("launcher/**/*.c", "worker_api/**/*.c")
                for name, length in functions_of(path) if length > LONG_FUNCTION_LINES]
        print(f"functions of more than {LONG_FUNCTION_LINES} lines (a report, not a failure): {len(long)}")
        for line in long:
            print("  " + line)

    def assert_nowhere(self, pattern, files):
        found = []
        for path in files:
            try:
                lines = tree.text(path).splitlines()
            except UnicodeDecodeError:
                continue
            found += [f"{tree.name(path)}:{number}: {line.strip()[:100]}"
                      for number, line in enumerate(lines, 1) if pattern.search(line)]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
