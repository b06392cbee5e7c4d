# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Training LeNet-5 with a variance layer: batch 200, Adam 1e-3, loss (N/B) sum ce + KL.

CUDA: images as bytes on the device, the whole step (gather, forward, backward, Adam) one CUDA graph, channels-last,
TF32, fused Adam; `--deterministic` as well. CPU: eager and torch.compile, contiguous and channels-last, fused Adam.
A CPU run times `--steps` steps after warm-up and scales to the 300 of an epoch.
"""

import hashlib
import os
import sys
import warnings

if "--deterministic" in sys.argv:  # cuBLAS reads it when its handle is made
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"

import torch
import torch.nn.functional as F

import lenet
import measure

BATCH = 200


def build(options, device, images, channels_last):
    net = lenet.make_lenet(options, device, images).train()
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True, capturable=device.type == "cuda")
    return net, adam


def step_loss(net, x, y, count):
    return F.cross_entropy(net(x), y, reduction="sum") * (count / BATCH) + net.variance.kl()


def digest(net):
    h = hashlib.sha256()
    for p in net.parameters():
        h.update(p.detach().float().cpu().contiguous().numpy().tobytes())
    return h.hexdigest()[:16]


def cpu_form(options, device, images, labels, compiled, channels_last):
    net, adam = build(options, device, images, channels_last)
    count = len(labels)
    form = torch.channels_last if channels_last else torch.contiguous_format

    def loss_of(x, y):
        return step_loss(net, x.to(torch.float32, memory_format=form) / 255, y, count)

    if compiled:
        loss_of = torch.compile(loss_of)
    steps = options.steps

    def work():
        order = torch.randperm(count)[: steps * BATCH].view(steps, BATCH)
        for index in order:
            loss = loss_of(images[index], labels[index])
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
        return net

    return work


def cuda_form(options, device, images, labels, channels_last, compiled=False):
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = not options.deterministic
    if options.deterministic:
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False
    net, adam = build(options, device, images, channels_last)
    count = len(labels)
    steps = count // BATCH
    pixels = images.view(count, -1)
    order = torch.randperm(count, device=device).view(steps, BATCH)
    position = torch.zeros(1, dtype=torch.int64, device=device)

    def loss_of(x, y):
        return step_loss(net, x, y, count)

    if compiled:
        loss_of = torch.compile(loss_of, dynamic=False)

    def one_step():
        index = order.index_select(0, position).view(-1)
        x = pixels.index_select(0, index)
        # One channel fits both layouts, and PyTorch goes by the strides: they must be the wanted layout's.
        x = x.view(BATCH, 28, 28, 1).permute(0, 3, 1, 2) if channels_last else x.view(BATCH, 1, 28, 28)
        loss_of(x.float().div_(255), labels.index_select(0, index)).backward()
        adam.step()
        position.add_(1)

    def warm_step():
        adam.zero_grad(set_to_none=True)
        position.zero_()
        one_step()

    # Gradients are dropped before capture, so that the graph writes them instead of adding to them.
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            warm_step()
        adam.zero_grad(set_to_none=True)
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        one_step()

    # The graph holds addresses only: what lies outside its own memory, Adam's state above all, lives in this closure.
    def work(adam=adam, pixels=pixels, labels=labels):
        order.copy_(torch.randperm(count, device=device).view(steps, BATCH))
        position.zero_()
        for _ in range(steps):
            graph.replay()
        return net

    return work


def run():
    p = measure.parser(__doc__.splitlines()[0], ["eager", "compile", "graph", "...-nhwc"])
    p.add_argument("--steps", type=int, default=60, help="steps a CPU repeat times; an epoch has 300")
    p.add_argument("--deterministic", action="store_true", help="CUDA: deterministic algorithms")
    p.add_argument("--save", help="write the trained weights to this .npz")
    options = p.parse_args()
    device = measure.set_up(options)
    if options.deterministic:
        warnings.filterwarnings("ignore", message=".*deterministic.*")
    images, labels = lenet.read_split(options.data, "train", device)
    count = len(labels) // BATCH * BATCH
    images, labels = images[:count], labels[:count]
    if device.type == "cuda":
        steps = count // BATCH
        makers = {
            "graph-nhwc": lambda: cuda_form(options, device, images, labels, True),
            "graph": lambda: cuda_form(options, device, images, labels, False),
        }
        if measure.wants_compile(options):
            makers["compile-graph-nhwc"] = lambda: cuda_form(options, device, images, labels, True, True)
    else:
        steps = min(options.steps, count // BATCH)
        options.steps = steps
        makers = {
            name: (lambda c=c, n=n: cpu_form(options, device, images, labels, c, n))
            for name, c, n in (
                ("eager", False, False),
                ("eager-nhwc", False, True),
                ("compile", True, False),
                ("compile-nhwc", True, True),
            )
        }
    form, times, trials, net = measure.race(makers, options, device)
    if options.save:
        lenet.save(net, options.save)
    scale = count / BATCH / steps
    scaled = lambda t: t * scale if isinstance(t, float) else t
    case = "train-deterministic" if options.deterministic else "train"
    return measure.result(
        case,
        device,
        [scaled(t) for t in times],
        count,
        1.0,
        {
            "unit": "seconds an epoch",
            "form": form,
            "forms": {k: scaled(t) for k, t in trials.items()},
            "steps_timed": steps,
            "batch": BATCH,
            "activation": options.activation,
            "deterministic": options.deterministic,
            "log_alpha": net.variance.log_alpha.item(),
            "digest": digest(net),
        },
    )


if __name__ == "__main__":
    measure.main("train", run)
