# SPDX-License-Identifier: MIT
"""Output: 8 ranks that write lines of 100 bytes as fast as they can; bytes of the ranks by wall time of the whole.

Each contender gets as many bytes as make it run for a good part of a second, so that its start does not count. What a
file then holds is checked: all lines of all ranks, or the sample does not count.
"""

import os

from bench import launchers
from bench.model import Case, Goal

NAME = "output"
RANKS = 8
LINE = 100
MEBIBYTE = 1 << 20


def writer(bench, mebibytes):
    """The child, and how many bytes it and its like write in all."""
    each = max(1, round(mebibytes * MEBIBYTE / RANKS / LINE)) * LINE
    return [bench.program("child_writes"), str(each)], each * RANKS


def take_rate(bench, sink):
    """take() of a case whose standard output is `sink`: GB/s."""
    def take(contender):
        if sink != "/dev/null" and os.path.exists(sink):
            os.unlink(sink)     # with what of it is not on the disk yet: no writing-back disturbs the next sample
        taken = bench.take_time(contender, options=["-o", sink])
        if not taken.failure and sink != "/dev/null" and os.path.getsize(sink) < contender.amount:
            taken.failure = f"lost output: {os.path.getsize(sink)} of {contender.amount:.0f} bytes"
        taken.value = contender.amount / (taken.value * 1e6) if taken.value else 0
        return taken
    return take


def build(bench, sizes):
    """sizes: name -> (mebibytes, function that makes contenders from child and amount)"""
    found = []
    scale = bench.pick(1.0, 0.5, 0.01)
    for mebibytes, make in sizes:
        child, amount = writer(bench, mebibytes * scale)
        found += make(child, amount)
    return found


def muster(bench, mebibytes, *options):
    return mebibytes, lambda child, amount: launchers.muster(bench, RANKS, child, *options, amount=amount)


def bound_muster(bench, mebibytes, *options):
    """muster once more, as a variant: what its binding of ranks to cores does to this figure."""
    def make(child, amount):
        found = launchers.muster(bench, RANKS, child, *options, amount=amount)
        for each in found:
            each.name, each.role = "muster, bound", "variant"
        return found
    return mebibytes, make


def hydra(mebibytes, *options):
    return mebibytes, lambda child, amount: launchers.peer(
        "hydra", launchers.hydra(RANKS, child, *options), amount=amount)


def open_mpi(bench, mebibytes, *options):
    return mebibytes, lambda child, amount: launchers.peer(
        "Open MPI", launchers.open_mpi(RANKS, child, *options), amount=amount, most_rounds=bench.pick(5, 2, 1))


def parallel(bench, mebibytes, *options):
    environment = {"TMPDIR": str(bench.scratch)}
    return mebibytes, lambda child, amount: launchers.peer(
        "parallel", launchers.parallel(RANKS, child, *options), environment, amount=amount,
        most_rounds=bench.pick(5, 2, 1))


def pump(bench, name, mebibytes, how):
    return mebibytes, lambda child, amount: launchers.floor(
        bench, name, "floor_pump", [how, RANKS, *child], amount=amount)


def raw_floor(bench, mebibytes):
    return mebibytes, lambda child, amount: launchers.floor(
        bench, "ranks alone", "floor_launch", [RANKS, *child], amount=amount)


def labelled(bench, fast, goals, name, sink):
    found = build(bench, [
        muster(bench, fast, "--label"),
        pump(bench, "bare read+write pump", fast, "copy"),
        hydra(192, "-prepend-rank"),
        parallel(bench, 128, "--tag", "--line-buffer"),
        open_mpi(bench, 64, "--tag-output"),
    ])
    return Case(NAME, name, f"8 ranks, 100-byte lines, {name}", "GB/s", "higher", found, goals, take_rate(bench, sink),
                rounds=bench.pick(11, 4, 1), warm_ups=bench.pick(1, 1, 0))


def cases(bench):
    path = str(bench.scratch / "output")
    yield labelled(bench, 2048, [Goal(8, ">=", "hydra"), Goal(10, ">=", "parallel"),
                                 Goal(0.6, ">=", "bare read+write pump")], "labelled, to /dev/null", "/dev/null")
    yield labelled(bench, 512, [Goal(3, ">=", "best peer")], "labelled, to a file", path)
    unlabelled = build(bench, [
        muster(bench, 1024, "--no-label"),
        pump(bench, "splice pump", 1024, "splice"),
        pump(bench, "bare read+write pump", 1024, "copy"),
        hydra(384),
        parallel(bench, 128, "--line-buffer"),
        open_mpi(bench, 64),
    ])
    yield Case(NAME, "unlabelled, to a file", "8 ranks, 100-byte lines, unlabelled, to a file", "GB/s", "higher",
               unlabelled, [Goal(0.8, ">=", "splice pump")], take_rate(bench, path),
               rounds=bench.pick(11, 4, 1), warm_ups=bench.pick(1, 1, 0))
    raw = build(bench, [
        # The ranks alone are not bound, and here nothing but muster's presence shall differ.
        muster(bench, 1024, "--raw", "--bind-to", "none"),
        bound_muster(bench, 1024, "--raw"),
        raw_floor(bench, 1024),
        (1024, lambda child, amount: launchers.peer("xargs", launchers.xargs(bench, RANKS, child), amount=amount)),
        parallel(bench, 1024, "-u"),
    ])
    # "No cost": within a twentieth of the ranks alone, which is what two runs of the same program differ by.
    yield Case(NAME, "raw, to a file", "8 ranks, 100-byte lines, raw, to a file", "GB/s", "higher", raw,
               [Goal(0.95, ">=", "ranks alone")], take_rate(bench, path),
               rounds=bench.pick(11, 4, 1), warm_ups=bench.pick(1, 1, 0))
