# SPDX-License-Identifier: MIT
"""What the README shows is what the program says: its sessions are run again and compared.

    readme_test.py --write      puts what the program says now into the README
"""
import os
import re
import subprocess
import sys

import harness

README = harness.TOP / "README.md"
SESSION = re.compile(r"^```\n\$ (muster .*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)

# What differs from run to run, and from machine to machine.
VARYING = ((r"pid \d+", "pid N"), (r"CPU \d+", "CPU N"), (r"\d+\.\d+ s", "T s"))


def say(command, environment):
    """Both streams as a terminal would show them."""
    done = subprocess.run(["sh", "-c", command], env={**environment, "LC_ALL": "C.UTF-8"}, cwd=harness.TOP, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout


def comparable(command, text):
    for pattern, constant in VARYING:
        text = re.sub(pattern, constant, text)
    lines = [line.rstrip() for line in text.splitlines()]
    return sorted(lines) if command.startswith("muster run") else lines  # ranks speak in any order


class Readme(harness.TestCase):
    def test_its_sessions_are_what_the_program_says(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("on one CPU muster would also say that two ranks share it")
        sessions = SESSION.findall(README.read_text())
        self.assertGreaterEqual(len(sessions), 3)
        for command, shown in sessions:
            with self.subTest(command=command):
                self.assertEqual(comparable(command, say(command, self.environment())), comparable(command, shown))

    def test_its_heart_of_a_spec_stands_in_that_spec(self):
        spec = (harness.TOP / "configs/pi.yaml").read_text()
        for line in re.search(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)[1].splitlines():
            self.assertIn(line, spec)

    def test_its_commands_on_a_spec_work(self):
        for word, name in set(re.findall(r"`muster (check|plan|run) (configs/\w+\.yaml)`", README.read_text())):
            more = [] if word == "check" else ["--wdir", harness.EXAMPLES]
            self.assert_exit(self.muster(word, *more, name), 0)


def write():
    test = Readme()
    test.setUp()
    environment = test.environment()
    text = SESSION.sub(lambda found: f"```\n$ {found[1]}\n" + re.sub(r" +$", "", say(found[1], environment),
                                                                    flags=re.MULTILINE) + "```", README.read_text())
    README.write_text(text)
    test.doCleanups()


if sys.argv[1:] == ["--write"]:
    write()
else:
    harness.main()
