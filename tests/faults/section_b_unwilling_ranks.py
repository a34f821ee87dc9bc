# SPDX-License-Identifier: MIT
"""B. Ranks that will not go: they resist, hang, change group or session, or leave descendants behind. None survives."""

import signal
import time

import processes
import tracer
from harness import Skip, cases, check, eventually, test

GRACE_S = 0.5
GRACE = "500ms"

# Each of these stands beside a rank that fails. {name: (command, processes that say they are ready)}
UNWILLING = {
    "ignores_SIGTERM": (("resist_term", "ignored"), 1),
    "blocks_SIGTERM": (("resist_term", "blocked"), 1),
    "is_stopped": (("stop_itself",), 1),
    "hangs_in_a_vfork": (("wait_in_vfork",), 1),
    "changed_its_process_group": (("change_group", "group"), 2),
    "changed_its_session": (("change_group", "session"), 2),
    "has_a_child": (("leave_child", "plain", "wait"), 2),
    "has_a_child_with_a_session": (("leave_child", "session", "wait"), 2),
    "has_a_daemon": (("leave_child", "daemon", "wait"), 2),
}


def start_beside(t, command, ready, *options):
    """Four ranks: 0 exits 8 when the gate opens, the others are unwilling."""
    program = t.program(*command)
    job = t.start("-n", 4, "-k", GRACE, *options, *t.on_rank(0, t.program("exit_with", 8, "gate"), program))
    t.ready(1 + 3 * ready)
    return job


@cases({f"a_rank_that_{name}_is_gone_after_a_failure": row for name, row in UNWILLING.items()})
def after_a_failure(t, command, ready):
    job = start_beside(t, command, ready)
    t.open_gate()
    job.expect(code=8, stderr=["survivors: 0"], report={"first_failure.rank": 0, "survivors": 0}, within_s=GRACE_S + 1)


@cases({f"a_rank_that_{name}_is_gone_after_SIGTERM": row for name, row in UNWILLING.items()})
def after_a_signal(t, command, ready):
    job = start_beside(t, command, ready)
    job.signal(signal.SIGTERM)
    job.expect(code=143, report={"outcome": "stopped", "survivors": 0}, within_s=GRACE_S + 1)


@cases({f"a_rank_that_{name}_is_gone_after_the_time_limit": row for name, row in UNWILLING.items()})
def after_a_time_limit(t, command, ready):
    job = start_beside(t, command, ready, "--timeout", "1s")
    job.expect(code=124, report={"outcome": "timeout", "survivors": 0}, within_s=1 + GRACE_S + 1)


@cases(
    {
        "a_child_left_by_a_rank_that_ended_well_is_stopped": ("plain",),
        "a_child_with_a_session_left_by_a_rank_that_ended_well_is_stopped": ("session",),
        "a_daemon_left_by_a_rank_that_ended_well_is_stopped": ("daemon",),
    }
)
def left_after_a_good_end(t, kind):
    job = t.run("-n", 2, "-k", GRACE, *t.program("leave_child", kind, "exit", 0))
    job.expect(code=0, report={"survivors": 0}, within_s=GRACE_S + 1.5)
    check(t.has("descendant.0") and t.has("descendant.1"), "the descendants never stood")


@test()
def a_descendant_is_kept_when_asked_for(t):
    spec = t.spec(
        command=t.program("leave_child", "daemon", "exit", 0),
        nprocs=1,
        failure={"leftovers": "keep"},
    )
    job = t.start(spec)
    (_, kept), *_ = t.ready(1)
    job.expect(code=0, allowed=[kept], within_s=2)
    check(processes.is_alive(kept), "the descendant did not live on")
    processes.kill(kept, signal.SIGKILL)


@test()
def a_kept_descendant_that_writes_for_ever_does_not_keep_muster(t):
    """Faster than it can be read. What the rank itself has written arrives all the same."""
    script = "seq 5000 >&2; setsid yes flood & sleep 0.1; echo end >&2; exit 0"
    with open("/dev/null", "wb") as nowhere:
        job = t.start("--set", "failure.leftovers=keep", "sh", "-c", script, stdout=nowhere)
        job.wait(4)
    job.expect(code=0, stderr=[r"(?m)^\[0\] 5000$", r"(?m)^\[0\] end$"], allowed=processes.tagged(t.tag))
    processes.kill_tagged(t.tag)


@test()
def processes_that_fork_and_leave_cannot_run_away(t):
    job = t.start("-n", 2, "-k", GRACE, *t.program("run_away", 20000))
    t.ready(2)
    time.sleep(0.2)  # they need time to be somewhere else, nothing says when
    job.signal(signal.SIGTERM)
    job.expect(code=143, report={"survivors": 0}, within_s=GRACE_S + 1.5)
    check(not t.has("ran_away.0") and not t.has("ran_away.1"), "one ran away")


@test()
def a_handler_that_needs_3_s_of_5_s_of_grace_finishes(t):
    command = t.on_rank(0, t.program("exit_with", 8, "gate"), t.program("finish_in_handler", 3000))
    job = t.start("-n", 3, *command)
    t.ready(3)
    t.open_gate()
    job.expect(code=8, report={"ranks.1.exit_code": 0, "ranks.1.stopped": True}, within_s=4)
    check(t.has("finished.1") and t.has("finished.2"), "a handler was killed in the middle")
    check(job.took_s > 2.9, "muster left before its ranks")


