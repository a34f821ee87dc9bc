# SPDX-License-Identifier: MIT
"""An OpenMP program, unchanged: its threads are as many as the cores of its rank, and run where the plan says."""
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

    def assert_as_planned(self, *options):
        """Thread count = cores of the rank; the threads' masks together = its CPUs, each on one core of its own."""
        options += ("--oversubscribe", "allow")
        planned = {rank["rank"]: rank for rank in self.plan(*options, PROGRAM)["ranks"]}
        said = self.threads(*options)
        self.assertEqual(said.keys(), planned.keys())
        for rank, threads in said.items():
            cpus = harness.cpus_of(planned[rank]["cpus"])
            with self.subTest(options=options, rank=rank, planned=planned[rank]):
                self.assertEqual({count for count, _, _ in threads}, {len(planned[rank]["cores"])})
                self.assertEqual(len(threads), len(planned[rank]["cores"]))
                self.assertEqual(set().union(*(mask for _, _, mask in threads)), cpus)
                self.assertEqual(sum(len(mask) for _, _, mask in threads), len(cpus))
                for _, cpu, mask in threads:
                    self.assertIn(cpu, mask)

    def test_one_core_a_rank_gives_one_thread_on_that_core(self):
        self.assert_as_planned("-n", "2")

    def test_two_cores_a_rank_give_two_threads_each_on_a_core_of_its_own(self):
        self.assert_as_planned("-n", "1", "-c", "2")

    def test_ranks_that_share_cores_share_out_the_threads_and_leave_the_cores_open_to_each(self):
        options = ("-n", "2", "--bind-to", "package", "--oversubscribe", "allow")
        planned = self.plan(*options, PROGRAM)["ranks"]
        if not all(rank["shared"] for rank in planned):
            self.skipTest("there are packages enough for each rank to have one")
        said = self.threads(*options)
        for rank, threads in said.items():
            cores = len(planned[rank]["cores"])
            self.assertEqual({count for count, _, _ in threads}, {max(1, cores // 2)})
            for _, _, mask in threads:
                self.assertEqual(mask, harness.cpus_of(planned[rank]["cpus"]))

    def test_a_rank_bound_to_a_package_uses_all_of_it(self):
        self.assert_as_planned("-n", "1", "--bind-to", "package")

    def test_a_thread_count_that_the_user_set_is_kept(self):
        said = self.threads("-n", "1", OMP_NUM_THREADS="3")
        self.assertEqual([count for count, _, _ in said[0]], [3, 3, 3])

    def test_a_thread_count_of_the_spec_is_kept(self):
        said = self.threads("-n", "1", "--set", "threads=3")
        self.assertEqual([count for count, _, _ in said[0]], [3, 3, 3])


harness.main()
