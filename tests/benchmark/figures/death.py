# SPDX-License-Identifier: MIT
"""Death to stop: one of 8 idle ranks is killed with SIGKILL; how long until the launcher has ended the others?"""

from bench import launchers
from bench.model import Case, Goal

NAME = "death"
RANKS = 8
MOST_MS = 3.0


def cases(bench):
    fifo = str(bench.scratch / "ready")
    child = [bench.program("child_idles"), fifo]
    found = launchers.muster(bench, RANKS, child, expects_failure=True)
    found += launchers.floor(bench, "bare group", "floor_group", [1, RANKS, *child], expects_failure=True)
    found += launchers.peer("hydra", launchers.hydra(RANKS, child), expects_failure=True)
    found += launchers.peer("parallel", launchers.parallel(RANKS, child, "-u", "--halt", "now,fail=1"),
                            expects_failure=True, most_rounds=bench.pick(10, 3, 1))
    found += launchers.peer("Open MPI", launchers.open_mpi(RANKS, child), expects_failure=True,
                            most_rounds=bench.pick(5, 2, 1))

    def take(contender):
        return bench.take_time(contender, "death_stopwatch", ["-n", str(RANKS), "-f", fifo])

    yield Case(NAME, "8 ranks", "kill -9 of one of 8 ranks until the launcher is back", "ms", "lower", found,
               [Goal(MOST_MS, "<=")], take, rounds=bench.pick(40, 8, 1), warm_ups=bench.pick(1, 1, 0))
