// The transition: accuracies and weights over kappa_0, log alpha; by epoch.

const metrics = data.metrics;
const members = known(data.samples) ? `, K = ${data.samples}` : "";
const predictions = [
  [`ensemble${members}`, "ensemble", { width: 3 }], ["deterministic", "deterministic", { width: 3 }],
  ["stochastic", "stochastic", { width: 2 }], [`zero mean${members}`, "zero_mean", { width: 2 }],
];

if (metrics) {
  for (const place of document.querySelectorAll("[data-split]")) place.textContent = data.split;
  const epochs = metrics.epoch;

  const best = () => Math.max(...predictions.flatMap(([, key]) => (metrics.accuracy[key] || []).filter(known)));
  /// With room over the curves for the labels of the marks. Of the top points: as far down as the second best way ends.
  let sky = { room: 0, step: 0 };  // over the curves, of the figure's height: all, and a label's
  const accuracy_range = (labels) => {
    const plot = figure_of("transition").querySelector(".plot");
    // Less what legend and axis take: a narrow window has one name of the legend a row.
    const around = root.dataset.font ? 115 : printing() ? 130 : narrow() ? 210 : 90;
    const [height, label] = [Math.max(120, plot.clientHeight - around), narrow() ? 14.5 : 17];
    const room = Math.min(0.5, (10 + label * labels) / height);
    sky = { room: labels ? room : 0, step: Math.min(label / height, room / Math.max(1, labels)) };
    if (!element("accuracy-top").checked) return { range: [0, 100 / (1 - room)], tickvals: [0, 20, 40, 60, 80, 100] };
    const top = Math.min(100, 100 * best() + 0.3);
    const low = Math.max(0, top - 6);
    const ticks = Array.from({ length: 7 }, (_, at) => Math.ceil(low) + at).filter((tick) => tick <= top);
    return { range: [low, low + (top - low) / (1 - room)], tickvals: ticks };
  };
  element("accuracy-top").addEventListener("change", () => draw("transition"));

  /// Epochs in which the KL term counts nothing or less than whole: [weights, from, to, text, shade]. Epoch 0 is not trained.
  const annealing = () => {
    const { weights, left_out, coming } = kl_course(metrics);
    const stretch = (text, alpha, holds) => {
      const found = epochs.filter((_, at) => known(weights[at]) && holds(weights[at]));
      return found.length ? [{ text, shade: faint("muted", alpha), from: found[0] - 0.5, to: found[found.length - 1] + 0.5 }] : [];
    };
    return [...stretch("KL term left out", 0.2, left_out), ...stretch("KL term comes in", 0.1, coming)];
  };
  /// Signs of one epoch have one line and one label, in the order of the epochs.
  const signs = (transition) => {
    const found = new Map();
    for (const { kind, label, epoch } of transition.marks.filter((mark) => mark.first)) {
      // A gap that is there when one first looks began at that epoch or earlier.
      const when = `${kind === "gap" && transition.low_variance_phase === false ? "by " : ""}epoch ${epoch}`;
      if (!found.has(when)) found.set(when, { epoch, when, labels: [] });
      found.get(when).labels.push(`<b>${plain(label)}</b>`);
    }
    return [...found.values()].sort((a, b) => a.epoch - b.epoch);
  };

  figures.set("transition", () => {
    const transition = data.transition;
    const counted = transition && any(transition.over);
    const phases = annealing();
    const marks = counted ? signs(transition) : [];
    const accuracies = accuracy_range(marks.length);
    const shapes = phases.map(({ shade, from, to }) => ({
      type: "rect", layer: "below", yref: "paper", y0: 0, y1: 1 - sky.room, x0: from, x1: to, fillcolor: shade, line: { width: 0 },
    }));
    // The legend's names of what is shaded.
    const traces = phases.map(({ text, shade }) => ({
      type: "bar", name: text, meta: "phase", x: [epochs[0]], y: [null], marker: { color: shade }, yaxis: "y", hoverinfo: "skip",
    }));
    const annotations = [];
    if (counted) {
      traces.push({
        type: "bar", name: `weights with |κ| > ${log10_text(transition.kappa0)}`, x: transition.epoch,
        y: transition.over.map((count) => (count > 0 ? count : null)), customdata: transition.over, yaxis: "y",
        marker: { color: faint("count", 0.42) }, hovertemplate: "%{customdata:,}",
      });
      // A line ends at its label, so that it crosses none of an earlier epoch; neither is on the shading.
      marks.forEach(({ epoch, when, labels }, position) => {
        const y = 1 - sky.step * position;
        shapes.push(upright(epoch, { y1: y, line: { color: color("muted"), width: 1.3, dash: "dash" } }));
        const left = epoch - epochs[0] > 0.65 * (epochs[epochs.length - 1] - epochs[0]);
        annotations.push(note({
          x: epoch, yref: "paper", y, yanchor: "top", xanchor: left ? "right" : "left", xshift: left ? -4 : 4, borderpad: 0,
          text: `${labels.join(", ")}: ${when}`, font: { size: narrow() ? 11.5 : 12.5, color: color("ink") },
        }));
      });
    }
    for (const [name, key, stroke] of predictions) {
      if (!any(metrics.accuracy[key])) continue;
      traces.push(line(name, epochs, percent(metrics.accuracy[key]), shades[key], {
        yaxis: "y2", line: { color: color(shades[key]), dash: strokes[key], ...stroke }, marker: { size: stroke.width > 2 ? 5.5 : 4 }, meta: key,
        hovertemplate: "%{y:.2f} %",
      }));
    }
    const top = counted ? Math.log10(Math.max(10, transition.weights)) : 1;
    return {
      traces,
      layout: {
        shapes, annotations, bargap: 0.12, barmode: "overlay", xaxis: epoch_axis(epochs),
        margin: { l: 48, r: counted ? 52 : 16, t: 30, b: 40 },
        yaxis: axis(counted ? "weights over κ<sub>0</sub>" : "", {
          side: "right", type: "log", range: [Math.log10(0.7), top * 1.04], dtick: 1, tickformat: "~s", showgrid: false,
          visible: Boolean(counted), color: color("muted"),
        }),
        yaxis2: axis("accuracy, %", { overlaying: "y", side: "left", ...accuracies }),
      },
      csv: {
        columns: ["epoch", ...predictions.map(([, key]) => `${data.split}_accuracy_${key}`), "over_kappa0"],
        rows: epochs.map((epoch, at) => [
          epoch, ...predictions.map(([, key]) => (metrics.accuracy[key] || [])[at]),
          counted ? transition.over[transition.epoch.indexOf(epoch)] : null,
        ]),
      },
    };
  });

  figures.set("log-alpha", () => {
    const shade = series_colors();
    const values = metrics.log_alpha.flatMap((layer) => layer.values).filter(known);
    const crosses = Math.min(...values) < 0 && Math.max(...values) > -1;
    // Where a layer's alpha passes 1.
    const passed = (data.transition?.marks || []).filter((mark) => mark.kind === "alpha" && metrics.log_alpha.some((layer) => layer.layer === mark.layer));
    const value_at = (mark) => metrics.log_alpha.find((layer) => layer.layer === mark.layer).values[epochs.indexOf(mark.epoch)];
    return {
      traces: [...metrics.log_alpha.map((layer, at) => line(layer.layer, epochs, layer.values, shade[at % shade.length], {
        hovertemplate: "%{y:.3f}", showlegend: true,
      })), ...(passed.length ? [{
        type: "scatter", mode: "markers", name: "α passes 1", x: passed.map((mark) => mark.epoch), y: passed.map(value_at),
        marker: { symbol: "star", size: 12, color: color("ink") }, hovertemplate: "%{customdata}: epoch %{x}<extra></extra>", customdata: passed.map((mark) => plain(mark.label)),
      }] : [])],
      layout: {
        xaxis: epoch_axis(epochs), yaxis: axis("log α"),
        shapes: crosses ? [rule({ xref: "paper", x0: 0, x1: 1, y0: 0, y1: 0, line: { color: color("muted"), width: 1, dash: "dot" } })] : [],
        annotations: crosses ? [note({ xref: "paper", x: 0.005, y: 0, text: "α = 1", xanchor: "left", yanchor: "bottom" })] : [],
      },
      csv: {
        columns: ["epoch", ...metrics.log_alpha.map((layer) => `log_alpha/${layer.layer}`)],
        rows: epochs.map((epoch, at) => [epoch, ...metrics.log_alpha.map((layer) => layer.values[at])]),
      },
    };
  });
  if (!metrics.log_alpha.some((layer) => any(layer.values))) { figure_of("log-alpha")?.remove(); }
  if (!predictions.some(([, key]) => any(metrics.accuracy[key])) && !data.transition) { figure_of("transition")?.remove(); }
}
