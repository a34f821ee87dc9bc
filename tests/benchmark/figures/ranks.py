# SPDX-License-Identifier: MIT
"""What ranks do with one another: barrier, collectives, messages, and what waiting costs; libmuster against both MPIs.

Every contender runs the same program (programs/rank_work.c), whose rank 0 times batches and prints the median of
nanoseconds an operation. 2 ranks have a core each; 4, 8 and 64 share what there is.
"""

import os

from bench import launchers
from bench.model import Case, Goal

NAME = "ranks"

KIB, MIB = 1024, 1024 * 1024
SIZES = (8, 4 * KIB, MIB, 64 * MIB)

# work, ranks, bytes, goals against contenders
BARRIERS = {2: 0.5, 4: 0.45, 8: 0.45, 64: 0.15}
MESSAGES = {8: 0.55, KIB: 0.65, 64 * KIB: 1.0, MIB: 1.0, 64 * MIB: 1.0}
IN_SEGMENT = {MIB: 0.3, 64 * MIB: 0.3}


def size_of(count):
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if count >= unit:
            return f"{count // unit} {name}"
    return f"{count} B"


def work(bench, count, name, size, goals, unit="ns", title=None, own=None):
    milliseconds = bench.pick(400, 200, 10)
    arguments = [size, milliseconds]
    # Pages that are there: the segment grows to what the largest collective may need.
    found = launchers.muster(bench, count, [bench.program("rank_work"), own or name, *arguments],
                             "--no-label", "--set", "shared_memory=4GiB")
    found += launchers.ranks_of_mpi(bench, count, name, *arguments)
    label = f"{own or name}, {size_of(size)}" if size > 0 else own or name
    return Case(NAME, f"{label}, N = {count}", title or f"{label}, {count} ranks", unit, "lower", found, goals,
                bench.take_printed, rounds=bench.pick(7, 3, 1), warm_ups=bench.pick(1, 0, 0), line=bench.take_line)


def barriers(bench):
    for count, bound in bench.pick(BARRIERS, BARRIERS, {2: 0.5}).items():
        case = work(bench, count, "barrier", 0, [Goal(bound, "<=", "Open MPI")])
        if count > len(os.sched_getaffinity(0)):
            case.contenders += launchers.floor(bench, "bare yield barrier", "floor_barrier",
                                               [count, bench.pick(400, 200, 10)])
        yield case


def collectives(bench):
    for count in bench.pick((2, 4, 8, 64), (2, 8), (2,)):
        for name in ("allreduce", "broadcast", "allgather"):
            for size in bench.pick(SIZES, SIZES, (8,)):
                if count * size > 256 * MIB:
                    continue
                yield work(bench, count, name, size, [Goal(1.0, "<=", "best peer")])
    for size, bound in bench.pick(IN_SEGMENT, IN_SEGMENT, {}).items():
        for own in ("allreduce-in-segment", "allreduce-shared-result"):
            yield work(bench, 2, "allreduce", size, [Goal(bound, "<=", "best peer")], own=own)
        yield work(bench, 2, "broadcast", size, [Goal(1.0, "<=", "best peer")], own="broadcast-in-segment")


def messages(bench):
    for size, bound in bench.pick(MESSAGES, MESSAGES, {8: 0.55}).items():
        case = work(bench, 2, "round-trip", size, [Goal(bound, "<=", "best peer")])
        if size >= 64 * KIB and len(os.sched_getaffinity(0)) > 1:
            case.contenders += launchers.floor(bench, "bare copy", "floor_copy", [size, bench.pick(400, 200, 10)])
        yield case


def waiting(bench):
    if bench.effort == "smoke":
        return
    wake = work(bench, 2, "wake-up", 0, [Goal(1.3, "<=", "bare futex")],
                title="woken in a barrier after 1 ms asleep (spinners burn it)")
    wake.contenders += launchers.floor(bench, "bare futex", "floor_wake", [])
    yield wake
    idle = work(bench, 2, "idle-cost", 0, [Goal(10e6, "<=")], title="CPU time burnt by a rank in 1 s of waiting")
    idle.rounds = bench.pick(3, 1, 1)
    yield idle


def cases(bench):
    for group in (barriers, collectives, messages, waiting):
        yield from group(bench)
