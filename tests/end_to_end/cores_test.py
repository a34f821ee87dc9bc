# SPDX-License-Identifier: MIT
"""Jobs that run side by side on one host keep off one another's cores, share them with a word, or refuse; jobs within one
job, too."""
import json
import os

import harness
from cores import RANK, Cores, Job

CPUS = sorted(os.sched_getaffinity(0))


class SideBySide(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def test_a_second_job_gets_other_cores_and_says_nothing(self):
        jobs, cpus = self.fill()
        self.assertNotEqual(cpus[0], cpus[1])
        self.assertEqual([job.stderr() for job in jobs], ["", ""])
        self.assertEqual([job.let_go() for job in jobs], [0, 0])
        self.assertEqual(self.held(), {})

    def test_a_job_for_which_nothing_is_free_shares_and_names_the_holder(self):
        jobs, _ = self.fill()
        held = self.held()
        third = Job(self)
        cpu = third.cpu()
        self.assertIn(cpu, held)
        self.assertRegex(third.stderr(), rf"^muster: warning: CPUs? [\d,-]+ (is|are) held by job {held[cpu]} of user "
                                         rf"{os.geteuid()}: the ranks share (it|them), for too few cores are free; .*\n$")
        self.assertEqual([job.let_go() for job in (*jobs, third)], [0, 0, 0])

    def test_a_job_that_shares_holds_the_core_when_the_other_is_gone(self):
        jobs, _ = self.fill()
        third = Job(self)
        cpu = third.cpu()
        for job in jobs:
            job.let_go()
        self.assertIn(cpu, self.held())
        fourth = Job(self)
        self.assertNotEqual(fourth.cpu(), cpu)
        self.assertEqual(fourth.stderr(), "")

    def test_exclusive_refuses_and_starts_nothing(self):
        _, cpus = self.fill()
        mark = self.directory / "started"
        done = self.muster("run", "--exclusive", "touch", mark)
        self.assert_exit(done, 125)
        self.assertFalse(mark.exists())
        for cpu in cpus:
            self.assertIn(self.held()[cpu], done.stderr)
        self.assertIn("placement.exclusive", done.stderr)
        self.assert_exit(self.muster("plan", "--exclusive", "true"), 125)

    def test_an_exclusive_job_is_left_alone_by_those_that_come_later(self):
        jobs, cpus = self.fill("--exclusive")
        third = Job(self)
        self.assertNotEqual(third.cpu(), cpus[1])
        done = self.muster("run", "--cpu-set", cpus[1], "true")
        self.assert_exit(done, 125)
        self.assertIn("shares with nobody", done.stderr)
        jobs[1].let_go()
        self.assert_exit(self.muster("run", "--cpu-set", cpus[1], "true"), 0)

    def test_whoever_leaves_too_few_cores_is_named_whatever_is_made_of_it(self):
        job = Job(self, "--exclusive")
        cpu = job.cpu()
        holder = f"CPU {cpu} is held by job {self.held()[cpu]} of user {os.geteuid()}, and shared with nobody"
        for options in ([], ["--oversubscribe", "allow"]):
            done = self.muster("run", *options, "-n", self.last + 1, "true")
            self.assert_exit(done, 0)
            self.assertIn(f"warning: {holder}: the ranks use the other cores only; --wait-for-cores waits\n", done.stderr)
        done = self.muster("run", "--oversubscribe", "refuse", "-n", self.last + 1, "true")
        self.assert_exit(done, 125)
        self.assertIn(f"). {holder}. placement.oversubscribe is set to refuse: wait with --wait-for-cores, ", done.stderr)

    def test_no_exclusive_neither_minds_nor_is_minded(self):
        jobs, cpus = self.fill("--no-exclusive")
        self.assertEqual(jobs[1].stderr(), "")
        self.assertEqual(cpus[1], cpus[0])
        self.assertEqual(len(set(self.held().values())), 1)

    def test_unbound_jobs_hold_nothing_and_mind_nobody(self):
        Job(self, "--bind-to", "none", "-n", "2").cpu()
        self.assertEqual(self.held(), {})
        self.fill()
        unbound = Job(self, "--bind-to", "none")
        unbound.cpu()
        self.assertEqual(unbound.stderr(), "")

    def test_lists_by_hand_are_held_and_share_with_a_word(self):
        lists = f'placement.rank_cpus=["{CPUS[0]}"]'
        self.assertEqual(Job(self, "--set", lists).cpu(), CPUS[0])
        second = Job(self, "--set", lists)
        self.assertEqual(second.cpu(), CPUS[0])
        self.assertIn("is held by job", second.stderr())
        self.assert_exit(self.muster("run", "--exclusive", "--set", lists, "true"), 125)
        self.assertNotEqual(Job(self).cpu(), CPUS[0])

    def test_nprocs_auto_counts_what_is_free_and_says_so(self):
        cpu = Job(self).cpu()
        done = self.muster("run", "-n", "auto", "--no-label", "sh", "-c", "echo $MUSTER_CPUS")
        self.assert_exit(done, 0)
        self.assertEqual(len(done.stdout.splitlines()), self.last)
        self.assertNotIn(cpu, set().union(*map(harness.cpus_of, done.stdout.splitlines())))
        self.assertIn("nprocs auto counts the other cores only", done.stderr)

    def test_a_plan_shows_who_holds_what_and_goes_around_it(self):
        cpu = Job(self).cpu()
        plan = self.plan("-n", "1", "true")
        self.assertNotIn(cpu, harness.cpus_of(plan["ranks"][0]["cpus"]))
        self.assertEqual((plan["shared"], plan["machine"]["holders"][0]["uid"]), ("", os.geteuid()))
        shared = self.plan("-n", self.last + 1, "true")
        self.assertIn(cpu, harness.cpus_of(shared["shared"]))
        self.assertIn("is held by job", self.muster("plan", "true").stdout)
        self.assertNotIn("held by", self.muster("plan", "--topology", "core:2 pu:1", "true").stdout)

    def test_the_report_says_what_was_held_and_with_whom_it_was_shared(self):
        path = self.directory / "report.json"
        self.fill()
        held = self.held()
        self.assert_exit(self.muster("run", "--report", path, "true"), 0)
        report = json.loads(path.read_text())
        self.assertLessEqual(set(report["shared_with"]), set(held.values()))
        self.assertEqual(len(report["shared_with"]), 1)
        self.assertTrue(harness.cpus_of(report["ranks"][0]["cpus"]) <= harness.cpus_of(report["held_cpus"]))

    def test_a_group_that_is_started_again_holds_its_cores_all_the_while(self):
        script = 'test "$MUSTER_RESTART_COUNT" = 1 || exit 3; exec "$@"'
        job = Job(self, "--on-failure", "restart", "--max-restarts", "1", "--set", "failure.backoff=300ms",
                  command=["sh", "-c", script, "sh", *RANK])
        seen = []
        harness.eventually(lambda: seen.append(len(self.held())) or "restart 1" in job.stderr(), "it is started again")
        self.assertTrue(all(later >= earlier for earlier, later in zip(seen, seen[1:])), seen)
        self.assertIn(job.cpu(), self.held())


class Nested(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def test_a_job_within_a_rank_uses_the_ranks_cores_without_a_word(self):
        done = self.muster("run", "--no-label", harness.MUSTER, "run", "--no-label", "--exclusive", harness.MUSTER, "run",
                           "--no-label", "sh", "-c", "echo $MUSTER_OUTER_JOBS; grep Cpus_allowed_list /proc/self/status",
                           MUSTER_OUTER_JOBS="of-nobody")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        outer, cpus = done.stdout.splitlines()
        self.assertRegex(outer, r"^muster-\S+ muster-\S+$")
        self.assertEqual(harness.cpus_of(cpus.split()[1]), harness.cpus_of(self.plan("true")["ranks"][0]["cpus"]))

    def test_jobs_within_one_job_keep_off_one_another(self):
        script = """
            there() { while ! test -e "$1"; do sleep 0.01; done; }
            run() { "$MUSTER" run --no-label sh -c "grep Cpus_allowed_list /proc/self/status; touch $1; $2"; }
            run first 'while ! test -e second; do sleep 0.01; done' & there first; run second; wait
        """
        done = self.muster("run", "--no-label", "--bind-to", "package", "sh", "-c", script, cwd=self.directory,
                           MUSTER=str(harness.MUSTER))
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        self.assertEqual(len(set(done.stdout.splitlines())), 2)

    def test_who_is_not_in_the_job_is_not_taken_for_it(self):
        job = Job(self)
        cpu = job.cpu()
        name = self.held()[cpu]
        self.assertNotEqual(Job(self, MUSTER_JOB_ID=name + "x").cpu(), cpu)
        self.assertEqual(Job(self, MUSTER_JOB_ID=name).cpu(), cpu)


if __name__ == "__main__":
    harness.main()