@test()
def a_handler_finishes_when_muster_is_told_to_stop(t):
    job = t.start("-n", 2, "-k", "3s", *t.program("finish_in_handler", 700))
    t.ready(2)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)
    check(t.has("finished.0") and t.has("finished.1"), "a handler was killed in the middle")


@test()
def a_stopped_rank_is_continued_so_that_its_handler_runs(t):
    job = t.start("-n", 2, "-k", "3s", *t.program("finish_in_handler", 100, 0, "stopped"))
    for _, pid in t.ready(2):
        eventually(lambda pid=pid: processes.state(pid) == "T", "the rank is stopped")
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1.5)
    check(t.has("finished.0") and t.has("finished.1"), "a stopped rank was killed instead of asked")


@test()
def a_rank_that_dies_in_the_hands_of_a_debugger_is_named_and_holds_nobody(t):
    """Killed, it can be reaped by nobody but its tracer; muster waits for it no longer than for one that cannot die."""
    job = t.start("-n", 2, "-k", "100ms", *t.waiting())
    ranks = dict(t.ready(2))
    with tracer.hold(ranks[1]):
        job.signal(signal.SIGTERM)
        job.expect(code={125, 143}, stderr=[r"rank 1\b.*held by process \d+, which traces it", "survivors: 0"], within_s=8)


@test()
def a_rank_that_a_debugger_lets_go_of_dead_is_reaped_at_once(t):
    job = t.start("-n", 2, "-k", "100ms", *t.waiting())
    ranks = dict(t.ready(2))
    with tracer.hold(ranks[1]):
        job.signal(signal.SIGTERM)
        eventually(lambda: processes.state(ranks[1]) == "Z", "rank 1 is dead", 3)
        eventually(lambda: processes.state(ranks[0]) == "", "rank 0 was reaped", 3)
    job.expect(code=143, stderr=["2 (stopped|killed)|1 stopped by muster.*1 killed", "survivors: 0"], within_s=2)


@test()
def the_grace_of_each_rank_is_its_own(t):
    """One rank that resists does not shorten or lengthen what the others get."""
    command = t.on_rank(1, t.program("resist_term", "ignored"), t.program("finish_in_handler", 500))
    job = t.start("-n", 3, "-k", "1s", *command)
    t.ready(3)
    job.signal(signal.SIGTERM)
    job.expect(code=143, report={"ranks.1.signal": "SIGKILL", "ranks.0.exit_code": 0}, within_s=2)


@test()
def a_grace_of_nothing_kills_at_once(t):
    job = t.start("-n", 2, "-k", "0s", *t.program("resist_term", "ignored"))
    t.ready(2)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=0.5)


@test()
def the_signal_to_stop_with_can_be_chosen(t):
    script = "trap 'echo asked; exit 0' USR1; trap '' TERM; echo up; while :; do sleep 0.05; done"
    spec = t.spec(command=["sh", "-c", script], nprocs=1, failure={"signal": "USR1", "grace": "3s"})
    job = t.start(spec)
    eventually(lambda: b"up" in job.stdout(), "the rank is up")
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)
    check(b"asked" in job.stdout(), "it was not asked with SIGUSR1")


@test()
def a_time_limit_names_the_ranks_that_hang_with_state_and_wait_channel(t):
    others = t.on_rank(1, t.program("stop_itself"), t.on_rank(2, t.program("wait_in_vfork"), t.waiting()))
    command = t.on_rank(0, t.program("exit_with", 0), others)
    job = t.start("-n", 4, "-k", "300ms", "--timeout", "1s", *command)
    t.ready(3)
    job.expect(code=124, stderr=[r"rank 1\b", r"rank 2\b", r"rank 3\b", "(?i)stopped|state T", "(?i)state D|uninterruptible|vfork"])
    if processes.read_bytes("/proc/self/wchan") in (b"", b"0"):
        raise Skip("the kernel shows no wait channels here")
    check("vfork" in job.stderr() or "pause" in job.stderr(), f"no wait channel is named\n{job.tail()}")


@test()
def a_time_limit_that_is_not_reached_changes_nothing(t):
    t.run("-n", 2, "--timeout", "20s", *t.program("exit_with", 0)).expect(code=0, report={"outcome": "ok"}, within_s=2)


@test()
def a_time_limit_beats_ranks_that_print_for_ever(t):
    job = t.run("-n", 2, "--timeout", "500ms", "-k", "200ms", "sh", "-c", "trap '' TERM; while :; do echo talk; done")
    job.expect(code=124, within_s=2)


@test()
def ranks_stopped_from_outside_go_on_when_continued(t):
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"))
    ranks = dict(t.ready(2))
    processes.kill(ranks[0], signal.SIGSTOP)
    eventually(lambda: processes.state(ranks[0]) == "T", "rank 0 is stopped")
    t.open_gate()
    eventually(lambda: not processes.is_alive(ranks[1]), "rank 1 is gone")
    check(processes.state(ranks[0]) == "T", "the stopped rank did not stay stopped")
    processes.kill(ranks[0], signal.SIGCONT)
    job.expect(code=0, within_s=1)
