# SPDX-License-Identifier: MIT
"""First barrier: the launcher's exec, every rank through one barrier, and all ended."""

from bench import launchers
from bench.model import Case, Goal

NAME = "first-barrier"


def cases(bench):
    for count in bench.pick((2, 8), (2, 8), (2,)):
        arguments = ["first-barrier", 0, 0]
        found = launchers.muster(bench, count, [bench.program("rank_work"), *arguments])
        found += launchers.floor(bench, "bare barrier", "floor_first_barrier", [count])
        found += launchers.ranks_of_mpi(bench, count, *arguments)
        yield Case(NAME, f"N = {count}", f"{count} ranks through their first barrier and out", "ms", "lower", found,
                   [Goal(2.0, "<=", "bare barrier")], bench.take_time,
                   rounds=bench.pick(40, 8, 1), warm_ups=bench.pick(1, 1, 0))
