# SPDX-License-Identifier: MIT
"""Readers of what muster prints, and what muster may hold in memory of what they have not taken."""

import os
import subprocess
import threading
import time

import processes
from harness import check

GIB = 1 << 30
MIB = 1 << 20
# What the supervisor may hold for sinks that do not take it, and what it needs for itself.
BUFFER_MIB = 64
OWN_MIB = 24
# How long muster waits for a reader that does not read once the ranks are gone.
READER_PATIENCE_S = 5


def reader(t, *command, **options):
    """A process of the test's own, outside of the job: it has no tag."""
    return subprocess.Popen(command, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, cwd=t.dir, **options)


def watch(job, look):
    """look(pid) of each of muster's processes, again and again while the job runs."""

    def go_on():
        while job.popen.returncode is None and processes.is_alive(job.pid):
            for pid in job.chain():
                look(pid)
            time.sleep(0.05)

    threading.Thread(target=go_on, daemon=True).start()


def watch_memory(job):
    """Follows the most memory that muster's processes ever had; returns a function that says so far how much, in KiB."""
    most = {}

    def look(pid):
        most[pid] = max(most.get(pid, 0), processes.resident_kib(pid))

    watch(job, look)
    return lambda: sum(most.values())


def watch_crowding(job):
    """Follows how long muster's processes ran and stood in line for a CPU; returns a function that says how many times
    longer than on a machine of its own muster has taken so far."""
    times = {}

    def look(pid):
        times[pid] = processes.times_on_cpu(pid) or times.get(pid, (0, 0))

    def crowding():
        ran_ns, waited_ns = (sum(column) for column in zip(*times.values())) if times else (0, 0)
        return 1 + waited_ns / ran_ns if ran_ns > 0 else 1

    watch(job, look)
    return crowding


def check_memory(t, kib, most_mib):
    """A sanitizer's own memory says nothing of muster's."""
    check(t.is_sanitized() or kib < most_mib * 1024, f"muster took {kib} KiB")


def drain(fd):
    """Reads to the end of file; how many bytes there were."""
    total = 0
    while True:
        got = len(os.read(fd, MIB))
        if got == 0:
            os.close(fd)
            return total
        total += got
