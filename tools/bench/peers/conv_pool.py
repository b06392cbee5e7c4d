# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""LeNet-5's two convolutions, each with ReLU and 2 x 2 max pooling, over 1,000 images on one thread of the CPU.

As plain operations, channels first or last, or compiled.
"""

import torch
from torch.nn.functional import conv2d, max_pool2d, relu

import measure

IMAGES = 1000
LAYERS = [(1, 28, 20), (20, 12, 50)]  # channels, side, output channels; kernels of 5 x 5


def block(x, weight, bias):
    return max_pool2d(relu(conv2d(x, weight, bias)), 2)


def forms(device):
    torch.set_num_threads(1)
    layers = [
        (torch.rand(IMAGES, channels, side, side), torch.randn(out, channels, 5, 5), torch.randn(out))
        for channels, side, out in LAYERS
    ]

    def plain(layout, call):
        jobs = [(x.contiguous(memory_format=layout), w.contiguous(memory_format=layout), b) for x, w, b in layers]

        @torch.no_grad()
        def work():
            return [call(*job) for job in jobs]

        return work

    return {
        "plain": lambda: plain(torch.contiguous_format, block),
        "plain-channels-last": lambda: plain(torch.channels_last, block),
        "compile-channels-last": lambda: plain(torch.channels_last, torch.compile(block, dynamic=False)),
    }


def run():
    names = ["plain", "plain-channels-last", "compile-channels-last"]
    return measure.run_forms("conv-pool", __doc__.splitlines()[0], names, forms, IMAGES)


if __name__ == "__main__":
    measure.main("conv-pool", run)
