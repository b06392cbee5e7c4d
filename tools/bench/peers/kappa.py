# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Diagonal Hessian of the variance layer over the training images, closed form, plain PyTorch.

H_ji = sum_n a_ni^2 s_j^2 (phi''(h_nj) r_nj + phi'(h_nj)^2 q_nj) in IEEE float32, r and q in forms that do not cancel.
`--head-only` starts from cached layer inputs a [N, 800], else from bytes. `--check` compares with float64 autograd.
"""

import torch
import torch.nn.functional as F

import lenet
import measure

CLASSES = 10


class ClosedForm:
    """H for one network; BatchNorm folded into the mean weights and into one final scale of H's rows."""

    def __init__(self, net, activation):
        with torch.no_grad():
            weight, self.shift, self.scale = lenet.folded(net.variance.mean, net.bn3)
            self.weight_t = weight.t().contiguous()  # [I, J]
            self.head = net.head.weight.detach().contiguous()  # [C, J]
            self.head_t = self.head.t().contiguous()
            self.first, self.second = torch.triu_indices(CLASSES, CLASSES, 1, device=weight.device)
            self.gaps = (self.head[self.first] - self.head[self.second]).square()  # [45, J]
        self.smooth = activation == "softplus"

    def output_curvature(self, a, y):  # [n, I], [n] -> [n, J], without s^2
        h = torch.addmm(self.shift, a, self.weight_t)
        z = F.softplus(h) if self.smooth else F.relu(h)
        p = (z @ self.head_t).softmax(1)
        q = (p[:, self.first] * p[:, self.second]) @ self.gaps
        if not self.smooth:
            return q * (h > 0)
        # p - e_y with the entry of y as minus the sum of the others: 1 - p_y would round to 0.
        d = p.scatter(1, y.unsqueeze(1), 0.0)
        d = d.scatter(1, y.unsqueeze(1), -d.sum(1, keepdim=True))
        r = d @ self.head
        s = h.sigmoid_()
        return torch.lerp(r, q, s).mul_(s)  # s (1 - s) r + s^2 q

    def add(self, hessian, a, y):
        curvature = self.output_curvature(a, y)
        hessian.addmm_(curvature.t(), a.square())

    def finish(self, hessian):
        return hessian.mul_(self.scale.square().unsqueeze(1))


def forms(options, device, net, images, labels):
    closed = ClosedForm(net, options.activation)
    count = len(labels)
    cached = lenet.FoldedTrunk(net) if options.head_only else None
    if cached:
        with torch.no_grad():
            inputs = torch.cat([cached(c) for c in images.split(2000)])

    def plain(chunk, channels_last=False, compiled=False):
        hessian = torch.zeros(500, 800, device=device)
        trunk = lenet.FoldedTrunk(net, channels_last)
        if compiled:
            trunk = torch.compile(trunk, dynamic=False)

        @torch.no_grad()
        def work():
            hessian.zero_()
            for first in range(0, count, chunk):
                part = slice(first, first + chunk)
                a = inputs[part] if options.head_only else trunk(images[part])
                closed.add(hessian, a, labels[part])
            return closed.finish(hessian)

        return work

    makers = {}
    chunks = options.chunks or ([5000, 10000, 20000] if device.type == "cuda" else [500, 1000, 2000])
    for chunk in chunks:
        layouts = [False] if options.head_only else [False, True]
        for layout in layouts:
            name = f"chunk-{chunk}" + ("-nhwc" if layout else "")
            if device.type == "cuda":
                makers[name + "-graph"] = lambda c=chunk, n=layout: measure.captured(plain(c, n))
            else:
                makers[name] = lambda c=chunk, n=layout: plain(c, n)
    if not options.head_only and (device.type == "cpu" or measure.wants_compile(options)):
        wrap = measure.captured if device.type == "cuda" else lambda work: work
        for chunk in chunks[:2]:
            makers[f"compile-chunk-{chunk}-nhwc"] = lambda c=chunk: wrap(plain(c, True, True))
    return makers


def check(net, closed, images, labels, units=(0, 7, 499)):
    """Largest error of some rows of H over 64 images against float64 double backward, relative to their largest."""
    images, labels = images[:64], labels[:64]
    with torch.no_grad():
        hessian = torch.zeros(500, 800, device=images.device)
        closed.add(hessian, lenet.FoldedTrunk(net)(images), labels)
        closed.finish(hessian)
    net64 = lenet.LeNet("softplus" if closed.smooth else "relu").to(images.device).double().eval()
    net64.load_state_dict(net.state_dict())
    a = net64.trunk(images.double() / 255).detach()
    worst = largest = 0.0
    for unit in units:
        row = net64.variance.mean[unit].detach().clone()

        def loss(row):
            weight = torch.cat([net64.variance.mean[:unit], row[None], net64.variance.mean[unit + 1 :]])
            z = net64.activation(net64.bn3(F.linear(a, weight)))
            return F.cross_entropy(net64.head(z), labels, reduction="sum")

        exact = torch.autograd.functional.hessian(loss, row).diag()
        worst = max(worst, (hessian[unit] - exact).abs().max().item())
        largest = max(largest, exact.abs().max().item())
    return worst / largest


def run():
    p = measure.parser(__doc__.splitlines()[0], ["chunk-N", "chunk-N-nhwc", "...-graph", "compile-chunk-N-nhwc"])
    p.add_argument("--head-only", action="store_true", help="layer inputs cached")
    p.add_argument("--images", type=int, default=60000, help="how many training images")
    p.add_argument("--chunks", type=int, nargs="*", help="images a chunk, to try")
    p.add_argument("--check", action="store_true", help="compare with float64 double backward")
    options = p.parse_args()
    device = measure.set_up(options)
    torch.backends.cudnn.benchmark = True
    images, labels = lenet.read_split(options.data, "train", device)
    images, labels = images[: options.images], labels[: options.images]
    net = lenet.make_lenet(options, device, images)
    detail = {"activation": options.activation}
    if options.check:
        detail["relative_error"] = check(net, ClosedForm(net, options.activation), images, labels)
    form, times, trials, hessian = measure.race(forms(options, device, net, images, labels), options, device)
    detail |= {"form": form, "forms": trials, "sum": hessian.double().sum().item(), "max": hessian.max().item()}
    case = "kappa-head" if options.head_only else "kappa"
    return measure.result(case, device, times, len(labels), len(labels) / 60000, detail)


if __name__ == "__main__":
    measure.main("kappa", run)
