#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes every fault of README.md's list happen to `muster run` and looks what comes of it.

    faults.py [--muster PATH] [--section LETTER] [--only PATTERN] [--list] [--long] [--jobs N] [--seed N] [--repeat N]

One line a test, then `N passed, N failed, N skipped`; exit code 1 when one failed, 77 when all were skipped.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness  # noqa: E402
import processes  # noqa: E402

printing = threading.Lock()


def newest_program():
    """The muster that was built last, for those who start this by hand."""
    found = glob.glob(os.path.join(HERE, "..", "..", "build*", "launcher", "muster"))
    return max(found, key=os.path.getmtime) if found else None


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--muster", default=newest_program(), help="the program under test")
    parser.add_argument("--programs", help="directory of the helper programs (default: beside the program's build)")
    parser.add_argument("--section", action="append", help="only this section (a, b, ...); may be given again")
    parser.add_argument("--only", help="only tests whose name this regular expression finds")
    parser.add_argument("--list", action="store_true", help="print the tests and start none")
    parser.add_argument("--long", action="store_true", help="the tests of minutes, too")
    parser.add_argument("--jobs", type=int, default=2, help="tests at once")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is random")
    parser.add_argument("--repeat", type=int, default=1)
    settings = parser.parse_args()
    if not settings.list and not settings.muster:
        parser.error("no muster was built: build first, or say --muster PATH")
    if settings.muster:
        settings.muster = os.path.abspath(settings.muster)
        beside = os.path.join(os.path.dirname(settings.muster), "..", "tests", "programs")
        settings.programs = os.path.abspath(settings.programs or beside)
    return settings


def load_tests():
    for path in sorted(glob.glob(os.path.join(HERE, "section_*.py"))):
        __import__(os.path.splitext(os.path.basename(path))[0])


def chosen(settings):
    rows = harness.TESTS
    if settings.section:
        rows = [row for row in rows if row["section"] in settings.section]
    if settings.only:
        rows = [row for row in rows if re.search(settings.only, row["name"])]
    if not settings.long:
        rows = [row for row in rows if not row["long"]]
    return rows * settings.repeat


def run_one(settings, row):
    """One of "ok", "skip", "FAIL", printed with the time that it took."""
    started = time.monotonic()
    result, detail = "ok", ""
    test = harness.Test(settings, row, f"{settings.seed} {row['name']}")
    try:
        row["run"](test)
        test.expect_survivors()
    except harness.Skip as reason:
        result, detail = "skip", f": {reason}"
    except harness.Failure as reason:
        result, detail = "FAIL", f": {reason}"
    except Exception:  # a mistake of the test itself is a failure like any other
        result, detail = "FAIL", ": " + traceback.format_exc()
    finally:
        test.finish()
    notes = f" ({'; '.join(test.notes)})" if test.notes else ""
    with printing:
        print(
            f"{result:4} {row['section'].upper()} {row['name']} {time.monotonic() - started:.2f} s{notes}{detail}",
            flush=True,
        )
    return result


def run_all(settings, rows):
    """First those that may run beside one another, then those that measure, one at a time."""
    beside = [row for row in rows if not row["alone"]]
    results = []
    with concurrent.futures.ThreadPoolExecutor(max(1, settings.jobs)) as pool:
        results += pool.map(lambda row: run_one(settings, row), beside)
    results += [run_one(settings, row) for row in rows if row["alone"]]
    return results


def main():
    settings = parse()
    load_tests()
    rows = chosen(settings)
    if settings.list:
        for row in rows:
            print(row["section"].upper(), row["name"], "(long)" if row["long"] else "")
        return 0
    print(f"seed {settings.seed}, time factor {harness.TIME_FACTOR:g}, {settings.muster}", flush=True)
    results = run_all(settings, rows)
    passed, failed, skipped = (results.count(word) for word in ("ok", "FAIL", "skip"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    if failed:
        return 1
    return 77 if skipped and not passed else 0


def is_group_orphaned():
    """Whether nobody of this session could continue our process group: then the kernel stops none of it on SIGTSTP."""
    pid = os.getpid()
    while pid > 1 and os.getpgid(pid) == os.getpgrp():
        pid = processes.parent(pid)
    return pid <= 1 or processes.session(pid) != os.getsid(0)


def in_a_group_with_a_parent():
    """Continues in a child with a process group of its own, which this process stands over, as a shell over its jobs."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _: os.kill(child, which))
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    if is_group_orphaned():
        in_a_group_with_a_parent()
    sys.exit(main())
