// Runs side by side: accuracies, weights over kappa_0, log alpha and objective by epoch; seeds as mean and band.

const epochs_of_all = [...new Set(data.runs.flatMap((run) => (run.metrics ? run.metrics.epoch : [])))].sort((a, b) => a - b);
const layers = [...new Set(data.runs.flatMap((run) => (run.metrics ? run.metrics.log_alpha.map((one) => one.layer) : [])))];
const chosen = { layer: layers[0] };
const banded = () => element("compare-band")?.checked;

/// Of one quantity the lines of all runs, or of each group the mean with a band of one standard deviation.
/// @param series  gives of a run { epoch, value }, or null
const lines = (name, series, stroke = {}) => data.groups.flatMap((group, at) => {
  const shade = run_color(at);
  const own = group.runs.map((index) => [data.runs[index].name, series(data.runs[index])])
    .filter(([, found]) => found && any(found.value));
  const more = { line: { color: shade, width: 2.2, ...stroke }, legendgroup: group.name };
  if (!banded() || own.length < 2)
    return own.map(([run, { epoch, value }]) => line(`${run}${name}`, epoch, value, shade, more));
  const epochs = [...new Set(own.flatMap(([, { epoch }]) => epoch))].sort((a, b) => a - b);
  const by_run = own.map(([, { epoch, value }]) => new Map(epoch.map((one, i) => [one, value[i]])));
  const statistics = epochs.map((epoch) => {
    const values = by_run.map((run) => run.get(epoch)).filter(known);
    if (!values.length) return [null, null];
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
    const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    return [mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0];
  });
  const [x, measured] = [epochs.filter((_, i) => known(statistics[i][0])), statistics.filter(([mean]) => known(mean))];
  const edge = (sign, fill) => ({
    type: "scatter", mode: "lines", x, y: measured.map(([mean, deviation]) => mean + sign * deviation), line: { width: 0 },
    hoverinfo: "skip", showlegend: false, legendgroup: group.name, ...fill,
  });
  const alpha = { fill: "tonexty", fillcolor: faint(run_shade(at), 0.18) };
  return [edge(-1, {}), edge(1, alpha), line(`${group.name}${name}`, x, measured.map(([mean]) => mean), shade, more)];
});

const csv_of = (value, series) => ({
  columns: ["run", "epoch", value],
  rows: data.runs.flatMap((run) => { const found = series(run); return found ? found.epoch.map((epoch, i) => [run.name, epoch, found.value[i]]) : []; }),
});

if (epochs_of_all.length) {
  const metric = (pick) => (run) => (run.metrics && pick(run.metrics) ? { epoch: run.metrics.epoch, value: pick(run.metrics) } : null);
  const accuracy = (key) => metric((metrics) => metrics.accuracy[key] && percent(metrics.accuracy[key]));
  figures.set("compare-accuracy", () => ({
    traces: [...lines("", accuracy("ensemble")), ...lines(", deterministic", accuracy("deterministic"), { dash: "dash", width: 1.8 })]
      .map((trace) => (trace.hoverinfo ? trace : { ...trace, hovertemplate: "%{y:.2f} %" })),
    layout: { xaxis: epoch_axis(epochs_of_all), yaxis: axis("accuracy, %", { range: [0, 102], dtick: 20 }) },
    csv: {
      columns: ["run", "epoch", "accuracy_ensemble", "accuracy_deterministic"],
      rows: data.runs.flatMap((run) => (run.metrics ? run.metrics.epoch.map((epoch, i) => [
        run.name, epoch, (run.metrics.accuracy.ensemble || [])[i], (run.metrics.accuracy.deterministic || [])[i]]) : [])),
    },
  }));

  const alpha = metric((metrics) => metrics.log_alpha.find((one) => one.layer === chosen.layer)?.values);
  figures.set("compare-log-alpha", () => ({
    traces: lines("", alpha), csv: csv_of(`log_alpha/${chosen.layer}`, alpha),
    layout: { xaxis: epoch_axis(epochs_of_all), yaxis: axis("log α"), showlegend: false },
  }));

  const objective = metric((metrics) => metrics.objective.elbo && metrics.objective.elbo.map((value) => (known(value) ? -value : null)));
  figures.set("compare-objective", () => {
    const values = data.runs.flatMap((run) => objective(run)?.value || []).filter(known);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return {
      traces: lines("", objective), csv: csv_of("minus_elbo", objective),
      layout: { xaxis: epoch_axis(epochs_of_all), yaxis: axis("nats", least > 0 ? { type: "log", tickformat: "~s", dtick: most > 10 * least ? 1 : undefined } : { tickformat: "~s" }) },
    };
  });

  // Summed over the layers; a count of 0 has no place on a logarithmic scale, and lies at its bottom.
  const bottom = 0.7;
  const over = (run) => {
    if (!run.kappa) return null;
    const counts = new Map();
    for (const layer of run.kappa.layers) for (const { epoch, over: count } of layer.epochs) counts.set(epoch, (counts.get(epoch) || 0) + count);
    const epoch = [...counts.keys()].sort((a, b) => a - b);
    return { epoch, value: epoch.map((one) => counts.get(one)) };
  };
  const largest = Math.max(10, ...data.runs.flatMap((run) => over(run)?.value || []));
  figures.set("compare-over", () => ({
    traces: lines("", over).map((trace) => ({
      ...trace, customdata: trace.y, y: trace.y.map((count) => Math.max(count, bottom)), ...(trace.hoverinfo ? {} : { hovertemplate: "%{customdata:,.6~g}" }),
    })),
    layout: {
      xaxis: epoch_axis(epochs_of_all), showlegend: false,
      yaxis: axis("weights over κ<sub>0</sub>", { type: "log", range: [Math.log10(bottom) - 0.02, Math.log10(largest) * 1.04], dtick: 1, tickformat: "~s" }),
    },
    csv: csv_of("over_kappa0", over),
  }));
  if (!data.runs.some(over)) figure_of("compare-over")?.remove();

  const redraw = () => ["compare-accuracy", "compare-over", "compare-log-alpha", "compare-objective"].forEach(draw);
  if (data.groups.some((group) => group.runs.length > 1)) {
    element("compare-band-label").hidden = false;
    element("compare-band").addEventListener("change", redraw);
  }
  if (layers.length > 1) {
    const pick = element("compare-layer");
    layers.forEach((one) => pick.add(new Option(one, one)));
    pick.addEventListener("change", () => { chosen.layer = pick.value; draw("compare-log-alpha"); });
    element("compare-layer-label").hidden = false;
  }
  if (!layers.length) figure_of("compare-log-alpha")?.remove();
}
