# SPDX-License-Identifier: MIT
"""What is found to be wrong with a spec after it was read, on this machine, is told with its place as well: file, line,
column and key, or the option that the user typed."""
import os
import re

import harness

FAR = "5000"  # no machine of ours has such a CPU
START = "version: 1\ncommand: [true]\n"

# The rest of a spec, whose third line holds what is wrong; the column; the words.
IN_FILES = (
    (f"placement: {{cpu_set: '{FAR}'}}", 22, f"placement.cpu_set: CPU {FAR} may not be used: "),
    (f"placement: {{rank_cpus: ['{FAR}']}}", 24, f"placement.rank_cpus: rank 0: CPU {FAR} may not be used: "),
    ("placement: {oversubscribe: refuse}\nnprocs: 5000", 28, "placement.oversubscribe: 5000 ranks want 5000 cores; "),
    ("working_directory: nowhere", 20, "working_directory: cannot enter @/nowhere: No such file or directory\n"),
    ("working_directory: ~/x", 20, "working_directory: cannot enter @/~/x: No such file or directory (no shell expands ~ here: "),
    ("output: {stdout: $HOME/x.%r}", 18,
     "output.stdout: cannot write output to @/$HOME/x.0: No such file or directory (no shell expands $ here: "),
    ("ranks: [{ranks: '0', command: [~/program]}]", 31,
     "ranks[0].command: command not found: ~/program: No such file or directory (no shell expands ~ here: "),
    ("output: {stdout: nowhere/x.%r}", 18, "output.stdout: cannot write output to @/nowhere/x.0: No such file"),
    ("output: {stderr: nowhere/x.%r}", 18, "output.stderr: cannot write output to @/nowhere/x.0: No such file"),
    ("ranks: [{ranks: '0', working_directory: nowhere}]", 41, "ranks[0].working_directory: cannot enter @/nowhere: "),
    ("ranks: [{ranks: '0', stdout: nowhere/x}]", 30, "ranks[0].stdout: cannot write output to @/nowhere/x: "),
    ("ranks: [{ranks: '0', command: [no-such-program]}]", 31,
     "ranks[0].command: command not found: no-such-program (PATH "),
    ("ranks: [{env: {A: b}, ranks: '0,9'}]\nnprocs: 2", 30, "ranks[0]: there is no rank 9: ranks are 0 to 1 (nprocs: 2)"),
    ("shared_memory: 2MiB\nnprocs: 64", 16, "shared_memory: 2097152 bytes are too few for 64 ranks, "),
    ("stdin: '7'\nnprocs: auto\nplacement: {cpu_set: '%d'}" % min(os.sched_getaffinity(0)), 8,
     "stdin: there is no rank 7 in a job of 1 (0 to 0)\n"),
    ("user: nobody-of-ours", 7, "user: "),
)

OPTIONS = (
    (["--cpu-set", FAR], f"--cpu-set: CPU {FAR} may not be used: "),
    (["--set", f"placement.cpu_set={FAR}"], f"--set placement.cpu_set: CPU {FAR} may not be used: "),
    (["--set", f"placement={{cpu_set: '{FAR}'}}"], f"--set placement: placement.cpu_set: CPU {FAR} may not be used: "),
    (["-n", "5000", "--oversubscribe", "refuse"], "--oversubscribe: 5000 ranks want 5000 cores; "),
    (["--wdir", "/nowhere"], "--wdir: cannot enter /nowhere: No such file or directory\n"),
    (["--wdir=/~/x"], "--wdir: cannot enter /~/x: No such file or directory (no shell expands ~ here: write the whole path)"),
    (["--output", "/nowhere/x.%r"], "--output: cannot write output to /nowhere/x.0: No such file"),
    (["--set", "user=nobody-of-ours"], "--set user: "),
)


class Places(harness.TestCase):
    def refusal_of(self, spec):
        path = self.directory / "job.yaml"
        path.write_text(spec, encoding="utf-8")
        done = self.muster("run", path)
        self.assertIn(done.returncode, (125, 127), done.stderr)
        return done.stderr.replace(str(self.directory), "@")

    def test_an_error_of_a_spec_that_shows_on_the_machine_has_line_column_and_key(self):
        for rest, column, says in IN_FILES:
            with self.subTest(rest):
                beginning = re.escape(f"@/job.yaml:3:{column}: error: {says}")
                self.assertRegex(self.refusal_of(f"{START}{rest}\n"), f"(?m)^{beginning}")

    def test_a_command_that_is_not_there_has_a_place_too(self):
        self.assertTrue(self.refusal_of("version: 1\ncommand: [no-such-program]\n").startswith(
            "@/job.yaml:2:10: error: command: command not found: no-such-program"))

    def test_an_error_of_an_option_names_the_option(self):
        for options, says in OPTIONS:
            with self.subTest(options):
                done = self.muster("run", *options, "true")
                self.assert_exit(done, 125)
                self.assertTrue(done.stderr.startswith(f"muster: {says}"), done.stderr)

    def test_an_option_over_a_spec_is_what_is_named(self):
        path = self.directory / "job.yaml"
        path.write_text(f"{START}placement: {{cpu_set: '0'}}\n", encoding="utf-8")
        done = self.muster("plan", "--cpu-set", FAR, path)
        self.assert_exit(done, 125)
        self.assertTrue(done.stderr.startswith(f"muster: --cpu-set: CPU {FAR} may not be used: "), done.stderr)

    def test_a_plan_names_the_same_places(self):
        path = self.directory / "job.yaml"
        path.write_text(f"{START}placement: {{cores: efficiency}}\n", encoding="utf-8")
        done = self.muster("plan", "--topology", "core:4 pu:1", path)
        self.assert_exit(done, 125)
        self.assertTrue(done.stderr.startswith(f"{path}:3:20: error: placement.cores: the machine of --topology "
                                               "has cores of one kind only"), done.stderr)

    def test_what_is_wrong_with_a_bare_command_is_said_without_a_key(self):
        done = self.muster("run", "no-such-program")
        self.assert_exit(done, 127)
        self.assertTrue(done.stderr.startswith("muster: command not found: no-such-program"), done.stderr)


harness.main()
