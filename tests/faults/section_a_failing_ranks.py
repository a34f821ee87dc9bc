# SPDX-License-Identifier: MIT
"""A. Ranks that fail: the job's exit code, the report of the first casualty, and how soon all others are gone."""

import os
import re
import signal
import time

import processes
from cgroups import new_cgroup
from harness import TIME_FACTOR, Skip, cases, check, eventually, test

MEMORY_OF_64_MIB = {"memory.max": 64 << 20, "memory.limit_in_bytes": 64 << 20}

# What one failing rank among four makes of the job: its command, exit code, words of stderr, members of the report.
ENDINGS = {
    "a_rank_that_exits_1_gives_the_job_its_code": (("exit_with", 1), 1, ["code 1\\b"], "exit", 1, None),
    "a_rank_that_exits_9_gives_the_job_its_code": (("exit_with", 9), 9, ["code 9\\b"], "exit", 9, None),
    "a_rank_that_exits_123_gives_the_job_its_code": (("exit_with", 123), 123, ["code 123\\b"], "exit", 123, None),
    "a_rank_that_exits_255_gives_the_job_its_code": (("exit_with", 255), 255, ["code 255\\b"], "exit", 255, None),
    "an_exit_code_of_137_is_no_SIGKILL": (("exit_with", 137), 137, ["code 137\\b"], "exit", 137, None),
    "a_wild_write_is_reported_as_SIGSEGV": (("die_by", "SEGV"), 139, ["SIGSEGV"], "signal", None, "SIGSEGV"),
    "an_abort_is_reported_as_SIGABRT": (("die_by", "ABRT"), 134, ["SIGABRT"], "signal", None, "SIGABRT"),
    "a_SIGKILL_is_reported_as_SIGKILL": (("die_by", "KILL"), 137, ["SIGKILL"], "signal", None, "SIGKILL"),
    "a_SIGBUS_is_reported_as_SIGBUS": (("die_by", "BUS"), 135, ["SIGBUS"], "signal", None, "SIGBUS"),
    "a_SIGPIPE_is_reported_as_SIGPIPE": (("die_by", "PIPE"), 141, ["SIGPIPE"], "signal", None, "SIGPIPE"),
    "a_SIGTERM_from_elsewhere_is_a_failure": (("die_by", "TERM"), 143, ["SIGTERM"], "signal", None, "SIGTERM"),
    "a_real_time_signal_is_reported": (("die_by", 40), 168, ["SIGRT|signal 40"], "signal", None, None),
}


@cases(ENDINGS)
def one_rank_of_four_ends(t, command, code, words, kind, exit_code, signal_name):
    job = t.start("-n", 4, *t.on_rank(2, t.program(*command, "gate"), t.waiting()))
    ranks = dict(t.ready(4))
    t.open_gate()
    members = {
        "outcome": "failed",
        "exit_code": code,
        "survivors": 0,
        "first_failure.rank": 2,
        "first_failure.pid": ranks[2],
        "first_failure.kind": kind,
        "first_failure.code": exit_code,
        "ranks.2.stopped": False,
        "ranks.0.stopped": True,
        "ranks.1.signal": "SIGTERM",
        "ranks.3.exit_code": None,
    }
    if signal_name:
        members["first_failure.signal"] = signal_name
    words = [r"rank 2\b", rf"\b{ranks[2]}\b", "survivors: 0", *words]
    job.expect(code=code, stderr=words, report=members, within_s=1)


@test()
def the_report_of_a_failure_says_where_and_when_it_happened(t):
    job = t.run("-n", 2, *t.on_rank(1, t.program("exit_with", 5), t.waiting()))
    job.expect(code=5, stderr=[r"rank 1\b", r"(?i)cores? |cpus? ", r"\d+(\.\d+)? ?(s|ms)\b"])
    failure = job.report()["first_failure"]
    check(0 <= failure["at_s"] <= job.took_s, f"at_s is {failure['at_s']}, the job took {job.took_s}")


@test()
def a_core_dump_is_named_with_its_file(t):
    pattern = processes.read_bytes("/proc/sys/kernel/core_pattern").decode().strip()
    if pattern.startswith("|"):
        raise Skip(f"core dumps go to a program here: {pattern}")
    job = t.run("-n", 2, *t.on_rank(1, t.program("die_by", "SEGV"), t.waiting()), conditions=["limit=core=100000000"])
    job.expect(code=139, stderr=["SIGSEGV", "(?i)core dumped"])
    dumps = [name for name in os.listdir(t.dir) if name.startswith("core")]
    if not pattern.startswith("/"):
        check(dumps, "no core dump was written")
        job.expect(code=139, stderr=[re.escape(t.path(dumps[0])) + "|" + re.escape(dumps[0])])


