# SPDX-License-Identifier: MIT
"""Shows what was measured: as text for a terminal, and as JSON for programs."""

import json
import math

from .machine import sentence
from .model import paired_ratio

SCHEMA = "muster.benchmark/1"


def number(value):
    """Three significant digits, without an exponent."""
    if value is None or math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def to_muster(case, contender):
    """How many times muster's value this one is."""
    if case.muster is None or contender.role == "base" or case.is_difference:
        return math.nan
    return paired_ratio(contender, case.muster)


def remarks(contender):
    said = [contender.note] if contender.note else []
    if contender.timeouts:
        said.append(f"{contender.timeouts} time-outs")
    if contender.survivors:
        said.append(f"left {contender.survivors} processes behind")
    if contender.failure:
        said.append(f"given up: {contender.failure}")
    return "; ".join(said)


def goal_text(case, goal):
    unit = "" if goal.against else f" {case.unit}"
    what = f"muster / {goal.against}" if goal.against else "muster"
    text = f"{what} {goal.relation} {goal.bound:g}{unit}"
    if not goal.judged:
        return f"{text}: not measured"
    return f"{text}: {number(goal.ratio)}{unit}: {'met' if goal.met else 'NOT met'}"


def case_lines(case):
    again = f", {case.rounds_again} taken again: the CPUs moved" if case.rounds_again else ""
    yield f"{case.title} ({case.unit}, {case.better} is better; {case.rounds} rounds{again})"
    yield f"  {'':<22} {'median':>10} {'p99':>10} {'best':>10} {'x muster':>9}  "
    worst, best = (99, 0) if case.better == "lower" else (1, 100)
    for each in case.contenders:
        yield (f"  {each.name:<22} {number(each.median):>10} {number(each.percentile(worst)):>10} "
               f"{number(each.percentile(best)):>10} {number(to_muster(case, each)):>9}  {remarks(each)}").rstrip()
    for goal in case.goals:
        yield f"  goal: {goal_text(case, goal)}"


def peer_lines(peers):
    for peer in peers:
        yield f"  {peer['name']:<14} {peer['version'] or 'missing (package ' + peer['package'] + ')'}"
        if peer["version"]:
            yield f"  {'':<14} {peer['settings']}"


def head_lines(machine, peers):
    yield from sentence(machine)
    yield "peers:"
    yield from peer_lines(peers)


def goal_summary(cases):
    judged = [goal for case in cases for goal in case.goals if goal.judged]
    return f"{sum(goal.met for goal in judged)} of {len(judged)} goals met"


def finite(value):
    return None if value is None or math.isnan(value) or math.isinf(value) else value


def contender_json(case, each):
    worst = 99 if case.better == "lower" else 1
    return {"name": each.name, "role": each.role, "command": each.command, "samples": each.samples,
            "median": finite(each.median), "p99": finite(each.percentile(worst)),
            "ratio_to_muster": finite(to_muster(case, each)), "time_outs": each.timeouts,
            "survivors": each.survivors, "failure": each.failure or None, "note": each.note or None}


def case_json(case):
    return {"figure": case.figure, "case": case.name, "title": case.title, "unit": case.unit, "better": case.better,
            "rounds": case.rounds, "rounds_taken_again": case.rounds_again,
            "contenders": [contender_json(case, each) for each in case.contenders],
            "goals": [{"against": goal.against or None, "relation": goal.relation, "bound": goal.bound,
                       "measured": finite(goal.ratio), "met": goal.met if goal.judged else None}
                      for goal in case.goals]}


def write_json(path, effort, machine, peers, cases):
    document = {"schema": SCHEMA, "effort": effort, "machine": machine, "peers": peers,
                "cases": [case_json(case) for case in cases]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, allow_nan=False)
        file.write("\n")
