# SPDX-License-Identifier: MIT
"""C. muster itself is hit where it is the first process, in a namespace, without /proc, or within another job."""

import os
import signal

import processes
from harness import cases, check, eventually, need_unshare, test
from hits import as_first_process


@test(alone=True)
def as_PID_1_muster_reaps_10000_orphans(t):
    words = as_first_process()
    job = t.run("-n", 1, "--no-label", *t.program("make_orphans", 10000, 7), wrap=words, within_s=60)
    job.expect(code=7)
    zombies = job.stdout().split()
    check(zombies[:2] == [b"zombies", b"0,"], f"the rank saw {job.stdout()!r}")
    t.note(job.stdout().decode().strip())


@cases({f"as_PID_1_muster_minds_{name}": (getattr(signal, name),) for name in ("SIGTERM", "SIGINT")})
def first_process_signalled(t, number):
    job = t.start("-n", 2, *t.waiting(), wrap=as_first_process())
    t.ready(2)
    muster = eventually(lambda: [pid for pid in processes.children(job.pid) if processes.name(pid) == "muster"], "PID 1")
    processes.kill(muster[0], number)
    job.expect(code=128 + number, within_s=1)


@cases({f"as_PID_1_muster_minds_{name}_before_there_is_a_job": (getattr(signal, name),)
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")})
def first_process_signalled_early(t, number):
    """The kernel gives PID 1 no signal that has its default action."""
    receive, send = os.pipe()
    job = t.start("-", stdin=receive, wrap=as_first_process())
    os.write(send, b"version: 1\n")
    muster = eventually(lambda: [pid for pid in processes.children(job.pid) if processes.name(pid) == "muster"], "PID 1")
    t.expect_still_there(job, 0.2)
    processes.kill(muster[0], number)
    job.expect(code=128 + number, within_s=1)
    os.close(receive)
    os.close(send)


@test()
def as_PID_1_muster_refuses_a_job_that_would_end_with_it(t):
    job = t.run("-d", "-n", 1, *t.waiting(), wrap=as_first_process())
    job.expect(code=125, stderr=[r"join: false \(--detach\).*PID 1"])


@test()
def as_PID_1_muster_keeps_the_exit_code_and_stops_daemons(t):
    job = t.start("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "exit", 0), wrap=as_first_process())
    job.expect(code=0, within_s=3)
    job = t.run("-n", 2, *t.on_rank(1, t.program("exit_with", 17), t.waiting()), wrap=as_first_process())
    job.expect(code=17)


@test()
def as_PID_1_its_supervisor_may_be_killed(t):
    job = t.start("-n", 2, *t.waiting(), wrap=as_first_process())
    t.ready(2)
    muster = eventually(lambda: [pid for pid in processes.children(job.pid) if processes.name(pid) == "muster"], "PID 1")
    supervisor = processes.muster_chain(muster[0])[2:]
    check(supervisor, "PID 1 has no supervising process below it")
    processes.kill(supervisor[0], signal.SIGKILL)
    job.expect(code=125, within_s=2)


# A job within a job: each muster is the other's rank, with a session and a process tree of its own.
INNER = {
    "SIGTERM_of_the_outer_job_ends_the_inner_one": (lambda job: job.signal(signal.SIGTERM), 143),
    "SIGKILL_of_the_outer_job_ends_the_inner_one": (lambda job: job.signal(signal.SIGKILL), -9),
    "SIGKILL_of_the_outer_supervisor_ends_the_inner_job": (lambda job: processes.kill(job.supervisor(), 9), 125),
}


@cases(INNER)
def job_in_a_job(t, hit, code):
    inner = t.command("-n", 2, "-k", "200ms", *t.program("leave_child", "daemon", "wait"), plain=True)
    job = t.start("-n", 2, "-k", "1s", *inner)
    t.ready(8)
    hit(job)
    job.expect(code=code, gone_within_s=3 if code < 0 else 0, within_s=3)


@test()
def the_exit_code_of_an_inner_job_reaches_the_outer_one(t):
    inner = t.command("-n", 2, *t.program("exit_with", 42), plain=True)
    t.run("-n", 2, *inner).expect(code=42)


@test()
def ranks_in_a_pid_namespace_of_their_own_are_stopped(t):
    inner = need_unshare("--pid", "--fork")
    job = t.start("-n", 2, "-k", "300ms", *inner, *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)


@test()
def in_a_pid_namespace_with_the_proc_of_another_only_the_job_is_found(t):
    """Numbers there are other processes': what is below muster is found all the same, and nobody else is hit."""
    script = 'sleep 30 & stranger=$!; "$@"; code=$?; kill $stranger && exit $code'
    words = [*need_unshare("--pid", "--fork"), "sh", "-c", script, "sh"]
    job = t.run("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "exit", 0), wrap=words)
    job.expect(code=0, report={"survivors": 0}, within_s=2, gone_within_s=1)
    check(t.has("descendant.0") and t.has("descendant.1"), "the descendants never stood")


@test()
def without_proc_the_job_runs_and_muster_says_what_it_cannot_see(t):
    t.need_no_sanitizer("the leak checker reads /proc")
    words = [*need_unshare("--mount"), "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    job = t.run("-n", 2, *t.program("exit_with", 3), wrap=words)
    job.expect(code=3, stderr=["warning: /proc is not mounted", "survivors: 0"])
