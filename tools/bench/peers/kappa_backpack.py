# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""BackPACK's DiagHessian of an 800-500 dense layer under a 500-10 head, layer inputs cached.

BackPACK has no rule for BatchNorm or softplus, so this is the nearest network it takes: dense, sigmoid, dense. The
batch is tuned: each of `--batches` is one form. On a CPU `--images` may be less than 60,000; the time is scaled.
"""

import torch
from torch import nn

import lenet
import measure


def run():
    p = measure.parser(__doc__.splitlines()[0], ["batch-N"])
    p.add_argument("--images", type=int, default=0, help="images timed; 0: 60,000 on CUDA, 5,000 on a CPU")
    p.add_argument("--batches", type=int, nargs="*", help="default: 100 500 1000 5000; CUDA 500 5000")
    options = p.parse_args()
    from backpack import backpack, extend
    from backpack.extensions import DiagHessian

    device = measure.set_up(options)
    count = options.images or (60000 if device.type == "cuda" else 5000)
    images, labels = lenet.read_split(options.data, "train", device)
    total = len(labels)
    images, labels = images[:count], labels[:count]
    net = lenet.make_lenet(options, device, images)
    trunk = lenet.FoldedTrunk(net)
    with torch.no_grad():
        inputs = torch.cat([trunk(c) for c in images.split(1000)])
    head = nn.Sequential(nn.Linear(800, 500, bias=False), nn.Sigmoid(), nn.Linear(500, 10, bias=False)).to(device)
    with torch.no_grad():
        head[0].weight.copy_(net.variance.mean)
        head[2].load_state_dict(net.head.state_dict())
    for parameter in head[2].parameters():
        parameter.requires_grad_(False)  # only the variance layer's diagonal is wanted
    head = extend(head)
    loss = extend(nn.CrossEntropyLoss(reduction="sum"))

    def make(batch):
        def work():
            hessian = torch.zeros_like(head[0].weight)
            for a, y in zip(inputs.split(batch), labels.split(batch)):
                head.zero_grad()
                with backpack(DiagHessian()):
                    loss(head(a), y).backward()
                hessian += head[0].weight.diag_h
            return hessian

        return work

    batches = options.batches or ([500, 5000] if device.type == "cuda" else [100, 500, 1000, 5000])
    makers = {f"batch-{b}": (lambda b=b: make(b)) for b in batches if b <= count}
    form, times, trials, hessian = measure.race(makers, options, device)
    scale = total / len(labels)
    scaled = lambda t: t * scale if isinstance(t, float) else t
    detail = {"form": form, "forms": {k: scaled(t) for k, t in trials.items()}, "images_timed": len(labels)}
    detail |= {"twin": "dense-sigmoid-dense", "sum": hessian.double().sum().item() * scale}
    return measure.result("kappa-head-backpack", device, [scaled(t) for t in times], total, 1.0, detail)


if __name__ == "__main__":
    measure.main("kappa-head-backpack", run)