@test()
def a_failure_without_a_core_dump_speaks_of_none(t):
    job = t.run("-n", 2, *t.program("die_by", "SEGV"), conditions=["limit=core=0"])
    job.expect(code=139, not_stderr=["(?i)core dumped"])


@test()
def the_last_20_lines_of_stderr_are_in_the_report(t):
    text = "".join(f"line {number}\\n" for number in range(1, 51))
    job = t.run("-n", 2, *t.on_rank(1, t.program("write_text", "stderr", text, 3), t.waiting()))
    job.expect(code=3)
    tail = job.report()["first_failure"]["stderr_tail"]
    wanted = [f"line {number}" for number in range(31, 51)]
    check(tail == wanted, f"stderr_tail is {tail}")


@test()
def last_words_without_a_newline_are_kept(t):
    job = t.run("-n", 1, *t.program("write_text", "stderr", "first\\nno newline", 3))
    job.expect(code=3, report={"first_failure.stderr_tail": ["first", "no newline"]}, stderr=["no newline\n"])


@test()
def last_words_that_are_no_text_still_make_a_report(t):
    script = "printf '\\377\\376 bytes \\0 and \\033[31mred\\n' >&2; exit 3"
    job = t.run("-n", 1, "sh", "-c", script)
    job.expect(code=3, report={"exit_code": 3})
    check("bytes" in job.report()["first_failure"]["stderr_tail"][-1], "the words between the bytes are lost")


@test()
def ranks_that_resist_are_gone_after_their_grace(t):
    job = t.start("-n", 4, "-k", "1s", *t.on_rank(0, t.program("exit_with", 7, "gate"), t.program("resist_term", "ignored")))
    t.ready(4)
    t.open_gate()
    started = time.monotonic()
    job.expect(code=7, report={"ranks.1.signal": "SIGKILL", "survivors": 0}, within_s=2)
    check(time.monotonic() - started > 0.9, "the grace was not given")


@test()
def the_first_death_of_a_cascade_is_found_100_times_of_100(t):
    """Peers exit the moment that they see it dead. Those that would exit while the kernel still takes it apart become zombies
    before it, and nobody outside can tell them from it.
    """
    wrong = []
    for turn in range(100):
        killer = turn % 4
        job = t.start("-n", 4, *t.program("die_in_wake", killer, 3, 5))
        t.ready(4)
        t.open_gate()
        job.expect(code={3, 5})
        first = job.report()["first_failure"]["rank"]
        if first != killer or job.wait() != 3:
            wrong.append(f"turn {turn}: rank {first} instead of {killer}, exit code {job.wait()}")
        t.gate_fd = os.open(t.path("gate"), os.O_RDWR)
    check(not wrong, f"{len(wrong)} of 100 wrong: {wrong[:3]}")


@test()
def what_failed_in_the_wake_is_told_from_the_first_failure(t):
    wake = t.program("die_in_wake", 1, 3, 5)
    job = t.start("-n", 3, "--on-failure", "continue", *t.on_rank("0,1", wake, t.program("exit_with", 0, "gate")))
    t.ready(3)
    t.open_gate()
    job.expect(code=3, stderr=["rank 1 .*code 3", "also failed: rank 0 .*code 5"], report={"first_failure.rank": 1, "ranks.0.in_wake": True})
    check([row["exit_code"] for row in job.report()["ranks"]] == [5, 3, 0], f"the ranks ended with {job.report()['ranks']}")


@cases({"two_failures_at_once_are_both_listed": (2,), "eight_failures_at_once_are_all_listed": (8,)})
def failures_at_once(t, count):
    job = t.start("-n", count, *t.program("exit_with", "rank+20", "gate"))
    t.ready(count)
    t.open_gate()
    code = job.wait()
    report = job.report()
    first = report["first_failure"]["rank"]
    check(code == 20 + first, f"exit code {code}, first failure is rank {first}")
    by_itself = [row for row in report["ranks"] if not row["stopped"] and row["signal"] is None]
    for row in by_itself:
        check(row["exit_code"] == 20 + row["rank"], f"rank {row['rank']} has the exit code {row['exit_code']}")
    earliest = min(report["ranks"], key=lambda row: row["ended_s"])
    check(earliest["rank"] == first, f"rank {earliest['rank']} ended first, rank {first} is called the first")
    job.expect(code=code, stderr=[rf"rank {first}\b", "survivors: 0"])


