# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Ensemble of K samples on the test images, trunk and moments (m, v) cached.

h = BN(m + eps sqrt(v)), phi, dense, softmax; mean of the probabilities, accuracy, NLL. CPU: chunks sized for the
cache, all threads in an operation, or one thread a share of the images (PyTorch draws normals on one thread only).
CUDA: several members at a time, as one CUDA graph, eager or compiled. `--loop`: nothing cached, the whole network
K times, the loop that people write.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
import torch.nn.functional as F

import lenet
import measure


class Head:
    """What follows the moments; BatchNorm is folded into them."""

    def __init__(self, net, activation):
        scale = (net.bn3.weight / (net.bn3.running_var + net.bn3.eps).sqrt()).detach()
        self.scale, self.shift = scale, (net.bn3.bias - net.bn3.running_mean * scale).detach()
        self.weight_t = net.head.weight.detach().t().contiguous()  # [J, C]
        self.activation = activation

    def normalized(self, m, v):
        return torch.addcmul(self.shift, m, self.scale), (v + 1e-16).sqrt_().mul_(self.scale)

    def phi(self, h):
        return F.relu_(h) if self.activation == "relu" else F.softplus(h)


def moments(net, images):
    with torch.no_grad():
        trunk = lenet.FoldedTrunk(net)
        a = torch.cat([trunk(c) for c in images.split(1000)])
        return a, *net.variance.moments(a)


def scores(probabilities, labels):
    """Accuracy and NLL of summed member probabilities [n, C], already divided by K."""
    nll = -probabilities.gather(1, labels[:, None]).log().mean()
    return (probabilities.argmax(1) == labels).float().mean(), nll


def cpu_form(head, m, v, labels, samples, chunk, workers):
    generators = [torch.Generator().manual_seed(i) for i in range(workers)]
    share = -(-len(labels) // workers)

    def part(worker):
        if workers > 1:
            torch.set_num_threads(1)
        out = []
        with torch.inference_mode():
            first, last = worker * share, min((worker + 1) * share, len(labels))
            for start in range(first, last, chunk):
                rows = slice(start, min(start + chunk, last))
                mean, sd = head.normalized(m[rows], v[rows])
                h = torch.empty_like(mean)
                total = torch.zeros(len(mean), head.weight_t.shape[1])
                for _ in range(samples):
                    h.normal_(generator=generators[worker])
                    z = head.phi(torch.addcmul(mean, h, sd, out=h))
                    total += (z @ head.weight_t).softmax(1)
                out.append(total.div_(samples))
        return torch.cat(out)

    pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def work():
        parts = [part(0)] if pool is None else list(pool.map(part, range(workers)))
        return scores(torch.cat(parts), labels)

    return work


def cuda_form(head, m, v, labels, samples, together, compiled):
    def members(mean, sd):  # probabilities summed over `together` members
        eps = torch.randn(together, *mean.shape, device=mean.device)
        z = head.phi(torch.addcmul(mean, eps, sd))
        return (z @ head.weight_t).softmax(2).sum(0)

    call = torch.compile(members, dynamic=False) if compiled else members

    @torch.no_grad()
    def work():
        mean, sd = head.normalized(m, v)
        total = torch.zeros(len(mean), head.weight_t.shape[1], device=mean.device)
        for _ in range(samples // together):
            total += call(mean, sd)
        return scores(total.div_(samples), labels)

    return measure.captured(work)


def loop_form(net, images, labels, batch):
    """Members in a plain loop over forward passes of the whole network, from bytes."""

    @torch.inference_mode()
    def work(samples):
        parts = []
        for chunk in images.split(batch):
            x = chunk.float() / 255
            parts.append(sum(net(x).softmax(1) for _ in range(samples)) / samples)
        return scores(torch.cat(parts), labels)

    return work


def loop_forms(options, device, net, images, labels):
    sizes = (1000, 10000) if device.type == "cuda" else (10000,)
    return {f"loop-{n}": lambda n=n: partial(loop_form(net, images, labels, n), options.samples) for n in sizes}


def forms(options, device, head, m, v, labels):
    k = options.samples
    makers = {}
    if device.type == "cuda":
        for together in (1, 5, 10):
            makers[f"graph-{together}"] = lambda t=together: cuda_form(head, m, v, labels, k, t, False)
        for together in (1, 10):
            makers[f"compile-graph-{together}"] = lambda t=together: cuda_form(head, m, v, labels, k, t, True)
        return makers
    threads = torch.get_num_threads()
    for chunk in (250, 1000, 2500):
        makers[f"chunk-{chunk}"] = lambda c=chunk: cpu_form(head, m, v, labels, k, c, 1)
        makers[f"chunk-{chunk}-workers"] = lambda c=chunk: cpu_form(head, m, v, labels, k, c, threads)
    return makers


def run():
    p = measure.parser(__doc__.splitlines()[0], ["chunk-N", "chunk-N-workers", "graph-N", "compile-graph-N", "loop-N"])
    p.add_argument("--samples", type=int, default=50, help="members K")
    p.add_argument("--loop", action="store_true", help="nothing cached: the whole network for each member")
    options = p.parse_args()
    device = measure.set_up(options)
    images, labels = lenet.read_split(options.data, "t10k", device)
    net = lenet.make_lenet(options, device, images)
    if options.loop:
        makers = loop_forms(options, device, net, images, labels)
        raced = measure.race(makers, options, device, trial=lambda work: work.func(2))  # of the members, for a trial
    else:
        _, m, v = moments(net, images)
        raced = measure.race(forms(options, device, Head(net, options.activation), m.detach(), v.detach(), labels), options, device)
    form, times, trials, (accuracy, nll) = raced
    detail = {"form": form, "forms": trials, "samples": options.samples, "activation": options.activation}
    detail |= {"accuracy": accuracy.item(), "nll": nll.item()}
    return measure.result("ensemble", device, times, len(labels), len(labels) * options.samples / 60000, detail)


if __name__ == "__main__":
    measure.main("ensemble", run)
