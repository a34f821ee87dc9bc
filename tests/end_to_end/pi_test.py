# SPDX-License-Identifier: MIT
"""A simulation of ranks that share nothing: each its own random numbers, the outputs summed here."""
import math
import re

import harness

POINTS = 200_000
LINE = re.compile(r"rank (\d+) of (\d+) on CPU (\d+): (\d+) of (\d+) points inside")


class MonteCarloPi(harness.TestCase):
    def simulate(self, ranks):
        """What each rank counted, by rank."""
        done = self.muster("run", "-n", ranks, "--oversubscribe", "allow", harness.EXAMPLES / "pi", POINTS)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        lines = LINE.findall(done.stdout)
        self.assertEqual(sorted(int(line[0]) for line in lines), list(range(ranks)))
        self.assertEqual({int(line[1]) for line in lines}, {ranks})
        return {int(line[0]): int(line[3]) for line in lines}

    def assert_is_pi(self, inside):
        points = POINTS * len(inside)
        deviation = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / points)
        self.assertAlmostEqual(4 * sum(inside.values()) / points, math.pi, delta=5 * deviation)

    def test_two_ranks_together_find_pi(self):
        self.assert_is_pi(self.simulate(2))

    def test_sixty_four_ranks_throw_sixty_four_different_sets_of_points_and_together_find_pi(self):
        inside = self.simulate(64)
        self.assert_is_pi(inside)
        self.assertGreater(len(set(inside.values())), 60)  # equal counts of different points do happen, rarely

    def test_a_rank_throws_the_same_points_however_many_ranks_there_are(self):
        few, many = self.simulate(2), self.simulate(7)
        self.assertEqual(few, {rank: many[rank] for rank in few})

    def test_a_thousand_ranks_that_end_at_once_are_all_heard(self):
        done = self.muster("run", "-n", 1000, "--oversubscribe", "allow", harness.EXAMPLES / "pi", 10)
        self.assert_exit(done, 0)
        self.assertEqual(len(LINE.findall(done.stdout)), 1000)


harness.main()
