#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the tests: the harness must notice what a careless launcher does wrong.

The launcher here is twenty lines of Python that start ranks, wait for them, and tidy up nothing.
"""

import argparse
import fnmatch
import os
import re
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import faults  # noqa: E402
import harness  # noqa: E402
import processes  # noqa: E402

CARELESS = """#!/usr/bin/python3
import json, os, subprocess, sys
words = sys.argv[2:]
options = {}
while words[0].startswith("-"):
    options[words[0]] = words[1]
    words = words[2:]
ranks = [subprocess.Popen(words, env={**os.environ, "MUSTER_RANK": str(rank)}) for rank in range(int(options["-n"]))]
codes = [rank.wait() for rank in ranks]
failed = [rank for rank, code in enumerate(codes) if code != 0]
with open(options["--report"], "w") as file:
    json.dump({"exit_code": codes[failed[0]] if failed else 0, "ranks": [{"exit_code": code} for code in codes]}, file)
print("survivors: 0", file=sys.stderr)
sys.exit(codes[failed[0]] if failed else 0)
"""


class HarnessTest(unittest.TestCase):
    programs = None

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        careless = os.path.join(self.place.name, "muster")
        with open(careless, "w", encoding="utf-8") as file:
            file.write(CARELESS)
        os.chmod(careless, 0o755)
        settings = argparse.Namespace(muster=careless, programs=self.programs)
        self.test = harness.Test(settings, {}, "seed")

    def tearDown(self):
        self.test.finish()
        self.place.cleanup()

    def test_what_is_as_expected_passes(self):
        job = self.test.start("-n", 2, *self.test.program("exit_with", 3, "gate"))
        self.assertEqual([0, 1], sorted(rank for rank, _ in self.test.ready(2)))
        self.test.open_gate()
        job.expect(code=3, stderr=["survivors: 0"], report={"ranks.1.exit_code": 3})
        self.test.expect_survivors()

    def test_a_wrong_exit_code_is_noticed(self):
        with self.assertRaisesRegex(harness.Failure, "exit code 3, not"):
            self.test.run("-n", 1, *self.test.program("exit_with", 3)).expect(code=0)

    def test_missing_words_are_noticed(self):
        with self.assertRaisesRegex(harness.Failure, "stderr has no"):
            self.test.run("-n", 1, *self.test.program("exit_with", 0)).expect(code=0, stderr=["rank 7"])

    def test_a_wrong_member_of_the_report_is_noticed(self):
        with self.assertRaisesRegex(harness.Failure, "report: ranks.0.exit_code is 3"):
            self.test.run("-n", 1, *self.test.program("exit_with", 3)).expect(code=3, report={"ranks.0.exit_code": 4})

    def test_a_launcher_that_is_late_is_noticed(self):
        job = self.test.start("-n", 1, *self.test.waiting())
        self.test.ready(1)
        with self.assertRaisesRegex(harness.Failure, "not back within"):
            job.expect(code=0, within_s=0.2)

    def test_survivors_are_noticed_whatever_they_did_to_hide(self):
        for kind in ("plain", "session", "daemon"):
            with self.subTest(kind), self.assertRaisesRegex(harness.Failure, "1 processes outlive muster"):
                self.test.run("-n", 1, *self.test.program("leave_child", kind, "exit", 0)).expect(code=0)
            processes.kill_tagged(self.test.tag)

    def test_survivors_of_a_killed_launcher_are_noticed(self):
        job = self.test.start("-n", 2, *self.test.waiting())
        self.test.ready(2)
        job.signal(9)
        with self.assertRaisesRegex(harness.Failure, "2 processes survive"):
            job.expect(code=-9, gone_within_s=0.3)

    def test_nothing_is_left_by_the_harness(self):
        self.test.start("-n", 2, *self.test.program("resist_term", "blocked"))
        self.test.ready(2)
        tag = self.test.tag
        self.test.finish()
        self.assertEqual([], processes.tagged(tag))
        self.assertFalse(os.path.exists(self.test.dir))
        self.place.cleanup()
        self.setUp()


class ListTest(unittest.TestCase):
    def test_README_names_every_test_and_no_other(self):
        here = os.path.dirname(os.path.abspath(__file__))
        faults.load_tests()
        names = [row["name"] for row in harness.TESTS]
        with open(os.path.join(here, "README.md"), encoding="utf-8") as file:
            table = file.read().split("## Which fault")[1]
        patterns = re.findall(r"`([\w*]+)`", table)
        self.assertEqual([], [name for name in patterns if "_" in name and not fnmatch.filter(names, name)])
        self.assertEqual([], [name for name in names if not any(fnmatch.fnmatch(name, row) for row in patterns)])

    def test_no_two_tests_have_one_name(self):
        faults.load_tests()
        names = [(row["section"], row["name"]) for row in harness.TESTS]
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    HarnessTest.programs = os.path.abspath(sys.argv.pop(1))
    unittest.main()
