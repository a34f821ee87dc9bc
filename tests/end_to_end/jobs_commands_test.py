# SPDX-License-Identifier: MIT
"""The commands that have to do with jobs, as a user types them: ps, status, join, signal, stop, report."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import harness
from jobs import Jobs


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

    def test_without_a_variable_that_says_where_records_are_nobody_claims_that_there_are_no_jobs(self):
        for words in (["ps"], ["status"], ["report"], ["logs"], ["join", "train"], ["stop", "train"]):
            done = self.muster(*words, XDG_STATE_HOME=None, HOME=None)
            self.assert_exit(done, 125)
            self.assertEqual((done.stdout, done.stderr),
                             ("", "muster: neither XDG_STATE_HOME nor HOME says where records of jobs belong\n"))
        self.assert_exit(self.muster("ps", XDG_STATE_HOME=str(self.directory / "none")), 0)

    def test_an_option_of_another_tool_or_a_slip_is_answered_with_what_there_is(self):
        for line, answer in (("stop -9 a", "-9; write --grace 0s to kill at once"),
                             ("stop --all", "--all; write the id of each; muster ps lists those that run"),
                             ("signal a -KILL", "-KILL; the signal stands behind the job: muster signal JOB KILL"),
                             ("logs --tail=5 a", "--tail=5; write muster logs JOB 2>&1 | tail -n N"),
                             ("logs --folow a", "--folow; did you mean --follow?"),
                             ("ps --folow", "--folow; see muster ps --help")):
            done = self.muster(*line.split())
            self.assert_exit(done, 125)
            self.assertEqual(done.stderr, f"muster: unknown option {answer}\n")


harness.main()
