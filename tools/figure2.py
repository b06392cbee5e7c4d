# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Figure 2 of the paper: networks of one architecture, their ensembles and their sparse forms, attacked side by side.

Each network is attacked three ways by the iterative fast sign with a fixed step and random targets: through all samples
of what it predicts (the honest attack), through one sample (the plain one, which is too weak for a network that draws
noise), and by the images that were made on the deterministic network (transfer).
"""

import csv
import json
import statistics

SAMPLES = 10  # of every ensemble, as in the paper
ATTACKS = ("honest", "plain", "transfer")


class Attacked:
    """A row of the figure: what is attacked, how it predicts, and whether its prediction draws noise."""

    def __init__(self, name, files, mode="ensemble", noise=True):
        self.name, self.files, self.mode, self.noise = name, files, mode, noise


class Figure:
    """@param plain, dropout, variance  Run of five, one and five networks @param layers  that are pruned, or None for all
    @param steps  of 0.5 of 255 each @param every  steps between judgements"""

    def __init__(self, about, plain, dropout, variance, layers, steps, every):
        self.about, self.plain, self.dropout, self.variance = about, plain, dropout, variance
        self.layers, self.steps, self.every = layers, steps, every

    def shortened(self):
        """Of --quick."""
        return Figure(self.about, self.plain, self.dropout, self.variance, self.layers, steps=4, every=1)

    def runs(self):
        return self.plain, self.dropout, self.variance


def prune(varphase, run, sparsity, layers):
    """The run's last epoch with a share of its weights, those of lowest kappa, at zero."""
    file = run / f"pruned/figure2-{100 * sparsity:g}.h5"
    if not file.is_file():
        only = ["--layer", ",".join(layers)] if layers else []
        varphase("prune", run, "--sparsity", sparsity, "--replace", "zero", "--repair", "batch-norm", *only, "--out", file,
                 *varphase.device)
    return file


def attacked_networks(varphase, figure, folders):
    """The deterministic network first. @param folders  of the runs, in the order of Figure.runs()"""
    plain, dropout, variance = folders
    one = figure.variance.networks(variance)[0]
    rows = [Attacked("deterministic", figure.plain.networks(plain)[0], noise=False),
            Attacked("dropout, deterministic", dropout, "deterministic", noise=False),
            Attacked("dropout, ensemble", dropout),
            Attacked("variance network", one),
            Attacked("five networks", plain, noise=False),
            Attacked("five variance networks", variance)]
    for sparsity in (0.95, 0.995):
        rows.append(Attacked(f"variance network, {100 * sparsity:g} % zeros", prune(varphase, one, sparsity, figure.layers)))
    return rows


def attack(varphase, out, figure, arguments, seed, files, more):
    """The result of one attack, taken from its file where it was made before."""
    if not out.is_file():
        varphase("attack", files, "--method", "ifgsm", "--target", "random", "--steps", figure.steps, "--judge-every", figure.every,
                 "--precision", arguments.precision, "--samples", SAMPLES, "--judge-samples", SAMPLES, "--images", arguments.images, "--seed", seed, "--out", out, *more,
                 *varphase.device)
    return json.loads(out.read_text())


def attacks_of_seed(varphase, figure, folders, arguments, seed, out):
    """(network, attack) -> rows by judged step, in the figure's order of networks."""
    rows = attacked_networks(varphase, figure, folders)
    plain = rows[0].files
    made = lambda name, attack_name: out / f"{name.replace(', ', '-').replace(' ', '-').replace('%', 'percent')}-{attack_name}.json"
    found = {}
    for row in rows:
        gradient = "samples" if row.noise else "mean"
        ways = [("honest", gradient)] + ([("plain", "one")] if row.noise else [])
        for name, through in ways:
            result = attack(varphase, made(row.name, name), figure, arguments, seed, row.files,
                            ["--gradient", through, "--mode", row.mode])
            found[row.name, name] = result["judges"][0]["rows"]
    for mode in ("ensemble", "deterministic"):
        judges = [row for row in rows if row.mode == mode and row.files != plain]
        result = attack(varphase, made("all", f"transfer-{mode}"), figure, arguments, seed, plain,
                        ["--gradient", "mean", "--mode", mode, "--judge", *(row.files for row in judges)])
        for row, judge in zip(judges, result["judges"][1:], strict=True):
            found[row.name, "transfer"] = judge["rows"]
    return found


def names_of(by_seed):
    """The networks in the figure's order."""
    return list(dict.fromkeys(name for found in by_seed.values() for name, _ in found))


def text_of(values):
    mean = statistics.mean(values)
    return f"{mean:.1f}" if len(values) == 1 else f"{mean:.1f} (s.d. {statistics.stdev(values):.1f})"


def claims(by_seed):
    """What the paper says of the figure, and in how many seeds it holds under the honest attack, at the last step."""
    conventional = ["deterministic", "dropout, deterministic", "dropout, ensemble", "five networks"]
    variance = ["variance network", "five variance networks"]
    last = lambda found, name: found[name, "honest"][-1]
    said = [
        ("the variance network is fooled less often than dropout, as a network and as an ensemble",
         lambda f: all(last(f, "variance network")["success"] < last(f, name)["success"] for name in conventional[1:3])),
        ("five variance networks are fooled less often than every other",
         lambda f: all(last(f, "five variance networks")["success"] < last(f, name)["success"]
                       for name in [*conventional, "variance network"])),
        ("variance networks are less sure of attacked images than the others",
         lambda f: min(last(f, name)["entropy"] for name in variance) > max(last(f, name)["entropy"] for name in conventional)),
        ("they alone are less sure of attacked images than of clean ones",
         lambda f: all((last(f, name)["entropy"] > f[name, "honest"][0]["entropy"]) == (name in variance)
                       for name in [*conventional, *variance])),
    ]
    lines = ["| the paper says | holds in so many seeds, under the honest attack |", "|---|---|"]
    for text, holds in said:
        lines.append(f"| {text} | {sum(holds(found) for found in by_seed.values())} of {len(by_seed)} |")
    return lines


def table_of(figure, by_seed, note):
    marks = sorted({row["step"] for found in by_seed.values() for rows in found.values() for row in rows})
    marks = sorted({marks[len(marks) // 4], marks[len(marks) // 2], marks[-1]})
    heads = ["network", "attack", *(f"fooled % at step {step}" for step in marks), "entropy, clean", f"entropy, step {marks[-1]}"]
    lines = [f"# {figure.about}", "", note, "", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name in names_of(by_seed):
        for way in ATTACKS:
            rows = [found[name, way] for found in by_seed.values() if (name, way) in found]
            if not rows:
                continue
            at = lambda step, key, rows=rows: [next(r[key] for r in one if r["step"] == step) for one in rows]
            cells = [text_of([100 * x for x in at(step, "success")]) for step in marks]
            entropy = [f"{statistics.mean(at(step, 'entropy')):.3f}" for step in (0, marks[-1])]
            lines.append("| " + " | ".join([name if way == "honest" else "", way, *cells, *entropy]) + " |")
    return "\n".join([*lines, "", *claims(by_seed)]) + "\n"


def write_steps(path, by_seed):
    """The figure's data: a row a network, attack, seed and judged step."""
    columns = ["step", "success", "success_low", "success_high", "entropy", "entropy_low", "entropy_high"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "attack", "seed", *columns])
        for seed, found in by_seed.items():
            for name in names_of(by_seed):
                for way in ATTACKS:
                    for row in found.get((name, way), []):
                        writer.writerow([name, way, seed, *(row[c] for c in columns)])
