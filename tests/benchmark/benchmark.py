# SPDX-License-Identifier: MIT
"""The benchmark's command line: which figures, how thoroughly, and what to write. run.sh sets up and calls this."""

import argparse
import shutil
import signal
import sys
import tempfile

from bench import launchers, machine, report
from bench.measure import Bench, run_case
from bench.picture import page, svg
from figures import FIGURES


def read_options():
    parser = argparse.ArgumentParser(prog="run.sh", description="Measures muster against its peers and the floors.")
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_const", dest="effort", const="quick", help="fewer rounds")
    effort.add_argument("--smoke", action="store_const", dest="effort", const="smoke",
                        help="one tiny round: does the machinery work? The figures mean nothing")
    parser.add_argument("--only", metavar="NAME", action="append", choices=list(FIGURES),
                        help=f"this figure only (may be repeated): {', '.join(FIGURES)}")
    parser.add_argument("--muster", metavar="PATH", help="the program to measure")
    parser.add_argument("--programs", metavar="DIR", required=True, help="where the measuring programs were built")
    parser.add_argument("--scratch", metavar="DIR", help="where to make the scratch directory (default: TMPDIR)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--html", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    parser.set_defaults(effort="full")
    return parser.parse_args()


def measure_all(bench, names):
    """Yields each case once it was measured and printed."""
    for name in names:
        found = 0
        for case in FIGURES[name].cases(bench):
            found += 1
            run_case(case)
            print("\n".join(report.case_lines(case)), end="\n\n", flush=True)
            yield case
        if not found:
            print(f"{name}: what it needs is not here\n")


def write_files(options, about, peers, cases):
    if options.json:
        report.write_json(options.json, options.effort, about, peers, cases)
    for path, draw in ((options.svg, lambda: svg(cases, about)), (options.html, lambda: page(cases, about, peers))):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(draw())


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = tempfile.mkdtemp(prefix="muster-benchmark-", dir=options.scratch)
    cases = []
    try:
        bench = Bench(options.programs, scratch, options.muster, options.effort)
        about = machine.describe(scratch, options.muster)
        peers = launchers.describe_peers()
        for case in measure_all(bench, options.only or FIGURES):
            cases.append(case)
        about["load_after"] = machine.load_average()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("\n".join(report.head_lines(about, peers)))
    print(report.goal_summary(cases))
    write_files(options, about, peers, cases)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
