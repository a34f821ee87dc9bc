# SPDX-License-Identifier: MIT
"""Limits of ranks: those that cannot be are refused before anything is started."""
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


harness.main()
