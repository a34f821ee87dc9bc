# SPDX-License-Identifier: MIT
"""What a fault test is written with: @test, the Test that it gets, and the Job that it starts.

    @test()
    def a_rank_that_exits_9_gives_the_job_its_code(t):
        t.run("-n", "2", *t.program("exit_with", 9)).expect(code=9, stderr=["exit code 9"])

Everything a test starts carries the test's own tag (see processes.py). A test fails when an expectation does not hold, when
something of it is left alive at its end, or when it takes longer than it may. All times are multiplied by TEST_TIME_FACTOR.
"""

import json
import os
import random
import re
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time

import processes

TIME_FACTOR = float(os.environ.get("TEST_TIME_FACTOR", "1"))
# How long anything may take when the test says nothing else.
PATIENCE_S = 20
TESTS = []


class Failure(Exception):
    """An expectation that does not hold."""


class Skip(Exception):
    """What the test needs is not on this machine; the text says what."""


def test(long=False, alone=False):
    """Registers a function as a test. `long`: only with --long. `alone`: never beside another one, for it measures."""

    def register(function):
        add_test(function.__module__, function.__name__, function, long, alone)
        return function

    return register


def cases(rows, long=False, alone=False):
    """Registers one test a row: {name of the test: arguments after t}."""

    def register(function):
        for row_name, arguments in rows.items():
            add_test(
                function.__module__, row_name, lambda t, arguments=arguments: function(t, *arguments), long, alone
            )
        return function

    return register


def add_test(module, test_name, function, long, alone):
    section = module.split("_")[1]
    TESTS.append({"section": section, "name": test_name, "run": function, "long": long, "alone": alone})


def check(holds, what):
    if not holds:
        raise Failure(what)


def eventually(holds, what, within_s=PATIENCE_S):
    """Waits until holds() is true and returns what it returned; a Failure that says `what` when it does not become so."""
    deadline = time.monotonic() + within_s * TIME_FACTOR
    while True:
        result = holds()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failure(f"not within {within_s * TIME_FACTOR:g} s: {what}")
        time.sleep(0.003)


class Job:
    """One `muster run`: its process, what it printed, its report."""

    def __init__(self, test_, arguments, popen, files, report_path, started):
        self.test = test_
        self.arguments = arguments
        self.popen = popen
        self.pid = popen.pid
        self.files = files
        self.report_path = report_path
        self.started = started
        self.took_s = None
        self.left_at_exit = {}

    def wait(self, within_s=PATIENCE_S):
        """The exit code (negative: killed by that signal). Counts `within_s` from now."""
        if self.popen.returncode is None:
            self.await_end(within_s)
            self.took_s = time.monotonic() - self.started
            left = [pid for pid in processes.tagged(self.test.tag) if pid != self.pid]
            self.left_at_exit = {pid: processes.describe(pid) for pid in left}
            self.popen.wait()
        return self.popen.returncode

    def await_end(self, within_s):
        handle = os.pidfd_open(self.pid)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        ended = poll.poll(within_s * TIME_FACTOR * 1000)
        os.close(handle)
        if not ended:
            left = "; ".join(processes.describe(pid) for pid in processes.tagged(self.test.tag)[:8])
            raise Failure(f"not back within {within_s * TIME_FACTOR:g} s; there are {left}\n{self.tail()}")

    def output(self, which):
        """The bytes of "stdout" or "stderr", when they went to the test's own file."""
        return processes.read_bytes(self.files[which]) if which in self.files else b""

    def stdout(self):
        return self.output("stdout")

    def stderr(self):
        return self.output("stderr").decode(errors="replace")

    def tail(self):
        return "\n".join("      | " + line for line in self.stderr().splitlines()[-12:])

    def report(self):
        try:
            return json.loads(processes.read_bytes(self.report_path))
        except ValueError as problem:
            raise Failure(f"no report that can be read in {self.report_path}: {problem}\n{self.tail()}") from None

    def supervisor(self):
        """The pid of muster's third process, the parent of the ranks."""
        return eventually(lambda: self.chain()[2:], "muster has a supervising process")[0]

    def warden(self):
        """The pid of muster's second process."""
        return eventually(lambda: self.chain()[1:], "muster has a warden")[0]

    def chain(self):
        """The pids of muster's own processes that there are: guard, warden, supervisor."""
        return processes.muster_chain(self.pid)

    def signal(self, number):
        processes.kill(self.pid, number)

    def expect(
        self, code, stderr=(), not_stderr=(), stdout=None, report=None, within_s=PATIENCE_S, allowed=(), gone_within_s=0
    ):
        """Waits for the end and holds what came of it against what should have.

        code: exit code, or a set of them. stderr: patterns that must be found. report: {dotted.path: value}.
        allowed: pids that may be alive. gone_within_s: how long after muster's end the rest may take (0: none may be left).
        """
        seen = self.wait(within_s)
        codes = code if isinstance(code, (set, frozenset)) else {code}
        check(seen in codes, f"exit code {seen}, not {sorted(codes)} of {self.words()}\n{self.tail()}")
        text = self.stderr()
        for pattern in stderr:
            check(re.search(pattern, text), f"stderr has no /{pattern}/\n{self.tail()}")
        for pattern in not_stderr:
            check(not re.search(pattern, text), f"stderr has /{pattern}/\n{self.tail()}")
        if stdout is not None:
            check(self.stdout() == stdout, f"stdout is {self.stdout()[:300]!r}, not {stdout[:300]!r}")
        self.expect_report(report or {})
        self.expect_nothing_left(allowed, gone_within_s)
        return self

    def expect_report(self, wanted):
        report = self.report() if wanted else None
        for path, value in wanted.items():
            seen = report
            for step in path.split("."):
                seen = seen[int(step)] if isinstance(seen, list) else (seen or {}).get(step)
            check(seen == value, f"report: {path} is {seen!r}, not {value!r}\n{self.tail()}")

    def expect_nothing_left(self, allowed=(), gone_within_s=0):
        left = [text for pid, text in self.left_at_exit.items() if pid not in allowed]
        if gone_within_s == 0:
            check(not left, f"{len(left)} processes outlive muster: {'; '.join(left[:5])}\n{self.tail()}")
        self.test.expect_survivors(allowed, gone_within_s)

    def words(self):
        return " ".join(os.path.basename(str(word)) for word in self.arguments)[:200]


