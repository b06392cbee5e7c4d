# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Reads an image folder with torchvision's ImageFolder and a DataLoader into one uint8 tensor.

`--data` is a folder with train/CLASS/FILE; `--form workers-N` takes N worker processes, the default tries all cores.
"""

import os
import pathlib

import numpy as np
import torch
import torchvision

import measure


def as_bytes(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def forms(options):
    def reader(workers, batch=250):
        def work():
            images = torchvision.datasets.ImageFolder(str(pathlib.Path(options.data) / "train"), as_bytes)
            loader = torch.utils.data.DataLoader(images, batch, num_workers=workers)
            return torch.cat([pixels for pixels, _ in loader])

        return work

    cores = options.threads or os.cpu_count()
    return {f"workers-{n}": lambda n=n: reader(n) for n in (0, cores)}


def run():
    options = measure.parser(__doc__.splitlines()[0], ["workers-N"]).parse_args()
    device = measure.set_up(options)
    form, times, trials, pixels = measure.race(forms(options), options, device)
    detail = {"form": form, "forms": trials, "pixel_sum": int(pixels.sum(dtype=torch.int64))}
    return measure.result("image-folder", device, times, len(pixels), len(pixels) / 60000, detail)


if __name__ == "__main__":
    measure.main("image-folder", run)
