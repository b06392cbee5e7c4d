# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Pruned variance layers: means and variances of the kept weights alone, as CSR matrices."""

import warnings

import torch
from torch.nn import functional as F

from varphase.nn.layers import RandomModule, sample_output


class SparseVarianceLayer(RandomModule):
    """A pruned layer, for prediction: buffers `mean` and `variance` of [out, in * height * width].

    A weight replaced by its mean has one and no variance: `mean` is then a dense array. Buffers are not trained.

    Args:
        mean: sparse CSR, or dense [out, in...]
        variance: sparse CSR [out, in flattened]
        bias: [out], or None
        conv: of a convolution its kernel_size, stride and padding; None: a dense layer
    """

    def __init__(self, mean, variance, bias=None, conv=None):
        super().__init__()
        self.register_buffer("mean", mean if mean.layout == torch.sparse_csr else mean.flatten(1))
        self.register_buffer("variance", variance)
        self.register_buffer("bias", bias)
        self.conv = conv

    def forward(self, x):
        if self.conv is None:
            columns = x.flatten(1).T
        else:
            patches = F.unfold(x, self.conv["kernel_size"], stride=self.conv["stride"], padding=self.conv["padding"])
            columns = patches.permute(1, 0, 2).reshape(patches.shape[1], -1)
        mean = None if self.mode == "zero_mean" else self._output(self.mean @ columns, x)
        variance = None if self.mode == "mean" else self._output(self.variance @ columns.square(), x)
        if self.bias is not None:
            like = variance if mean is None else mean
            bias = self.bias.reshape(-1, *(1,) * (like.dim() - 2))
            mean = bias.expand_as(like) if mean is None else mean + bias
        return mean if variance is None else sample_output(self, mean, variance)

    def _output(self, product, x):
        if self.conv is None:
            return product.T
        height, width = ((x.shape[i] + 2 * self.conv["padding"] - self.conv["kernel_size"]) // self.conv["stride"] + 1
                         for i in (2, 3))  # fmt: skip
        return product.reshape(product.shape[0], x.shape[0], height, width).transpose(0, 1)

    def extra_repr(self):
        rows, columns = self.variance.shape
        kept = self.variance.values().numel()
        return f"{columns}, {rows}, kept={kept} of {rows * columns}"


def csr(indptr, indices, values, shape):
    """A CSR matrix of its three arrays."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks)")
        return torch.sparse_csr_tensor(torch.as_tensor(indptr, dtype=torch.int64), torch.as_tensor(indices, dtype=torch.int64),
                                       torch.as_tensor(values), shape, check_invariants=True)  # fmt: skip


def csr_of_dense(values, kept):
    """A CSR matrix of the kept entries of a dense one, zeros among them."""
    counts = kept.sum(1)
    return csr(torch.cat([counts.new_zeros(1), counts.cumsum(0)]), kept.nonzero()[:, 1].contiguous(), values[kept], kept.shape)
