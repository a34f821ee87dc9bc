# SPDX-License-Identifier: MIT
"""Fixed cost: what a launcher costs by itself: N = 1, minus its child started without one in the same round."""

from bench import launchers
from bench.model import Case, Contender, Goal

NAME = "fixed-cost"
MOST_MS = 2.0


def cases(bench):
    child = [bench.program("child_returns")]
    slow = bench.pick(15, 3, 1)
    found = [Contender("the child alone", "base", child)]
    found += launchers.muster(bench, 1, child)
    found += launchers.floor(bench, "bare vfork loop", "floor_launch", [1, *child])
    found += launchers.peer("hydra", launchers.hydra(1, child))
    found += launchers.peer("xargs", launchers.xargs(bench, 1, child))
    found += launchers.peer("Open MPI", launchers.open_mpi(1, child), most_rounds=slow)
    found += launchers.peer("parallel", launchers.parallel(1, child, "-u"), most_rounds=slow)
    found += launchers.peer("Python fork", launchers.python_program(bench, "fork", 1), most_rounds=slow)
    yield Case(NAME, "N = 1", "fixed cost: one child, minus that child alone", "ms", "lower", found,
               [Goal(MOST_MS, "<=")], bench.take_time, rounds=bench.pick(100, 15, 1), warm_ups=bench.pick(3, 1, 0),
               subtract="the child alone")
