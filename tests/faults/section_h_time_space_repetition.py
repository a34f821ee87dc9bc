# SPDX-License-Identifier: MIT
"""H. Time, space, repetition: clocks that jump, files that stay, restarts that overlap, thousands of jobs, hours of faults."""

import os
import signal
import time

import processes
from harness import TIME_FACTOR, Skip, cases, check, eventually, need_root, test


@test()
def a_wall_clock_that_jumps_does_not_move_a_time_limit(t):
    t.need_no_sanitizer("a sanitizer wants to be the first library itself")
    preload = os.path.join(t.programs, "shift_wall_clock.so")
    job = t.run("-n", 2, "--timeout", "1s", "-k", "300ms", *t.waiting(), env={"LD_PRELOAD": preload})
    job.expect(code=124, within_s=1)
    check(0.95 < job.took_s < 1.5 * TIME_FACTOR, f"back after {job.took_s:.3f} s")
    check(0.9 < job.report()["elapsed_s"] < 1.5 * TIME_FACTOR, f"elapsed_s is {job.report()['elapsed_s']}")


@test()
def a_wall_clock_that_jumps_does_not_move_a_grace(t):
    t.need_no_sanitizer("a sanitizer wants to be the first library itself")
    preload = os.path.join(t.programs, "shift_wall_clock.so")
    job = t.start("-n", 2, "-k", "1s", *t.program("resist_term", "ignored"), env={"LD_PRELOAD": preload})
    t.ready(2)
    started = time.monotonic()
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)
    check(time.monotonic() - started > 0.9, "the grace was cut short")


@test(long=True, alone=True)
def the_real_clock_set_a_day_forward_and_back_does_not_move_a_time_limit(t):
    need_root("setting the clock")
    if os.environ.get("TEST_MAY_SET_CLOCK") != "1":
        raise Skip("sets the machine's clock for a second: only with TEST_MAY_SET_CLOCK=1")
    job = t.start("-n", 2, "--timeout", "2s", "-k", "300ms", *t.waiting())
    t.ready(2)
    for seconds in (86400, -86400):
        time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)
        t.expect_still_there(job, 0.4)
    job.expect(code=124, within_s=3)
    check(1.9 < job.took_s < 2.6 * TIME_FACTOR, f"back after {job.took_s:.3f} s")


def files_of_muster(t):
    """Everything that may belong to a job and lies where programs leave things."""
    found = set()
    for place in ("/dev/shm", "/tmp", t.path("tmp"), t.path("runtime"), t.path("state")):
        for directory, directories, names in os.walk(place):
            if directory in ("/dev/shm", "/tmp"):
                directories[:] = [f"muster-{os.getuid()}"]  # other tests of this machine have places of their own
            if place == "/tmp":  # where other jobs of this user have their sockets, too
                names = [name for name in names if name.startswith("exit_with")]
            found |= {os.path.join(directory, name) for name in names}
    return found


def records(t):
    """Job directories below the state directory."""
    place = t.path("state", "muster", "jobs")
    return os.listdir(place) if os.path.isdir(place) else []


ENDS = {
    "a_normal_end": (lambda t, job, ranks: t.open_gate(), {0}),
    "SIGKILL_of_a_rank": (lambda t, job, ranks: processes.kill(ranks[1], signal.SIGKILL), {137}),
    "SIGTERM_of_muster": (lambda t, job, ranks: job.signal(signal.SIGTERM), {143}),
    "SIGKILL_of_the_first_process": (lambda t, job, ranks: job.signal(signal.SIGKILL), {-9}),
    "SIGKILL_of_the_supervisor": (lambda t, job, ranks: processes.kill(job.supervisor(), signal.SIGKILL), {125}),
}


