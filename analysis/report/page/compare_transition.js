// Runs side by side: accuracies, weights over kappa_0, log alpha and objective by epoch; seeds as mean and band.

const epochs_of_all = [...new Set(data.runs.flatMap((run) => (run.metrics ? run.metrics.epoch : [])))].sort((a, b) => a - b);
const layers = [...new Set(data.runs.flatMap((run) => (run.metrics ? run.metrics.log_alpha.map((one) => one.layer) : [])))];
const chosen = { layer: layers[0] };
/// Of one quantity the lines of all runs, or of each group of seeds the mean with a band of one standard deviation.
/// @param series  gives of a run { epoch, value }, or null
/// @param stroke  of all lines, where it tells something else than the run
const lines = (name, series, stroke = {}) => seed_lines().flatMap((one) => {
  const { first, runs } = one;
  const having = runs.filter((run) => any(series(run)?.value));
  if (!having.length) return [];
  const own = having.map(series);
  const title = title_of(one, having);
  const epochs = [...new Set(own.flatMap(({ epoch }) => epoch))].sort((a, b) => a - b);
  const by_run = own.map(({ epoch, value }) => new Map(epoch.map((one, i) => [one, value[i]])));
  const measured = epochs.map((epoch) => [epoch, ...mean_and_deviation(by_run.map((run) => run.get(epoch)))]).filter(([, mean]) => known(mean));
  const x = measured.map(([epoch]) => epoch);
  const means = line(`${title}${name}`, x, measured.map(([, mean]) => mean), run_shade(first), {
    legendgroup: `${title}${name}`, mode: "lines+markers", marker: { size: 5.5, symbol: run_symbol(first), maxdisplayed: 12 },
    line: { color: run_color(first), width: 2.2, dash: run_dash(first), ...stroke } });
  return own.length < 2 ? [means] : [...band(x, measured.map(([, mean, spread]) => [mean - spread, mean + spread]), first, `${title}${name}`), means];
});

const csv_of = (value, series) => ({
  columns: ["run", "epoch", value],
  rows: data.runs.flatMap((run) => { const found = series(run); return found ? found.epoch.map((epoch, i) => [run.name, epoch, found.value[i]]) : []; }),
});

if (epochs_of_all.length) {
  const metric = (pick) => (run) => (run.metrics && pick(run.metrics) ? { epoch: run.metrics.epoch, value: pick(run.metrics) } : null);
  const accuracy = (key) => metric((metrics) => metrics.accuracy[key] && percent(metrics.accuracy[key]));
  const accuracies = ["ensemble", "deterministic"].flatMap((key) => data.runs.flatMap((run) => accuracy(key)(run)?.value ?? [])).filter(known);
  const accuracy_axis = () => {
    if (!element("compare-top").checked) return { range: [0, 102], dtick: 20 };
    const top = Math.min(100.2, Math.max(...accuracies) + 0.3);
    return { range: [Math.max(0, top - 6), top], dtick: 1 };
  };
  element("compare-top").addEventListener("change", () => draw("compare-accuracy"));
  figures.set("compare-accuracy", () => ({
    traces: [...lines("", accuracy("ensemble"), { dash: "solid" }), ...lines(", deterministic", accuracy("deterministic"), { dash: "dash", width: 1.8 })]
      .map((trace) => (trace.hoverinfo ? trace : { ...trace, hovertemplate: "%{y:.2f} %" })),
    layout: { xaxis: epoch_axis(epochs_of_all), yaxis: axis("accuracy, %", accuracy_axis()) },
    csv: {
      columns: ["run", "epoch", "accuracy_ensemble", "accuracy_deterministic"],
      rows: data.runs.flatMap((run) => (run.metrics ? run.metrics.epoch.map((epoch, i) => [
        run.name, epoch, (run.metrics.accuracy.ensemble || [])[i], (run.metrics.accuracy.deterministic || [])[i]]) : [])),
    },
  }));

  const alpha = metric((metrics) => metrics.log_alpha.find((one) => one.layer === chosen.layer)?.values);
  figures.set("compare-log-alpha", () => ({
    traces: lines("", alpha), csv: csv_of(`log_alpha/${chosen.layer}`, alpha),
    layout: { xaxis: epoch_axis(epochs_of_all), yaxis: axis("log α"), showlegend: true },
  }));

  const objective = metric((metrics) => metrics.objective.elbo && metrics.objective.elbo.map((value) => (known(value) ? -value : null)));
  figures.set("compare-objective", () => {
    const values = data.runs.flatMap((run) => objective(run)?.value || []).filter(known);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return {
      traces: lines("", objective), csv: csv_of("minus_elbo", objective),
      layout: { showlegend: true, xaxis: epoch_axis(epochs_of_all), yaxis: axis("nats", least > 0 ? { type: "log", tickformat: "~s", dtick: most > 10 * least ? 1 : undefined } : { tickformat: "~s" }) },
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
      xaxis: epoch_axis(epochs_of_all), showlegend: true,
      yaxis: axis("weights over κ<sub>0</sub>", { type: "log", range: [Math.log10(bottom) - 0.02, Math.log10(largest) * 1.04], dtick: 1, tickformat: "~s" }),
    },
    csv: csv_of("over_kappa0", over),
  }));
  if (!data.runs.some(over)) {
    figures.delete("compare-over");
    figure_of("compare-over")?.remove();
  }

  on_seeds(() => ["compare-accuracy", "compare-over", "compare-log-alpha", "compare-objective"].forEach(draw));
  if (layers.length > 1) {
    const pick = element("compare-layer");
    layers.forEach((one) => pick.add(new Option(one, one)));
    pick.addEventListener("change", () => { chosen.layer = pick.value; draw("compare-log-alpha"); });
    element("compare-layer-label").hidden = false;
  }
  if (!layers.length) figure_of("compare-log-alpha")?.remove();
}
