# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Training the VGG-like network in bfloat16: batch 100, Adam 1e-3, loss (N/B) sum ce + KL.

CUDA: 50,000 images of 3 x 32 x 32 as bytes on the device (random: time does not depend on them), the whole step (gather,
random crop and flip, forward, backward, Adam) one CUDA graph, channels-last, fused Adam. Two forms: autocast over float32
weights, and weights in bfloat16 beside a float32 master copy that Adam changes.
"""

import torch
import torch.nn.functional as F
from torch import nn

import measure

BATCH, COUNT, SIDE, PAD = 100, 50_000, 32, 4
PLAN = [64, 64, "P", 128, 128, "P", 256, 256, 256, "P", 512, 512, 512, "P", 512, 512, 512, "P"]
CONVS = sum(width != "P" for width in PLAN)


def sampled(m, v):
    """Local reparameterization in float32."""
    m, v = m.float(), v.float()
    return m + torch.randn_like(m) * (v + 1e-16).sqrt()


class Variance(nn.Module):
    """A convolution or dense layer with weights N(mean, exp(log_alpha) mean^2)."""

    def __init__(self, apply, shape):
        super().__init__()
        self.apply_ = apply
        k = torch.Size(shape[1:]).numel() ** -0.5
        self.mean = nn.Parameter(torch.empty(*shape).uniform_(-k, k))
        self.log_alpha = nn.Parameter(torch.full((1,), -5.0))

    def forward(self, x):
        v = self.apply_(x.square(), self.log_alpha.exp() * self.mean.square())
        return sampled(self.apply_(x, self.mean), v).to(x.dtype)

    def kl(self):
        la = self.log_alpha.float()
        per_weight = 0.63576 * torch.sigmoid(-(1.87320 + 1.48695 * la)) + 0.5 * F.softplus(-la)
        return self.mean.numel() * per_weight.sum()


def conv(x, weight):
    return F.conv2d(x, weight.to(x.dtype), padding=1)


def dense(x, weight):
    return F.linear(x, weight.to(x.dtype))


class Dense(nn.Linear):
    def forward(self, x):  # in the input's type, whatever that of weight and bias
        return F.linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class Vgg(nn.Module):
    def __init__(self, variance_convs):
        super().__init__()
        layers, channels, seen = [], 3, 0
        for width in PLAN:
            if width == "P":
                layers.append(nn.MaxPool2d(2))
                continue
            seen += 1
            if seen > CONVS - variance_convs:
                layers.append(Variance(conv, (width, channels, 3, 3)))
            else:
                layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=False))
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        layers += [nn.Flatten(), Variance(dense, (512, 512)), nn.BatchNorm1d(512), nn.ReLU(inplace=True)]
        layers.append(Dense(512, 10))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)

    def kl(self):
        return sum(layer.kl() for layer in self.layers if isinstance(layer, Variance))


class Cropped:
    """Random crop of a zero-padded image and flip, by index: no shape depends on a draw."""

    def __init__(self, device):
        self.padded_side = SIDE + 2 * PAD
        self.line = torch.arange(SIDE, device=device)
        self.channel = torch.arange(3, device=device)

    def __call__(self, padded, index):  # [N, 40, 40, 3] bytes -> [B, 32, 32, 3] bytes
        draw = torch.randint(0, 2 * PAD + 1, (2, BATCH, 1), device=index.device)
        flip = torch.randint(0, 2, (BATCH, 1), device=index.device)
        ys = draw[0] + self.line
        xs = draw[1] + torch.where(flip == 1, SIDE - 1 - self.line, self.line)
        return padded[index[:, None, None], ys[:, :, None], xs[:, None, :]]


def cuda_form(options, device, masters):
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(1)
    net = Vgg(options.variance_convs).to(device).to(memory_format=torch.channels_last).train()
    # Batch norm and log alpha stay float32 in either form.
    low = [p for p in net.parameters() if p.dim() > 1] if masters else []
    master = [p.detach().clone() for p in low]
    for p in low:
        p.data = p.data.to(torch.bfloat16)
    lowered = {id(p) for p in low}
    own = [p for p in net.parameters() if id(p) not in lowered]
    for m in master:
        m.grad = torch.zeros_like(m)
    adam = torch.optim.Adam([*own, *master], lr=1e-3, fused=True, capturable=True)
    images = torch.randint(0, 256, (COUNT, SIDE, SIDE, 3), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (COUNT,), device=device)
    if options.augment:
        images = F.pad(images, (0, 0, PAD, PAD, PAD, PAD))
    crop = Cropped(device)
    steps = COUNT // BATCH
    order = torch.randperm(COUNT, device=device).view(steps, BATCH)
    position = torch.zeros(1, dtype=torch.int64, device=device)

    def one_step():
        index = order.index_select(0, position).view(-1)
        x = crop(images, index) if options.augment else images.index_select(0, index)
        x = x.permute(0, 3, 1, 2).to(torch.bfloat16 if masters else torch.float32).div_(255)
        with torch.autocast("cuda", torch.bfloat16, enabled=not masters, cache_enabled=False):
            logits = net(x)
        nll = F.cross_entropy(logits.float(), labels.index_select(0, index), reduction="sum")
        (nll * (COUNT / BATCH) + net.kl()).backward()
        if masters:
            torch._foreach_copy_([m.grad for m in master], [p.grad for p in low])
        adam.step()
        if masters:
            torch._foreach_copy_([p.data for p in low], master)
        position.add_(1)

    def drop_gradients():
        for p in net.parameters():
            p.grad = None

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            drop_gradients()
            position.zero_()
            one_step()
        drop_gradients()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        one_step()

    # The graph holds addresses only: what lies outside its own memory lives in this closure.
    def work(adam=adam, images=images, labels=labels, master=master, crop=crop):
        order.copy_(torch.randperm(COUNT, device=device).view(steps, BATCH))
        position.zero_()
        for _ in range(steps):
            graph.replay()
        return net

    return work


def run():
    p = measure.parser(__doc__.splitlines()[0], ["autocast", "masters"])
    p.add_argument("--variance-convs", type=int, default=3, help="so many last convolutions are variance layers")
    p.add_argument("--no-augment", dest="augment", action="store_false", help="no random crop and flip")
    options = p.parse_args()
    device = measure.set_up(options)
    if device.type != "cuda":
        raise RuntimeError("train_vgg: a GPU's case, --device cuda")
    makers = {
        "autocast": lambda: cuda_form(options, device, False),
        "masters": lambda: cuda_form(options, device, True),
    }
    form, times, trials, net = measure.race(makers, options, device)
    return measure.result("train-vgg", device, times, COUNT, COUNT / 60000, {
        "unit": "seconds an epoch",
        "form": form,
        "forms": trials,
        "batch": BATCH,
        "augment": options.augment,
        "variance_convs": options.variance_convs,
        "weights": sum(q.numel() for q in net.parameters()),
    })  # fmt: skip


if __name__ == "__main__":
    measure.main("train-vgg", run)
