# SPDX-License-Identifier: MIT
"""The peers, and how each is told to start N ranks on one host: its best documented settings for that.

A peer that is not on the machine is reported as missing and takes no part.
"""

import os
import shutil
from dataclasses import dataclass

from .machine import first_line_of
from .model import Contender

PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"


@dataclass(frozen=True)
class Peer:
    name: str
    program: str            # looked for in PATH
    package: str            # of Debian
    settings: str           # what was chosen, and why, in words
    version: tuple          # a command whose first line says it

    @property
    def is_there(self):
        return shutil.which(self.program) is not None


PEERS = {peer.name: peer for peer in (
    Peer("hydra", "mpiexec.hydra", "mpich", "-launcher fork: no ssh on a single host; no binding unless asked",
         ("mpichversion",)),
    Peer("Open MPI", "mpirun.openmpi", "openmpi-bin",
         "--bind-to none, plm isolated (no search for remote shells), oversubscription allowed",
         ("mpirun.openmpi", "--version")),
    Peer("xargs", "xargs", "findutils", "-P N -n 1: all at once", ("xargs", "--version")),
    Peer("parallel", "parallel", "parallel", "-j N, -u where output does not matter", ("parallel", "--version")),
    Peer("Python fork", PYTHON, "python3", "multiprocessing.Process, fork, an empty function, no exec",
         (PYTHON, "--version")),
    Peer("Python spawn", PYTHON, "python3", "multiprocessing.Process, spawn, an empty function", (PYTHON, "--version")),
)}

MISSING = {name: peer for name, peer in PEERS.items() if not peer.is_there}


def describe_peers():
    """For the report: every peer, its version or that it is missing, and its settings."""
    return [{"name": peer.name, "package": peer.package, "settings": peer.settings,
             "version": first_line_of(peer.version) if peer.is_there else None} for peer in PEERS.values()]


def peer(name, command, environment=None, **more):
    """The peer as a contender, in a list that is empty where it is missing."""
    if name in MISSING:
        return []
    return [Contender(name, "peer", [str(word) for word in command], environment or {}, **more)]


def hydra(count, child, *options):
    return ["mpiexec.hydra", "-launcher", "fork", *options, "-n", count, *child]


def open_mpi(count, child, *options):
    return ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "plm", "isolated",
            *options, "-n", count, *child]


def ranks_of_mpi(bench, count, *arguments):
    """The MPIs at their best for ranks that work with one another: a core each as long as there is one."""
    bound = count <= len(os.sched_getaffinity(0))
    programs = {mpi: bench.program(f"rank_work_{mpi}") for mpi in ("openmpi", "mpich")}
    open_mpi_command = ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--mca", "plm", "isolated",
                        "--bind-to", "core" if bound else "none", "-n", count, programs["openmpi"], *arguments]
    hydra_command = hydra(count, [programs["mpich"], *arguments], *(("-bind-to", "core") if bound else ()))
    found = []
    if os.access(programs["openmpi"], os.X_OK):
        found += peer("Open MPI", open_mpi_command, most_rounds=bench.pick(7, 2, 1))
    if os.access(programs["mpich"], os.X_OK):
        found += [Contender("MPICH", each.role, each.command, most_rounds=bench.pick(7, 2, 1))
                  for each in peer("hydra", hydra_command)]
    return found


def parallel(count, child, *options):
    numbers = [str(number) for number in range(count)]
    return ["parallel", "--will-cite", *options, "-N0", "-j", count, *child, ":::", *numbers]


def xargs(bench, count, child):
    """The child gets one more argument, a number; the children here do not look at it."""
    numbers = bench.scratch / f"numbers-{count}"
    numbers.write_text("".join(f"{number}\n" for number in range(count)), encoding="ascii")
    return ["xargs", "-a", numbers, "-P", count, "-n", 1, *child]


def python_processes(method, count):
    text = ("import multiprocessing as m\n"
            "def nothing(): pass\n"
            "if __name__ == '__main__':\n"
            f"    context = m.get_context('{method}')\n"
            f"    all = [context.Process(target=nothing) for _ in range({count})]\n"
            "    for one in all: one.start()\n"
            "    for one in all: one.join()\n")
    return text


def python_program(bench, method, count):
    path = bench.scratch / f"python-{method}-{count}.py"
    path.write_text(python_processes(method, count), encoding="ascii")
    return [PYTHON, "-I", path]


def muster(bench, count, child, *options, **more):
    """muster as a contender, in a list that is empty where there is no program yet."""
    if not bench.muster:
        return []
    command = [bench.muster, "run", *options, "-n", count, *child]
    return [Contender("muster", "muster", [str(word) for word in command], **more)]


def floor(bench, name, program, arguments, **more):
    return [Contender(name, "floor", [bench.program(program), *(str(word) for word in arguments)], **more)]
