# SPDX-License-Identifier: MIT
"""G. The library: ranks that meet in barriers, and one of them dies, leaves, or stands still.

What libmuster tells the ranks is tests/multi_process's matter; here it is what muster makes of the job: survivors that were
told exit at once, and must not be taken for the cause.
"""

import os
import signal
import time

import processes
from harness import TIME_FACTOR, cases, check, eventually, test

TOLD = 3  # a rank of `play` whose call failed exits with this
FOREVER_MS = 100000


def play(t, *words):
    return [os.path.join(t.programs, "..", "multi_process", "play"), *words]


def job_of(t, ranks, *words):
    return t.start("-n", ranks, "--oversubscribe", "allow", *play(t, *words))


def pid_of(t, job, rank):
    """The process of a rank, once it has begun."""
    seen = []

    def is_there():
        for pid in processes.tagged(t.tag):
            if f"MUSTER_RANK={rank}".encode() in processes.read_bytes(f"/proc/{pid}/environ").split(b"\0"):
                seen.append(pid)
        return seen

    eventually(is_there, f"rank {rank} has begun")
    return seen[-1]


BLAMED = {
    "a_rank_killed_before_a_barrier_is_blamed": (["2:kill=9", "barrier=b"], 137, "signal", None, "SIGKILL"),
    "a_rank_killed_after_a_barrier_is_blamed": (["barrier=a", "2:kill=9", "barrier=b"], 137, "signal", None, "SIGKILL"),
    "a_rank_that_crashes_after_a_barrier_is_blamed": (["barrier=a", "2:kill=11", "barrier=b"], 139, "signal", None, "SIGSEGV"),
    "a_rank_that_exits_9_before_a_barrier_is_blamed": (["2:exit=9", "barrier=b"], 9, "exit", 9, None),
    "a_rank_that_exits_9_after_a_barrier_is_blamed": (["barrier=a", "2:exit=9", "barrier=b"], 9, "exit", 9, None),
    "a_rank_that_exits_9_before_it_joins_is_blamed": (["!2:init", "2:exit=9", "barrier=b"], 9, "exit", 9, None),
    "a_rank_that_leaves_before_a_barrier_is_blamed": (["2:finalize", "2:exit=0", "barrier=b"], TOLD, "lost", None, None),
    "a_rank_that_exits_0_before_a_barrier_is_blamed": (["2:exit=0", "barrier=b"], TOLD, "lost", None, None),
}


@cases(BLAMED)
def one_rank_of_four_is_missed(t, words, code, kind, exit_code, signal_name):
    words = words if words[0].endswith("init") else ["init", *words]
    job = job_of(t, 4, *words)
    members = {"outcome": "failed", "exit_code": code, "survivors": 0, "first_failure.rank": 2, "first_failure.kind": kind}
    if kind != "lost":
        members.update({"first_failure.code": exit_code, "first_failure.signal": signal_name})
    job.expect(code=code, stderr=[r"rank 2\b"], report=members, within_s=2)


@test()
def a_rank_killed_inside_of_a_barrier_is_blamed(t):
    job = job_of(t, 4, "init", "barrier=a", f"0:sleep={FOREVER_MS}", "barrier=b")
    victim = pid_of(t, job, 2)
    time.sleep(0.05)
    os.kill(victim, signal.SIGKILL)
    job.expect(code=137, report={"first_failure.rank": 2, "first_failure.signal": "SIGKILL", "survivors": 0}, within_s=2)


CASCADES = {
    "exits_9": (["{0}:exit=9"], 9),
    "is_killed": (["{0}:kill=9"], 137),
    "is_killed_and_is_large": (["{0}:touch=100", "{0}:kill=9"], 137),
    "crashes": (["{0}:kill=11"], 139),
}


@cases({f"the_first_death_is_found_100_times_of_100_when_it_{name}": row for name, row in CASCADES.items()})
def survivors_leave_as_soon_as_they_are_told(t, deed, code):
    """They all exit with another code, in the same instant."""
    wrong, turns = [], 25 if t.is_sanitized() else 100
    for turn in range(turns):
        culprit = turn % 4
        job = job_of(t, 4, "init", "barrier=a", *[word.format(culprit) for word in deed], "barrier=b")
        job.expect(code={TOLD, code})
        first = job.report()["first_failure"]["rank"]
        if first != culprit or job.wait() != code:
            wrong.append(f"turn {turn}: rank {first} instead of {culprit}, exit code {job.wait()}")
    check(not wrong, f"{len(wrong)} of {turns} wrong: {wrong[:3]}")


@test()
def ranks_that_wait_for_one_who_left_are_told_so(t):
    """That it left, and not that it failed, however long it takes until muster knows how it ended."""
    otherwise = 0
    for turn in range(20):
        memory = ["2:touch=300"] if turn % 4 == 3 else [] # which takes the kernel long to take back
        job = job_of(t, 3, "init", "barrier=a", *memory, "2:exit=0", "barrier=b")
        job.expect(code=TOLD, stderr=[r"barrier=b: -500[12]: barrier 'b': rank 2\b"])
        otherwise += "-5002:" not in job.stderr()
    check(otherwise == 0, f"{otherwise} of 20 were told that it failed")


@test()
def a_death_at_any_instant_of_many_barriers_ends_the_job_at_once(t):
    latest = 0
    for _ in range(30):
        job = job_of(t, 4, "init", *["barrier=again"] * 3000, f"sleep={FOREVER_MS}")
        culprit = t.random.randrange(4)
        victim = pid_of(t, job, culprit)
        time.sleep(t.random.random() * 0.03)
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        job.expect(code=137, report={"first_failure.rank": culprit, "first_failure.signal": "SIGKILL"}, within_s=7)
        latest = max(latest, time.monotonic() - killed)
    t.note(f"back within {latest * 1000:.0f} ms")
    check(latest < 1 * TIME_FACTOR, f"one took {latest:.1f} s")


@test()
def a_rank_that_stands_still_delays_the_others_and_no_more(t):
    job = job_of(t, 3, "init", *["barrier=again"] * 3000, "sleep=300", *["barrier=again"] * 100, "finalize")
    victim = pid_of(t, job, 1)
    os.kill(victim, signal.SIGSTOP)
    time.sleep(1)
    os.kill(victim, signal.SIGCONT)
    job.expect(code=0, report={"outcome": "ok"}, within_s=20)
