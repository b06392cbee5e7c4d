# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""LeNet-5 (20-50-500-10) with a variance dense layer, as a PyTorch user would write it, and its data."""

import gzip
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# Name in this module -> name in a Varphase checkpoint.
_NAMES = {
    "conv1.weight": "conv1/weight",
    "conv2.weight": "conv2/weight",
    "variance.mean": "dense1/mean",
    "variance.log_alpha": "dense1/log_alpha",
    "head.weight": "dense2/weight",
    **{
        f"bn{i}.{array}": f"batch_norm{i}/{array}"
        for i in (1, 2, 3)
        for array in ("weight", "bias", "running_mean", "running_var")
    },
}


class VarianceDense(nn.Module):
    """Weights N(mean, exp(log_alpha) mean^2), sampled by local reparameterization."""

    def __init__(self, inputs, outputs):
        super().__init__()
        k = inputs**-0.5
        self.mean = nn.Parameter(torch.empty(outputs, inputs).uniform_(-k, k))
        self.log_alpha = nn.Parameter(torch.full((1,), -5.0))

    def moments(self, a):  # [n, I] -> [n, J], [n, J]
        return F.linear(a, self.mean), self.log_alpha.exp() * F.linear(a.square(), self.mean.square())

    def forward(self, a):
        m, v = self.moments(a)
        return m + torch.randn_like(m) * (v + 1e-16).sqrt()

    def kl(self):
        la = self.log_alpha
        per_weight = 0.63576 * torch.sigmoid(-(1.87320 + 1.48695 * la)) + 0.5 * F.softplus(-la)
        return self.mean.numel() * per_weight.sum()


class LeNet(nn.Module):
    def __init__(self, activation="softplus"):
        super().__init__()
        self.activation = F.softplus if activation == "softplus" else F.relu
        self.conv1 = nn.Conv2d(1, 20, 5, bias=False)
        self.bn1 = nn.BatchNorm2d(20)
        self.conv2 = nn.Conv2d(20, 50, 5, bias=False)
        self.bn2 = nn.BatchNorm2d(50)
        self.variance = VarianceDense(800, 500)
        self.bn3 = nn.BatchNorm1d(500)
        self.head = nn.Linear(500, 10, bias=False)

    def trunk(self, x):  # [n, 1, 28, 28] in 0..1 -> [n, 800]
        # ReLU and max pooling commute; pooling first leaves ReLU a quarter of the elements.
        x = F.relu(F.max_pool2d(self.bn1(self.conv1(x)), 2))
        x = F.relu(F.max_pool2d(self.bn2(self.conv2(x)), 2))
        return x.flatten(1)

    def forward(self, x):
        return self.head(self.activation(self.bn3(self.variance(self.trunk(x)))))


def folded(conv_or_mean, bn):
    """Weight and bias of a linear map with the eval-mode BatchNorm after it folded in, and BN's scale."""
    scale = bn.weight / (bn.running_var + bn.eps).sqrt()
    shape = [-1] + [1] * (conv_or_mean.dim() - 1)
    return conv_or_mean * scale.view(shape), bn.bias - bn.running_mean * scale, scale


class FoldedTrunk(nn.Module):
    """The trunk for inference: BatchNorm and the division by 255 folded into the convolutions; takes bytes."""

    def __init__(self, net, channels_last=False):
        super().__init__()
        with torch.no_grad():
            w1, b1, _ = folded(net.conv1.weight / 255, net.bn1)
            w2, b2, _ = folded(net.conv2.weight, net.bn2)
        form = torch.channels_last if channels_last else torch.contiguous_format
        self.w1, self.b1 = w1.contiguous(memory_format=form), b1
        self.w2, self.b2 = w2.contiguous(memory_format=form), b2

    def forward(self, pixels):  # [n, 1, 28, 28] uint8 -> [n, 800]
        x = F.relu(F.max_pool2d(F.conv2d(pixels.float(), self.w1, self.b1), 2))
        x = F.relu(F.max_pool2d(F.conv2d(x, self.w2, self.b2), 2))
        return x.flatten(1)


def read_idx(folder, stem):
    path = os.path.join(folder, stem)
    path = path if os.path.exists(path) else path + ".gz"
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        raw = f.read()
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape).copy())


def read_split(folder, split, device):
    """Images [N, 1, 28, 28] uint8 and labels [N] int64; split is "train" or "t10k"."""
    images = read_idx(folder, f"{split}-images-idx3-ubyte").unsqueeze(1)
    return images.to(device), read_idx(folder, f"{split}-labels-idx1-ubyte").long().to(device)


def make_lenet(options, device, images):
    """A network in eval mode with the given weights, or random ones with BatchNorm statistics of some images."""
    torch.manual_seed(1)
    net = LeNet(options.activation)
    if options.weights:
        _load(net, options.weights)
        net.to(device)
    else:
        net.to(device).train()
        for bn in (net.bn1, net.bn2, net.bn3):
            bn.momentum = None  # plain average: one batch sets it
        with torch.no_grad():
            net(images[:1000].float() / 255)
        for bn in (net.bn1, net.bn2, net.bn3):
            bn.momentum = 0.1
    return net.eval()


def save(net, path):
    """Writes parameters and BatchNorm statistics as .npz, under this module's names."""
    np.savez(path, **{k: v.detach().cpu().contiguous().numpy() for k, v in net.state_dict().items()})


def _load(net, path):
    if path.endswith(".npz"):
        arrays = dict(np.load(path))
    else:
        import h5py

        arrays = {}
        with h5py.File(path, "r") as f:
            for group in ("parameters", "buffers"):
                f[group].visititems(
                    lambda name, item: arrays.__setitem__(name, item[()]) if hasattr(item, "shape") else None
                )
    state = net.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        found = next((n for n in (name, _NAMES[name]) if n in arrays and arrays[n].size == tensor.numel()), None)
        if found is None:
            raise KeyError(f"{path}: no {_NAMES[name]} of {tensor.numel()} numbers; the file has {sorted(arrays)}")
        with torch.no_grad():
            tensor.copy_(torch.from_numpy(np.asarray(arrays[found], np.float32)).view(tensor.shape))
