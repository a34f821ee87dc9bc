# SPDX-License-Identifier: MIT
"""Launch: N static children that return at once, from the launcher's exec to its exit.

muster runs with its defaults: it binds, keeps pipes, and supervises. The floor does nothing of the kind. "cores never
idle" is what nobody who starts such ranks in this way can be faster than: the floor's CPU time, its ranks' included, over
the cores.
"""

import os

from bench import launchers
from bench.model import Case, Goal, Taken

NAME = "launch"

# N: rounds (full, quick), goal against the bare loop, goal against hydra
SIZES = {
    2: (60, 10, None, 0.25),
    16: (40, 8, 0.9, 0.5),
    64: (25, 6, 0.9, 0.7),
    256: (15, 4, 0.9, 0.7),
    1000: (9, 3, 1.0, 0.45),
}
FLOOR, BOUND = "bare vfork loop", "cores never idle"
MOST_RANKS = {"Open MPI": 64, "parallel": 64, "Python fork": 256, "Python spawn": 16}


def contenders(bench, count):
    child = [bench.program("child_returns")]
    commands = {
        "hydra": launchers.hydra(count, child),
        "xargs": launchers.xargs(bench, count, child),
        "Open MPI": launchers.open_mpi(count, child),
        "parallel": launchers.parallel(count, child, "-u"),
        "Python fork": launchers.python_program(bench, "fork", count),
        "Python spawn": launchers.python_program(bench, "spawn", count),
    }
    slow = bench.pick(10, 3, 1)
    found = launchers.muster(bench, count, child)
    found += launchers.floor(bench, FLOOR, "floor_launch", [count, *child])
    found += launchers.floor(bench, BOUND, "floor_launch", [count, *child])
    for name, command in commands.items():
        if count <= MOST_RANKS.get(name, count):
            found += launchers.peer(name, command, most_rounds=slow if name in MOST_RANKS else 1000)
    return found


def take(bench, contender):
    if contender.name != BOUND:
        return bench.take_time(contender)
    answer = bench.measure("stopwatch", [], contender)
    if isinstance(answer, Taken):
        return answer
    return Taken(value=(answer["user_us"] + answer["system_us"]) / 1e3 / len(os.sched_getaffinity(0)))


def cases(bench):
    for count in bench.pick(list(SIZES), list(SIZES), [2]):
        full, quick, against_floor, against_hydra = SIZES[count]
        goals = [Goal(against_hydra, "<=", "hydra")]
        if against_floor:
            goals.insert(0, Goal(against_floor, "<=", FLOOR))
        yield Case(NAME, f"N = {count}", f"{count} static children that return at once", "ms", "lower",
                   contenders(bench, count), goals, lambda contender: take(bench, contender),
                   rounds=bench.pick(full, quick, 1), warm_ups=bench.pick(2, 1, 0))
