// Runs side by side: kappa of one epoch as lines, of all epochs as heat maps on one scale.

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

  /// Of one epoch by line: the mean counts of its runs that have a map of it, and their deviations.
  const counted = (runs, epoch) => {
    const found = runs.map((run) => layer_of(run)?.epochs.find((one) => one.epoch === epoch)).filter(Boolean);
    return found.length ? { runs: found.length, bins: centers.map((_, bin) => mean_and_deviation(found.map((one) => one.bins[bin]))) } : null;
  };
  const count_text = (count) => (Number.isInteger(count) ? group(count) : count.toFixed(1));

  figures.set("compare-histogram", () => {
    const { range, most } = extent();
    const epoch = epochs()[chosen.epoch];
    const has_map = (run) => layer_of(run)?.epochs.some((one) => one.epoch === epoch);
    const found = seed_lines().map((one) => ({ ...one, counts: counted(one.runs, epoch) })).filter(({ counts }) => counts)
      .map((one) => ({ ...one, title: title_of(one, one.runs.filter(has_map)) }));
    const floor = (count) => Math.max(count, 0.5);
    return {
      traces: found.flatMap(({ title, first: at, counts: { runs, bins: counts } }) => [
        ...(runs > 1 ? band(centers, counts.map(([mean, spread]) => [floor(mean - spread), floor(mean + spread)]), at, title, { shape: "hvh" }) : []),
        { type: "scatter", mode: "lines", name: plain(title), legendgroup: title, x: centers, y: counts.map(([mean]) => floor(mean)), customdata: counts.map(([mean]) => count_text(mean)),
          line: { shape: "hvh", color: run_color(at), width: 1.8, dash: run_dash(at) }, hovertemplate: "%{customdata}" }]),
      layout: {
        shapes: [upright(threshold, { line: { color: color("over"), width: 1.6, dash: "dash" } })],
        annotations: [
          note({ x: threshold, yref: "paper", y: 1, yanchor: "top", xanchor: "right", xshift: -4, text: `κ<sub>0</sub> = ${log10_text(kappa0)}`, font: { size: 12.5, color: color("over") } }),
          note({ xref: "paper", x: 0.01, yref: "paper", y: 0.99, yanchor: "top", xanchor: "left", text: `<b>epoch ${epoch}</b>`, font: { size: 14, color: color("ink") } })],
        xaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false }), showlegend: true,
        yaxis: axis("weights", { type: "log", range: [Math.log10(0.7), Math.log10(most) * 1.03 + 0.25], dtick: 1, tickformat: "~s" }),
      },
      csv: {
        columns: ["run", "epoch", "layer", "log10_from", "log10_to", "count", "deviation"],
        rows: found.flatMap(({ title, counts: { bins: counts } }) => counts.map(([mean, spread], bin) => [
          title, epoch, chosen.layer, first + width * bin, first + width * (bin + 1), mean, spread])),
      },
    };
  });

  figures.set("compare-maps", () => {
    const { range, most } = extent();
    const runs = seed_lines().filter((one) => one.runs.some(layer_of));
    // Two to a sheet of its own, three to a page of paper.
    const columns = Math.min(runs.length, root.dataset.font ? 2 : printing() || !narrow() ? 3 : 1);
    const rows = Math.ceil(runs.length / columns);
    const height = 16 * (Math.max(1, rows) * (narrow() ? 14 : 17) + 2);
    figure_of("compare-maps").querySelector(".plot").style.height = `${height}px`;
    const all = epochs();
    // A map is narrow: about five epochs are named.
    const dtick = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => (all[all.length - 1] - all[0]) / size <= 6);
    const top = Math.max(1, Math.log10(most));
    const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, at) => at);
    const shape = {
      height, hovermode: "closest", annotations: [], shapes: [], margin: { l: 48, r: 16, t: 24, b: 40 },
      coloraxis: { colorscale: "Cividis", cmin: 0, cmax: top, colorbar: {
        title: { text: "weights", side: "right", font: { size: 12, color: color("muted") } }, thickness: 11, outlinewidth: 0,
        tickvals: ticks, ticktext: ticks.map((at) => (at < 3 ? `${10 ** at}` : `${10 ** (at - 3)}k`)), tickfont: { size: 11, color: color("muted") } } },
    };
    const [gap, space] = [0.05, rows > 1 ? 0.3 / rows : 0];
    const traces = runs.map(({ title, first: number, runs: own }, at) => {
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
        xref: "paper", yref: "paper", x: from, y: above, xanchor: "left", yanchor: "bottom", text: `<b>${plain(title)}</b>${own.length > 1 ? `, mean of ${own.length}` : ""}`, font: { size: 12.5, color: run_color(number) } }));
      shape.shapes.push(rule({ xref: `x${suffix}`, yref: `y${suffix}`, x0: all[0] - 0.5, x1: all[all.length - 1] + 0.5, y0: threshold, y1: threshold, line: { color: color("over"), width: 1.5, dash: "dash" } }));
      const mapped = all.map((epoch) => [epoch, counted(own, epoch)]).filter(([, counts]) => counts);
      const counts = centers.map((_, bin) => mapped.map(([, one]) => one.bins[bin][0]));
      return {
        type: "heatmap", x: mapped.map(([epoch]) => epoch), y: centers, xaxis: `x${suffix}`, yaxis: `y${suffix}`, coloraxis: "coloraxis", hoverongaps: false,
        z: counts.map((row_of) => row_of.map((count) => (count > 0 ? Math.log10(count) : null))),
        customdata: counts.map((row_of) => row_of.map(count_text)),
        hovertemplate: `${plain(title)}, epoch %{x}, log<sub>10</sub> |κ| about %{y:.2f}: %{customdata} weights<extra></extra>`,
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
  on_seeds(() => { draw("compare-histogram"); draw("compare-maps"); });
}
