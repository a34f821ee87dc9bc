# SPDX-License-Identifier: MIT
"""What tests of section C share: which of muster's processes are killed at once, its job's name, muster as first process."""

import os
import signal

import processes
from harness import need_unshare

# Two of muster's processes: their places in the chain of guard, warden and supervisor.
PAIRS = {
    "the_first_process_and_the_supervisor": (0, 2),
    "the_supervisor_and_the_first_process": (2, 0),
    "the_first_process_and_the_warden": (0, 1),
    "the_warden_and_the_first_process": (1, 0),
    "the_warden_and_the_supervisor": (1, 2),
    "the_supervisor_and_the_warden": (2, 1),
}


# All of them, from below: the end of a parent would wake its child, stopped or not, and let it act.
ALL = (2, 1, 0)


def kill_at_once(job, places):
    """SIGKILL to some of guard, warden, supervisor. They are stopped first, so that none acts on the end of another."""
    job.supervisor()
    chain = job.chain()
    victims = [chain[place] for place in places]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in victims:
            processes.kill(pid, number)


def job_name(t):
    return os.path.basename(t.dir)


def as_first_process():
    return need_unshare("--pid", "--fork", "--mount-proc", "--kill-child")
