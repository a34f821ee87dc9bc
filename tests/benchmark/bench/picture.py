# SPDX-License-Identifier: MIT
"""Draws what was measured: bars on a logarithmic scale, one panel a case, as SVG, and as a page with the figures."""

import math
from html import escape

from .machine import sentence
from .report import goal_text, number, remarks, to_muster

WIDTH, LEFT, RIGHT = 760, 170, 150
BAR, GAP, HEAD = 16, 5, 34
COLOURS = {"muster": "#1f6feb", "variant": "#79b8ff", "floor": "#8b949e", "peer": "#d4a72c"}
STYLE = ("text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:13px}.dim{fill:#6e7781}"
         "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}}")


def shown(case):
    """A difference may be zero or less, which has no place on a logarithmic scale: such a case is not drawn."""
    if case.is_difference:
        return []
    return [each for each in case.contenders if each.role in COLOURS and each.samples and each.median > 0]


def panel_height(case):
    return HEAD + len(shown(case)) * (BAR + GAP) + 14


def bounds(values):
    """The decades that hold all values: a bar starts at the lower one."""
    low = math.floor(math.log10(min(values)) - 0.15)
    high = math.log10(max(values))
    return low, max(high, low + 1)


def bar(case, each, top, low, high):
    length = max(2.0, (math.log10(each.median) - low) / (high - low) * (WIDTH - LEFT - RIGHT))
    ratio = to_muster(case, each)
    beside = f"{number(each.median)} {case.unit}"
    if each.role != "muster" and not math.isnan(ratio):
        beside += f"  ({number(ratio)}\N{MULTIPLICATION SIGN})"
    return (f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(each.name)}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{COLOURS[each.role]}"/>'
            f'<text x="{LEFT + length + 6:.1f}" y="{top + 12}">{escape(beside)}</text>')


def decade_lines(top, height, low, high):
    for decade in range(math.ceil(low), math.floor(high) + 1):
        at = LEFT + (decade - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        yield (f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + height}" stroke="#8b949e" '
               f'stroke-opacity=".25"/>')


def panel(case, top):
    rows = shown(case)
    if not rows:
        return ""
    low, high = bounds([each.median for each in rows])
    arrow = "shorter is better" if case.better == "lower" else "longer is better"
    parts = [f'<text class="title" x="0" y="{top + 14}">{escape(case.title)}</text>',
             f'<text class="dim" x="{WIDTH}" y="{top + 14}" text-anchor="end">{case.unit}, log scale, {arrow}</text>']
    parts += decade_lines(top + HEAD - 8, len(rows) * (BAR + GAP), low, high)
    for index, each in enumerate(rows):
        parts.append(bar(case, each, top + HEAD - 8 + index * (BAR + GAP), low, high))
    return "\n".join(parts)


def svg(cases, machine):
    drawn = [case for case in cases if shown(case)]
    height = sum(panel_height(case) for case in drawn) + 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'role="img"><title>muster, its peers, and the least that the work costs</title>',
             f"<style>{STYLE}</style>"]
    top = 0
    for case in drawn:
        parts.append(panel(case, top))
        top += panel_height(case)
    for line in sentence(machine)[:2]:
        parts.append(f'<text class="dim" x="0" y="{top + 12}">{escape(line)}</text>')
        top += 18
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def table(case):
    rows = [f"<tr><td>{escape(each.name)}</td><td>{number(each.median)}</td>"
            f"<td>{number(each.percentile(99 if case.better == 'lower' else 1))}</td>"
            f"<td>{number(to_muster(case, each))}</td><td>{escape(remarks(each))}</td></tr>"
            for each in case.contenders]
    goals = "".join(f"<li>{escape(goal_text(case, goal))}</li>" for goal in case.goals)
    return (f"<h2>{escape(case.figure)}: {escape(case.title)}</h2><table><tr><th></th><th>median, {case.unit}</th>"
            f"<th>p99</th><th>\N{MULTIPLICATION SIGN} muster</th><th></th></tr>{''.join(rows)}</table>"
            f"<ul>{goals}</ul>")


def page(cases, machine, peers):
    about = "".join(f"<li>{escape(line)}</li>" for line in sentence(machine))
    versions = "".join(f"<li>{escape(each['name'])}: {escape(each['version'] or 'missing')}; "
                       f"{escape(each['settings'])}</li>" for each in peers)
    return ("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>muster: benchmark</title>"
            "<style>:root{color-scheme:light dark}"
            "body{font:15px system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
            "td,th{padding:.1em .8em;text-align:right}td:first-child,td:last-child{text-align:left}</style>"
            f"<h1>muster: benchmark</h1><ul>{about}</ul>{svg(cases, machine)}"
            f"{''.join(table(case) for case in cases)}<h2>peers and their settings</h2><ul>{versions}</ul></html>\n")
