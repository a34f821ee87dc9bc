# SPDX-License-Identifier: MIT
"""C. muster itself is hit by signals: those that stop a job, are forwarded, stop muster, or are not for it at all."""

import os
import signal
import time

import processes
from harness import cases, check, eventually, test

STOP_SIGNALS = {
    "SIGINT_stops_the_job_with_130": (signal.SIGINT, 130),
    "SIGTERM_stops_the_job_with_143": (signal.SIGTERM, 143),
    "SIGHUP_stops_the_job_with_129": (signal.SIGHUP, 129),
    "SIGQUIT_stops_the_job_with_131": (signal.SIGQUIT, 131),
}


@test()
def SIGQUIT_is_what_ranks_are_asked_with_and_said_to_be(t):
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    job.signal(signal.SIGQUIT)
    job.expect(code=131, stderr=[r"stopped by SIGQUIT .*: 2 stopped by muster \(SIGQUIT\); survivors: 0"],
               report={"ranks.0.signal": "SIGQUIT", "ranks.1.signal": "SIGQUIT"})


@cases(STOP_SIGNALS)
def a_signal_that_stops(t, number, code):
    job = t.start("-n", 4, *t.waiting())
    t.ready(4)
    job.signal(number)
    job.expect(code=code, report={"outcome": "stopped", "exit_code": code, "survivors": 0}, within_s=1)


@test()
def muster_waits_for_ranks_that_take_their_time_to_stop(t):
    job = t.start("-n", 2, *t.program("finish_in_handler", 1500))
    t.ready(2)
    job.signal(signal.SIGTERM)
    t.wait_for_file("asked.0")
    t.wait_for_file("asked.1")
    check(processes.is_alive(job.pid), "muster left before its ranks")
    job.expect(code=143, within_s=2.5)
    check(t.has("finished.0") and t.has("finished.1"), "muster left before its ranks")


@test()
def a_second_SIGINT_kills_at_once(t):
    job = t.start("-n", 3, "-k", "20s", *t.program("resist_term", "ignored"))
    t.ready(3)
    job.signal(signal.SIGINT)
    t.expect_still_there(job, 0.3)
    job.signal(signal.SIGINT)
    job.expect(code=130, within_s=1)


@test()
def a_second_SIGTERM_does_not_cut_the_grace_short(t):
    job = t.start("-n", 1, "-k", "5s", *t.program("finish_in_handler", 1000))
    t.ready(1)
    job.signal(signal.SIGTERM)
    t.wait_for_file("asked.0")
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)
    check(t.has("finished.0"), "the handler was killed in the middle")


@test()
def a_signal_during_the_stop_of_a_failure_hurts_nothing(t):
    command = t.on_rank(0, t.program("exit_with", 8, "gate"), t.program("resist_term", "ignored"))
    job = t.start("-n", 3, "-k", "1s", *command)
    t.ready(3)
    t.open_gate()
    t.expect_still_there(job, 0.2)
    job.signal(signal.SIGTERM)
    job.expect(code={8, 143}, report={"first_failure.rank": 0}, within_s=2)


@cases({f"{name}_is_forwarded_once_to_every_rank": (name,) for name in ("SIGUSR1", "SIGUSR2")})
def a_forwarded_signal(t, name):
    job = t.start("-n", 3, *t.program("count_signals"))
    t.ready(3)
    job.signal(getattr(signal, name))
    for rank in range(3):
        t.wait_for_file(f"got_{name[3:]}.{rank}", within_s=1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)
    wanted = {"SIGUSR1": b"USR1 1 USR2 0", "SIGUSR2": b"USR1 0 USR2 1"}[name]
    check(job.stdout().count(wanted) == 3, f"the ranks counted {job.stdout()!r}")


@test()
def SIGTSTP_stops_ranks_and_muster_and_SIGCONT_resumes_them(t):
    job = t.start("-n", 3, *t.program("exit_with", 0, "gate"))
    ranks = [pid for _, pid in t.ready(3)]
    job.signal(signal.SIGTSTP)
    eventually(lambda: all(processes.state(pid) == "T" for pid in [job.pid, *ranks]), "all stop", 1)
    t.open_gate()
    job.signal(signal.SIGCONT)
    job.expect(code=0, within_s=1)


