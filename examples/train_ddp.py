#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Distributed data-parallel training with PyTorch and gloo: a plain PyTorch program that knows nothing of muster.

Every process generates its own share of points of one smooth surface, and all of them together fit a small network to
it: DistributedDataParallel averages the gradients after each step. Rank 0 prints the loss over all shares; at the end
every rank prints a digest of its parameters, which must be the same everywhere. Started by hand, without any launcher,
it trains alone.
"""
import argparse
import hashlib
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def surface(points):
    """What is to be learnt: a function of two numbers."""
    x, y = points[:, :1], points[:, 1:]
    return torch.sin(3 * x) * torch.cos(2 * y) + 0.5 * x * y


def share_of_the_data(rank, count):
    """Each rank has points of its own, the same in every run."""
    generator = torch.Generator().manual_seed(1000 + rank)
    points = 2 * torch.rand(count, 2, generator=generator) - 1
    noise = 0.01 * torch.randn(count, 1, generator=generator)
    return points, surface(points) + noise


def mean_over_ranks(value):
    total = torch.tensor([value])
    dist.all_reduce(total)
    return total.item() / dist.get_world_size()


def digest_of(model):
    digest = hashlib.sha256()
    for parameter in model.parameters():
        digest.update(bytes(parameter.detach().contiguous().view(torch.uint8).flatten().tolist()))
    return digest.hexdigest()[:16]


def train(arguments):
    rank = dist.get_rank()
    points, wanted = share_of_the_data(rank, arguments.points)
    torch.manual_seed(rank)  # ranks begin different on purpose: DistributedDataParallel makes them equal
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    model = DistributedDataParallel(network)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_of = torch.nn.MSELoss()
    for epoch in range(arguments.epochs + 1):
        loss = loss_of(model(points), wanted)
        mean = mean_over_ranks(loss.item())
        if rank == 0 and epoch % arguments.every == 0:
            print(f"epoch {epoch:3d}: loss {mean:.5f}", flush=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"rank {rank} of {dist.get_world_size()}: parameters {digest_of(model)}, "
          f"{torch.get_num_threads()} threads", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--every", type=int, default=50, help="print the loss every so many epochs")
    parser.add_argument("--points", type=int, default=512, help="points of each rank")
    arguments = parser.parse_args()
    if "RANK" not in os.environ:
        os.environ.update(RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    dist.init_process_group("gloo", init_method="env://")
    train(arguments)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
