# SPDX-License-Identifier: MIT
"""PyTorch: 2 ranks with gloo, from the launcher's exec until the first allreduce is done and all have ended.

Only where the system's Python has torch. The floor is two plain processes with the same environment.
"""

import socket
import subprocess

from bench import launchers
from bench.launchers import PYTHON
from bench.model import Case, Contender, Goal

NAME = "torch"
RANKS = 2

ALLREDUCE = """import torch, torch.distributed as distributed
distributed.init_process_group("gloo", init_method="env://")
value = torch.ones(1)
distributed.all_reduce(value)
assert value.item() == distributed.get_world_size()
distributed.destroy_process_group()
"""

SPAWN = """import os, torch, torch.distributed as distributed, torch.multiprocessing as multiprocessing
def rank_main(rank, port):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    distributed.init_process_group("gloo", rank=rank, world_size=2)
    distributed.all_reduce(torch.ones(1))
    distributed.destroy_process_group()
if __name__ == "__main__":
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    multiprocessing.spawn(rank_main, (port,), nprocs=2)
"""

# Debian's torchrun 1.13 reads its own options with an argparse use that Python 3.11 refuses; its API is sound. As
# torchrun does on one host: static rendezvous. It looks at its processes every 5 s by default; 0.1 s is its better
# setting.
TORCHRUN = """import socket, sys
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=2, rdzv_backend="static", rdzv_configs={"rank": 0},
                      rdzv_endpoint=f"127.0.0.1:{port}", run_id="benchmark", max_restarts=0, monitor_interval=0.1)
elastic_launch(config, sys.executable)("-u", sys.argv[1])
"""


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def has_torch():
    probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
    return subprocess.run([PYTHON, "-c", probe], check=False, timeout=30, stdin=subprocess.DEVNULL).returncode == 0


def write(bench, name, text):
    path = bench.scratch / name
    path.write_text(text, encoding="ascii")
    return str(path)


def cases(bench):
    if bench.effort == "smoke" or not has_torch():
        return
    script = [PYTHON, write(bench, "allreduce.py", ALLREDUCE)]
    plain = launchers.floor(bench, "two plain processes", "floor_group", [0, RANKS, *script])
    found = launchers.muster(bench, RANKS, script) + plain
    found.append(Contender("mp.spawn", "peer", [PYTHON, write(bench, "spawn.py", SPAWN)]))
    found.append(Contender("torchrun", "peer", [PYTHON, write(bench, "torchrun.py", TORCHRUN), script[1]],
                           most_rounds=bench.pick(3, 1, 1)))

    def take(contender):
        if contender is plain[0]:
            contender.command[1] = str(free_port())
        return bench.take_time(contender)

    yield Case(NAME, "2 ranks, gloo", "PyTorch, 2 ranks: start, first allreduce, end", "ms", "lower", found,
               [Goal(1.05, "<=", "two plain processes")], take, rounds=bench.pick(9, 3, 1), warm_ups=1)
