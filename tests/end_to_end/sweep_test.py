# SPDX-License-Identifier: MIT
"""A parameter sweep by a stock command: every case is computed by exactly one rank."""
import harness

SPEC = "configs/sweep.yaml"


class Sweep(harness.TestCase):
    def alone(self):
        """The answers of one awk without a launcher."""
        done = self.command("awk", "-f", "throw.awk", "throw_cases.txt", cwd=harness.TOP / "examples")
        self.assert_exit(done, 0)
        self.assertEqual(len(done.stdout.splitlines()), 26)
        return sorted(done.stdout.splitlines())

    def assert_sweeps(self, *options):
        done = self.muster("run", "--oversubscribe", "allow", *options, SPEC)
        self.assert_exit(done, 0)
        self.assertEqual(sorted(done.stdout.splitlines()), self.alone())

    def test_every_case_is_computed_once_by_as_many_ranks_as_there_are_cores(self):
        self.assert_sweeps()

    def test_every_case_is_computed_once_by_one_rank(self):
        self.assert_sweeps("-n", 1)

    def test_every_case_is_computed_once_when_the_ranks_do_not_divide_the_cases(self):
        self.assert_sweeps("-n", 5)

    def test_ranks_for_which_no_case_is_left_have_nothing_to_say(self):
        self.assert_sweeps("-n", 40)

    def test_a_label_tells_which_rank_computed_a_case(self):
        done = self.muster("run", "-n", 2, "--label", SPEC)
        self.assert_exit(done, 0)
        parts = {line.split()[0] for line in done.stdout.splitlines()}
        self.assertEqual(parts, {"[0]", "[1]"})


harness.main()
