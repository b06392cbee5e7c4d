# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A network with a variance layer on drawn data, and one process of two that train it together:

    small_network.py RANK PORT FOLDER [DEVICE]      writes FOLDER/RANK.pt
"""

import os
import socket
import subprocess
import sys
import tempfile

import torch
from torch import nn
from torch.nn import functional as F

import varphase


def blobs(count=256):
    """Four classes in eight dimensions."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (count,), generator=generator)
    return torch.randn(count, 8, generator=generator) + 3 * F.one_hot(labels, 8).float(), labels


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), varphase.nn.VarianceLinear(16, 16, parameterization="additive"), nn.ReLU(), nn.Linear(16, 4))


def trained(network, step, steps=60, device="cpu"):
    """Loss before and after some steps of Adam."""
    x, labels = (each.to(device) for each in blobs())
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = step(network, x, labels)
        loss.backward()
        optimizer.step()
        varphase.nn.project(network)
        losses.append(loss.item())
    return losses[0], losses[-1]


def elbo(network, x, labels):
    return F.cross_entropy(network(x), labels) + varphase.nn.kl(network) / 5000


def train_together(rank, port, folder, device="cpu"):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    if device == "cuda" and torch.cuda.device_count() > 1:
        device = f"cuda:{rank}"
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if ":" in device else "gloo", rank=rank, world_size=2)
    network = nn.parallel.DistributedDataParallel(small_network().to(device))

    def step(net, x, labels):
        return F.cross_entropy(net(x[rank::2]), labels[rank::2]) + varphase.nn.kl(net) / 5000

    first, last = trained(network, step, steps=30, device=device)
    torch.save((first, last, network.module.state_dict()), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def trained_by_two(device="cpu"):
    """train_together by two processes. Returns their exit codes, and of each that ended well what it saved."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        workers = [subprocess.Popen([sys.executable, __file__, str(rank), str(port), folder, device]) for rank in (0, 1)]
        codes = [each.wait(300) for each in workers]
        return codes, [torch.load(f"{folder}/{rank}.pt", map_location="cpu") for rank in (0, 1) if codes[rank] == 0]


if __name__ == "__main__":
    train_together(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
