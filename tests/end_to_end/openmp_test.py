# SPDX-License-Identifier: MIT
"""An OpenMP program, unchanged: its threads are as many as the cores of its rank, and run on these."""
import re

import harness

PROGRAM = harness.EXAMPLES / "openmp_where"
LINE = re.compile(r"rank (\d+) thread (\d+) of (\d+) runs on CPU (\d+) and may use ([\d,-]+)")


class OpenMP(harness.TestCase):
    def setUp(self):
        super().setUp()
        if not PROGRAM.exists():
            self.skipTest("the compiler has no OpenMP")

    def threads(self, *options, **environment):
        """What the threads said, by rank: a list of (count told, CPU, mask)."""
        done = self.muster("run", *options, PROGRAM, **environment)
        self.assert_exit(done, 0)
        said = {}
        for rank, thread, count, cpu, mask in LINE.findall(done.stdout):
            self.assertEqual(int(thread), len(said.setdefault(int(rank), [])))
            said[int(rank)].append((int(count), int(cpu), harness.cpus_of(mask)))
        return said

    def assert_as_planned(self, *options, threads_on=lambda cores: cores):
        """As many threads as the rank's cores are for, each free to run on all CPUs of its rank and on no other."""
        options += ("--oversubscribe", "allow")
        planned = {rank["rank"]: rank for rank in self.plan(*options, PROGRAM)["ranks"]}
        said = self.threads(*options)
        self.assertEqual(said.keys(), planned.keys())
        for rank, threads in said.items():
            cpus = harness.cpus_of(planned[rank]["cpus"])
            with self.subTest(options=options, rank=rank, planned=planned[rank]):
                self.assertEqual(len(threads), threads_on(len(planned[rank]["cores"])))
                for count, cpu, mask in threads:
                    self.assertEqual(count, len(threads))
                    self.assertEqual(mask, cpus)
                    self.assertIn(cpu, cpus)

    def test_one_core_a_rank_gives_one_thread_on_that_core(self):
        self.assert_as_planned("-n", "2")

    def test_two_cores_a_rank_give_two_threads_on_these_cores(self):
        self.assert_as_planned("-n", "1", "-c", "2")

    def test_ranks_that_share_cores_share_out_the_threads(self):
        options = ("-n", "2", "--bind-to", "package")
        if not all(rank["shared"] for rank in self.plan(*options, PROGRAM)["ranks"]):
            self.skipTest("there are packages enough for each rank to have one")
        self.assert_as_planned(*options, threads_on=lambda cores: max(1, cores // 2))

    def test_a_program_that_wants_each_thread_on_a_core_of_its_own_says_so_in_one_variable(self):
        said = self.threads("-n", "1", "-c", "2", "-x", "OMP_PROC_BIND=close")[0]
        cpus = harness.cpus_of(self.plan("-n", "1", "-c", "2", PROGRAM)["ranks"][0]["cpus"])
        self.assertEqual(set().union(*(mask for _, _, mask in said)), cpus)
        self.assertEqual(sum(len(mask) for _, _, mask in said), len(cpus))

    def test_a_rank_bound_to_a_package_uses_all_of_it(self):
        self.assert_as_planned("-n", "1", "--bind-to", "package")

    def test_a_thread_count_that_the_user_set_is_kept(self):
        said = self.threads("-n", "1", OMP_NUM_THREADS="3")
        self.assertEqual([count for count, _, _ in said[0]], [3, 3, 3])

    def test_a_thread_count_of_the_spec_is_kept(self):
        said = self.threads("-n", "1", "--set", "threads=3")
        self.assertEqual([count for count, _, _ in said[0]], [3, 3, 3])


harness.main()