@cases({f"{name}_leaves_no_file": row for name, row in ENDS.items()}, alone=True)
def no_file_is_left(t, hit, codes):
    before = files_of_muster(t)
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"))
    ranks = dict(t.ready(2))
    hit(t, job, ranks)
    code = job.wait(3)
    check(code in codes, f"exit code {code}\n{job.tail()}")
    t.expect_survivors(within_s=2)
    kept = t.path("state", "muster", "jobs") + os.sep
    left = {path for path in files_of_muster(t) - before if not path.startswith(kept)}
    if code == -9 and left:
        t.run("-n", 1, *t.program("exit_with", 0)).expect(code=0)
        left &= files_of_muster(t)
    check(not left, f"left: {sorted(left)[:5]}")


def starts(t):
    """(rank, incarnation, nanoseconds) of every start that hold_lock noted."""
    text = processes.read_bytes(t.path("starts")).decode()
    return [tuple(map(int, line.split())) for line in text.splitlines()]


def restarting(t, command, **failure):
    return t.spec(
        command=command,
        nprocs=3,
        failure={"policy": "restart", "max_restarts": 3, "backoff": "50ms", "grace": "200ms", **failure},
    )


@cases(
    {
        "incarnations_never_overlap_and_keep_to_their_budget": (("hold_lock", 6),),
        "incarnations_of_ranks_that_resist_never_overlap": (("hold_lock", 6, "resist"),),
    }
)
def restarts(t, command):
    job = t.run(restarting(t, t.program(*command)))
    job.expect(code=6, report={"restarts": 3, "outcome": "failed", "survivors": 0})
    overlaps = [name for name in os.listdir(t.dir) if name.startswith("overlap")]
    check(not overlaps, f"two incarnations were alive at once: {overlaps}")
    count = sorted({incarnation for _, incarnation, _ in starts(t)})
    check(count == [0, 1, 2, 3], f"the incarnations were {count}")
    check(len([1 for rank, _, _ in starts(t) if rank == 0]) == 4, f"rank 0 was started {len(starts(t))} times")


@test()
def descendants_of_an_incarnation_are_gone_before_the_next_one_starts(t):
    """A daemon of the first incarnation still has the lock of its rank when it lives."""
    script = f"{t.program('leave_child', 'session', 'exit', 0)[0]} session exit 0; exec {' '.join(t.program('hold_lock', 6))}"
    job = t.run(restarting(t, ["sh", "-c", script]))
    job.expect(code=6, report={"restarts": 3})
    check(not [name for name in os.listdir(t.dir) if name.startswith("overlap")], "two incarnations were alive at once")


@test()
def the_pause_before_a_restart_doubles(t):
    job = t.run(restarting(t, t.program("hold_lock", 6), backoff="200ms"))
    job.expect(code=6)
    times = [nanoseconds for rank, _, nanoseconds in starts(t) if rank == 0]
    pauses = [(after - before) / 1e9 for before, after in zip(times, times[1:])]
    check(len(pauses) == 3, f"{len(pauses)} pauses")
    for pause, wanted in zip(pauses, (0.2, 0.4, 0.8)):
        check(wanted <= pause < wanted + 0.35 * TIME_FACTOR, f"the pauses were {pauses}")


@test()
def a_command_that_never_started_is_not_restarted(t):
    started = time.monotonic()
    job = t.run(restarting(t, ["./no/such/program"], backoff="2s"))
    job.expect(code=127)
    check(time.monotonic() - started < 1.5 * TIME_FACTOR, "muster waited to try once more")


@test()
def a_signal_during_the_pause_before_a_restart_ends_the_job_at_once(t):
    job = t.start(restarting(t, t.program("hold_lock", 6), backoff="30s"))
    eventually(lambda: starts(t) and not t.others_alive(), "the first incarnation is gone")
    job.signal(signal.SIGINT)
    job.expect(code=130, within_s=1)
    check(len({incarnation for _, incarnation, _ in starts(t)}) == 1, "it was restarted after the signal")