class Test:
    """The place and the tools of one test: a directory, a tag, the two FIFOs of the helper programs."""

    def __init__(self, settings, row, seed):
        self.muster = settings.muster
        self.sanitized = None
        self.checks_leaks = True  # when sanitized; the leak checker makes a process of its own
        self.programs = settings.programs
        self.random = random.Random(seed)
        self.row = row
        self.notes = []
        base = "/var/tmp" if os.access("/var/tmp", os.W_OK) else None
        self.dir = tempfile.mkdtemp(prefix="muster-fault-", dir=base)
        os.chmod(self.dir, 0o755)
        self.tag = f"FAULTS_TAG={secrets.token_hex(8)}"
        for fifo in ("ready", "gate", "life"):
            os.mkfifo(self.path(fifo))
            os.chmod(self.path(fifo), 0o666)
        self.ready_fd = os.open(self.path("ready"), os.O_RDWR | os.O_NONBLOCK)
        self.gate_fd = os.open(self.path("gate"), os.O_RDWR)
        self.ready_bytes = b""
        self.jobs = []
        self.own_pids = set()  # of the test itself: they have the tag and may live
        self.at_end = []
        self.count = 0
        for name in ("home", "state", "runtime", "tmp"):
            os.mkdir(self.path(name), 0o700)

    def is_sanitized(self):
        """Whether the program under test was built with AddressSanitizer."""
        if self.sanitized is None:
            self.sanitized = b"__asan_init" in processes.read_bytes(self.muster)
        return self.sanitized

    def need_no_sanitizer(self, why):
        if self.is_sanitized():
            raise Skip(why)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def program(self, name, *arguments):
        """The command line of a helper program."""
        return [os.path.join(self.programs, name), *map(str, arguments)]

    def on_rank(self, ranks, command, other):
        return self.program("on_rank", ranks) + list(command) + [","] + list(other)

    def waiting(self):
        return self.program("wait_forever")

    def spec(self, **members):
        """A spec file with these members; JSON is YAML."""
        self.count += 1
        path = self.path(f"spec-{self.count}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"version": 1, **members}, file, indent=1)
        return path

    def environment(self, changes=None):
        result = {key: value for key, value in os.environ.items() if not key.startswith(("MUSTER_", "LD_"))}
        tag_name, tag_value = self.tag.split("=")
        result.update(
            {
                tag_name: tag_value,
                "FAULTS_DIR": self.dir,
                "HOME": self.path("home"),
                "XDG_STATE_HOME": self.path("state"),
                "XDG_RUNTIME_DIR": self.path("runtime"),
                "TMPDIR": self.path("tmp"),
                "MUSTER_LEASE_DIR": self.dir,  # jobs of other tests are not minded
                "LC_ALL": "C",
            }
        )
        if self.is_sanitized():  # no core limit of its own, no handlers of its own
            options = "disable_coredump=0:handle_segv=0:handle_abort=0:handle_sigbus=0"
            result["ASAN_OPTIONS"] = options + ("" if self.checks_leaks else ":detect_leaks=0")
        for key, value in (changes or {}).items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = value
        return result

    def command(self, *arguments, report=None, plain=False):
        """The words of `muster run`. Ranks on shared cores are no news here, unless `plain`."""
        words = [self.muster, "run"]
        if not plain:
            words += ["--oversubscribe", "allow", "--report", report or self.path("report.json")]
        return words + [str(argument) for argument in arguments]

    def start(
        self,
        *arguments,
        conditions=(),
        wrap=(),
        stdin=subprocess.DEVNULL,
        stdout=None,
        stderr=None,
        env=None,
        cwd=None,
        plain=False,
        command=None,
    ):
        """Starts `muster run ARGUMENTS` and returns its Job. `conditions`: words of start_with. `wrap`: a command before."""
        self.count += 1
        report_path = self.path(f"report-{self.count}.json")
        words = list(command) if command else self.command(*arguments, report=report_path, plain=plain)
        if conditions:
            words = self.program("start_with", *conditions, "--") + words
        words = list(wrap) + words
        files, handles = {}, {}
        for which, given in (("stdout", stdout), ("stderr", stderr)):
            if given is None:
                files[which] = self.path(f"{which}-{self.count}")
                given = handles[which] = open(files[which], "wb")
            handles.setdefault(which, given)
        started = time.monotonic()  # Popen may return when a short job has ended already
        popen = subprocess.Popen(
            words,
            stdin=stdin,
            stdout=handles["stdout"],
            stderr=handles["stderr"],
            env=self.environment(env) if env is None or isinstance(env, dict) else dict(env),
            cwd=cwd or self.dir,
        )
        for which in files:
            handles[which].close()
        job = Job(self, words, popen, files, report_path, started)
        self.jobs.append(job)
        return job

    def run(self, *arguments, within_s=PATIENCE_S, **options):
        job = self.start(*arguments, **options)
        job.wait(within_s)
        return job

    def ready(self, count, within_s=PATIENCE_S):
        """Waits until `count` processes said that they are ready; a list of (rank, pid) in the order in which they did."""
        deadline = time.monotonic() + within_s * TIME_FACTOR
        poll = select.poll()
        poll.register(self.ready_fd, select.POLLIN)
        while self.ready_bytes.count(b"\n") < count:
            over = self.jobs and not processes.is_alive(self.jobs[-1].pid)
            if poll.poll(0 if over else 100):
                self.ready_bytes += os.read(self.ready_fd, 65536)
            elif over or time.monotonic() > deadline:
                said = self.ready_bytes.count(b"\n")
                why = "muster has ended" if over else f"{within_s * TIME_FACTOR:g} s have passed"
                last = self.jobs[-1].tail() if self.jobs else ""
                raise Failure(f"{said} of {count} processes are ready and {why}\n{last}")
        lines = self.ready_bytes.split(b"\n", count)
        self.ready_bytes = lines[count]
        return [tuple(map(int, line.split())) for line in lines[:count]]

    def drain_ready(self):
        """Forgets who said to be ready so far."""
        self.ready_bytes = b""
        try:
            while os.read(self.ready_fd, 65536):
                pass
        except BlockingIOError:
            pass

    def open_gate(self):
        os.close(self.gate_fd)
        self.gate_fd = None

    def has(self, name):
        return os.path.exists(self.path(name))

    def wait_for_file(self, name, within_s=PATIENCE_S):
        eventually(lambda: self.has(name), f"the file {name}", within_s)

    def expect_survivors(self, allowed=(), within_s=0.5):
        """Holds that nothing with the test's tag is alive, but for `allowed`."""
        deadline = time.monotonic() + within_s * TIME_FACTOR
        while True:
            left = [pid for pid in processes.tagged(self.tag) if pid not in allowed and pid not in self.own_pids]
            if not left:
                return
            if time.monotonic() > deadline:
                texts = "; ".join(processes.describe(pid) for pid in left[:5])
                raise Failure(f"{len(left)} processes survive: {texts}")
            time.sleep(0.003)

    def expect_still_there(self, job, for_s):
        """Holds that the job does not end for a while; there is no event of nothing happening."""
        deadline = time.monotonic() + for_s
        while time.monotonic() < deadline:
            check(job.popen.returncode is None and processes.is_alive(job.pid), f"muster ended too soon\n{job.tail()}")
            time.sleep(0.01)

    def others_alive(self):
        """Pids of the job that are not muster's own: ranks and their descendants."""
        return [pid for pid in processes.tagged(self.tag) if processes.name(pid) not in ("muster", "job-warden", "")]

    def note(self, text):
        """A figure for the line of the test."""
        self.notes.append(text)

    def finish(self):
        """Leaves nothing: not a process, not a descriptor, not a file, not a mount."""
        processes.kill_tagged(self.tag)
        for job in self.jobs:
            if job.popen.poll() is None:
                processes.kill(job.pid, signal.SIGKILL)
                job.popen.wait()
        for undo in reversed(self.at_end):
            undo()
        for fd in (self.ready_fd, self.gate_fd):
            if fd is not None:
                os.close(fd)
        shutil.rmtree(self.dir, ignore_errors=True)


def need_root(what):
    if os.geteuid() != 0:
        raise Skip(f"{what} needs root")


def need_unshare(*flags):
    """Words that run a command in namespaces of its own, or a Skip that says why not."""
    words = ["unshare", *flags]
    if not shutil.which("unshare"):
        raise Skip("needs unshare (util-linux)")
    tried = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise Skip(f"needs {' '.join(words)}: {tried.stderr.strip()}")
    return words
