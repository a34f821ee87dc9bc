# SPDX-License-Identifier: MIT
"""Jobs that run side by side on one host keep off one another's cores, share them with a word, refuse or wait; nobody
holds a core who is gone. What a rank may run on is asked of the rank, not of muster."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import harness

CPUS = sorted(os.sched_getaffinity(0))
WAIT_S = 20 * harness.PATIENCE

# Says what it may run on, and waits for the end of its input.
RANK = ["sh", "-c", r"sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status; cat > /dev/null"]
# Says when it began and ended, and on what it ran.
BRIEF = """
import os, time
began, cpus = time.monotonic(), sorted(os.sched_getaffinity(0))
time.sleep(0.03)
print(began, time.monotonic(), *cpus)
"""


def eventually(holds, what):
    deadline = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.002)


def children(pid):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found


class Job:
    """A job of one rank, or of several, that lives until it is let go."""

    def __init__(self, test, *options, prefix=(), command=RANK, **changes):
        self.errors = open(test.directory / f"errors-{time.monotonic_ns()}", "w+", encoding="utf-8")
        words = [*prefix, str(harness.MUSTER), "run", "--no-label", *options, *command]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=test.environment(**changes))
        test.addCleanup(self.finish)

    def cpu(self):
        """Waits until it runs. -1: it will not."""
        line = self.process.stdout.readline().split()
        return int(line[0]) if line else -1

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def let_go(self):
        self.process.stdin.close()
        return self.process.wait(WAIT_S)

    def finish(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(WAIT_S)
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            stream.close()


class Cores(harness.TestCase):
    def held(self, **changes):
        """{CPU: job} as muster plan sees it."""
        done = self.muster("plan", "--json", "-n", "1", "true", **changes)
        self.assert_exit(done, 0)
        return {cpu: holder["job"] for holder in json.loads(done.stdout)["machine"]["holders"]
                for cpu in harness.cpus_of(holder["cpus"])}

    def held_by_all(self):
        """{job: CPUs} of the locks, those on shared CPUs too."""
        held = {}
        for holder in json.loads(self.muster("plan", "--json", "-n", "1", "true").stdout)["machine"]["holders"]:
            held.setdefault(holder["job"], set()).update(harness.cpus_of(holder["cpus"]))
        return held

    def need_two_cores(self):
        plan = self.plan("-n", "auto", "true")
        if plan["nprocs"] < 2:
            self.skipTest("two cores are needed")
        self.last = plan["nprocs"] - 1

    def fill(self, *options):
        """A job that has all cores but one, and one that has that; in that order."""
        jobs = [Job(self, "-n", str(self.last)), Job(self, *options)]
        return jobs, [job.cpu() for job in jobs]


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
        eventually(lambda: seen.append(len(self.held())) or "restart 1" in job.stderr(), "it is started again")
        self.assertTrue(all(later >= earlier for earlier, later in zip(seen, seen[1:])), seen)
        self.assertIn(job.cpu(), self.held())


class Waiting(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def test_it_starts_when_a_core_is_free_and_said_for_whom_it_waited(self):
        jobs, cpus = self.fill()
        held = self.held()
        for options in (["--wait-for-cores"], ["--exclusive", "--wait-for-cores=1h"]):
            waiting = Job(self, *options)
            eventually(lambda job=waiting: "waiting for cores" in job.stderr(), "it says that it waits")
            self.assertIn(held[cpus[1]], waiting.stderr())
            time.sleep(0.1)
            self.assertIsNone(waiting.process.poll())
            self.assertEqual(len(waiting.stderr().splitlines()), 1)
            jobs[1].let_go()
            self.assertEqual(waiting.cpu(), cpus[1])
            self.assertEqual(len(waiting.stderr().splitlines()), 1)
            jobs[1] = waiting
            held = self.held()

    def test_when_time_is_up_the_key_decides(self):
        self.fill()
        began = time.monotonic()
        done = self.muster("run", "--wait-for-cores", "200ms", "echo", "ran")
        self.assert_exit(done, 0)
        self.assertGreater(time.monotonic() - began, 0.2)
        self.assertIn("the ranks share", done.stderr)
        done = self.muster("run", "--wait-for-cores", "200ms", "--exclusive", "echo", "ran")
        self.assert_exit(done, 125)
        self.assertIn("waited 200ms for cores", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_it_does_not_wait_when_there_is_no_need(self):
        done = self.muster("run", "--exclusive", "--wait-for-cores", "1h", "-n", "auto", "echo", "ran", timeout=20)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")

    def test_a_signal_ends_the_waiting(self):
        self.fill()
        waiting = Job(self, "--wait-for-cores")
        eventually(lambda: "waiting" in waiting.stderr(), "it waits")
        waiting.process.send_signal(signal.SIGINT)
        self.assertEqual(waiting.process.wait(WAIT_S), -signal.SIGINT)

    def test_a_daemon_whose_owner_ends_does_not_wait_on(self):
        self.fill()
        mark = self.directory / "started"
        script = '"$0" run --daemon --wait-for-cores touch "$1" 2> "$2" & until grep -q waiting "$2"; do sleep 0.01; done; echo $!'
        done = self.command("sh", "-c", script, harness.MUSTER, mark, self.directory / "words")
        self.assert_exit(done, 0)
        waiting = pathlib.Path("/proc", done.stdout.strip())
        eventually(lambda: not waiting.exists(), "it ends")
        self.assertIn("the process that started muster has ended", (self.directory / "words").read_text())
        self.assertFalse(mark.exists())

    def test_of_twenty_that_start_at_once_never_two_are_on_a_core(self):
        words = [str(harness.MUSTER), "run", "--no-label", "--exclusive", "--wait-for-cores", sys.executable, "-c", BRIEF]
        jobs = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, env=self.environment()) for _ in range(20)]
        runs = {}
        for job in jobs:
            stdout, stderr = job.communicate(timeout=3 * WAIT_S)
            self.assertEqual(job.returncode, 0, stderr)
            began, ended, *cpus = stdout.split()
            for cpu in cpus:
                runs.setdefault(int(cpu), []).append((float(began), float(ended)))
        self.assertGreater(len(runs), 1)
        for times in runs.values():
            times.sort()
            for (_, ended), (began, _) in zip(times, times[1:]):
                self.assertLess(ended, began)


class Ends(Cores):
    def processes_of(self, job):
        guard = job.process.pid
        warden = children(guard)
        return [guard, *warden, *(pid for parent in warden for pid in children(parent))]

    def test_the_core_is_free_when_all_of_muster_was_killed(self):
        job = Job(self)
        job.cpu()
        pids = self.processes_of(job)
        self.assertEqual(len(pids), 3)
        self.assertEqual(len(set(self.held().values())), 1)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # the others end it as soon as the first is gone
                os.kill(pid, signal.SIGKILL)
        job.process.wait(WAIT_S)
        eventually(lambda: self.held() == {}, "nothing is held")

    def test_whoever_of_the_three_is_left_holds_the_core(self):
        for killed in (0, 1, 2):
            with self.subTest(killed=killed):
                job = Job(self)
                job.cpu()
                os.kill(self.processes_of(job)[killed], signal.SIGKILL)
                job.process.wait(WAIT_S)
                eventually(lambda: self.held() == {}, "nothing is held")

    def test_no_rank_has_the_file(self):
        done = self.muster("run", "-n", "2", "ls", "-l", "/proc/self/fd")
        self.assert_exit(done, 0)
        self.assertNotIn("muster-cores", done.stdout)


class Detached(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def test_a_detached_job_holds_its_cores_until_it_ends(self):
        started = self.muster("run", "-d", "sleep", "60")
        self.assert_exit(started, 0)
        name = started.stdout.strip()
        self.addCleanup(self.muster, "stop", name)
        cpu = next(iter(self.held()))
        self.assertEqual(self.held()[cpu], name)
        self.assertNotEqual(Job(self).cpu(), cpu)
        self.assert_exit(self.muster("stop", name), 0)
        self.assertNotIn(name, self.held().values())

    def test_ps_shows_which_job_holds_which_cores_and_who_holds_none(self):
        commands = {"one": [], "two": ["-n", "2"], "unbound": ["--bind-to", "none"], "sharing": ["-n", str(self.last + 1)],
                    "alone": ["--set", "placement.exclusive=false"]}
        ids = {}
        for name, options in commands.items():
            changes = {"MUSTER_LEASE_DIR": "/proc/no"} if name == "two" else {}
            started = self.muster("run", "-q", "-d", "--set", f"name={name}", *options, "sleep", "60", **changes)
            self.assert_exit(started, 0)
            ids[name] = started.stdout.strip()
            self.addCleanup(self.muster, "stop", ids[name])
        held = self.held_by_all()
        jobs = {job["id"]: job for job in json.loads(self.muster("ps", "--json").stdout)}
        for job in ids.values():
            self.assertEqual(harness.cpus_of(jobs[job]["held_cpus"]), held.get(job, set()), job)
        self.assertEqual(jobs[ids["two"]]["held_cpus"], "")
        self.assertNotEqual(jobs[ids["two"]]["cpus"], "")
        table = {line.split()[0]: line.split() for line in self.muster("ps").stdout.splitlines()}
        self.assertEqual(table["ID"][4], "HOLDS")
        self.assertEqual(table[ids["two"]][5], "-")
        self.assertEqual(harness.cpus_of(table[ids["one"]][5]), held[ids["one"]])
        self.muster("stop", ids["one"])
        ended = {job["id"]: job for job in json.loads(self.muster("ps", "-a", "--json").stdout)}[ids["one"]]
        self.assertNotIn("held_cpus", ended)

    def test_one_that_waits_returns_when_it_runs(self):
        jobs, cpus = self.fill()
        words = [str(harness.MUSTER), "run", "-d", "--wait-for-cores", "sleep", "60"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment()) as command:
            self.assertIn("waiting for cores", command.stderr.readline())
            self.assertIsNone(command.poll())
            jobs[1].let_go()
            name = command.stdout.read().strip()
            self.addCleanup(self.muster, "stop", name)
            self.assertEqual(command.wait(WAIT_S), 0)
        self.assertEqual(self.held()[cpus[1]], name)

    def test_one_that_is_interrupted_while_it_waits_leaves_nothing(self):
        self.fill()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            words = [str(harness.MUSTER), "run", "-d", "--wait-for-cores", "sleep", "60"]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=self.environment()) as command:
                self.assertIn("waiting for cores", command.stderr.readline())
                command.send_signal(number)
                self.assertEqual(command.wait(WAIT_S), -number)
                self.assertEqual(command.stdout.read(), "")
            self.assertEqual(list((self.directory / "state/muster/jobs").glob("sleep-*")), [])

    def test_one_that_has_no_place_for_its_record_is_told_before_it_waits(self):
        self.fill()
        done = self.muster("run", "-d", "--wait-for-cores", "sleep", "60",
                           XDG_STATE_HOME="/dev/null")
        self.assert_exit(done, 125)
        self.assertIn("needs a place for the job's record", done.stderr)
        self.assertNotIn("waiting", done.stderr)

    def test_one_that_is_refused_leaves_no_record(self):
        self.fill()
        self.assert_exit(self.muster("run", "-d", "--exclusive", "sleep", "60"), 125)
        jobs = json.loads(self.muster("ps", "-a", "--json").stdout)
        self.assertNotIn("sleep", [job["name"] for job in jobs])


class Nested(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def test_a_job_within_a_rank_uses_the_ranks_cores_without_a_word(self):
        done = self.muster("run", "--no-label", harness.MUSTER, "run", "--no-label", "--exclusive", harness.MUSTER, "run",
                           "--no-label", "sh", "-c", "echo $MUSTER_OUTER_JOBS; grep Cpus_allowed_list /proc/self/status")
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


class Users(Cores):
    """The file of one user is every user's."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("root is needed to become somebody else")
        self.shared = self.directory / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)
        self.directory.chmod(0o755)
        self.need_two_cores()
        self.nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def environment(self, **changes):
        changes.setdefault("MUSTER_LEASE_DIR", str(self.shared))
        return super().environment(**changes, XDG_STATE_HOME=None, HOME=None)

    def test_each_sees_what_the_other_holds_whoever_was_first(self):
        for first, second in (([], self.nobody), (self.nobody, [])):
            with self.subTest(first=first[:1]):
                (self.shared / "muster-cores").unlink(missing_ok=True)
                one = Job(self, prefix=first)
                cpu = one.cpu()
                two = Job(self, prefix=second)
                self.assertNotIn(two.cpu(), (cpu, -1))
                uid = 65534 if first else 0
                done = self.command(*second, harness.MUSTER, "run", "--exclusive", "-n", "auto", "--cpu-set", cpu, "true")
                self.assert_exit(done, 125)
                self.assertIn(f"of user {uid}", done.stderr)
                one.let_go()
                two.let_go()

    def test_without_a_place_for_the_file_jobs_run_and_only_v_says_so(self):
        self.shared.chmod(0o755)
        words = [*self.nobody, harness.MUSTER, "run"]
        done = self.command(*words, "true")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        done = self.command(*words, "-v", "true")
        self.assert_exit(done, 0)
        self.assertIn("cores cannot be held here", done.stderr)
        done = self.command(*words, "--exclusive", "echo", "ran")
        self.assert_exit(done, 125)
        self.assertIn(f"{self.shared}/muster-cores: Permission denied", done.stderr)

    def test_a_file_that_may_only_be_read_or_not_even_that_is_no_obstacle(self):
        for mode in (0o644, 0o600):
            with self.subTest(mode=oct(mode)):
                (self.shared / "muster-cores").write_bytes(b"")
                (self.shared / "muster-cores").chmod(mode)
                done = self.command(*self.nobody, harness.MUSTER, "run", "true")
                self.assert_exit(done, 0)
                self.assertEqual(done.stderr, "")

    def test_the_well_known_place_is_one_for_all_and_a_read_only_one_is_passed_over(self):
        script = """
            mount -t tmpfs -o mode=1777 none /run/lock && mount -t tmpfs -o mode=1777 none /dev/shm &&
            mount -t tmpfs -o mode=1777 none /tmp || exit 77
            unset MUSTER_LEASE_DIR
            "$0" run true && ls -l /run/lock /dev/shm && rm /run/lock/muster-cores
            mount -o remount,ro /run/lock && "$0" run true && ls /run/lock /dev/shm && rm /dev/shm/muster-cores
            mount -o remount,ro /dev/shm && "$0" run true && ls /dev/shm /tmp && rm /tmp/muster-cores
            mount -o remount,ro /tmp && "$0" run true && echo "all the same"
        """
        done = self.run_by_descriptor(script)
        if done.returncode == 77:
            self.skipTest("no mount namespace may be made here")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, "-rw-rw-rw-.* muster-cores\\n")
        self.assertEqual(len(re.findall("muster-cores", done.stdout)), 3)
        self.assertIn("all the same", done.stdout)

    def run_by_descriptor(self, script):
        """The program may be below what the script covers."""
        with open(harness.MUSTER, "rb") as program:
            return subprocess.run(["unshare", "-m", "sh", "-c", script, f"/proc/self/fd/{program.fileno()}"], cwd="/",
                                  env=self.environment(), pass_fds=[program.fileno()], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=60 * harness.PATIENCE, check=False)


if __name__ == "__main__":
    harness.main()
