# SPDX-License-Identifier: MIT
"""Memory: the proportional set size (PSS) of a launcher's own processes, all of them together, with idle ranks.

The second case is what each further rank costs: the difference between 64 and 8 ranks, by 56.
"""

from bench import launchers
from bench.model import Case, Goal, Taken

NAME = "memory"
MANY, FEW = 64, 8
MOST_KIB_A_RANK = 16.0


def contenders(bench, ranks):
    child = [bench.program("child_idles"), str(bench.scratch / "ready")]
    found = launchers.muster(bench, ranks, child)
    found += launchers.floor(bench, "bare group", "floor_group", [1, ranks, *child])
    found += launchers.peer("hydra", launchers.hydra(ranks, child))
    found += launchers.peer("xargs", launchers.xargs(bench, ranks, child))
    found += launchers.peer("Open MPI", launchers.open_mpi(ranks, child))
    found += launchers.peer("parallel", launchers.parallel(ranks, child, "-u"))
    return found


def take_pss(bench, contender, ranks):
    answer = bench.measure("memory_scale", ["-n", str(ranks), "-f", str(bench.scratch / "ready")], contender)
    if isinstance(answer, Taken):
        return answer
    return Taken(value=answer["pss_kib"], note=f"{answer['processes']} process" +
                 ("" if answer["processes"] == 1 else "es"))


def cases(bench):
    few = {each.name: each for each in contenders(bench, FEW)}

    def take(contender):
        return take_pss(bench, contender, MANY)

    def take_slope(contender):
        low = take_pss(bench, few[contender.name], FEW)
        high = take_pss(bench, contender, MANY)
        if low.failure or high.failure:
            return low if low.failure else high
        return Taken(value=(high.value - low.value) / (MANY - FEW))

    rounds = bench.pick(5, 3, 1)
    yield Case(NAME, "64 ranks", "PSS of the launcher's own processes, 64 idle ranks", "KiB", "lower",
               contenders(bench, MANY), [Goal(0.3, "<=", "hydra")], take, rounds=rounds, warm_ups=0)
    yield Case(NAME, "each further rank", "PSS that each further rank costs the launcher", "KiB", "lower",
               contenders(bench, MANY), [Goal(MOST_KIB_A_RANK, "<=")], take_slope, rounds=rounds, warm_ups=0,
               is_difference=True)