@test()
def a_stop_does_not_use_up_a_grace_or_start_one(t):
    """Stopped and continued, a job is as it was: stopping is no failure."""
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    for _ in range(3):
        job.signal(signal.SIGTSTP)
        eventually(lambda: processes.state(job.pid) == "T", "muster stops", 1)
        job.signal(signal.SIGCONT)
        eventually(lambda: processes.state(job.pid) in "SR", "muster goes on", 1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)


@test()
def SIGCONT_right_after_SIGTSTP_leaves_no_job_stopped(t):
    """However many microseconds lie between the two: the later one counts."""
    job = t.start("-n", 1, *t.waiting())
    (_, rank), = t.ready(1)
    for number in range(400):
        job.signal(signal.SIGTSTP)
        until = time.monotonic_ns() + number % 110 * 1000
        while time.monotonic_ns() < until:
            pass
        job.signal(signal.SIGCONT)
        eventually(lambda: "T" not in (processes.state(job.pid), processes.state(rank)), f"try {number} goes on", 1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)


@test()
def SIGTERM_reaches_a_muster_that_was_stopped_with_SIGTSTP(t):
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    job.signal(signal.SIGTSTP)
    eventually(lambda: processes.state(job.pid) == "T", "muster stops", 1)
    job.signal(signal.SIGTERM)
    job.signal(signal.SIGCONT)
    job.expect(code=143, within_s=1)


@test()
def SIGSTOP_of_musters_processes_loses_nothing(t):
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"))
    t.ready(2)
    supervisor = job.supervisor()
    for pid in (job.pid, supervisor):
        processes.kill(pid, signal.SIGSTOP)
    t.open_gate()
    time.sleep(0.2)  # the ranks end while nobody looks
    for pid in (supervisor, job.pid):
        processes.kill(pid, signal.SIGCONT)
    job.expect(code=0, within_s=1)


@test()
def signals_in_a_burst_are_all_survived(t):
    job = t.start("-n", 4, "-k", "500ms", *t.program("resist_term", "ignored"))
    t.ready(4)
    for number in [signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT, signal.SIGWINCH, signal.SIGCHLD, signal.SIGURG] * 20:
        job.signal(number)
    t.expect_still_there(job, 0.1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1.5)


@cases(
    {
        f"{name}_which_muster_does_not_handle_leaves_nothing": (getattr(signal, name),)
        for name in ("SIGALRM", "SIGPIPE", "SIGSEGV", "SIGABRT", "SIGXCPU")
    }
)
def unusual_signal(t, number):
    for hit_supervisor in (False, True):
        job = t.start("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "wait"))
        t.ready(4)
        processes.kill(job.supervisor() if hit_supervisor else job.pid, number)
        if number == signal.SIGPIPE:  # a reader that went away is no reason to die
            t.expect_still_there(job, 0.1)
            job.signal(signal.SIGTERM)
        job.expect(code={-number, 125, 143}, within_s=2, gone_within_s=2)


@cases({f"a_supervisor_that_was_stopped_still_obeys_{name}": (getattr(signal, name),) for name in ("SIGTERM", "SIGINT")})
def stopped_supervisor(t, number):
    """By a debugger, by a rank that signals its parent, by a person who took the wrong process."""
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    processes.kill(job.supervisor(), signal.SIGSTOP)
    job.signal(number)
    job.expect(code=128 + number, within_s=2)


@test()
def timeout_1_in_front_of_muster_ends_the_job(t):
    job = t.start("-n", 2, "-k", "300ms", *t.program("resist_term", "ignored"), wrap=["timeout", "1"])
    t.ready(2)
    job.expect(code=124, within_s=2.5)


@test()
def SIGINT_ends_a_muster_that_still_waits_for_its_spec(t):
    receive, send = os.pipe()
    job = t.start("-", stdin=receive)
    os.write(send, b"version: 1\n")
    t.expect_still_there(job, 0.2)
    job.signal(signal.SIGINT)
    job.expect(code={130, -signal.SIGINT}, within_s=1)
    os.close(receive)
    os.close(send)


@test()
def SIGTERM_ends_a_muster_that_waits_for_the_reader_of_its_output_file(t):
    os.mkfifo(t.path("out"))
    job = t.start("-n", 1, "-o", t.path("out"), *t.program("exit_with", 0))
    time.sleep(0.2)  # whether it waits is its own affair
    job.signal(signal.SIGTERM)
    job.expect(code={0, 125, 143, -signal.SIGTERM}, within_s=1.5)
