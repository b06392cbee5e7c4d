# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Pruning sweep: 41 thresholds on |kappa| x {mean, zero} x K samples on the test images, a hand-tuned eager loop.

The trunk's output is cached. Each threshold costs two products with masked weights (the variance is shared by the
two rules); each block of normals is drawn once and used by all 82 settings. Accuracy and NLL of every setting.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import torch

import ensemble
import lenet
import measure
from kappa import ClosedForm

RULES = 2  # mean, zero


def masks(net, kappa, count):
    """Masked weights, one threshold at a time: thresholds are spread evenly over the ranks of |kappa|."""
    score = kappa.abs()
    ranks = torch.linspace(0.0, 1.0, count, device=score.device)
    ordered = score.flatten().sort().values
    thresholds = ordered[(ranks * (len(ordered) - 1)).long()]
    mean = net.variance.mean.detach()
    variance = net.variance.log_alpha.detach().exp() * mean.square()
    for threshold in thresholds:
        keep = (score > threshold).float()
        yield (mean * keep).t(), (variance * keep).t()


def cpu_form(head, net, kappa, a, labels, options, block, workers):
    """`block` images x K members at a time, so that their activations stay in the cache."""
    k, outer = options.samples, 1000
    share = -(-len(labels) // workers)
    generators = [torch.Generator().manual_seed(i) for i in range(workers)]
    weight = net.variance.mean.detach().t()

    def part(worker, masked, total):
        if workers > 1:
            torch.set_num_threads(1)
        with torch.inference_mode():
            first, last = worker * share, min((worker + 1) * share, len(labels))
            for start in range(first, last, outer):
                x = a[start : min(start + outer, last)]
                squares, full = x.square(), x @ weight
                settings = []  # (mean, sd) after BatchNorm, [n, J], for each threshold and rule
                for mean_t, variance_t in masked:
                    v = squares @ variance_t
                    settings.append([head.normalized(full, v), head.normalized(x @ mean_t, v)])
                eps = torch.empty(k, block, 500)
                h = torch.empty_like(eps)
                for row in range(0, len(x), block):
                    rows = slice(row, min(row + block, len(x)))
                    n = rows.stop - rows.start
                    noise, out = eps[:, :n], h[:, :n]
                    noise.normal_(generator=generators[worker])
                    for t, both in enumerate(settings):
                        for rule, (mean, sd) in enumerate(both):
                            torch.addcmul(mean[rows], noise, sd[rows], out=out)
                            logits = head.phi(out) @ head.weight_t
                            total[t, rule, start + row : start + row + n] = logits.softmax(2).mean(0)

    pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def work(thresholds=options.thresholds):
        masked = list(itertools.islice(masks(net, kappa, options.thresholds), thresholds))
        total = torch.empty(thresholds, RULES, len(labels), 10)
        if pool is None:
            part(0, masked, total)
        else:
            list(pool.map(lambda w: part(w, masked, total), range(workers)))
        return [[ensemble.scores(total[t, rule], labels) for rule in range(RULES)] for t in range(thresholds)]

    return work


def cuda_form(head, net, kappa, a, labels, options, together, graph, compiled=False):
    k = options.samples
    with torch.no_grad():
        squares = a.square()
        full = a @ net.variance.mean.t()
    noise = torch.empty(k, len(a), 500, device=a.device)  # 1 GB for 50 x 10,000
    mean_t, variance_t = torch.empty(800, 500, device=a.device), torch.empty(800, 500, device=a.device)

    def members(mean, sd, eps):
        return (head.phi(torch.addcmul(mean, eps, sd)) @ head.weight_t).softmax(2).sum(0)

    call = torch.compile(members, dynamic=False) if compiled else members

    def both_rules():
        v = squares @ variance_t
        out = []
        for m in (full, a @ mean_t):
            mean, sd = head.normalized(m, v)
            total = torch.zeros(len(a), 10, device=a.device)
            for first in range(0, k, together):
                total += call(mean, sd, noise[first : first + together])
            out.append(torch.stack(ensemble.scores(total.div_(k), labels)))
        return torch.stack(out)

    with torch.no_grad():
        noise.normal_()
        mean_t.normal_()
        variance_t.fill_(1e-4)
        step = measure.captured(both_rules) if graph else both_rules

    @torch.no_grad()
    def work():
        noise.normal_()
        rows = []
        for masked_mean, masked_variance in masks(net, kappa, options.thresholds):
            mean_t.copy_(masked_mean)
            variance_t.copy_(masked_variance)
            rows.append(step().clone())
        return torch.stack(rows).tolist()

    return work


def forms(options, device, head, net, kappa, a, labels):
    shared = (head, net, kappa, a, labels, options)
    makers = {}
    if device.type == "cuda":
        for together in (1, 5, 10):
            makers[f"eager-{together}"] = lambda t=together: cuda_form(*shared, t, False)
            makers[f"graph-{together}"] = lambda t=together: cuda_form(*shared, t, True)
        if measure.wants_compile(options):
            for together in (1, 10):
                makers[f"compile-graph-{together}"] = lambda t=together: cuda_form(*shared, t, True, True)
        return makers
    threads = torch.get_num_threads()
    for block in (10, 25, 50):
        makers[f"block-{block}"] = lambda b=block: cpu_form(*shared, b, 1)
        makers[f"block-{block}-workers"] = lambda b=block: cpu_form(*shared, b, threads)
    return makers


def run():
    p = measure.parser(__doc__.splitlines()[0], ["block-N", "block-N-workers", "eager-N", "graph-N", "compile-graph-N"])
    p.add_argument("--samples", type=int, default=50, help="members K")
    p.add_argument("--thresholds", type=int, default=41)
    options = p.parse_args()
    device = measure.set_up(options)
    images, labels = lenet.read_split(options.data, "t10k", device)
    net = lenet.make_lenet(options, device, images)
    a, _, _ = ensemble.moments(net, images)
    head = ensemble.Head(net, options.activation)
    closed = ClosedForm(net, options.activation)
    with torch.no_grad():
        hessian = torch.zeros(500, 800, device=device)
        for x, y in zip(a.split(1000), labels.split(1000)):
            closed.add(hessian, x, y)
        kappa = net.variance.log_alpha.exp() * net.variance.mean.square() * closed.finish(hessian)
    trial = (lambda work: work(1)) if device.type == "cpu" else (lambda work: work())
    made = forms(options, device, head, net, kappa, a, labels)
    form, times, trials, table = measure.race(made, options, device, trial)
    number = lambda x: x if isinstance(x, float) else x.item()
    detail = {"form": form, "forms": trials, "samples": options.samples, "thresholds": options.thresholds}
    detail |= {"trial": "1 threshold" if device.type == "cpu" else "all", "activation": options.activation}
    detail["accuracy_mean_zero"] = [[round(number(rule[0]), 4) for rule in row] for row in table]
    settings = options.thresholds * RULES * options.samples
    return measure.result("sweep", device, times, len(labels), len(labels) * settings / 60000, detail)


if __name__ == "__main__":
    measure.main("sweep", run)