@test()
def a_restart_without_a_pause_bears_a_kept_descendant_that_holds_the_pipes(t):
    kept = t.program("leave_child", "plain", "exit", 6)
    job = t.run(restarting(t, kept, max_restarts=2, backoff="0s", leftovers="keep"), within_s=8)
    left = [pid for pid in processes.tagged(t.tag)]
    job.expect(code=6, report={"restarts": 2}, allowed=left)
    check(left, "no descendant was kept")
    processes.kill_tagged(t.tag)


@test()
def nothing_is_started_while_a_job_is_stopped_in_the_pause_before_a_restart(t):
    job = t.start(restarting(t, t.program("hold_lock", 6), max_restarts=1, backoff="300ms"))
    eventually(lambda: starts(t) and not t.others_alive(), "the first incarnation is gone")
    job.signal(signal.SIGTSTP)
    eventually(lambda: processes.state(job.pid) == "T", "muster is stopped", 2)
    time.sleep(0.6 * TIME_FACTOR)  # twice the pause: there is no event of nothing happening
    check(len({incarnation for _, incarnation, _ in starts(t)}) == 1, "it was restarted although the job is stopped")
    job.signal(signal.SIGCONT)
    job.expect(code=6, report={"restarts": 1}, within_s=3)


@test()
def a_time_limit_counts_over_all_restarts(t):
    job = t.run("--timeout", "1500ms", restarting(t, t.program("hold_lock", 6), backoff="700ms"))
    job.expect(code=124, within_s=1)
    check(job.took_s < 3 * TIME_FACTOR, f"back after {job.took_s:.2f} s")


@test()
def SIGKILL_of_the_supervisor_is_no_reason_to_restart(t):
    job = t.start(restarting(t, t.waiting()))
    t.ready(3)
    processes.kill(job.supervisor(), signal.SIGKILL)
    job.expect(code=125, within_s=2)


def many_jobs(t, count):
    """Short jobs one after another; then what is there that was not there before."""
    before = files_of_muster(t)
    pids = len(processes.all_pids())
    codes = {"0": 0, "7": 0}
    started = time.monotonic()
    for turn in range(count):
        wanted = 7 if turn % 5 == 0 else 0
        job = t.run("-n", 2, *t.program("exit_with", wanted))
        check(job.wait() == wanted, f"job {turn}: exit code {job.wait()}\n{job.tail()}")
        check(not job.left_at_exit, f"job {turn}: something outlives muster")
        codes[str(wanted)] += 1
        for path in [*job.files.values(), job.report_path]:
            os.unlink(path)
        t.jobs.clear()
    seconds = time.monotonic() - started
    kept = t.path("state", "muster", "jobs") + os.sep
    left = {path for path in files_of_muster(t) - before if not path.startswith(kept)}
    check(not left, f"left: {sorted(left)[:5]}")
    more = len(processes.all_pids()) - pids
    t.note(f"{count} jobs in {seconds:.1f} s, {more:+d} processes on the machine, {len(records(t))} records kept")


@test()
def two_hundred_jobs_one_after_another_leave_nothing(t):
    many_jobs(t, 200)


@test(long=True)
def ten_thousand_jobs_one_after_another_leave_nothing(t):
    many_jobs(t, 10000)


