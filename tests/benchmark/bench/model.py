# SPDX-License-Identifier: MIT
"""What a figure is made of.

A *case* is one comparison ("launch, N = 16"): contenders that do the same work, and goals held against their ratios. A
*contender* is one command line; its role says what it is compared as. All samples of a case are taken in rounds
(A B C A B C ...), so sample i of one contender and sample i of another were taken within moments of each other; ratios
are made pair by pair and then their median is taken.
"""

import math
import statistics
from dataclasses import dataclass, field


@dataclass
class Contender:
    name: str
    role: str                       # "muster" | "variant" of it | "floor" | "peer" | "base": what `subtract` takes away
    command: list
    environment: dict = field(default_factory=dict)
    amount: float = 1.0             # bytes that the command moves, where the case is one of throughput
    most_rounds: int = 1000         # a slow one may take part in the first rounds only
    expects_failure: bool = False   # the exit code is not 0 when all is well
    # What came of it:
    samples: list = field(default_factory=list)
    timeouts: int = 0
    survivors: int = 0              # most processes left behind by one run
    failure: str = ""               # why it was given up; empty: it was not
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.samples) if self.samples else math.nan

    def percentile(self, percent):
        """Nearest rank: p99 of fewer than a hundred samples is the worst one."""
        if not self.samples:
            return math.nan
        ordered = sorted(self.samples)
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


@dataclass
class Goal:
    """muster's value held against a bound: by itself, or as a ratio to another contender or to the best peer."""
    bound: float
    relation: str                   # "<=" | ">="
    against: str = ""               # a contender's name, "best peer", or "": the value itself
    ratio: float = math.nan         # measured
    met: bool = False
    judged: bool = False            # False: what it is held against was not there


@dataclass
class Case:
    figure: str                     # "launch"
    name: str                       # "N = 16"
    title: str
    unit: str                       # "ms", "GB/s", "KiB"
    better: str                     # "lower" | "higher"
    contenders: list
    goals: list
    take: object                    # take(contender) -> Taken: one sample
    rounds: int = 10
    warm_ups: int = 1
    is_difference: bool = False     # between two amounts: ratios of it and logarithms mean nothing
    line: object = None             # line() -> ns for a cache line between two CPUs and back; see is_steady
    rounds_again: int = 0           # taken again, since the CPUs did not stay where they were
    subtract: str = ""              # a contender whose sample of the same round is taken from every other's

    def contender(self, name):
        return next((each for each in self.contenders if each.name == name), None)

    @property
    def muster(self):
        return next((each for each in self.contenders if each.role == "muster"), None)

    def best_peer(self):
        measured = [each for each in self.contenders if each.role == "peer" and each.samples]
        pick = min if self.better == "lower" else max
        return pick(measured, key=lambda each: each.median) if measured else None


@dataclass
class Taken:
    """One sample, or why there is none."""
    value: float = math.nan
    timed_out: bool = False
    survivors: int = 0
    failure: str = ""
    note: str = ""


def is_steady(lines):
    """Whether the CPUs stayed where they were, by what a cache line took at several instants: a virtual machine's two
    are at times two threads of one core, and then three times as near as two cores."""
    known = [ns for ns in lines if not math.isnan(ns)]
    return not known or max(known) <= 1.8 * min(known)


def paired_ratio(contender, other):
    """Median of contender/other, round by round; nan where they share no round."""
    ratios = [a / b for a, b in zip(contender.samples, other.samples) if b > 0]
    return statistics.median(ratios) if ratios else math.nan


def judge(case):
    """Fills in the goals of a case that was measured."""
    muster = case.muster
    if muster is None or not muster.samples:
        return
    for goal in case.goals:
        if not goal.against:
            goal.ratio = muster.median
        else:
            other = case.best_peer() if goal.against == "best peer" else case.contender(goal.against)
            if other is None or not other.samples:
                continue
            goal.ratio = paired_ratio(muster, other)
        goal.judged = not math.isnan(goal.ratio)
        goal.met = goal.judged and (goal.ratio <= goal.bound if goal.relation == "<=" else goal.ratio >= goal.bound)
