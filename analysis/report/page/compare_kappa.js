// Runs side by side: kappa of one epoch as lines, of all epochs as heat maps on one scale; accuracy by sparsity.

const with_maps = data.runs.filter((run) => run.kappa);
const names = [...new Set(with_maps.flatMap((run) => run.kappa.layers.map((one) => one.layer)))];

if (with_maps.length) {
  const { first, width, kappa0 } = with_maps[0].kappa;
  const threshold = Math.log10(kappa0);
  const chosen = { layer: names[0], epoch: 0 };
  const layer_of = (run) => run.kappa.layers.find((one) => one.layer === chosen.layer);
  const shown = () => with_maps.filter(layer_of);
  const epochs = () => [...new Set(shown().flatMap((run) => layer_of(run).epochs.map((one) => one.epoch)))].sort((a, b) => a - b);
  const bins = with_maps[0].kappa.layers[0].epochs[0].bins.length;
  const centers = Array.from({ length: bins }, (_, bin) => first + width * (bin + 0.5));
  /// What any run fills at any epoch: all have one scale.
  const extent = () => {
    let [low, high, most] = [bins - 1, 0, 1];
    for (const run of shown()) {
      for (const epoch of layer_of(run).epochs) {
        epoch.bins.forEach((count, bin) => {
          if (count > 0) { low = Math.min(low, bin); high = Math.max(high, bin); most = Math.max(most, count); }
        });
      }
    }
    const range = low > high ? [threshold - 2, threshold + 2]
      : [Math.min(first + width * low, threshold) - 0.4, Math.max(first + width * (high + 1), threshold) + 0.6];
    return { range, most };
  };

  figures.set("compare-histogram", () => {
    const { range, most } = extent();
    const epoch = epochs()[chosen.epoch];
    const found = shown().map((run) => [run, layer_of(run).epochs.find((one) => one.epoch === epoch)]).filter(([, one]) => one);
    return {
      traces: found.map(([run, { bins: counts }]) => ({
        type: "scatter", mode: "lines", name: plain(run.name), x: centers, y: counts.map((count) => (count > 0 ? count : 0.5)), customdata: counts,
        line: { shape: "hvh", color: run_color(run.group), width: 1.8, dash: run_dash(run) }, hovertemplate: "%{customdata:,}",
      })),
      layout: {
        shapes: [upright(threshold, { line: { color: color("over"), width: 1.6, dash: "dash" } })],
        annotations: [
          note({ x: threshold, yref: "paper", y: 1, yanchor: "top", xanchor: "right", xshift: -4, text: `κ<sub>0</sub> = ${log10_text(kappa0)}`, font: { size: 12.5, color: color("over") } }),
          note({ xref: "paper", x: 0.01, yref: "paper", y: 0.99, yanchor: "top", xanchor: "left", text: `<b>epoch ${epoch}</b>`, font: { size: 14, color: color("ink") } })],
        xaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false }), showlegend: true,
        yaxis: axis("weights", { type: "log", range: [Math.log10(0.7), Math.log10(most) * 1.03 + 0.05], dtick: 1, tickformat: "~s" }),
      },
      csv: {
        columns: ["run", "epoch", "layer", "log10_from", "log10_to", "count"],
        rows: found.flatMap(([run, { bins: counts }]) => counts.map((count, bin) => [run.name, epoch, chosen.layer, first + width * bin, first + width * (bin + 1), count])),
      },
    };
  });

  figures.set("compare-maps", () => {
    const { range, most } = extent();
    const runs = shown();
    const columns = narrow() ? 1 : Math.min(runs.length, 3);
    const rows = Math.ceil(runs.length / columns);
    figure_of("compare-maps").querySelector(".plot").style.height = `${Math.max(1, rows) * (narrow() ? 14 : 17) + 2}rem`;
    const all = epochs();
    // A map is narrow: about five epochs are named.
    const dtick = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => (all[all.length - 1] - all[0]) / size <= 6);
    const top = Math.max(1, Math.log10(most));
    const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, at) => at);
    const shape = {
      hovermode: "closest", annotations: [], shapes: [], margin: { l: 48, r: 16, t: 24, b: 40 },
      coloraxis: { colorscale: "Cividis", cmin: 0, cmax: top, colorbar: {
        title: { text: "weights", side: "right", font: { size: 12, color: color("muted") } }, thickness: 11, outlinewidth: 0,
        tickvals: ticks, ticktext: ticks.map((at) => (at < 3 ? `${10 ** at}` : `${10 ** (at - 3)}k`)), tickfont: { size: 11, color: color("muted") } } },
    };
    const [gap, space] = [0.05, rows > 1 ? 0.3 / rows : 0];
    const traces = runs.map((run, at) => {
      const [column, row] = [at % columns, Math.floor(at / columns)];
      const suffix = at ? String(at + 1) : "";
      const [wide, high] = [(1 - gap * (columns - 1)) / columns, (1 - space * (rows - 1)) / rows];
      const from = column * (wide + gap);
      const above = 1 - row * (high + space);
      const lowest = row === rows - 1 || at + columns >= runs.length;
      shape[`xaxis${suffix}`] = epoch_axis(all, {
        domain: [from, from + wide], anchor: `y${suffix}`, range: [all[0] - 0.5, all[all.length - 1] + 0.5], dtick, ...(lowest ? {} : { title: { text: "" } }) });
      shape[`yaxis${suffix}`] = axis(column ? "" : "log<sub>10</sub> |κ|", { domain: [Math.max(0, above - high), above], anchor: `x${suffix}`, range, showgrid: false, showticklabels: !column });
      shape.annotations.push(note({
        xref: "paper", yref: "paper", x: from, y: above, xanchor: "left", yanchor: "bottom", text: `<b>${plain(run.name)}</b>`, font: { size: 12.5, color: run_color(run.group) } }));
      shape.shapes.push(rule({ xref: `x${suffix}`, yref: `y${suffix}`, x0: all[0] - 0.5, x1: all[all.length - 1] + 0.5, y0: threshold, y1: threshold, line: { color: color("over"), width: 1.5, dash: "dash" } }));
      const own = layer_of(run).epochs;
      return {
        type: "heatmap", x: own.map((one) => one.epoch), y: centers, xaxis: `x${suffix}`, yaxis: `y${suffix}`, coloraxis: "coloraxis", hoverongaps: false,
        z: centers.map((_, bin) => own.map((one) => (one.bins[bin] > 0 ? Math.log10(one.bins[bin]) : null))),
        customdata: centers.map((_, bin) => own.map((one) => one.bins[bin])),
        hovertemplate: `${plain(run.name)}, epoch %{x}, log<sub>10</sub> |κ| about %{y:.2f}: %{customdata:,} weights<extra></extra>`,
      };
    });
    return { traces, layout: shape };
  });

  const slider = element("compare-epoch");
  const select_epoch = (at) => {
    const all = epochs();
    chosen.epoch = Math.max(0, Math.min(all.length - 1, at));
    slider.max = String(all.length - 1);
    slider.value = String(chosen.epoch);
    slider.setAttribute("aria-valuetext", `epoch ${all[chosen.epoch]}`);
    element("compare-epoch-value").textContent = String(all[chosen.epoch]);
  };
  slider.addEventListener("input", () => { select_epoch(Number(slider.value)); draw("compare-histogram"); });
  if (names.length > 1) {
    const pick = element("compare-kappa-layer");
    names.forEach((one) => pick.add(new Option(one, one)));
    pick.addEventListener("change", () => { chosen.layer = pick.value; select_epoch(chosen.epoch); draw("compare-histogram"); draw("compare-maps"); });
    element("compare-kappa-layer-label").hidden = false;
  }
  select_epoch(epochs().length - 1);
}