@test()
def a_long_job_needs_no_more_descriptors_and_memory_at_its_end(t):
    """300 restarts of a group: what muster holds after the last ones is what it held after the first ones."""
    spec = t.spec(
        command=t.program("exit_with", 1),
        nprocs=2,
        failure={"policy": "restart", "max_restarts": 300, "backoff": "0s", "grace": "100ms"},
    )
    job = t.start(spec)
    figures = []
    supervisor = job.supervisor()
    while processes.is_alive(supervisor):
        try:
            fds = len(os.listdir(f"/proc/{supervisor}/fd"))
        except FileNotFoundError:
            break
        figures.append((fds, processes.resident_kib(supervisor)))
        time.sleep(0.02)
    job.expect(code=1, report={"restarts": 300})
    early, late = figures[len(figures) // 5], figures[-2]
    t.note(f"descriptors {early[0]} and {late[0]}, resident {early[1]} and {late[1]} KiB")
    check(late[0] <= early[0] + 8, f"descriptors grew from {early[0]} to {late[0]}")
    check(late[1] <= early[1] + 1024, f"resident memory grew from {early[1]} to {late[1]} KiB")


# What the soak does to a job of four ranks: {name: (command, what happens to it, exit codes)}. -------------------------

COMMANDS = [
    ("wait_forever",),
    ("resist_term", "ignored"),
    ("resist_term", "blocked"),
    ("stop_itself",),
    ("wait_in_vfork",),
    ("change_group", "session"),
    ("leave_child", "daemon", "wait"),
    ("leave_child", "session", "wait"),
    ("finish_in_handler", 50),
    ("run_away", 5000),
    ("flood", 1 << 30, 100),
    ("count_signals",),
]
HITS = ["kill rank", "stop rank", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "kill first", "kill supervisor", "two SIGINT", "limit"]


def soak(t, seconds):
    end = time.monotonic() + seconds
    turns = 0
    while time.monotonic() < end:
        turns += 1
        soak_once(t, turns)
    t.note(f"{turns} faults")


def soak_once(t, turn):
    command, hit = t.random.choice(COMMANDS), t.random.choice(HITS)
    delay_s = t.random.uniform(0, 0.08)
    words = f"turn {turn}: {' '.join(map(str, command))}, {hit} after {delay_s * 1000:.1f} ms"
    limit = ["--timeout", f"{int(delay_s * 1000) + 1}ms"] if hit == "limit" else []
    job = t.start("-n", 4, "-k", "300ms", *limit, *t.program(*command))
    time.sleep(delay_s)
    strike(t, job, hit)
    code = job.wait(5)
    expected = expected_codes(hit)
    if command == ("wait_in_vfork",) and hit == "kill rank":
        expected |= {99}  # the victim was the child that its rank waited for
    check(code in expected, f"{words}: exit code {code}\n{job.tail()}")
    try:
        t.expect_survivors(within_s=2)
    except Exception as problem:
        raise type(problem)(f"{words}: {problem}") from None
    if hit != "kill first":
        check(not job.left_at_exit, f"{words}: {list(job.left_at_exit.values())[:3]} outlive muster")
    for path in job.files.values():
        os.unlink(path)
    t.jobs.clear()
    t.drain_ready()


def strike(t, job, hit):
    numbers = {"SIGTERM": 15, "SIGINT": 2, "SIGHUP": 1, "SIGQUIT": 3, "kill first": 9}
    if hit in numbers:
        job.signal(numbers[hit])
    elif hit == "two SIGINT":
        job.signal(signal.SIGINT)
        job.signal(signal.SIGINT)
    elif hit == "kill supervisor":
        processes.kill(job.supervisor(), signal.SIGKILL)
    elif hit != "limit":
        others = eventually(t.others_alive, "a rank is there")
        victim = t.random.choice(others)
        processes.kill(victim, signal.SIGKILL if hit == "kill rank" else signal.SIGSTOP)
        job.signal(signal.SIGTERM)


def expected_codes(hit):
    numbers = {"SIGTERM": 15, "SIGINT": 2, "two SIGINT": 2, "SIGHUP": 1, "SIGQUIT": 3}
    if hit in numbers:
        return {128 + numbers[hit], -numbers[hit]}
    return {"kill first": {-9}, "kill supervisor": {125}, "limit": {124}}.get(hit, {137, 143, 0})


@test()
def eight_seconds_of_random_faults_lose_nothing(t):
    soak(t, 8)


@test(long=True)
def twenty_minutes_of_random_faults_lose_nothing(t):
    soak(t, 20 * 60)
