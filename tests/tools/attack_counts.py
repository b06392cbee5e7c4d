#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""How many of 1,000 images torchattacks and foolbox make a deterministic network mistake.

    attack_counts.py     # with torch, safetensors, torchattacks and foolbox

Trains a small network, writes its weights to attack_counts.safetensors, attacks it with both libraries and writes their
counts to attack_counts.json: what `varphase attack` is held to by tests that need neither library.
"""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SPEC = {"input": [1, 12, 12], "classes": 10,
        "layers": [{"conv2d": {"out": 6, "kernel": 3, "bias": True}}, "relu", {"max_pool": 2},
                   {"dense": {"out": 10, "bias": True}}]}  # fmt: skip
# Distances in pixel units; the one step of fgsm is its epsilon.
ATTACKS = [
    {"method": "fgsm", "norm": "linf", "epsilon": 8},
    {"method": "bim", "norm": "linf", "epsilon": 6, "step": 1, "steps": 10},
    {"method": "bim", "norm": "linf", "epsilon": 12, "step": 2, "steps": 10, "target": "next"},
    {"method": "bim", "norm": "l2", "epsilon": 60, "step": 15, "steps": 10},
    {"method": "bim", "norm": "l2", "epsilon": 120, "step": 20, "steps": 12, "target": "next"},
]


def images(count, seed):
    """Ten smooth patterns under noise, by numpy's frozen generator: uint8 [count, 12, 12], and their numbers."""
    draw = np.random.RandomState(7)
    patterns = np.kron(draw.uniform(-1, 1, (10, 4, 4)), np.ones((3, 3)))
    draw = np.random.RandomState(seed)
    labels = np.arange(count) % 10
    noise = draw.uniform(-1, 1, (count, 12, 12))
    return np.clip(128 + 40 * patterns[labels] + 110 * noise, 0, 255).astype(np.uint8), labels


def trained(torch):
    from torch import nn

    torch.manual_seed(1)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(150, 10))
    pixels, labels = images(2000, 2)
    x, y = torch.tensor(pixels / 255).float().unsqueeze(1), torch.tensor(labels)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(400):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
    return net.eval()


def by_torchattacks(net, x, y, target, attack):
    import torchattacks

    epsilon = attack["epsilon"] / 255
    step, steps = attack.get("step", 0) / 255, attack.get("steps", 1)
    if attack["method"] == "fgsm":
        made = torchattacks.FGSM(net, eps=epsilon)
    elif attack["norm"] == "l2":
        made = torchattacks.PGDL2(net, eps=epsilon, alpha=step, steps=steps, random_start=False)
    else:
        made = torchattacks.BIM(net, eps=epsilon, alpha=step, steps=steps)
    if target is not None:
        made.set_mode_targeted_by_label(quiet=True)
    return made(x, y if target is None else target)


def by_foolbox(net, x, y, target, attack):
    import foolbox

    model = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
    step, steps = attack.get("step", 0) / 255, attack.get("steps", 1)
    kinds = {"linf": foolbox.attacks.LinfBasicIterativeAttack, "l2": foolbox.attacks.L2BasicIterativeAttack}
    if attack["method"] == "fgsm":
        made = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    else:
        made = kinds[attack["norm"]](abs_stepsize=step, steps=steps, random_start=False)
    criteria = foolbox.criteria
    criterion = criteria.Misclassification(y) if target is None else criteria.TargetedMisclassification(target)
    return made.run(model, x, criterion, epsilon=attack["epsilon"] / 255)


def main():
    import torch
    from safetensors.torch import save_file

    net = trained(torch)
    weights = {"conv1.weight": net[0].weight, "conv1.bias": net[0].bias,
               "dense1.weight": net[4].weight, "dense1.bias": net[4].bias}  # fmt: skip
    save_file({name: value.detach() for name, value in weights.items()}, HERE / "attack_counts.safetensors")
    pixels, labels = images(1000, 3)
    x, y = torch.tensor(pixels / 255).float().unsqueeze(1), torch.tensor(labels)
    right = (net(x).argmax(1) == y).sum().item()
    rows = []
    for attack in ATTACKS:
        target = (y + 1) % 10 if attack.get("target") == "next" else None
        counts = {}
        for name, run in (("torchattacks", by_torchattacks), ("foolbox", by_foolbox)):
            taken_for = net(run(net, x, y, target, attack)).argmax(1)
            counts[name] = int(((taken_for != y) if target is None else (taken_for == target)).sum())
        rows.append({**attack, **counts})
        print(rows[-1])
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "attack_counts.json").write_text(f'{{"images": 1000, "right": {right}, "attacks": [\n{lines}]}}\n')
    print(f"{right} of 1000 are right untouched")


if __name__ == "__main__":
    main()
