# SPDX-License-Identifier: MIT
"""Jobs that run in the background, and the commands that have to do with them, as a user types them."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import harness


class Jobs(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.stop_all)

    def stop_all(self):
        running = json.loads(self.muster("ps", "--json").stdout or "[]")
        if running:
            self.muster("stop", "--grace", "0", *[job["id"] for job in running])

    def detach(self, *words, **options):
        done = self.muster("run", "-q", "-d", "--oversubscribe", "allow", *words, **options)
        self.assert_exit(done, 0)
        return done.stdout.strip()

    def record(self, job):
        return self.directory / "state/muster/jobs" / job

    def ps(self, *words):
        done = self.muster("ps", "--json", *words)
        self.assert_exit(done, 0)
        return {job["id"]: job for job in json.loads(done.stdout)}


class Records(Jobs):
    def test_a_detached_job_prints_its_id_and_keeps_a_private_record(self):
        job = self.detach("-n", "2", "--on-failure", "continue", "sh", "-c",
                          "echo out $MUSTER_RANK; echo err $MUSTER_RANK >&2; exit 3")
        self.assertRegex(job, r"^sh-[0-9a-z]{11}$")
        self.assert_exit(self.muster("join", job), 3)
        record = self.record(job)
        self.assertEqual(sorted(path.name for path in record.iterdir()),
                         ["events.jsonl", "job.json", "logs", "muster.log", "plan.json", "report.json"])
        for path in [record, *record.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.assertEqual((record / "logs/1.out").read_text(), "out 1\n")
        self.assertEqual((record / "logs/1.err").read_text(), "err 1\n")
        self.assertIn("exited with code 3", (record / "muster.log").read_text())
        report = json.loads((record / "report.json").read_text())
        self.assertEqual((report["job"]["id"], report["exit_code"], report["survivors"]), (job, 3, 0))
        about = json.loads((record / "job.json").read_text())
        self.assertEqual((about["schema"], about["id"], about["nprocs"], about["join"]), ("muster.job/1", job, 2, False))
        self.assertEqual(json.loads((record / "plan.json").read_text())["schema"], "muster.plan/1")

    def test_events_tell_what_happened_in_order(self):
        job = self.detach("-n", "2", "sh", "-c", "exit $MUSTER_RANK")
        self.muster("join", job)
        events = [json.loads(line) for line in (self.record(job) / "events.jsonl").read_text().splitlines()]
        names = [event["event"] for event in events]
        self.assertEqual((names[0], names[-1]), ("started", "ended"))
        self.assertEqual(names.count("rank_ended"), 2)
        self.assertEqual(sorted(events, key=lambda event: event["t"]), events)
        self.assertEqual(len(events[0]["pids"]), 2)

    def test_the_spec_is_kept_as_it_was_given_and_nothing_of_the_environment(self):
        spec = 'version: 1 # mine\ncommand: [sh, -c, "sleep 0.1"]\njoin: false\n'
        done = self.muster("run", "-", stdin=spec, SECRET="very-secret")
        self.assert_exit(done, 0)
        job = done.stdout.strip()
        self.assert_exit(self.muster("join", job), 0)
        self.assertEqual((self.record(job) / "spec.yaml").read_text(), spec)
        for path in self.record(job).rglob("*"):
            self.assertNotIn("very-secret", path.read_text() if path.is_file() else "")

    def test_a_job_in_the_foreground_has_a_record_too(self):
        self.assert_exit(self.muster("run", "sh", "-c", "exit 4"), 4)
        (job,) = self.ps("-a").values()
        self.assertEqual((job["state"], job["exit_code"], job["join"]), ("ended", 4, True))
        self.assert_exit(self.muster("join", job["id"]), 4)

    def test_a_job_in_the_foreground_does_without_a_record(self):
        """Silently where no variable names a place, with one warning where there is none."""
        cases = [({"XDG_STATE_HOME": None, "HOME": None}, 0), ({"XDG_STATE_HOME": "/proc/no"}, 1),
                 ({"XDG_STATE_HOME": "/dev/null"}, 1), ({"XDG_RUNTIME_DIR": "/proc/no"}, 1),
                 ({"XDG_STATE_HOME": None, "HOME": "/no/such/home"}, 1)]
        for changes, warnings in cases:
            with self.subTest(changes=changes):
                done = self.muster("run", "sleep", "0.1", **changes)
                self.assert_exit(done, 0)
                self.assertEqual(done.stderr.count("warning"), warnings, done.stderr)
                self.assertEqual(self.muster("run", "-q", "sleep", "0.1", **changes).stderr, "")

    def test_a_detached_job_without_a_record_is_refused(self):
        for changes in ({"XDG_STATE_HOME": None, "HOME": None}, {"XDG_STATE_HOME": "/proc/no"}):
            done = self.muster("run", "-d", "touch", self.directory / "started", **changes)
            self.assert_exit(done, 125)
            self.assertIn("--detach", done.stderr)
            self.assertFalse((self.directory / "started").exists())

    def test_a_job_whose_id_cannot_be_printed_is_stopped(self):
        script = "trap 'sleep 0.3; exit 0' TERM; sleep 60 & wait"
        command = '"$@" 2>"$0"; echo $? >>"$0"'
        closed = 'until test -e "$0"; do sleep 0.01; done'
        for line in (f"({command}) >/dev/full", f"({command}) >&-",
                     f"({closed}; {command}) | (exec <&-; touch \"$0\")"):
            with self.subTest(line=line):
                told = self.directory / f"told {len(line)}"
                self.command("sh", "-c", line, told, harness.MUSTER, "run", "-d", "--set", "name=unheard", "sh", "-c",
                             script)
                said, code = told.read_text().splitlines()
                self.assertRegex(said, r"^muster: cannot write to standard output: .*: job unheard-\w+ was stopped")
                self.assertEqual(code, "125")
                self.assertEqual(self.ps(), {})

    def test_a_detached_job_that_was_promised_input_is_refused(self):
        for who in ("all", "0"):
            done = self.muster("run", "-d", "--stdin", who, "cat", stdin="lost")
            self.assert_exit(done, 125)
            self.assertIn("--stdin: stdin: with join: false (--detach) the input is empty", done.stderr)
            done = self.muster("run", "-", stdin=f"version: 1\ncommand: [cat]\njoin: false\nstdin: {who}\n")
            self.assert_exit(done, 125)
        for words in (["cat"], ["--stdin", "none", "cat"]):
            self.assert_exit(self.muster("join", self.detach(*words, stdin="not read")), 0)

    def test_directories_that_somebody_prepared_are_refused(self):
        state = self.directory / "state"
        state.mkdir()
        (state / "muster").symlink_to("/tmp")
        done = self.muster("run", "-d", "true")
        self.assert_exit(done, 125)
        self.assertIn("it is a symbolic link, which is not followed here", done.stderr)
        (state / "muster").unlink()
        (state / "muster").mkdir()
        (state / "muster").chmod(0o777)
        done = self.muster("run", "-d", "true")
        self.assert_exit(done, 125)
        self.assertIn("may be written by others", done.stderr)

    def test_logs_have_their_limit(self):
        job = self.detach("--set", "output.log_limit=60KiB", "sh", "-c", "seq 1 100000")
        self.assert_exit(self.muster("join", job), 0)
        log = (self.record(job) / "logs/0.out").read_text()
        self.assertLessEqual(len(log), 60 * 1024)
        self.assertTrue(log.startswith("1\n2\n3\n"))
        self.assertTrue(log.endswith("\n99999\n100000\n"))
        dropped = int(re.search(r"\nmuster: (\d+) bytes were dropped here", log)[1])
        self.assertGreater(dropped, 400000)
        # What was dropped are whole lines.
        head, tail = re.split(r"\nmuster: \d+ bytes were dropped here.*\n", log)
        head, tail = [int(line) for line in head.split()], [int(line) for line in tail.split()]
        self.assertEqual(head, list(range(1, head[-1] + 1)))
        self.assertEqual(tail, list(range(tail[0], 100001)))
        self.assertEqual(sum(len(f"{line}\n") for line in range(head[-1] + 1, tail[0])), dropped)
        self.assertEqual(self.muster("logs", job).stdout, log)

    def test_old_records_are_removed_and_nothing_else(self):
        records = self.directory / "state/muster/jobs"
        records.mkdir(parents=True)
        for path in (records, records.parent, records.parent.parent):
            path.chmod(0o700)
        outside = self.directory / "outside"
        outside.mkdir()
        (outside / "file").write_text("stays")
        old = records / "old-0rg3k9q27xc"
        (old / "logs").mkdir(parents=True, mode=0o700)
        old.chmod(0o700)
        (old / "report.json").write_text("{}")
        (old / "logs/0.out").symlink_to(outside / "file")
        (records / "link-0rg3k9q27xc").symlink_to(outside)
        long_ago = time.time() - 40 * 86400
        os.utime(old, (long_ago, long_ago))
        for _ in range(600):  # one of 64 looks
            self.muster("run", "true")
            if not old.exists():
                break
        self.assertFalse(old.exists())
        self.assertEqual((outside / "file").read_text(), "stays")


class Commands(Jobs):
    def test_ps_tells_running_from_ended_and_lost(self):
        running, ended, lost = self.detach("sleep", "60"), self.detach("true"), self.detach("sleep", "60")
        self.muster("join", ended)
        pids = self.ps()[lost]["pid"]
        for name in ("guard", "warden", "supervisor"):
            os.kill(pids[name], signal.SIGSTOP)
        for name in ("supervisor", "warden", "guard"):  # the end of one continues those below it
            os.kill(pids[name], signal.SIGKILL)
        harness.eventually(lambda: self.ps()[lost]["state"] == "lost", "the job is lost")
        self.assertEqual({job: about["state"] for job, about in self.ps().items()}, {running: "running", lost: "lost"})
        self.assertEqual(self.ps("-a")[ended]["state"], "ended")
        self.assertIn("is lost", self.muster("join", lost).stderr)
        done = self.muster("join", "--json", lost)
        self.assert_exit(done, 125)
        self.assertEqual(json.loads(done.stdout), [{"id": lost, "state": "lost", "exit_code": None}])
        table = self.muster("ps", "-a").stdout.splitlines()
        self.assertEqual(len(table), 4)
        self.assertTrue(any(ended in line and "exit 0" in line for line in table))
        # Once it was seen that nothing is left of it, it is over.
        socket_of_it = json.loads((self.record(lost) / "job.json").read_text())["socket"]
        self.assertTrue(os.path.exists(socket_of_it))
        with (self.record(lost) / "events.jsonl").open("a") as events:
            events.write('{"t":0.5,"ev')  # as of one that was killed in the middle of it
        self.assert_exit(self.muster("stop", lost), 0)
        self.assertEqual(list(self.ps()), [running])
        self.assertEqual((self.ps("-a")[lost]["state"], self.ps("-a")[lost]["exit_code"]), ("ended", 125))
        self.assertFalse(os.path.exists(socket_of_it))

    def test_a_supervisor_that_is_lost_after_all_was_told_changes_nothing(self):
        """Killed as soon as the report is there, often enough that it is not always through by then."""
        report = self.directory / "report.json"
        for _ in range(30):
            report.unlink(missing_ok=True)
            with subprocess.Popen([harness.MUSTER, "run", "--report", report, "--set", "name=ends", "sleep", "0.1"],
                                  env=self.environment(), stderr=subprocess.PIPE) as group:
                harness.eventually(lambda: self.ps(), "it is listed")
                (job,) = self.ps()
                supervisor = self.ps()[job]["pid"]["supervisor"]
                while not report.exists():
                    pass
                with contextlib.suppress(ProcessLookupError):
                    os.kill(supervisor, signal.SIGKILL)
                code, said = group.wait(timeout=60), group.stderr.read()
            told = json.loads(report.read_text())
            self.assertEqual((told["outcome"], told["exit_code"]), ("ok", 0) if code == 0 else ("error", 125), said)
            self.assertEqual(said == b"", code == 0, said)
            self.assert_exit(self.muster("join", job), code)

    def test_the_loss_of_the_supervisor_alone_is_in_the_report(self):
        report = self.directory / "report.json"
        report.write_text("of yesterday")
        detached = self.detach("sleep", "60")
        with subprocess.Popen([harness.MUSTER, "run", "-q", "--report", report, "--set", "name=fore", "sleep", "60"],
                              env=self.environment(), stderr=subprocess.PIPE) as foreground:
            harness.eventually(lambda: len(self.ps()) == 2, "both are listed")
            for about in self.ps().values():
                os.kill(about["pid"]["supervisor"], signal.SIGKILL)
            self.assertEqual(foreground.wait(timeout=60), 125)
            foreground.stderr.read()
        self.assert_exit(self.muster("join", detached, "fore"), 125)
        self.assertEqual(self.ps(), {})
        for text in report.read_text(), self.muster("report", "--json", detached).stdout:
            said = json.loads(text)
            self.assertEqual((said["outcome"], said["exit_code"], said["survivors"]), ("error", 125, 0))
            self.assertIn("its supervising process was killed by signal 9 (SIGKILL)", said["error"])
            self.assertGreater(said["elapsed_s"], 0)
            self.assertEqual((said["job"]["nprocs"], said["ranks"]), (1, []))

    def test_a_job_whose_report_could_not_be_written_has_ended_as_its_last_event_says(self):
        job = self.detach("sh", "-c", "exit 3")
        self.assert_exit(self.muster("join", job), 3)
        (self.record(job) / "report.json").unlink()
        done = self.muster("join", "--json", job)
        self.assert_exit(done, 3)
        self.assertEqual(json.loads(done.stdout), [{"id": job, "state": "ended", "exit_code": 3}])
        self.assertEqual((self.ps("-a")[job]["state"], self.ps("-a")[job]["exit_code"]), ("ended", 3))
        self.assertNotIn(job, self.ps())
        self.assertIn("state  ended, exit code 3\n", self.muster("status", job).stdout)
        self.assertIn("its report could not be written", self.muster("report", job).stderr)

    def test_a_job_in_the_foreground_whose_report_found_no_room_has_ended_all_the_same(self):
        done = self.command("bash", "-c", 'ulimit -f 1; exec "$@"', "-", harness.MUSTER, "run", "-n", "2", "--set",
                            "name=short", "true")
        self.assert_exit(done, 0)
        self.assertIn("report.json: File too large", done.stderr)
        self.assertEqual(self.ps(), {})
        self.assert_exit(self.muster("join", "short"), 0)

    def test_a_restart_that_never_came_is_not_counted(self):
        job = self.detach("--on-failure", "restart", "--max-restarts", "2", "--set", "failure.backoff=1m", "false")
        events = self.record(job) / "events.jsonl"
        harness.eventually(lambda: events.exists() and '"event":"restart","restarts":1}' in events.read_text(),
                           "a restart is planned")
        self.assertEqual(json.loads(self.muster("status", "--json", job).stdout)["restarts"], 0)
        self.muster("stop", job)
        self.assertEqual(json.loads(self.muster("report", "--json", job).stdout)["restarts"], 0)

    def test_a_job_that_fails_again_and_again_before_all_ranks_have_started_is_found_and_stopped(self):
        words = ["run", "-q", "-n", "200", "--oversubscribe", "allow", "--set", "name=loop", "--on-failure", "restart",
                 "--max-restarts", "1000000", "--set", "failure.backoff=1m", "--set", "failure.grace=0s", "false"]
        with subprocess.Popen([harness.MUSTER, *words], env=self.environment()) as group:
            try:
                harness.eventually(lambda: self.ps(), "the job is listed")
                (job,) = self.ps().values()
                self.assertEqual((job["name"], job["state"]), ("loop", "running"))
                status = json.loads(self.muster("status", "--json", "loop").stdout)
                self.assertEqual(status["nprocs"], 200)
                self.assert_exit(self.muster("stop", "loop"), 0)
                self.assertEqual(group.wait(timeout=harness.WAIT_S), 143)
            finally:
                group.kill()

    def test_ps_lists_jobs_in_the_order_in_which_they_were_started(self):
        jobs = [self.detach("--set", f"name={name}", "true") for name in ("walrus", "bear", "swan", "ape")]
        self.muster("join", *jobs)
        self.assertEqual(list(self.ps("-a")), jobs)
        self.assertEqual([line.split()[0] for line in self.muster("ps", "-a").stdout.splitlines()], ["ID", *jobs])

    def test_ps_shows_a_command_as_it_would_be_typed_and_cuts_it_on_a_terminal_alone(self):
        job = self.detach("--set", "name=j", "sh", "-c", "exec sleep 60\n# it's \u20ac\x1b" + "x" * 200)
        line = self.muster("ps").stdout.splitlines()[1]
        self.assertTrue(line.endswith(r"sh -c 'exec sleep 60\n# it'\''s €\x1b" + "x" * 200 + "'"), line)
        script = f"stty cols 100; {harness.MUSTER} ps"
        seen = self.command("script", "-qec", script, "/dev/null").stdout.splitlines()[1]
        self.assertEqual((len(seen.rstrip("\r")), seen.rstrip("\r")[-1]), (100, "…"))
        self.muster("stop", job)

    def test_a_job_is_found_by_id_by_its_beginning_and_by_its_name(self):
        job = self.detach("--set", "name=train", "sh", "-c", "exit 5")
        other = self.detach("--set", "name=trainer", "sh", "-c", "exit 6")
        for word, code in ((job, 5), ("train", 5), (job[:-2], 5), ("traine", 6), (other, 6), (other[-4:], 6)):
            self.assert_exit(self.muster("join", word), code)
        done = self.muster("join", "tra")
        self.assert_exit(done, 125)
        self.assertIn(f'"tra" may be any of 2 jobs: {other} (ended), {job} (ended): give the whole id', done.stderr)
        for word in ("nobody", "../x", "", "-x" * 50):
            self.assert_exit(self.muster("join", "--", word), 125)

    def test_without_a_word_the_newest_job_is_meant(self):
        first, second = (self.detach("--set", f"name={name}", "echo", name) for name in ("zebra", "ant"))
        self.muster("join", first, second)
        self.muster("run", "--set", "name=mole", "sh", "-c", "exit 3")
        running = self.detach("--set", "name=bee", "sleep", "60")
        self.assertRegex(self.muster("report").stdout, "(?m)^job      mole-")
        self.assertIn(running, self.muster("status").stdout)
        self.muster("stop", running)
        self.assertIn(running, self.muster("report").stdout)
        shutil.rmtree(self.directory / "state/muster/jobs" / running)
        done = self.muster("logs")
        self.assertEqual((done.stdout, done.stderr), ("ant\n", f"muster: logs of job {second}\n"))

    def test_who_follows_a_job_learns_how_it_ended(self):
        for script, code, said in (("exit 4", 0, "failed, exit code 4; muster report"), ("true", 0, None)):
            job = self.detach("sh", "-c", f"echo x; {script}")
            done = self.muster("logs", "-f", job)
            self.assert_exit(done, code)
            self.assertEqual(done.stdout, "x\n")
            self.assertEqual(done.stderr, f"muster: job {job}: {said} {job} says more\n" if said else "")

    def test_a_name_means_the_only_job_of_that_name_that_runs(self):
        ended = [self.detach("--set", "name=train", "true") for _ in range(2)]
        self.muster("join", *ended)
        for command, said in (("status", f"{ended[1]} (ended), {ended[0]} (ended): give the whole id"),
                              ("stop", f'of 2 jobs that "train" may be, none runs: {ended[1]} (ended)')):
            done = self.muster(command, "train")
            self.assert_exit(done, 125)
            self.assertIn(said, done.stderr)
        running = self.detach("--set", "name=train", "sleep", "60")
        for word in ("train", "tra"):
            self.assertIn(running, self.muster("status", word).stdout)
        self.assert_exit(self.muster("signal", "train", "CONT"), 0)
        other = self.detach("--set", "name=train", "sleep", "60")
        several = {"status": f"any of 4 jobs: {other} (running), {running} (running), {ended[1]} (ended)",
                   "stop": f"any of 2 jobs: {other} (running), {running} (running): give"}
        for command, said in several.items():
            done = self.muster(command, "train")
            self.assert_exit(done, 125)
            self.assertIn(said, done.stderr)
        self.assert_exit(self.muster("stop", other), 0)
        self.assert_exit(self.muster("stop", "train"), 0)
        self.assertEqual(self.ps(), {})

    def test_join_waits_for_many_and_gives_the_first_failure(self):
        jobs = [self.detach("sh", "-c", f"sleep 0.{n}; exit {n}") for n in (0, 3, 2)]
        self.assert_exit(self.muster("join", *jobs), 3)
        told = json.loads(self.muster("join", "--json", *jobs).stdout)
        self.assertEqual([(job["id"], job["exit_code"]) for job in told], list(zip(jobs, (0, 3, 2))))

    def test_join_gives_up_in_time_also_where_its_parent_blocked_the_alarm(self):
        job = self.detach("sleep", "60")
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        try:
            self.assert_exit(self.muster("join", "--timeout", "100ms", job, timeout=10), 124)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])

    def test_join_gives_up_in_time(self):
        job = self.detach("sleep", "60")
        began = time.monotonic()
        self.assert_exit(self.muster("join", "--timeout", "200ms", job), 124)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        self.assertEqual(self.ps()[job]["state"], "running")
        done = self.muster("join", "--json", "--timeout", "1ms", job)
        self.assert_exit(done, 124)
        self.assertEqual(json.loads(done.stdout), [{"id": job, "state": "running", "exit_code": None}])

    def states(self, job):
        return [rank["state"] for rank in json.loads(self.muster("status", "--json", job).stdout)["ranks"]]

    def test_status_tells_of_each_rank(self):
        job = self.detach("-n", "3", "sh", "-c", "test $MUSTER_RANK = 1 || exec sleep 60")
        harness.eventually(lambda: self.states(job)[1] == "ended", "rank 1 has ended")
        self.assertEqual(self.states(job), ["running", "ended", "running"])
        self.muster("signal", "-r", "2", job, "STOP")
        harness.eventually(lambda: self.states(job)[2] == "stopped", "rank 2 stands still")
        self.assertIn("stopped", self.muster("status", job).stdout)
        self.muster("stop", job)
        self.assertIn("ended, exit code 143", self.muster("status", job).stdout)

    def test_status_is_of_one_shape_whether_the_job_runs_or_has_ended(self):
        job = self.detach("-n", "2", "--on-failure", "restart", "--max-restarts", "1", "--set", "failure.backoff=10ms",
                          "sh", "-c", "test $MUSTER_RESTART_COUNT = 1 || exit 1; exec sleep 60")
        again = re.compile(r"^state  running, .*, 1 restart$", re.MULTILINE)
        harness.eventually(lambda: again.search(self.muster("status", job).stdout), "it was started again")
        running = self.muster("status", job).stdout.splitlines()
        told = [json.loads(self.muster("status", "--json", job).stdout)]
        self.muster("stop", job)
        told.append(json.loads(self.muster("status", "--json", job).stdout))
        for status in told:
            self.assertEqual(list(status), ["id", "state", "outcome", "exit_code", "nprocs", "running", "elapsed_s",
                                            "restarts", "ranks"])
            for rank in status["ranks"]:
                self.assertEqual(list(rank), ["rank", "pid", "cpus", "state", "exit_code", "signal", "waiting"])
            self.assertEqual(round(status["elapsed_s"], 6), status["elapsed_s"])
        self.assertEqual([(status["state"], status["outcome"], status["exit_code"], status["running"]) for status in told],
                         [("running", None, None, 2), ("ended", "stopped", 143, 0)])
        self.assertEqual([rank["signal"] for rank in told[1]["ranks"]], ["SIGTERM", "SIGTERM"])
        self.assertRegex(running[0], f"^job    {job}$")
        self.assertRegex(running[1], r"^state  running, \d+\.\d s, 1 restart$")
        ended = self.muster("status", job).stdout.splitlines()
        self.assertRegex(ended[1], r"^state  ended, exit code 143, \d+\.\d s, 1 restart$")
        for lines in (running, ended):
            head, *ranks = lines[2:]
            self.assertRegex(head, "^rank +pid +CPUs +state +end, or what it waits for$")
            self.assertEqual(len(ranks), 2)
            for title, end in (("CPUs", "state"), ("state", "end")):
                for line in ranks:  # each begins below its title
                    self.assertRegex(line[head.index(title):head.index(end)], r"^\S+ +$")

    def test_status_of_a_job_in_the_foreground_is_told_from_its_first_moment_on(self):
        """Its record is there some time before its socket."""
        with subprocess.Popen([harness.MUSTER, "run", "sleep", "60"], env=self.environment(), stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as job:
            harness.eventually(self.ps, "it has a record")
            status = self.muster("status", *self.ps())
            job.terminate()
        self.assert_exit(status, 0)
        self.assertIn("running", status.stdout)

    def test_status_of_many_ranks_is_whole(self):
        job = self.detach("-n", "600", "sleep", "60")
        status = json.loads(self.muster("status", "--json", job).stdout)
        self.assertEqual([rank["rank"] for rank in status["ranks"]], list(range(600)))

    def test_signal_reaches_the_ranks_that_were_named(self):
        script = 'trap "echo got it" USR1; echo ready; while :; do sleep 0.02; done'
        job = self.detach("-n", "3", "sh", "-c", script)
        harness.eventually(lambda: self.muster("logs", job).stdout.count("ready") == 3, "all are ready")
        self.assert_exit(self.muster("signal", "-r", "0,2", job, "USR1"), 0)
        harness.eventually(lambda: self.muster("logs", job).stdout.count("got it") == 2, "two got the signal")
        self.assertNotIn("[1] got it", self.muster("logs", job).stdout)
        for words, said in ((["NOSUCH"], "NOSUCH"), (["-r", "9", "USR1"], "9"), (["-r", "x", "USR1"], "x")):
            done = self.muster("signal", job, *words)
            self.assert_exit(done, 125)
            self.assertIn(said, done.stderr)

    def test_stop_returns_once_nothing_is_left(self):
        job = self.detach("-n", "2", "-k", "1h", "sh", "-c", "trap '' TERM; sleep 60 & while :; do sleep 0.02; done")
        pids = [rank["pid"] for rank in json.loads(self.muster("status", "--json", job).stdout)["ranks"]]
        self.assert_exit(self.muster("stop", "--grace", "100ms", job), 0)
        for pid in pids:
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        self.assert_exit(self.muster("join", job), 143)
        self.assert_exit(self.muster("stop", job), 0)

    def test_stop_reaches_a_job_that_is_still_starting(self):
        with subprocess.Popen([harness.MUSTER, "run", "-q", "-d", "-n", "400", "--oversubscribe", "allow", "sleep", "60"],
                              env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as start:
            harness.eventually(lambda: list(self.directory.glob("state/muster/jobs/*/job.json")), "it has a record")
            self.assert_exit(self.muster("stop", "--grace", "0", "sleep"), 0)
            start.wait(timeout=20)
        self.assertEqual(self.ps(), {})

    def test_stop_reaches_a_job_that_does_not_answer(self):
        for held in (True, False):
            with self.subTest(held=held):
                job = self.detach("sleep", "60")
                about = self.ps()[job]
                if held:
                    os.kill(about["pid"]["supervisor"], signal.SIGSTOP)
                else:
                    os.unlink(json.loads((self.record(job) / "job.json").read_text())["socket"])
                self.assert_exit(self.muster("stop", job), 0)
                self.assert_exit(self.muster("join", job), 143)

    def test_a_job_that_can_have_no_socket_says_so_at_once_and_when_it_is_asked(self):
        places = {"XDG_RUNTIME_DIR": "/proc"}
        done = self.muster("run", "-d", "sleep", "60", **places)
        self.assert_exit(done, 0)
        job = done.stdout.strip()
        said = r"no control socket: .*muster status and signal cannot reach it, muster stop can\n$"
        self.assertRegex(done.stderr, f"^muster: warning: this job has {said}")
        self.assertEqual((self.record(job) / "muster.log").read_text(), done.stderr)
        self.assertIsNone(json.loads((self.record(job) / "job.json").read_text())["socket"])
        for words in (["status", job], ["signal", job, "USR1"]):
            done = self.muster(*words, **places)
            self.assert_exit(done, 125)
            self.assertEqual(done.stderr, f"muster: job {job} has no control socket: muster status and signal cannot "
                             "reach it, muster stop can\n")
        self.assert_exit(self.muster("stop", job, **places), 0)
        self.assertEqual(self.muster("run", "-q", "-d", "true", **places).stderr, "")

    def test_a_held_guard_or_warden_keeps_nobody_waiting(self):
        for which, words in (("guard", ["stop"]), ("warden", ["stop"]), ("guard", ["signal", "TERM"]),
                             ("warden", ["signal", "TERM"])):
            with self.subTest(which=which, words=words):
                job = self.detach("sleep", "60")
                pids = self.ps()[job]["pid"]
                os.kill(pids[which], signal.SIGSTOP)
                try:
                    self.assert_exit(self.muster(words[0], job, *words[1:]), 0)
                    self.assert_exit(self.muster("join", job), 143)
                finally:
                    for pid in pids.values():
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGCONT)

    def test_logs_follow_until_the_job_ends(self):
        job = self.detach("-n", "2", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done; echo last >&2")
        done = self.muster("logs", "-f", job)
        self.assert_exit(done, 0)
        self.assertEqual(sorted(done.stdout.split("\n")), ["", *sorted(f"[{r}] {i}" for r in range(2) for i in (1, 2, 3))])
        self.assertEqual(sorted(done.stderr.split("\n")), ["", "[0] last", "[1] last"])
        self.assertEqual(self.muster("logs", "-r", "1", job).stdout, "1\n2\n3\n")

    def test_logs_keep_the_lines_of_ranks_apart(self):
        job = self.detach("-n", "2", "sh", "-c", "echo a$MUSTER_RANK; printf tail$MUSTER_RANK; sleep 0.3; printf x >&2")
        for words in ("logs", "-f"), ("logs",):
            done = self.muster(*words, job)
            self.assert_exit(done, 0)
            self.assertEqual(sorted(done.stdout.splitlines()), ["[0] a0", "[0] tail0", "[1] a1", "[1] tail1"])
            self.assertEqual(sorted(done.stderr.splitlines()), ["[0] x", "[1] x"])
        self.assertEqual(self.muster("logs", "-r", "1", job).stdout, "a1\ntail1")

    def test_logs_of_two_streams_break_each_others_lines_only_where_they_meet(self):
        job = self.detach("-n", "2", "sh", "-c", "if test $MUSTER_RANK = 0; then printf half; until test -e said; do sleep "
                          "0.05; done; echo ' whole'; else until test -e shown; do sleep 0.05; done; echo warn >&2; fi",
                          cwd=self.directory)
        script = f"""'{harness.MUSTER}' logs -f {job} >out 2>err &
            until grep -q half out; do sleep 0.05; done; touch shown
            until grep -q warn err; do sleep 0.05; done; touch said; wait"""
        self.assert_exit(self.command("sh", "-c", script, cwd=self.directory), 0)
        self.assertEqual((self.directory / "out").read_text(), "[0] half whole\n")
        self.assertEqual((self.directory / "err").read_text(), "[1] warn\n")

    def test_logs_show_a_line_that_does_not_end_after_a_while(self):
        job = self.detach("-n", "2", "sh", "-c", "printf 'rank %d ' $MUSTER_RANK; "
                          "test $MUSTER_RANK = 0 && head -c 100000 /dev/zero | tr '\\0' z; exec sleep 600")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            self.assertEqual(follow.stdout.readline(), "[0] rank 0 " + 100000 * "z" + "\n")
            self.muster("stop", job)
            self.assertEqual(follow.stdout.read(), "[1] rank 1 \n")

    def test_logs_say_when_there_is_nothing_in_them(self):
        job = self.detach("-o", self.directory / "out", "echo", "x")
        self.muster("join", job)
        done = self.muster("logs", job)
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, f"^muster: the ranks of job {job} printed nothing to the terminal; ")

    def test_logs_follow_until_the_reader_has_gone(self):
        job = self.detach("sh", "-c", "echo one; exec sleep 600")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            self.assertEqual(follow.stdout.readline(), "one\n")
            follow.stdout.close()
            self.assertEqual(follow.wait(timeout=60), -signal.SIGPIPE)

    def test_logs_follow_what_is_dropped_meanwhile(self):
        go_on = self.directory / "go on"
        job = self.detach("--set", "output.log_limit=20KiB", "sh", "-c",
                          f"seq 1000 1200; until test -e '{go_on}'; do sleep 0.01; done; "
                          "for i in $(seq 2 60); do seq $((i * 1000)) $((i * 1000 + 200)); sleep 0.01; done")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            begin = follow.stdout.readline()
            go_on.touch()
            stdout = begin + follow.stdout.read()
        self.assertEqual(follow.returncode, 0)
        self.assertTrue(stdout.startswith("1000\n1001\n"))
        self.assertTrue(stdout.endswith("\n60199\n60200\n"))

    def test_a_report_is_shown_of_a_job_and_of_a_file(self):
        job = self.detach("sh", "-c", "echo no such data >&2; exit 9")
        self.muster("join", job)
        file = self.record(job) / "report.json"
        for word in (job, file):
            done = self.muster("report", word)
            self.assert_exit(done, 0)
            for said in (job, "outcome  failed, exit code 9", "exited with code 9", "  | no such data", "exit 9"):
                self.assertIn(said, done.stdout)
            self.assertEqual(json.loads(self.muster("report", "--json", word).stdout), json.loads(file.read_text()))
        other = self.directory / "other.json"
        other.write_text('{"schema": "x"}')
        no_json = "configs/hello.yaml: not a report, see muster-report(5): it is no JSON: line 1: "
        for word, said in ((other, "muster.report/1"), ("configs/hello.yaml", no_json),
                           ("/no/such.json", "/no/such.json"), ("nobody", "nobody")):
            done = self.muster("report", word)
            self.assert_exit(done, 125)
            self.assertIn(said, done.stderr)

    def test_a_report_that_lacks_what_every_report_has_is_refused(self):
        job = self.detach("true")
        self.muster("join", job)
        whole = json.loads((self.record(job) / "report.json").read_text())
        self.assert_exit(self.muster("report", "-", stdin=json.dumps(whole)), 0)
        for member in ("job", "outcome", "exit_code", "started", "ended", "elapsed_s", "restarts", "survivors",
                       "first_failure", "ranks"):
            done = self.muster("report", "-", stdin=json.dumps({name: whole[name] for name in whole if name != member}))
            self.assert_exit(done, 125)
            self.assertEqual(done.stdout, "")
            self.assertIn(f"muster-report(5): {member} is missing\n", done.stderr)
        for changes, said in (({"job": {"id": "x", "name": "x"}}, "job.nprocs is missing"),
                              ({"exit_code": "0"}, "exit_code is a string, not a number"),
                              ({"ranks": None}, "ranks is null, not a list")):
            done = self.muster("report", "-", stdin=json.dumps({**whole, **changes}))
            self.assert_exit(done, 125)
            self.assertIn(said, done.stderr)

    def test_the_shell_completes_ids(self):
        running, ended = self.detach("sleep", "60"), self.detach("true")
        self.muster("join", ended)
        for command, wanted in (("stop", {running}), ("signal", {running}), ("join", {running, ended}), ("logs", {running, ended})):
            script = 'source docs/completion/muster; COMP_WORDS=(muster $0 ""); COMP_CWORD=2; _muster; echo "${COMPREPLY[@]}"'
            done = self.command("bash", "-c", script, command)
            self.assert_exit(done, 0)
            self.assertEqual(set(done.stdout.split()), wanted, command)
        script = 'source docs/completion/muster; COMP_WORDS=(muster logs -f ""); COMP_CWORD=3; _muster; echo "${COMPREPLY[@]}"'
        self.assertEqual(set(self.command("bash", "-c", script).stdout.split()), {running, ended})

    def test_what_is_typed_wrongly_is_told(self):
        for words in (["join"], ["join", "-x", "a"], ["ps", "a"], ["status"], ["stop", "--grace", "soon", "a"], ["logs"],
                      ["report"], ["stop", "--grace"], ["signal", "a"], ["report", "a", "b"], ["ps", "--json=1"]):
            done = self.muster(*words)
            self.assert_exit(done, 125)
            self.assertRegex(done.stderr, r"^muster: .*\n$")
        for words, option, value, word in ((["logs", "-r", "-f", "a"], "--ranks", "RANKS", "-f"),
                                           (["logs", "-r", "--", "a"], "--ranks", "RANKS", "--"),
                                           (["stop", "--grace", "-f", "a"], "--grace", "T", "-f"),
                                           (["stop", "-g", "-5s", "a"], "--grace", "T", "-5s"),
                                           (["join", "a", "-t", "--unknown"], "--timeout", "T", "--unknown")):
            done = self.muster(*words)
            self.assert_exit(done, 125)
            self.assertEqual(done.stderr, f'muster: {option} needs a value: {option} {value}; "{word}" begins like an option\n')
        self.assertEqual(self.muster("logs", "-r").stderr, "muster: --ranks needs a value: --ranks RANKS\n")
        for command in ("join", "signal", "stop"):
            done = self.muster(command)
            self.assert_exit(done, 125)
            self.assertRegex(done.stderr, f"^muster: {command}: which job\\? muster ps lists them; usage: muster {command} .*JOB")


class Socket(Jobs):
    def ask(self, path, message):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(20 * harness.PATIENCE)
            connection.connect(path)
            connection.send(message)
            return json.loads(connection.recv(65536))

    def test_hostile_messages_are_answered_and_change_nothing(self):
        job = self.detach("sleep", "60")
        path = self.ps()[job]
        path = json.loads((self.record(job) / "job.json").read_text())["socket"]
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
        hostile = [b"\0", b"{", b"[]", b"null", b'"stop"', b"{}", b'{"do": 1}', b'{"do": "nothing"}', b"[" * 60000,
                   b'{"do": "stop", "grace_ms": -1}', b'{"do": "stop", "grace_ms": "x"}', b"\xff" * 1000,
                   b'{"do": "signal"}', b'{"do": "signal", "signal": "TERM", "ranks": "0-99999999999"}',
                   b'{"do": "signal", "signal": "TERM", "ranks": [0]}', b'{"do": "stop", "do": "stop"}', b"x" * 70000]
        for message in hostile:
            with self.subTest(message=message[:60]):
                self.assertIn("error", self.ask(path, message))
        self.assertEqual(self.ask(path, b'{"do": "status", "from": -5}')["ranks"], [])
        self.assertEqual(self.ps()[job]["state"], "running")

    def test_a_hundred_clients_at_once_do_not_hinder_the_job(self):
        job = self.detach("sleep", "60")
        path = json.loads((self.record(job) / "job.json").read_text())["socket"]
        answers = []

        def ask():
            try:
                answers.append(self.ask(path, b'{"do": "status"}'))
            except OSError:  # turned away before it could ask
                answers.append({"error": "gone"})

        threads = [threading.Thread(target=ask) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 100)
        self.assertGreaterEqual(sum("state" in answer for answer in answers), 1)
        self.assert_exit(self.muster("stop", job), 0)


harness.main()
