# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""BackPACK's DiagHessian, or DiagGGNExact, of every layer of 3C3D with one sigmoid.

Weights and images are the function of their number that our side has, so the sums agree. The time of `--images` is
scaled to 50,000; the batch is tuned.
"""

import numpy
import torch
from torch import nn

import measure


def hashed(count, salt):
    n = numpy.arange(count, dtype=numpy.int64) * 2654435761 + salt * 40503
    return (n & 0xFFFFFFFF) / 4294967296.0 - 0.5


def network():
    net = nn.Sequential(
        nn.Conv2d(3, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 96, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(96, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1152, 512), nn.ReLU(), nn.Linear(512, 256), nn.Sigmoid(), nn.Linear(256, 10))  # fmt: skip
    for salt, parameter in enumerate(net.parameters(), start=3):
        weights = torch.zeros_like(parameter)
        if parameter.dim() > 1:
            width = 4 / parameter[0].numel() ** 0.5
            weights = torch.from_numpy(hashed(parameter.numel(), salt) * width).float().view_as(parameter)
        parameter.data = weights
    return net


def run():
    p = measure.parser(__doc__.splitlines()[0], ["batch-N"])
    p.add_argument("--ggn", action="store_true", help="DiagGGNExact in place of DiagHessian")
    p.add_argument("--images", type=int, default=2000, help="images timed")
    p.add_argument("--batches", type=int, nargs="*", default=[32, 64])
    options = p.parse_args()
    from backpack import backpack, extend
    from backpack.extensions import DiagGGNExact, DiagHessian

    device = measure.set_up(options)
    # As our side: float32 throughout.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    count, total = options.images, 50000
    pixels = ((hashed(count * 3072, 1) + 0.5) * 256).astype(numpy.uint8).reshape(count, 3, 32, 32)
    images = torch.from_numpy(pixels).to(device).float() / 255
    labels = (torch.arange(count) % 10).to(device)
    net = extend(network().to(device))
    loss = extend(nn.CrossEntropyLoss(reduction="sum"))
    weights = [parameter for parameter in net.parameters() if parameter.dim() > 1]
    extension, field = (DiagGGNExact, "diag_ggn_exact") if options.ggn else (DiagHessian, "diag_h")

    def make(batch):
        def work():
            sums = [torch.zeros_like(w, dtype=torch.float64) for w in weights]
            for x, y in zip(images.split(batch), labels.split(batch)):
                net.zero_grad()
                with backpack(extension()):
                    loss(net(x), y).backward()
                for s, w in zip(sums, weights):
                    s += getattr(w, field)
            return sums

        return work

    makers = {f"batch-{b}": (lambda b=b: make(b)) for b in options.batches}
    form, times, trials, sums = measure.race(makers, options, device)
    scaled = lambda t: t * total / count if isinstance(t, float) else t
    detail = {"form": form, "forms": {k: scaled(t) for k, t in trials.items()}, "images_timed": count}
    detail |= {"sums": [s.sum().item() for s in sums], "largest": [s.abs().max().item() for s in sums]}
    if device.type == "cuda":
        detail["peak_bytes"] = torch.cuda.max_memory_allocated()
    case = "curvature-3c3d-ggn" if options.ggn else "curvature-3c3d"
    return measure.result(case, device, [scaled(t) for t in times], total, total / 60000, detail)


if __name__ == "__main__":
    measure.main("curvature-3c3d", run)
