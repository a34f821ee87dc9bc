# SPDX-License-Identifier: MIT
"""Limits of ranks: those that cannot be are refused before anything is started; what ends a rank is named."""
import harness


class Limits(harness.TestCase):
    def test_a_limit_above_the_hard_one_is_refused_before_the_start(self):
        done = self.muster("run", "--set", "limits.open_files=1000000000", "echo", "started")
        self.assert_exit(done, 125)
        self.assertRegex(done.stderr, r"^muster: --set limits.open_files: 1000000000 is above the hard limit, \d+: "
                                      r"ask for less, or raise it \(ulimit -Hn\)\n$")
        self.assertNotIn("started", done.stdout)

    def test_the_line_of_the_spec_is_named(self):
        spec = self.directory / "job.yaml"
        spec.write_text("version: 1\ncommand: [echo, started]\nlimits:\n  open_files: 1000000000\n", encoding="utf-8")
        done = self.muster("run", spec)
        self.assert_exit(done, 125)
        self.assertTrue(done.stderr.startswith(f"{spec}:4:15: error: limits.open_files: 1000000000 is above "), done.stderr)

    def test_a_rank_that_used_up_its_cpu_time_is_told_so(self):
        done = self.muster("run", "--set", "limits.cpu_time=1s", "sh", "-c", "while :; do :; done")
        self.assert_exit(done, 128 + 24)
        self.assertRegex(done.stderr, r"rank 0 \(.*\) was killed by SIGXCPU \(it used up its CPU time, "
                                      r"limits.cpu_time: 1s\)")

    def test_the_hard_limit_of_cpu_time_leaves_time_to_end_in(self):
        show = "echo $(ulimit -St) $(ulimit -Ht)"
        for before, expected in (("true", "7 12"), ("ulimit -t 9", "7 9")):
            done = self.command("sh", "-c", f'{before}; exec "$@"', "sh", harness.MUSTER, "run", "--no-label", "--set",
                                "limits.cpu_time=7s", "sh", "-c", show)
            self.assert_exit(done, 0)
            self.assertEqual(done.stdout.strip(), expected)


harness.main()
