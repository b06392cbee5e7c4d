# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Ten members of the VGG-like network with dropout in evaluation, float32 without TF32.

What lies before the first dropout is computed once for all members; images and members are rows of one batch. Forms: the
order of memory, rows a batch, torch.compile.
"""

import torch
from torch import nn

import measure
import train_vgg

MEMBERS, COUNT = 10, {"cuda": 10_000, "cpu": 500}
RATES = {1: 0.3, 3: 0.4, 5: 0.4, 6: 0.4, 8: 0.4, 9: 0.4}  # after so many convolutions


class Dropout(nn.Dropout):
    def forward(self, x):  # members draw in evaluation too
        return nn.functional.dropout(x, self.p, training=True)


def network(device):
    torch.manual_seed(1)
    layers, seen, rates = [], 0, dict(RATES)
    for layer in train_vgg.Vgg(variance_convs=3).layers:
        if isinstance(layer, (nn.Flatten, train_vgg.Dense)):
            layers.append(Dropout(0.5))
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            seen += 1
        elif isinstance(layer, nn.ReLU) and seen in rates:
            layers.append(Dropout(rates.pop(seen)))
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, Dropout))
    both = nn.Sequential(*layers[:first]), nn.Sequential(*layers[first:])
    return [part.to(device).eval() for part in both]


def ensemble(device, layout, rows, compiled):
    before, members = (part.to(memory_format=layout) for part in network(device))
    if compiled:
        members = torch.compile(members)
    images = torch.randint(0, 256, (COUNT[device.type], 3, 32, 32), dtype=torch.uint8, device=device)

    @torch.no_grad()
    def work(first=COUNT[device.type]):
        log_p = []
        for part in images[:first].split(rows // MEMBERS):
            x = before((part.float() / 255).contiguous(memory_format=layout))
            x = x.repeat_interleave(MEMBERS, 0).contiguous(memory_format=layout)
            each = torch.log_softmax(members(x), 1).view(len(part), MEMBERS, -1)
            log_p.append(each.logsumexp(1) - torch.tensor(float(MEMBERS)).log())
        return torch.cat(log_p)

    return work


def run():
    layouts = {"first": torch.contiguous_format, "last": torch.channels_last}
    names = [f"{order}-{rows}" for order in layouts for rows in (500, 4000)] + ["compile-last-4000"]
    options = measure.parser(__doc__.splitlines()[0], names).parse_args()
    device = measure.set_up(options)

    def maker(name):
        *way, order, rows = name.split("-")
        return lambda: ensemble(device, layouts[order], int(rows), bool(way))

    chosen = [name for name in names if device.type == "cuda" or not name.startswith("compile")]
    count = COUNT[device.type]
    trial = lambda work: work(count // 5)
    form, times, trials, _ = measure.race({name: maker(name) for name in chosen}, options, device, trial)
    detail = {"form": form, "forms": trials, "samples": MEMBERS}
    return measure.result("ensemble-vgg", device, times, count, count * MEMBERS / 60000, detail)


if __name__ == "__main__":
    measure.main("ensemble-vgg", run)
