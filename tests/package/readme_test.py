# SPDX-License-Identifier: MIT
"""The program that the README shows is built as it says, and prints what it shows."""
import re

import package
from package import harness

README = (harness.TOP / "README.md").read_text()


class Readme(package.InstalledTestCase):
    def test_its_program_is_built_and_prints_what_it_shows(self):
        name = re.search(r"This is `(\w+\.c)`", README)[1]
        (self.directory / name).write_text(re.search(r"^```c\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[1])
        command, shown = re.search(r"^```\n\$ (cc .*)\n((?:\[.*\n)+)```", README, re.MULTILINE).groups()
        done = self.command("sh", "-c", command, cwd=self.directory)
        self.assert_exit(done, 0)
        self.assertEqual(sorted(done.stdout.splitlines()), sorted(shown.splitlines()))


harness.main()
