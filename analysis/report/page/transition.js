// The transition: accuracies and weights over kappa_0, log alpha; by epoch.

const metrics = data.metrics;
const predictions = [
  ["ensemble", "ensemble", { width: 3 }], ["deterministic", "deterministic", { width: 3 }],
  ["stochastic", "stochastic", { width: 2, dash: "dash" }], ["zero mean", "zero_mean", { width: 2, dash: "dot" }],
];

if (metrics) {
  for (const place of document.querySelectorAll("[data-split]")) place.textContent = data.split;
  const epochs = metrics.epoch;

  const best = () => Math.max(...predictions.flatMap(([, key]) => (metrics.accuracy[key] || []).filter(known)));
  /// With room over the curves for the labels of the marks. Of the top points: as far down as the second best way ends.
  const accuracy_range = (labels) => {
    const plot = figure_of("transition").querySelector(".plot");
    const room = Math.min(0.5, (10 + 17 * labels) / Math.max(120, plot.clientHeight - 90));
    if (!element("accuracy-top").checked) return { range: [0, 100 / (1 - room)], tickvals: [0, 20, 40, 60, 80, 100] };
    const top = Math.min(100, 100 * best() + 0.3);
    const low = Math.max(0, top - 6);
    const ticks = Array.from({ length: 7 }, (_, at) => Math.ceil(low) + at).filter((tick) => tick <= top);
    return { range: [low, low + (top - low) / (1 - room)], tickvals: ticks };
  };
  element("accuracy-top").addEventListener("change", () => draw("transition"));

  figures.set("transition", () => {
    const transition = data.transition;
    const counted = transition && any(transition.over);
    const traces = [];
    const shapes = [];
    const annotations = [];
    if (counted) {
      traces.push({
        type: "bar", name: `weights with |κ| > ${log10_text(transition.kappa0)}`, x: transition.epoch,
        y: transition.over.map((count) => (count > 0 ? count : null)), customdata: transition.over, yaxis: "y",
        marker: { color: faint("count", 0.42) }, hovertemplate: "%{customdata:,}",
      });
      const marks = [["onset", transition.onset, "count"], ["drop", transition.drop, "deterministic"], ["gap", transition.gap, "ensemble"]]
        .filter(([, epoch]) => known(epoch));
      marks.sort((a, b) => a[1] - b[1]);
      marks.forEach(([what, epoch, shade], position) => {
        // A gap that is there when one first looks began at that epoch or earlier.
        const by = what === "gap" && transition.low_variance_phase === false ? "by " : "";
        shapes.push(upright(epoch, { line: { color: color(shade), width: 1.5, dash: "dash" } }));
        const left = epoch - epochs[0] > 0.5 * (epochs[epochs.length - 1] - epochs[0]);
        annotations.push(note({
          x: epoch, yref: "paper", y: 1, yshift: -17 * position, yanchor: "top", xanchor: left ? "right" : "left",
          xshift: left ? -4 : 4, text: `<b>${what}</b>: ${by}epoch ${epoch}`, font: { size: 12.5, color: color("ink") },
          bgcolor: color("paper"), opacity: 0.9,
        }));
      });
    }
    for (const [name, key, stroke] of predictions) {
      if (!any(metrics.accuracy[key])) continue;
      traces.push(line(name, epochs, percent(metrics.accuracy[key]), shades[key], {
        yaxis: "y2", line: { color: color(shades[key]), ...stroke }, marker: { size: stroke.width > 2 ? 5.5 : 4 },
        hovertemplate: "%{y:.2f} %",
      }));
    }
    const top = counted ? Math.log10(Math.max(10, transition.weights)) : 1;
    return {
      traces,
      layout: {
        shapes, annotations, bargap: 0.12, xaxis: epoch_axis(epochs),
        margin: { l: 48, r: counted ? 52 : 16, t: 30, b: 40 },
        yaxis: axis(counted ? "weights over κ<sub>0</sub>" : "", {
          side: "right", type: "log", range: [Math.log10(0.7), top * 1.04], dtick: 1, tickformat: "~s", showgrid: false,
          visible: Boolean(counted), color: color("muted"),
        }),
        yaxis2: axis("accuracy, %", { overlaying: "y", side: "left", ...accuracy_range(annotations.length) }),
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
    return {
      traces: metrics.log_alpha.map((layer, at) => line(layer.layer, epochs, layer.values, shade[at % shade.length], {
        hovertemplate: "%{y:.3f}", showlegend: true,
      })),
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
