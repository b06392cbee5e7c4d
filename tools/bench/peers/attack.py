# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Ten steps of the targeted iterative fast sign through ten samples each of LeNet-5 or, with --vgg, the VGG-like network.

The samples are rows of one batch, each step with new noise; the loss is -log of the samples' mean probability of the
target. On a GPU TF32, channels-last, and all steps of a batch one CUDA graph. Forms: rows a batch, and whether the
samples part before the first layer (batch) or where the network first draws noise (shared).
"""

import torch
from torch import nn

import ensemble_vgg
import lenet
import measure

STEPS, SAMPLES, STEP = 10, 10, 0.5  # of 255
IMAGES = {("lenet", "cuda"): 10_000, ("lenet", "cpu"): 1_000, ("vgg", "cuda"): 10_000, ("vgg", "cpu"): 20}


def lenet_parts(options, device):
    images, labels = lenet.read_split(options.data, "t10k", device)
    net = lenet.make_lenet(options, device, images)

    class After(nn.Module):
        def forward(self, a):
            return net.head(net.activation(net.bn3(net.variance(a))))

    class Before(nn.Module):
        def forward(self, x):
            return net.trunk(x)

    count = IMAGES["lenet", device.type]
    return Before(), After(), net.parameters(), images[:count], labels[:count]


def vgg_parts(device):
    before, after = ensemble_vgg.network(device)
    count = IMAGES["vgg", device.type]
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, device=device)
    parameters = [*before.parameters(), *after.parameters()]
    return before, after, parameters, images, torch.randint(0, 10, (count,), device=device)


def attack(parts, device, rows, shared):
    before, after, parameters, images, labels = parts
    for p in parameters:
        p.requires_grad_(False)
    layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
    before, after = before.to(memory_format=layout), after.to(memory_format=layout)
    size = min(rows // SAMPLES, len(images))
    target = (labels + 1) % 10

    def steps(x, aim):
        for _ in range(STEPS):
            x = x.detach().requires_grad_()
            scaled = (x / 255).contiguous(memory_format=layout)
            if shared:
                inside = before(scaled).repeat_interleave(SAMPLES, 0)
            else:
                inside = before(scaled.repeat_interleave(SAMPLES, 0))
            log_p = torch.log_softmax(after(inside), 1).view(len(x), SAMPLES, -1)
            loss = -log_p.logsumexp(1).gather(1, aim[:, None]).sum()
            x = (x - STEP * torch.autograd.grad(loss, x)[0].sign()).clamp(0, 255)
        return x.detach()

    if device.type == "cuda":
        pixels = images[:size].float().contiguous(memory_format=layout)
        aim = target[:size].clone()
        graph = measure.captured(lambda: steps(pixels, aim))

        def whole(first=len(images)):
            done = []
            for at in range(0, first - size + 1, size):  # sizes are chosen so that they divide the images
                pixels.copy_(images[at : at + size])
                aim.copy_(target[at : at + size])
                done.append(graph().clone())
            return torch.cat(done)

        return whole

    def whole(first=len(images)):
        return torch.cat([steps(images[at : at + size].float(), target[at : at + size]) for at in range(0, first, size)])

    return whole


def run():
    p = measure.parser(__doc__.splitlines()[0], ["batch-ROWS", "shared-ROWS"])
    p.add_argument("--vgg", action="store_true", help="the VGG-like network with dropout")
    p.add_argument("--alike", action="store_true", help="only forms whose samples part before the first layer")
    options = p.parse_args()
    device = measure.set_up(options)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    parts = vgg_parts(device) if options.vgg else lenet_parts(options, device)
    count = len(parts[3])
    sizes = {"cuda": (2_500, 5_000) if options.vgg else (10_000, 50_000), "cpu": (200,) if options.vgg else (1_000, 5_000)}
    names = [f"{way}-{rows}" for way in ("batch", "shared") for rows in sizes[device.type]]
    chosen = [name for name in names if not (options.alike and name.startswith("shared"))]

    def maker(name):
        way, rows = name.split("-")
        return lambda: attack(parts, device, int(rows), way == "shared")

    trial = lambda work: work(max(count // 2, 1))
    form, times, trials, moved = measure.race({name: maker(name) for name in chosen}, options, device, trial)
    detail = {"form": form, "forms": trials, "samples": SAMPLES, "steps": STEPS}
    detail["moved"] = (moved - parts[3].float()).abs().mean().item()
    case = "attack-vgg" if options.vgg else "attack-lenet"
    return measure.result(case, device, times, count, count * SAMPLES * STEPS / 60000, detail)


if __name__ == "__main__":
    measure.main("attack", run)
