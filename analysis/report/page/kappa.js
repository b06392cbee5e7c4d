// Where kappa lies: the histogram of one epoch, of all epochs as a map, the slider.

const kappa = data.kappa;
const chosen = { layer: 0, epoch: 0 };

if (kappa) {
  const bins = kappa.layers[0].epochs[0].bins.length;
  const centers = Array.from({ length: bins }, (_, bin) => kappa.first + kappa.width * (bin + 0.5));
  const threshold = Math.log10(kappa.kappa0);
  const layer = () => kappa.layers[chosen.layer];
  const epoch_count = () => layer().epochs.length;
  const entry = () => layer().epochs[chosen.epoch];
  /// The stretch of log10 |kappa| that any epoch fills, with room for the threshold.
  const stretch = () => {
    let low = bins - 1;
    let high = 0;
    for (const epoch of layer().epochs) {
      epoch.bins.forEach((count, bin) => {
        if (count > 0) { low = Math.min(low, bin); high = Math.max(high, bin); }
      });
    }
    if (low > high) return [threshold - 2, threshold + 2];
    const from = kappa.first + kappa.width * low;
    const to = kappa.first + kappa.width * (high + 1);
    return [Math.min(from, threshold) - 0.4, Math.max(to, threshold) + 1];
  };
  /// Whole decades, about eight of them; the one at the end that stands for exact zeros says so.
  const decades = ([from, to]) => {
    const step = [1, 2, 5].find((size) => (to - from) / size < 9) || 10;
    const ticks = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
    return { tickmode: "array", tickvals: ticks, ticktext: ticks.map((at) => (at === kappa.first ? "κ = 0" : `${at}`.replace("-", "−"))) };
  };
  const largest = () => Math.max(1, ...layer().epochs.map((epoch) => Math.max(...epoch.bins)));

  figures.set("histogram", () => {
    const range = stretch();
    const shade = centers.map((center, bin) => (
      bin === 0 && entry().zeros > 0 ? color("at-zero") : center > threshold ? color("over") : color("under")));
    const logarithmic = element("kappa-log").checked;
    const top = largest();
    return {
      traces: [{
        type: "bar", x: centers, y: entry().bins, width: kappa.width, marker: { color: shade, line: { width: 0 } }, showlegend: false,
        customdata: centers.map((_, bin) => `${(kappa.first + kappa.width * bin).toFixed(2)} to ${(kappa.first + kappa.width * (bin + 1)).toFixed(2)}`),
        hovertemplate: "%{customdata}: %{y:,} weights<extra></extra>",
      }],
      layout: {
        bargap: 0, hovermode: "closest", shapes: [upright(threshold, { line: { color: color("over"), width: 1.8, dash: "dash" } })],
        annotations: [
          note({ x: threshold, yref: "paper", y: 1, yanchor: "bottom", xanchor: "center", text: `κ<sub>0</sub> = ${log10_text(kappa.kappa0)}`, font: { size: 12.5, color: color("over") } }),
          note({ xref: "paper", x: 0, yref: "paper", y: 1, yanchor: "bottom", xanchor: "left", text: `<b>epoch ${entry().epoch}</b>`, font: { size: 14, color: color("ink") } }),
        ],
        xaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false, ...decades(range) }),
        yaxis: axis("weights", logarithmic
          ? { type: "log", range: [Math.log10(0.7), Math.log10(top) * 1.03 + 0.05], dtick: 1, tickformat: "~s" }
          : { range: [0, top * 1.05], tickformat: "~s" }),
      },
      csv: {
        columns: ["epoch", "layer", "log10_from", "log10_to", "count"],
        rows: entry().bins.map((count, bin) => [entry().epoch, layer().layer, kappa.first + kappa.width * bin, kappa.first + kappa.width * (bin + 1), count]),
      },
    };
  });

  figures.set("kappa-epochs", () => {
    const range = stretch();
    const epochs = layer().epochs.map((epoch) => epoch.epoch);
    const z = centers.map((_, bin) => layer().epochs.map((epoch) => (epoch.bins[bin] > 0 ? Math.log10(epoch.bins[bin]) : null)));
    const counts = centers.map((_, bin) => layer().epochs.map((epoch) => epoch.bins[bin]));
    const top = Math.log10(largest());
    const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, at) => at);
    return {
      traces: [{
        type: "heatmap", x: epochs, y: centers, z, customdata: counts, colorscale: "Cividis", zmin: 0, zmax: Math.max(top, 1),
        hoverongaps: false, hovertemplate: "epoch %{x}, log<sub>10</sub> |κ| about %{y:.2f}: %{customdata:,} weights<extra></extra>",
        colorbar: {
          title: { text: "weights", side: "right", font: { size: 12, color: color("muted") } }, thickness: 11, outlinewidth: 0, len: 1,
          tickvals: ticks, ticktext: ticks.map((at) => (at < 3 ? `${10 ** at}` : `${10 ** (at - 3)}k`)), tickfont: { size: 11, color: color("muted") },
        },
      }],
      layout: {
        hovermode: "closest", xaxis: epoch_axis(epochs, { range: [epochs[0] - 0.5, epochs[epochs.length - 1] + 0.5] }),
        yaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false, ...decades(range) }),
        shapes: [
          rule({ xref: "paper", x0: 0, x1: 1, y0: threshold, y1: threshold, line: { color: color("over"), width: 1.8, dash: "dash" } }),
          upright(entry().epoch, { line: { color: color("ink"), width: 1.4, dash: "dot" } }),
        ],
        annotations: [note({ xref: "paper", x: 0.01, y: threshold, yanchor: "bottom", xanchor: "left", text: `κ<sub>0</sub> = ${log10_text(kappa.kappa0)}`, font: { size: 12.5, color: color("over") } })],
      },
      csv: () => ({
        columns: ["layer", "epoch", "weights", "over", "zeros", "negative", "underflow", "overflow", ...centers.map((_, bin) => `log10_from_${kappa.first + kappa.width * bin}`)],
        rows: kappa.layers.flatMap((one) => one.epochs.map((epoch) => [
          one.layer, epoch.epoch, one.weights, epoch.over, epoch.zeros, epoch.negative, epoch.underflow, epoch.overflow, ...epoch.bins])),
      }),
    };
  });

  // Before, during and after the transition, one over the other, as the paper's Figure 3 has them.
  const moments = [["before", "ensemble", "solid", 0.25], ["during", "stochastic", "dash", 0.2], ["after", "deterministic", "dot", 0.2]];
  const pick_moment = (what) => element(`kappa-${what}`);
  /// The epoch before the first sign of the transition, the first with all of its signs, and the last.
  const own_moments = () => {
    const epochs = layer().epochs.map((epoch) => epoch.epoch);
    const signs = (data.transition?.marks || []).map((mark) => mark.epoch);
    const last = epochs.length - 1;
    const first_sign = epochs.findIndex((epoch) => epoch >= Math.min(...signs));
    const before = signs.length && first_sign > 0 ? first_sign - 1 : 0;
    const all = epochs.findIndex((epoch) => epoch >= Math.max(...signs));
    const during = signs.length && all > before && all < last ? all : Math.round((before + last) / 2);
    return [before, during, last].map((at) => epochs[at]);
  };
  const fill_moments = () => {
    const own = own_moments();
    moments.forEach(([what], at) => pick_moment(what).replaceChildren(
      ...layer().epochs.map(({ epoch }) => new Option(`${what}: epoch ${epoch}`, String(epoch), false, epoch === own[at]))));
  };
  for (const [what] of moments) pick_moment(what).addEventListener("change", () => draw("histograms"));
  fill_moments();

  figures.set("histograms", () => {
    const range = stretch();
    const logarithmic = element("kappa-log").checked;
    const picked = moments.map(([what, ...look]) => [what, layer().epochs.find((epoch) => epoch.epoch === Number(pick_moment(what).value)), ...look])
      .filter(([, epoch]) => epoch);
    const top = Math.max(1, ...picked.flatMap(([, epoch]) => epoch.bins));
    return {
      traces: picked.map(([what, epoch, shade, dash, filled]) => ({
        type: "scatter", mode: "lines", name: `${what} (epoch ${epoch.epoch})`, x: centers, y: epoch.bins.map((count) => (count > 0 || !logarithmic ? count : 0.5)),
        line: { shape: "hvh", color: color(shade), width: 1.8, dash }, fill: "tozeroy", fillcolor: faint(shade, filled),
        customdata: epoch.bins, hovertemplate: "%{customdata:,} weights about %{x:.2f}",
      })),
      layout: {
        hovermode: "closest", shapes: [upright(threshold, { line: { color: color("over"), width: 1.8 } })],
        annotations: [note({ x: threshold, yref: "paper", y: 1, yanchor: "bottom", xanchor: "center", text: `κ<sub>0</sub> = ${log10_text(kappa.kappa0)}`, font: { size: 12.5, color: color("over") } })],
        xaxis: axis("log<sub>10</sub> |κ|", { range: [range[0], range[1] + 0.6], showgrid: false, ...decades(range) }),
        yaxis: axis("weights", logarithmic
          ? { type: "log", range: [Math.log10(0.7), Math.log10(top) + 0.3], dtick: 1, tickformat: "~s" } : { range: [0, top * 1.12], tickformat: "~s" }),
      },
      csv: {
        columns: ["layer", "log10_from", "log10_to", ...picked.map(([what, epoch]) => `${what}_epoch_${epoch.epoch}`)],
        rows: centers.map((_, bin) => [layer().layer, kappa.first + kappa.width * bin, kappa.first + kappa.width * (bin + 1), ...picked.map(([, epoch]) => epoch.bins[bin])]),
      },
    };
  });

  const describe = () => {
    const { over, zeros, negative, underflow, overflow } = entry();
    const total = layer().weights;
    const share = (count) => `${(100 * count / total).toFixed(1)} %`;
    const parts = [
      `${group(over)} of ${group(total)} weights over κ₀`, `${group(zeros)} exact zeros`, `${share(negative)} negative`,
      `${group(underflow)} under 10⁻²⁵`,
    ];
    if (overflow > 0) parts.push(`${group(overflow)} at 10¹⁰ or more`);
    element("kappa-counts").textContent = `Epoch ${entry().epoch}: ${parts.join(", ")}.`;
  };
  const slider = element("kappa-epoch");
  const select_epoch = (at) => {
    chosen.epoch = Math.max(0, Math.min(epoch_count() - 1, at));
    slider.max = String(epoch_count() - 1);
    slider.value = String(chosen.epoch);
    slider.setAttribute("aria-valuetext", `epoch ${entry().epoch}`);
    element("kappa-epoch-value").textContent = String(entry().epoch);
    describe();
    if (figure_of("histogram").querySelector(".plot").data) draw("histogram");
    const map = figure_of("kappa-epochs").querySelector(".plot");
    if (map.data) Plotly.relayout(map, { "shapes[1].x0": entry().epoch, "shapes[1].x1": entry().epoch });
  };
  slider.addEventListener("input", () => { stop(); select_epoch(Number(slider.value)); });
  element("kappa-log").addEventListener("change", () => { draw("histogram"); draw("histograms"); });

  let timer = 0;
  const play = element("kappa-play");
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play all epochs");
  };
  life.signal.addEventListener("abort", stop);
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (chosen.epoch === epoch_count() - 1) select_epoch(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(() => {
      if (chosen.epoch === epoch_count() - 1) { stop(); return; }
      select_epoch(chosen.epoch + 1);
    }, 350);
  });

  offer_choice("kappa-layer", kappa.layers.map((one) => one.layer), 0, (at) => {
    chosen.layer = at;
    fill_moments();
    draw("kappa-epochs");
    draw("histograms");
    select_epoch(chosen.epoch);
  });
  // Open a little after the onset, where the histogram reaches over the threshold; else at the last epoch.
  const onset = data.transition && known(data.transition.onset) ? data.transition.onset : null;
  const first = known(onset) ? layer().epochs.findIndex((epoch) => epoch.epoch >= onset) : -1;
  chosen.epoch = first >= 0 ? first : epoch_count() - 1;
  select_epoch(chosen.epoch);
  figures.get("kappa-epochs").ready = () => {
    const map = figure_of("kappa-epochs").querySelector(".plot");
    map.on?.("plotly_click", (event) => select_epoch(layer().epochs.findIndex((epoch) => epoch.epoch === event.points[0].x)));
  };
}
