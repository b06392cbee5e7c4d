# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Both moments of a 512 x 512 x 3 x 3 convolution of 2 x 2 places at 98 % zeros for 1,000 images.

Dense convolutions, channels first or last, or torch.sparse_csr products with the unfolded images: PyTorch has no
sparse convolution of its own.
"""

import torch
from torch.nn.functional import conv2d, unfold

import measure

CHANNELS, SIDE, IMAGES, SPARSITY = 512, 2, 1000, 0.98


def forms(device):
    shape = (CHANNELS, CHANNELS, 3, 3)
    keep = torch.rand(shape, device=device) >= SPARSITY
    mean = torch.randn(shape, device=device) * keep
    variance = torch.rand(shape, device=device) * keep
    x = torch.rand(IMAGES, CHANNELS, SIDE, SIDE, device=device)

    def dense(layout):
        images, m, s = (t.contiguous(memory_format=layout) for t in (x, mean, variance))

        @torch.no_grad()
        def work():
            return conv2d(images, m, padding=1), conv2d(images.square(), s, padding=1)

        return work

    csr_mean, csr_variance = (t.flatten(1).to_sparse_csr() for t in (mean, variance))

    @torch.no_grad()
    def csr():
        columns = unfold(x, 3, padding=1).transpose(0, 1).flatten(1)  # [in * 9, images * places]
        def folded(rows):
            return rows.view(CHANNELS, IMAGES, SIDE, SIDE).transpose(0, 1).contiguous()

        return folded(csr_mean @ columns), folded(csr_variance @ columns.square())

    return {
        "dense": lambda: dense(torch.contiguous_format),
        "dense-channels-last": lambda: dense(torch.channels_last),
        "unfold-csr": lambda: csr,
    }


def run():
    names = ["dense", "dense-channels-last", "unfold-csr"]
    return measure.run_forms("sparse-convolution", __doc__.splitlines()[0], names, forms, IMAGES)


if __name__ == "__main__":
    measure.main("sparse-convolution", run)
