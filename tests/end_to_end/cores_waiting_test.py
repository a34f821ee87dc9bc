# SPDX-License-Identifier: MIT
"""Jobs wait for cores, in the foreground and detached: they say for whom, start when a core is free, and give up when told."""
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import harness
from cores import Cores, Job, children

# Says when it began and ended, and on what it ran.
BRIEF = """
import os, time
began, cpus = time.monotonic(), sorted(os.sched_getaffinity(0))
time.sleep(0.03)
print(began, time.monotonic(), *cpus)
"""


def fill_pipe(writer):
    """Through a description of its own, so that others' writes still wait."""
    own = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
    for size in (4096, 1):
        try:
            while True:
                os.write(own, b"x" * size)
        except BlockingIOError:
            pass
    os.close(own)


class Waiting(Cores):
    def setUp(self):
        super().setUp()
        self.need_two_cores()

    def assert_began_with_the_wait(self, report):
        began, ended = (datetime.datetime.fromisoformat(report[name].replace("Z", "+00:00")) for name in ("started", "ended"))
        self.assertGreater(report["waited_for_cores_s"], 0)
        self.assertEqual(report["elapsed_s"], report["waited_for_cores_s"])
        self.assertAlmostEqual((ended - began).total_seconds(), report["waited_for_cores_s"], delta=0.0011)

    def test_it_starts_when_a_core_is_free_and_said_for_whom_it_waited(self):
        jobs, cpus = self.fill()
        held = self.held()
        for options in (["--wait-for-cores"], ["--exclusive", "--wait-for-cores=1h"]):
            waiting = Job(self, *options)
            harness.eventually(lambda job=waiting: "waiting for cores" in job.stderr(), "it says that it waits")
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
        self.assertIn("; a longer --wait-for-cores waits on\n", done.stderr)
        done = self.muster("run", "--wait-for-cores", "200ms", "--exclusive", "echo", "ran")
        self.assert_exit(done, 125)
        self.assertIn("waited 200ms for cores", done.stderr)
        self.assertIn(": wait longer (--wait-for-cores), or leave --exclusive out to share\n", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_it_does_not_wait_when_there_is_no_need(self):
        done = self.muster("run", "--exclusive", "--wait-for-cores", "1h", "-n", "auto", "echo", "ran", timeout=20)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")

    def test_a_signal_ends_the_waiting_and_the_report_says_so(self):
        self.fill()
        path = self.directory / "report.json"
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            path.write_text("of before", encoding="utf-8")
            waiting = Job(self, "--wait-for-cores", "--report", path)
            harness.eventually(lambda job=waiting: "waiting for cores" in job.stderr(), "it waits")
            time.sleep(0.02)  # waits are told in whole milliseconds
            waiting.process.send_signal(number)
            self.assertEqual(waiting.process.wait(harness.WAIT_S), 128 + number)
            said = waiting.stderr().splitlines()
            holders = said[0].removeprefix("muster: waiting for cores: ")
            why = f"stopped by {number.name} while waiting for cores: {holders}"
            self.assertEqual(said[1:], [f"muster: {why}"])
            report = json.loads(path.read_text(encoding="utf-8"))
            self.assertEqual((report["outcome"], report["exit_code"], report["stop_signal"], report["error"]),
                             ("stopped", 128 + number, number.name, why))
            self.assertEqual(report["ranks"], [])
            self.assert_began_with_the_wait(report)

    def test_the_time_of_a_job_is_up_while_it_waits(self):
        self.fill()
        path = self.directory / "report.json"
        done = self.muster("run", "--wait-for-cores=300ms", "--timeout", "300ms", "--report", path, "echo", "ran")
        self.assert_exit(done, 124)
        said = done.stderr.splitlines()
        holders = said[0].removeprefix("muster: waiting for cores: ")
        why = f"timeout: the job was still waiting for cores after 300ms: {holders}"
        self.assertEqual((said[1:], done.stdout), ([f"muster: {why}"], ""))
        report = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual((report["outcome"], report["exit_code"], report["error"], report["start_timed_out"]),
                         ("timeout", 124, why, False))
        self.assertGreaterEqual(report["waited_for_cores_s"], 0.3)
        self.assert_began_with_the_wait(report)

    def test_a_job_has_what_is_left_of_its_time_when_it_has_waited(self):
        jobs, _ = self.fill()
        path = self.directory / "report.json"
        waiting = Job(self, "--wait-for-cores", "--timeout", "3s", "--report", path)
        harness.eventually(lambda: "waiting for cores" in waiting.stderr(), "it waits")
        self.assert_exit(self.muster("run", "--exclusive", "--wait-for-cores", "1s", "true"), 125)  # a second is over
        jobs[1].let_go()
        self.assertEqual(waiting.process.wait(harness.WAIT_S), 124)
        left, waited = re.search(r"still running (\S+) s after the start, having waited for cores for (\S+) s\n",
                                 waiting.stderr()).groups()
        self.assertAlmostEqual(float(left) + float(waited), 3)
        report = json.loads(path.read_text(encoding="utf-8"))
        self.assertLess(report["elapsed_s"], 3)
        self.assertAlmostEqual(report["waited_for_cores_s"], float(waited))

    def test_since_when_a_rank_waited_counts_from_its_start_as_all_its_times_do(self):
        jobs, _ = self.fill()
        path = self.directory / "report.json"
        waiting = Job(self, "-n", "2", "--wait-for-cores", "--timeout", f"{3 * harness.PATIENCE:g}s", "--report", path,
                      command=[str(harness.BUILD / "tests/multi_process/play"), "init", "1:sleep=600000", "barrier=first"])
        harness.eventually(lambda: "waiting for cores" in waiting.stderr(), "it waits")
        time.sleep(1.1)
        for job in jobs:
            job.let_go()
        self.assertEqual(waiting.process.wait(4 * harness.WAIT_S), 124)
        rank = json.loads(path.read_text(encoding="utf-8"))["ranks"][0]
        wait = rank["library"]["waiting"]
        self.assertLessEqual(rank["started_s"], wait["since_s"])
        self.assertLess(wait["since_s"] + wait["for_s"], rank["ended_s"])

    def test_a_hangup_that_nohup_ignores_does_not_end_the_waiting(self):
        jobs, cpus = self.fill()
        waiting = Job(self, "--wait-for-cores", prefix=["nohup"])
        harness.eventually(lambda: "waiting for cores" in waiting.stderr(), "it waits")
        waiting.process.send_signal(signal.SIGHUP)
        jobs[1].let_go()
        self.assertEqual(waiting.cpu(), cpus[1])

    def test_the_first_process_of_a_container_is_stopped_like_any_other(self):
        prefix = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        if self.command(*prefix, "true").returncode != 0:
            self.skipTest("no process namespace may be made here")
        self.fill()
        waiting = Job(self, "--wait-for-cores", prefix=prefix)
        harness.eventually(lambda: "waiting for cores" in waiting.stderr(), "it waits")
        os.kill(children(waiting.process.pid)[0], signal.SIGTERM)
        self.assertEqual(waiting.process.wait(harness.WAIT_S), 128 + signal.SIGTERM)
        self.assertIn("stopped by SIGTERM while waiting for cores", waiting.stderr())

    def test_a_reader_that_sleeps_keeps_it_neither_from_starting_nor_from_being_stopped(self):
        jobs, _ = self.fill()
        mark = self.directory / "started"
        words = [str(harness.MUSTER), "run", "-v", "--wait-for-cores", "sh", "-c", f"touch {mark}; sleep 60"]
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        waiting = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=writer, env=self.environment())
        self.addCleanup(waiting.wait)
        self.addCleanup(waiting.kill)
        self.assertIn(b"waiting for cores", os.read(reader, 4096))
        fill_pipe(writer)
        os.close(writer)
        jobs[1].let_go()
        harness.eventually(mark.exists, "it starts")
        waiting.terminate()
        self.assertEqual(waiting.wait(harness.WAIT_S), 128 + signal.SIGTERM)

    def test_a_daemon_whose_owner_ends_does_not_wait_on(self):
        self.fill()
        mark = self.directory / "started"
        script = '"$0" run --daemon --wait-for-cores touch "$1" 2> "$2" & until grep -q waiting "$2"; do sleep 0.01; done; echo $!'
        done = self.command("sh", "-c", script, harness.MUSTER, mark, self.directory / "words")
        self.assert_exit(done, 0)
        waiting = pathlib.Path("/proc", done.stdout.strip())
        harness.eventually(lambda: not waiting.exists(), "it ends")
        self.assertIn("the process that started muster has ended", (self.directory / "words").read_text())
        self.assertFalse(mark.exists())

    def test_of_twenty_that_start_at_once_never_two_are_on_a_core(self):
        words = [str(harness.MUSTER), "run", "--no-label", "--exclusive", "--wait-for-cores", sys.executable, "-c", BRIEF]
        jobs = [subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, env=self.environment()) for _ in range(20)]
        runs = {}
        for job in jobs:
            stdout, stderr = job.communicate(timeout=3 * harness.WAIT_S)
            self.assertEqual(job.returncode, 0, stderr)
            began, ended, *cpus = stdout.split()
            for cpu in cpus:
                runs.setdefault(int(cpu), []).append((float(began), float(ended)))
        self.assertGreater(len(runs), 1)
        for times in runs.values():
            times.sort()
            for (_, ended), (began, _) in zip(times, times[1:]):
                self.assertLess(ended, began)


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
            self.assertEqual(command.wait(harness.WAIT_S), 0)
        self.assertEqual(self.held()[cpus[1]], name)

    def test_one_that_is_interrupted_while_it_waits_leaves_nothing(self):
        self.fill()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            words = [str(harness.MUSTER), "run", "-d", "--wait-for-cores", "sleep", "60"]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=self.environment()) as command:
                self.assertIn("waiting for cores", command.stderr.readline())
                command.send_signal(number)
                killed = number == signal.SIGKILL
                self.assertEqual(command.wait(harness.WAIT_S), -number if killed else 128 + number)
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


if __name__ == "__main__":
    harness.main()
