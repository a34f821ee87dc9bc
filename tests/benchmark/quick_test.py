# SPDX-License-Identifier: MIT
"""The benchmark's machinery works: one tiny round of each figure, and well-formed results. No time is judged here.

Takes the program from MUSTER and the measuring programs from PROGRAMS; exits 77 where there is no program to measure.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
MUSTER = os.environ.get("MUSTER", "")
PROGRAMS = os.environ.get("PROGRAMS", "")
FIGURES = {"launch", "fixed-cost", "first-barrier", "output", "death", "release", "memory", "jobs", "ranks"}

sys.path.insert(0, str(HERE))
from bench import measure, model  # noqa: E402 (found through the line above)


def run(directory, *options):
    return subprocess.run([HERE / "run.sh", "--smoke", "--no-install", "--programs", PROGRAMS, "--muster", MUSTER,
                           "--scratch", directory, *options], text=True, capture_output=True, timeout=200, check=False,
                          stdin=subprocess.DEVNULL)


class SmokeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = Path(cls.directory.name)
        cls.done = run(cls.directory.name, "--json", cls.path / "out.json", "--html", cls.path / "out.html",
                       "--svg", cls.path / "out.svg")
        cls.document = json.loads((cls.path / "out.json").read_text()) if (cls.path / "out.json").exists() else {}

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_it_ends_well_and_describes_the_machine(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        self.assertIn("load average before", self.done.stdout)
        self.assertIn("goals met", self.done.stdout)

    def test_the_json_has_every_figure(self):
        self.assertEqual(self.document["schema"], "muster.benchmark/1")
        self.assertEqual({case["figure"] for case in self.document["cases"]}, FIGURES)

    def test_muster_and_every_floor_were_measured_in_every_case(self):
        for case in self.document["cases"]:
            for contender in case["contenders"]:
                if contender["role"] in ("muster", "floor"):
                    with self.subTest(case=case["title"], contender=contender["name"]):
                        self.assertIsNone(contender["failure"])
                        self.assertEqual(len(contender["samples"]), 1)
            self.assertIn("muster", [contender["role"] for contender in case["contenders"]])

    def test_the_picture_is_well_formed_and_names_every_case(self):
        root = xml.etree.ElementTree.parse(self.path / "out.svg").getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("<svg", (self.path / "out.html").read_text())

    def test_nothing_is_left_in_the_scratch_directory(self):
        self.assertEqual(sorted(path.name for path in self.path.iterdir()), ["out.html", "out.json", "out.svg"])


class BadUse(unittest.TestCase):
    def test_an_unknown_figure_is_refused_with_the_names_of_those_there_are(self):
        done = run(tempfile.gettempdir(), "--only", "nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("launch", done.stderr)


class ToldToStop(unittest.TestCase):
    """A launcher that never ends is measured, and the benchmark is told to stop."""

    def test_it_ends_what_it_had_started_and_leaves_no_files(self):
        with tempfile.TemporaryDirectory() as name:
            started, launcher = Path(name, "started"), Path(name, "launcher")
            os.mkfifo(started)
            launcher.write_text(f"#!/bin/sh\n[ \"$1\" = run ] || exit 0\necho $$ >{started}\nexec sleep 300\n")
            launcher.chmod(0o755)
            command = [HERE / "run.sh", "--smoke", "--no-install", "--programs", PROGRAMS, "--muster", launcher,
                       "--scratch", name, "--only", "launch"]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as benchmark:
                pid = int(started.read_text())
                benchmark.terminate()
                self.assertEqual(benchmark.wait(timeout=30), 143)
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)
            self.assertEqual(sorted(path.name for path in Path(name).iterdir()), ["launcher", "started"])


class Arithmetic(unittest.TestCase):
    """What turns samples into figures is pure, and so is looked at by itself."""

    @staticmethod
    def contender(name, role, samples):
        return model.Contender(name, role, ["true"], samples=samples)

    def case(self, goals, better="lower"):
        contenders = [self.contender("muster", "muster", [1.0, 2.0, 30.0]),
                      self.contender("slow", "peer", [4.0, 8.0, 60.0]),
                      self.contender("fast", "peer", [2.0, 4.0, 15.0])]
        return model.Case("f", "c", "t", "ms", better, contenders, goals, take=None)

    def test_a_ratio_is_the_median_of_the_ratios_within_rounds(self):
        case = self.case([])
        self.assertEqual(model.paired_ratio(case.contender("slow"), case.muster), 4.0)
        self.assertEqual(model.paired_ratio(case.contender("fast"), case.muster), 2.0)

    def test_goals_are_judged_against_values_ratios_and_the_best_peer(self):
        table = [(model.Goal(2.0, "<="), 2.0, True), (model.Goal(1.9, "<="), 2.0, False),
                 (model.Goal(0.25, "<=", "slow"), 0.25, True), (model.Goal(0.4, "<=", "best peer"), 0.5, False),
                 (model.Goal(0.5, ">=", "fast"), 0.5, True)]
        model.judge(self.case([goal for goal, _, _ in table]))
        for goal, ratio, met in table:
            with self.subTest(goal=goal):
                self.assertTrue(goal.judged)
                self.assertAlmostEqual(goal.ratio, ratio)
                self.assertEqual(goal.met, met)

    def test_a_goal_against_what_is_missing_is_not_judged(self):
        goal = model.Goal(1.0, "<=", "absent")
        model.judge(self.case([goal]))
        self.assertFalse(goal.judged)

    def test_cpus_that_moved_are_told_by_what_a_cache_line_takes(self):
        for steady, lines in ((True, []), (True, [math.nan]), (True, [150.0, 190.0, math.nan]), (False, [150.0, 55.0])):
            with self.subTest(lines=lines):
                self.assertEqual(model.is_steady(lines), steady)

    def test_a_round_is_taken_again_when_the_cpus_moved_in_it(self):
        lines, values = iter([150.0, 55.0, 55.0, 55.0]), iter([1.0, 2.0])
        case = model.Case("f", "c", "t", "ns", "lower", [self.contender("muster", "muster", [])], [], rounds=1,
                          warm_ups=0, take=lambda _: model.Taken(next(values)), line=lambda: next(lines))
        measure.run_case(case)
        self.assertEqual((case.muster.samples, case.rounds_again), ([2.0], 1))

    def test_percentiles_are_by_nearest_rank(self):
        many = self.contender("many", "peer", [float(number) for number in range(1, 201)])
        self.assertEqual(many.percentile(99), 198.0)
        self.assertEqual(many.percentile(0), 1.0)
        self.assertEqual(self.contender("few", "peer", [3.0, 1.0]).percentile(99), 3.0)
        self.assertTrue(math.isnan(self.contender("none", "peer", []).median))


if __name__ == "__main__":
    if not (MUSTER and os.access(MUSTER, os.X_OK)):
        print("skipped: there is no muster to measure", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