/// The newest sweep by thresholds or shares of one run.
const newest = (run) => run.sweeps.reduce((best, one) => (!best || (one.epoch ?? -1) >= (best.epoch ?? -1) ? one : best), null);
const swept = data.runs.map((run) => [run, newest(run)]).filter(([, sweep]) => sweep);
if (swept.length) {
  figures.set("compare-sweep", () => {
    const kept = (sparsity) => -Math.log10(Math.max(1 - sparsity, 1e-6));
    const traces = swept.flatMap(([run, sweep]) => [["zero", "solid"], ["mean", "dash"]].flatMap(([replace, dash]) => {
      const rows = sweep.rows.filter((row) => row.replace === replace && known(row.sparsity) && known(row.accuracy)).sort((a, b) => a.sparsity - b.sparsity);
      if (!rows.length) return [];
      // Of a group of seeds one entry in the legend.
      const group = data.groups[run.group];
      return [line(`${group.name}, ${replace}`, rows.map((row) => kept(row.sparsity)), rows.map((row) => 100 * row.accuracy), run_color(run.group), {
        line: { color: run_color(run.group), width: 2, dash }, legendgroup: `${group.name}, ${replace}`, showlegend: data.runs[group.runs.find((at) => newest(data.runs[at]))] === run,
        customdata: rows.map((row) => 100 * row.sparsity), hovertemplate: `%{y:.2f} % at %{customdata:.2f} % sparsity<extra>${plain(run.name)}, ${replace}</extra>` })];
    }));
    const ticks = [0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999];
    return {
      traces,
      layout: {
        hovermode: "closest", showlegend: true, yaxis: axis("accuracy, %"),
        xaxis: axis("sparsity, %", { tickmode: "array", tickvals: ticks.map(kept), ticktext: ticks.map((one) => `${Number((100 * one).toFixed(2))}`) }),
      },
      csv: {
        columns: ["run", "file", "replace", "sparsity", "accuracy"],
        rows: swept.flatMap(([run, sweep]) => sweep.rows.map((row) => [run.name, sweep.file, row.replace, row.sparsity, row.accuracy])),
      },
    };
  });
}
