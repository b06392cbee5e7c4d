#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What torchmetrics and torch-uncertainty say of twenty tensors of probabilities.

    metrics_golden.py     # with torch, torchmetrics 1.9 and torch-uncertainty 0.13

Writes metrics_golden.json: what metric_columns_test.cpp holds the program's metrics to, needing neither library. The
probabilities are whole numbers over GRID, so that both sides start from the same ones; with so coarse a grid many
confidences are tied.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch_uncertainty.metrics.classification import (
    AUGRC,
    AURC,
    FPR95,
    BrierScore,
    CalibrationError,
    CategoricalNLL,
    Entropy,
    MutualInformation,
    RiskAtxCov,
)
from torch_uncertainty.metrics.classification.calibration.adaptive_calibration_error import (
    _equal_binning_bucketize_with_bounds,
)
from torchmetrics.classification import MulticlassAccuracy
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

# torch-uncertainty sorts by confidence, and PyTorch leaves equal ones in an order that the processor's instruction set
# decides. Here they stay in the order of the images.
_argsort, _sort = torch.Tensor.argsort, torch.sort
torch.Tensor.argsort = lambda values, dim=-1, descending=False: _argsort(values, dim=dim, descending=descending, stable=True)
torch.sort = lambda values: _sort(values, dim=-1, stable=True)

HERE = pathlib.Path(__file__).resolve().parent
GRID = 1024
BINS = 15
# name, images, classes, members, temperature of the logits
CASES = [
    ("sharp", 80, 10, 1, 3.0), ("flat", 80, 10, 1, 0.5), ("two classes", 60, 2, 1, 2.0),
    ("many classes", 40, 20, 1, 2.0), ("members", 60, 5, 3, 1.5), ("members that agree", 50, 4, 2, 1.0),
    ("many members", 30, 3, 5, 2.0), ("tied", 80, 4, 1, 1.0), ("tied members", 60, 3, 2, 1.0),
    ("absent class", 60, 6, 1, 2.0), ("absent class, members", 40, 5, 2, 2.0), ("perfect", 40, 5, 1, 1.0),
    ("perfect members", 30, 4, 2, 1.0), ("constant", 50, 4, 1, 1.0), ("constant, all classes alike", 48, 8, 1, 1.0),
    ("one image", 1, 10, 1, 2.0), ("one image, members", 1, 4, 3, 2.0), ("two images", 2, 3, 1, 1.0),
    ("fewer images than bins", 9, 4, 2, 1.5), ("saturated", 80, 3, 1, 6.0),
]  # fmt: skip


def on_grid(logits, grid):
    """Softmax in whole numbers over GRID, each at least 1, that sum to it; only multiples of GRID / grid but for one."""
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    step = GRID // grid
    whole = np.maximum(np.round(p * grid).astype(int) * step, 1)
    top = whole.argmax(-1)[..., None]
    rest = whole.sum(-1, keepdims=True) - np.take_along_axis(whole, top, -1)
    np.put_along_axis(whole, top, GRID - rest, -1)
    return np.maximum(whole, 0)


