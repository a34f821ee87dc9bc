# SPDX-License-Identifier: MIT
"""Jobs: what a record costs, how soon a detached job's command is back, how long asking about jobs takes.

No peer keeps records of jobs on one host; muster is held against itself without a record, against the same job in the
foreground, and against bounds. Where no variable says where records could be, none is made: that is the job without one.
"""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from bench import launchers
from bench.measure import run_to_end
from bench.model import Case, Contender, Goal, Taken

NAME = "jobs"

RECORD_COSTS = 1.05
DETACH_MS, JOIN_MS, PS_MS = 3.0, 3.0, 50.0
NO_RECORD, FOREGROUND = "no record", "foreground"
LIFETIME_S = 120        # of the ranks of jobs that run while others are asked for: nobody loses them for good


def say(bench, *words):
    """What a command of muster's printed; a failure is the benchmark's."""
    code, said, complaint = run_to_end([bench.muster, *map(str, words)], bench.environment, bench.timeout_s)
    if code != 0:
        raise subprocess.CalledProcessError(code, words, said, complaint)
    return said.strip()


def command(bench, name, role, *words, **more):
    return Contender(name, role, [bench.muster, *map(str, words)], **more)


def records(bench):
    child = [bench.program("child_returns")]
    for count in bench.pick((1, 16), (1, 16), (1,)):
        found = launchers.muster(bench, count, child)
        found.append(command(bench, NO_RECORD, "variant", "run", "-n", count, *child,
                             environment={"HOME": None, "XDG_STATE_HOME": None}))
        yield Case(NAME, f"records, N = {count}", f"{count} static children, with a record of the job and without",
                   "ms", "lower", found, [Goal(RECORD_COSTS, "<=", NO_RECORD)], bench.take_time,
                   rounds=bench.pick(200, 40, 1), warm_ups=bench.pick(3, 1, 0))


def detached(bench):
    child = [bench.program("child_returns")]
    found = [command(bench, FOREGROUND, "base", "run", "-n", 1, *child),
             command(bench, "muster", "muster", "run", "-d", "-n", 1, *child)]

    def take(contender):
        """Who took part is over before the next sample is taken."""
        taken = bench.take_time(contender)
        for job in json.loads(say(bench, "ps", "--json")):
            say(bench, "join", job["id"])
        return taken

    yield Case(NAME, "detached", "run -d of one child, minus the same in the foreground", "ms", "lower", found,
               [Goal(DETACH_MS, "<=")], take, rounds=bench.pick(100, 20, 1), warm_ups=bench.pick(2, 1, 0),
               is_difference=True, subtract=FOREGROUND)


def joined(bench):
    job = say(bench, "run", "-d", "-n", 1, bench.program("child_returns"))
    say(bench, "join", job)
    yield Case(NAME, "join", "join of a job that has ended", "ms", "lower",
               [command(bench, "muster", "muster", "join", job)], [Goal(JOIN_MS, "<=")], bench.take_time,
               rounds=bench.pick(100, 20, 1), warm_ups=bench.pick(2, 1, 0))


def many(bench):
    """All are started at once; those that `ps` does not show, or not as running, are lost."""
    count = bench.pick(200, 200, 5)
    with ThreadPoolExecutor(count) as pool:
        begun = [pool.submit(say, bench, "run", "-d", "-q", "-n", 1, "sleep", LIFETIME_S) for _ in range(count)]
    ids = {each.result() for each in begun}

    def count_lost(_):
        shown = json.loads(say(bench, "ps", "--json"))
        return Taken(value=count - sum(1 for job in shown if job["id"] in ids and job["state"] == "running"))

    try:
        yield Case(NAME, "lost", f"jobs lost of {count} that were detached at once", "jobs", "lower",
                   [command(bench, "muster", "muster", "ps")], [Goal(0, "<=")], count_lost, rounds=1, warm_ups=0,
                   is_difference=True)
        yield Case(NAME, "ps", f"ps beside {count} jobs that run", "ms", "lower",
                   [command(bench, "muster", "muster", "ps")], [Goal(PS_MS, "<=")], bench.take_time,
                   rounds=bench.pick(40, 10, 1), warm_ups=bench.pick(1, 1, 0))
    finally:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job: say(bench, "stop", job), ids))


def cases(bench):
    if not bench.muster:
        return
    for group in (records, detached, joined, many):
        yield from group(bench)
