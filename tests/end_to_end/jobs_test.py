# SPDX-License-Identifier: MIT
"""Jobs that run in the background: their records, their sockets, and how they are told to have ended."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import harness
from jobs import Jobs


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


class Ends(Jobs):
    def supervisors_of(self, count):
        """Those of so many jobs that run, by job; what is still starting has not said which process that is."""
        seen = []

        def are_listed():
            seen[:] = [(job, about["pid"]["supervisor"]) for job, about in self.ps().items() if "pid" in about]
            return len(seen) == count

        harness.eventually(are_listed, "it is listed which process supervises")
        return seen

    def test_a_supervisor_that_is_lost_after_all_was_told_changes_nothing(self):
        """Killed as soon as the report is there, often enough that it is not always through by then."""
        report = self.directory / "report.json"
        for _ in range(20):
            report.unlink(missing_ok=True)
            with subprocess.Popen([harness.MUSTER, "run", "--report", report, "--set", "name=ends", "sleep", "0.4"],
                                  env=self.environment(), stderr=subprocess.PIPE) as group:
                ((job, supervisor),) = self.supervisors_of(1)
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
            for _, supervisor in self.supervisors_of(2):
                os.kill(supervisor, signal.SIGKILL)
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
        self.assertRegex(done.stderr, r"(plan|report)\.json: File too large")  # a plan is kept of what is not so short
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