@cases({"400_KB_before_an_exit_arrive_whole": ("stdout", 9), "400_KB_of_stderr_before_an_exit_arrive_whole": ("stderr", 9)})
def output_just_before_the_end(t, stream, code):
    job = t.run("-n", 2, "--no-label", *t.on_rank(1, t.program("flood", 400000, 100, stream, code), t.waiting()))
    job.expect(code=code)
    arrived = job.output(stream).count(b"f" * 99 + b"\n")
    # The failure report repeats the last lines on stderr.
    check(4000 <= arrived <= (4000 if stream == "stdout" else 4020), f"{arrived} of 4000 lines arrived")


@test(alone=True)
def a_thousand_ranks_that_exit_in_one_instant_are_reaped_in_half_a_second(t):
    job = t.start("-n", 1000, *t.program("exit_with", 0, "gate"))
    t.ready(1000, within_s=30)
    t.open_gate()
    started = time.monotonic()
    job.expect(code=0, report={"outcome": "ok", "survivors": 0}, within_s=5)
    took_s = time.monotonic() - started
    t.note(f"back after {took_s * 1000:.0f} ms")
    check(took_s <= 0.5 * TIME_FACTOR, f"back after {took_s:.3f} s")
    check(len(job.report()["ranks"]) == 1000, "not every rank is in the report")


@test()
def others_go_on_when_told_to_continue(t):
    job = t.start(
        "-n", 3, "--on-failure", "continue",
        *t.on_rank(1, t.program("exit_with", 4), t.program("exit_with", 0, "gate")),
    )  # fmt: skip
    t.ready(2)
    eventually(lambda: len(t.others_alive()) == 2, "the failed rank is gone, the others live")
    t.open_gate()
    job.expect(code=4, report={"first_failure.rank": 1, "ranks.0.exit_code": 0, "ranks.2.exit_code": 0})


@test()
def all_ranks_that_end_well_make_a_job_that_ended_well(t):
    job = t.run("-n", 4, *t.program("exit_with", 0))
    job.expect(code=0, report={"outcome": "ok", "first_failure": None, "survivors": 0, "exit_code": 0})
    check(job.stderr() == "", f"a job that went well said {job.stderr()!r}")


@test()
def a_rank_that_the_kernel_kills_for_memory_is_reported_so(t):
    procs = new_cgroup(t, "memory", MEMORY_OF_64_MIB)
    job = t.run(
        "-n", 2, *t.on_rank(1, t.program("eat_memory", 200), t.waiting()), conditions=[f"cgroup={procs}"], within_s=30
    )
    job.expect(code=137, stderr=[r"(?i)out of memory|OOM"], report={"first_failure.kind": "oom", "first_failure.rank": 1})


@test()
def a_failure_of_the_first_instant_is_found(t):
    """Rank 0 is dead before rank 63 was started."""
    job = t.run("-n", 64, *t.on_rank(0, t.program("exit_with", 6), t.waiting()))
    job.expect(code=6, report={"first_failure.rank": 0, "survivors": 0}, within_s=3)


@test()
def signals_sent_to_one_rank_from_outside_end_the_job(t):
    job = t.start("-n", 3, *t.waiting())
    ranks = dict(t.ready(3))
    processes.kill(ranks[1], signal.SIGKILL)
    job.expect(code=137, stderr=[r"rank 1\b", "SIGKILL"], report={"first_failure.rank": 1}, within_s=1)


@test(alone=True)
def a_thousand_waiting_ranks_are_stopped_within_a_second_of_a_failure(t):
    job = t.start("-n", 1000, *t.on_rank(500, t.program("exit_with", 4, "gate"), t.waiting()))
    t.ready(1000, within_s=30)
    t.open_gate()
    started = time.monotonic()
    job.expect(code=4, report={"first_failure.rank": 500, "survivors": 0}, within_s=5)
    took_s = time.monotonic() - started
    t.note(f"back after {took_s * 1000:.0f} ms")
    check(took_s <= 1 * TIME_FACTOR, f"back after {took_s:.3f} s")


@test()
def the_words_of_muster_begin_on_lines_of_their_own(t):
    """Whatever half line a rank has just written to the same file."""
    script = "printf half >&2; exec " + " ".join(t.program("exit_with", 3, "gate"))
    job = t.start("-n", 2, "sh", "-c", script)
    t.ready(2)
    t.open_gate()
    job.expect(code=3)
    check(not re.search(r"half.*muster:", job.stderr()), f"muster's words follow a half line\n{job.tail()}")
