# SPDX-License-Identifier: MIT
"""`muster plan` as a user meets it: what it prints where, files that it writes, errors, exit codes."""
import json
import os
import pty
import subprocess
import xml.etree.ElementTree

import harness

TWO_PACKAGES = ["--topology", "package:2 core:4 pu:2"]


class Plan(harness.TestCase):
    def test_it_starts_nothing(self):
        done = self.muster("plan", "touch", self.directory / "started")
        self.assert_exit(done, 0)
        self.assertFalse((self.directory / "started").exists())

    def test_every_rank_has_a_line_with_its_cpus_and_the_reason(self):
        done = self.muster("plan", *TWO_PACKAGES, "-n", "2", "--map-by", "package", "true")
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, r"(?m)^ +0  0-1 +0 +core 0 of package 0, 1st turn over packages$")
        self.assertRegex(done.stdout, r"(?m)^ +1  8-9 +0 +core 4 of package 1, 1st turn over packages$")

    def test_lines_are_drawn_where_the_locale_has_them(self):
        for variables, has_lines in (({"LC_ALL": "C.UTF-8"}, True), ({"LC_ALL": "C"}, False),
                                     ({"LC_ALL": None, "LC_CTYPE": None, "LANG": "de_DE.utf8"}, True),
                                     ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False)):
            done = self.muster("plan", *TWO_PACKAGES, "true", **variables)
            self.assertEqual("┌" in done.stdout, has_lines, variables)

    def test_colours_are_for_terminals_unless_they_are_asked_for(self):
        self.assertNotIn("\033", self.muster("plan", *TWO_PACKAGES, "true").stdout)
        self.assertIn("\033", self.muster("plan", "--color", "always", *TWO_PACKAGES, "true").stdout)
        self.assertIn("\033", self.on_a_terminal())
        self.assertNotIn("\033", self.on_a_terminal(NO_COLOR="1"))
        self.assertNotIn("\033", self.on_a_terminal(TERM="dumb"))

    def on_a_terminal(self, **changes):
        ours, theirs = pty.openpty()
        environment = self.environment(**{"TERM": "xterm", **changes})
        subprocess.run([harness.MUSTER, "plan", *TWO_PACKAGES, "true"], stdout=theirs, env=environment, timeout=60,
                       check=True)
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # the end of what a terminal had
            pass
        os.close(ours)
        return shown.decode()

    def test_the_drawing_is_a_file_of_its_own(self):
        drawing = self.directory / "plan.svg"
        done = self.muster("plan", *TWO_PACKAGES, "--svg", drawing, "-n", "3", "true")
        self.assert_exit(done, 0)
        self.assertIn("rank  CPUs", done.stdout)
        words = [element.text for element in xml.etree.ElementTree.parse(drawing).iter() if element.text]
        self.assertIn("rank 2: CPUs 4-5, NUMA node 0", words)
        self.assertIn("package 1", words)

    def test_on_standard_output_the_drawing_stands_alone(self):
        done = self.muster("plan", *TWO_PACKAGES, "--svg", "-", "-n", "3", "true")
        self.assert_exit(done, 0)
        xml.etree.ElementTree.fromstring(done.stdout)
        done = self.muster("plan", *TWO_PACKAGES, "--svg", "-", "--json", "-n", "3", "true")
        self.assert_exit(done, 125)
        self.assertIn("--json and --svg - would both go to standard output", done.stderr)

    def test_a_drawing_that_cannot_be_written_is_an_error(self):
        for path in (self.directory / "missing/plan.svg", "/dev/full"):
            done = self.muster("plan", "--svg", path, "true")
            self.assert_exit(done, 125)
            self.assertRegex(done.stderr, f"^muster: cannot write the drawing to {path}: ")

    def test_a_drawing_that_does_not_fit_leaves_the_one_of_before(self):
        drawing = self.directory / "plan.svg"
        drawing.write_text("of yesterday")
        done = self.command("sh", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "sh", harness.MUSTER, "plan", "--svg",
                            drawing, *TWO_PACKAGES, "true")
        self.assert_exit(done, 125)
        self.assertEqual(done.stderr, f"muster: cannot write the drawing to {drawing}: File too large\n")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["plan.svg"])
        self.assertEqual(drawing.read_text(), "of yesterday")

    def test_quiet_prints_nothing_and_tells_by_the_exit_code(self):
        done = self.muster("plan", "-q", *TWO_PACKAGES, "-n", "8", "--oversubscribe", "refuse", "true")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout + done.stderr, "")
        done = self.muster("plan", "-q", *TWO_PACKAGES, "-n", "9", "--oversubscribe", "refuse", "true")
        self.assert_exit(done, 125)
        self.assertEqual(done.stdout, "")
        self.assertIn("muster: --oversubscribe: 9 ranks want 9 cores; 8 may be used", done.stderr)

    def test_what_another_machine_lacks_is_not_said_of_this_one(self):
        done = self.muster("plan", "--topology", "package:1 core:4 pu:1", "--cpu-set", "0-20", "true")
        self.assert_exit(done, 125)
        self.assertIn("the machine of --topology has no such CPU", done.stderr)
        done = self.muster("plan", "--topology", "package:1 core:4 pu:1", "--map-by", "l3cache", "true")
        self.assertIn("the machine of --topology shows no L3 cache", done.stdout + done.stderr)
        done = self.muster("plan", "--cpu-set", "5000", "true")
        self.assertIn("this machine has no such CPU", done.stderr)

    def test_the_letter_for_json_is_that_of_the_other_commands(self):
        long, short = (self.muster("plan", option, *TWO_PACKAGES, "true") for option in ("--json", "-j"))
        self.assert_exit(short, 0)
        self.assertEqual(short.stdout, long.stdout)

    def test_quiet_prints_what_was_asked_for_all_the_same(self):
        done = self.muster("plan", "-q", "--json", *TWO_PACKAGES, "true")
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["nprocs"], 1)

    def test_every_rank_is_listed_when_asked(self):
        short = self.muster("plan", *TWO_PACKAGES, "-n", "100", "true").stdout
        whole = self.muster("plan", "-v", *TWO_PACKAGES, "-n", "100", "true").stdout
        self.assertEqual(short.count("likewise (-v lists them)"), 1)
        self.assertNotIn("likewise", whole)
        self.assertRegex(whole, r"(?m)^ +57  ")

    def test_the_plan_of_a_machine_from_a_file(self):
        source = harness.TOP / "tests/topologies/xml/hybrid.xml"
        plan = self.plan("--topology", source, "-n", "auto", "true")
        self.assertEqual(plan["nprocs"], 12)
        self.assertEqual(plan["machine"]["kinds"], 2)
        self.assertFalse(plan["machine"]["is_this_machine"])

    def test_a_machine_that_cannot_be_read_is_an_error(self):
        damaged = harness.TOP / "tests/fuzz/corpus/topology/object_without_nodeset"
        for source, says in (("nonsense", "is neither the name of an .xml file nor a synthetic topology"),
                             ("/nonexistent.xml", "cannot read /nonexistent.xml: No such file"),
                             # as hwloc 2.9 ends, and as later ones answer
                             (damaged, "hwloc fails on this topology: it is damaged|"
                                       "this is not a topology that hwloc can read")):
            done = self.muster("plan", "--topology", source, "true")
            self.assert_exit(done, 125)
            self.assertRegex(done.stderr, says)
            self.assertEqual(done.stdout, "")

    def test_a_spec_with_errors_is_not_planned(self):
        spec = self.directory / "job.yaml"
        spec.write_text("version: 1\ncommand: [true]\nplacement: {bind_to: socket}\n", encoding="utf-8")
        done = self.muster("plan", spec)
        self.assert_exit(done, 125)
        self.assertIn("job.yaml:3:", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_the_affinity_mask_narrows_the_plan(self):
        cpu = min(os.sched_getaffinity(0))
        done = self.command("taskset", "-c", str(cpu), harness.MUSTER, "plan", "--json", "-n", "auto", "true")
        self.assert_exit(done, 0)
        plan = json.loads(done.stdout)
        self.assertEqual(plan["machine"]["allowed"], str(cpu))
        self.assertEqual([rank["cpus"] for rank in plan["ranks"]], [str(cpu)])


harness.main()