def draw_case(name, images, classes, members, temperature, draw):
    """Whole numbers [members, images, classes], and labels."""
    shared = draw.normal(size=(1, images, classes))
    own = 0.3 * draw.normal(size=(members, images, classes)) if members > 1 else 0
    p = on_grid(temperature * (shared + own), 8 if name.startswith("tied") else GRID)
    labels = np.where(draw.uniform(size=images) < 0.6, p.sum(0).argmax(-1), draw.randint(classes, size=images))
    if name.startswith("absent"):
        labels = np.where(labels == classes - 1, 0, labels)
        p[..., 0] += p[..., classes - 1] - 1
        p[..., classes - 1] = 1
    if name.startswith("perfect"):
        p = GRID * np.eye(classes, dtype=int)[labels][None].repeat(members, 0)
    if name.startswith("constant"):
        row = [GRID // classes] * classes if "alike" in name else [512, 256, 192, 64]
        p = np.array(row)[None, None].repeat(images, 1)
    if name == "saturated":
        # Some rows are exactly sure and right: beside others of the last bin.
        sure = np.arange(images) % 4 == 0
        p[:, sure] = GRID * np.eye(classes, dtype=int)[labels[sure]]
    return p, labels


def below(p):
    """Ours are bins (lo, hi] (Guo et al., 2017). torchmetrics has [lo, hi) and one more for confidences of exactly 1:
    the same where no confidence lies on an edge, so those that do are moved below it."""
    on_edge = torch.isclose(p.max(-1).values * BINS, (p.max(-1).values * BINS).round(), rtol=0, atol=1e-9)
    return torch.where(on_edge[:, None], p * (1 - 1e-9), p)


def of(metric, *inputs):
    metric.update(*inputs)
    return float(metric.compute())


def classification(members, labels):
    """@param members  probabilities [K, N, C], float64"""
    p = members.mean(0)
    classes = p.shape[1]
    confidence, top = p.max(-1)
    values = {
        "cls/Acc": of(MulticlassAccuracy(classes, average="micro"), p, labels),
        "cls/Brier": of(BrierScore(num_classes=classes).set_dtype(torch.float64), p, labels),
        "cls/NLL": of(CategoricalNLL().set_dtype(torch.float64), p, labels),
        "cls/Entropy": of(Entropy().set_dtype(torch.float64), p),
        "sc/AURC": of(AURC(), p, labels),
        "sc/AUGRC": of(AUGRC(), p, labels),
        "sc/Acc_80Cov": 1 - of(RiskAtxCov(0.8), p, labels),
        "sc/Acc_90Cov": 1 - of(RiskAtxCov(0.9), p, labels),
    }
    for name, norm in (("cal/ECE", "l1"), ("cal/MCE", "max")):
        values[name] = of(CalibrationError("multiclass", num_bins=BINS, norm=norm, num_classes=classes), below(p), labels)
    # MulticlassAdaptiveCalibrationError is NaN where there are fewer images than bins; its own bins without the empty
    # ones are not.
    hits, means, shares, _, _ = _equal_binning_bucketize_with_bounds(confidence, (top == labels).double(), BINS)
    values["cal/aECE"] = float(((hits - means).abs() * shares).sum())
    if len(labels) >= BINS:
        theirs = of(CalibrationError("multiclass", adaptive=True, num_bins=BINS, norm="l1", num_classes=classes), p, labels)
        assert abs(theirs - values["cal/aECE"]) < 1e-6
    if len(members) > 1:
        values["cls/MI"] = of(MutualInformation().set_dtype(torch.float64), members.transpose(0, 1))
    return values


def uncertainties(members):
    p = members.mean(0)
    entropy = Entropy("none").set_dtype(torch.float64)
    entropy.update(p)
    found = {"msp": 1 - p.max(-1).values, "entropy": entropy.compute().reshape(-1)}
    if len(members) > 1:
        information = MutualInformation("none").set_dtype(torch.float64)
        information.update(members.transpose(0, 1))
        found["mutual_information"] = information.compute().reshape(-1)
    return found


def detection(inside, outside):
    """By each uncertainty: the images of another data set are the positive ones."""
    values = {}
    theirs = uncertainties(outside)
    for name, own in uncertainties(inside).items():
        # Equal confidences must be equal scores, whatever the last digits of an entropy's sum are.
        scores = torch.cat([own, theirs[name]]).mul(1e9).round().div(1e9 * 4)
        target = torch.cat([torch.zeros(len(own)), torch.ones(len(theirs[name]))]).long()
        values[f"ood/{name}/AUROC"] = float(binary_auroc(scores, target))
        values[f"ood/{name}/AUPR"] = float(binary_average_precision(scores, target))
        values[f"ood/{name}/FPR95"] = of(FPR95(pos_label=1), scores, target)
    return values


def numbers(values):
    return {key: None if math.isnan(value) else value for key, value in values.items()}


def main():
    draw = np.random.RandomState(18)
    cases = []
    for name, images, classes, members, temperature in CASES:
        whole, labels = draw_case(name, images, classes, members, temperature, draw)
        others = max(1, images // 2)
        other, _ = draw_case("tied" if "tied" in name else "", others, classes, members, temperature / 2, draw)
        # How often an image is in a resample, as a bootstrap has it.
        often = np.bincount(draw.randint(images, size=images), minlength=images)
        often_other = np.bincount(draw.randint(others, size=others), minlength=others)
        p, q = (torch.from_numpy(x).double() / GRID for x in (whole, other))
        y = torch.from_numpy(labels)
        again = torch.from_numpy(np.repeat(np.arange(images), often))
        again_other = torch.from_numpy(np.repeat(np.arange(others), often_other))
        cases.append({
            "name": name, "grid": GRID, "probabilities": whole.tolist(), "labels": labels.tolist(), "other": other.tolist(),
            "metrics": numbers(classification(p, y) | detection(p, q)),
            "often": often.tolist(), "often_other": often_other.tolist(),
            "resampled": numbers(classification(p[:, again], y[again]) | detection(p[:, again], q[:, again_other])),
        })  # fmt: skip
    values = draw.normal(size=101)
    quantiles = {"values": values.tolist(), "wanted": np.quantile(values, [0.025, 0.975]).tolist()}
    (HERE / "metrics_golden.json").write_text(json.dumps({"cases": cases, "quantiles": quantiles}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
