#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""train_vgg.py's step over several GPUs by PyTorch's DistributedDataParallel with SyncBatchNorm, started by torchrun.

    torchrun --nproc-per-node N train_vgg_ddp.py [--batch 100] [--epochs 3] [--graph] [--reduction bf16]

Each rank takes --batch images of random ones, crop and flip included. --graph records the step as a CUDA graph. Prints one JSON line: images a
second of each epoch after the first, of all ranks together.
"""

import argparse
import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel

import train_vgg


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--batch", type=int, default=100, help="images a rank and step")
    p.add_argument("--images", type=int, default=50_000, help="an epoch, of all ranks")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--graph", action="store_true", help="record the step as a CUDA graph")
    p.add_argument("--reduction", choices=["float32", "bf16"], default="float32")
    return p.parse_args()


def main():
    options = arguments()
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl", device_id=device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(1)
    train_vgg.BATCH = options.batch
    net = train_vgg.Vgg(3).to(device).to(memory_format=torch.channels_last).train()
    net = torch.nn.SyncBatchNorm.convert_sync_batchnorm(net)
    steps = options.images // (options.batch * world)
    images = torch.randint(0, 256, (options.images, 32, 32, 3), dtype=torch.uint8, device=device)
    images = F.pad(images, (0, 0, 4, 4, 4, 4))
    labels = torch.randint(0, 10, (options.images,), device=device)
    crop = train_vgg.Cropped(device)
    order = torch.randperm(options.images, device=device)[: steps * options.batch * world]
    order = order.view(steps, world, options.batch)[:, rank].contiguous()
    position = torch.zeros(1, dtype=torch.int64, device=device)

    class WithKl(torch.nn.Module):
        """DDP sees all parameters in one forward pass."""

        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x), self.net.kl()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        model = DistributedDataParallel(WithKl(), device_ids=[device.index], gradient_as_bucket_view=True, static_graph=True)
    if options.reduction == "bf16":
        from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook

        model.register_comm_hook(None, bf16_compress_hook)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True, capturable=True)

    def step():
        index = order.index_select(0, position).view(-1)
        x = crop(images, index).permute(0, 3, 1, 2).float().div_(255)
        with torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
            logits, kl = model(x)
        nll = F.cross_entropy(logits.float(), labels.index_select(0, index), reduction="sum")
        # DDP takes the mean over ranks.
        (nll * (options.images / options.batch) + kl).backward()
        adam.step()
        adam.zero_grad(set_to_none=not options.graph)
        position.add_(1)

    with torch.cuda.stream(side):
        for _ in range(11):
            step()
        position.zero_()
        side.synchronize()
        run = step
        if options.graph:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                step()
            run = graph.replay
        rates = []
        for _ in range(options.epochs):
            position.zero_()
            dist.barrier()
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(steps):
                run()
            torch.cuda.synchronize()
            rates.append(steps * options.batch * world / (time.perf_counter() - start))
    if rank == 0:
        print(json.dumps({"images_per_second": rates[1:], "graph": options.graph, "ranks": world, "gpu": torch.cuda.get_device_name()}))
        sys.stdout.flush()
    os._exit(0)  # a recorded graph with NCCL in it has no quiet end in PyTorch


main()
