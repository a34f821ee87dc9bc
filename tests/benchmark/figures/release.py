# SPDX-License-Identifier: MIT
"""Release: a rank is killed while 7 others sleep in a barrier; how long until they know? No peer can tell its ranks."""

from bench import launchers
from bench.model import Case, Goal

NAME = "release"
RANKS = 8
MOST_MS = 0.6


def cases(bench):
    for mebibytes in bench.pick((0, 1024), (0, 1024), (0,)):
        child = [bench.program("rank_release"), mebibytes]
        found = launchers.muster(bench, RANKS, child, "--no-label", "-q", "--on-failure", "continue",
                                 expects_failure=True)
        yield Case(NAME, f"{mebibytes} MiB", f"kill -9 of a rank with {mebibytes} MiB until 7 sleepers know", "ms",
                   "lower", found, [Goal(MOST_MS, "<=")], bench.take_printed,
                   rounds=bench.pick(20, 5, 1), warm_ups=0)
