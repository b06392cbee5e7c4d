// Runs side by side: accuracy by sparsity, of the sweep that a run's own page shows first.

const sweep_of = (run) => (known(run.leading_sweep) ? run.sweeps[run.leading_sweep] : null);
const swept = data.runs.filter(sweep_of);
if (swept.length) {
  const kept = (sparsity) => -Math.log10(Math.max(1 - sparsity, 1e-6));
  const strokes = { zero: "solid", mean: "dash" };
  /// Cuts at a threshold and of a share are different ones, and so are those of other criteria and repairs.
  const series_of = (row) => [row.replace, row.criterion, known(row.repair) && row.repair !== "none" ? `repair ${row.repair}` : null,
    known(row.wanted_sparsity) ? "a share of each layer" : "one threshold"];
  const place_of = (row) => (known(row.wanted_sparsity) ? row.wanted_sparsity : row.log10_threshold);
  const all_rows = swept.flatMap((run) => sweep_of(run).rows.map(series_of));
  const differs = all_rows[0]?.map((_, at) => new Set(all_rows.map((one) => one[at])).size > 1) ?? [];

  figures.set("compare-sweep", () => {
    const traces = seed_lines().flatMap((one) => {
      const { first, runs } = one;
      const having = runs.filter(sweep_of);
      const title = title_of(one, having);
      const series = new Map();  // name -> place -> rows of the runs
      for (const row of having.flatMap((run) => sweep_of(run).rows)) {
        if (!known(row.sparsity) || !known(row.accuracy)) continue;
        const parts = series_of(row);
        const name = [title, parts[0], ...parts.slice(1).filter((part, at) => part && differs[at + 1])].join(", ");
        if (!series.has(name)) series.set(name, { replace: row.replace, places: new Map() });
        const { places } = series.get(name);
        places.set(place_of(row), [...(places.get(place_of(row)) ?? []), row]);
      }
      return [...series].flatMap(([name, { replace, places }]) => {
        const points = [...places.values()].map((rows) => [
          mean_and_deviation(rows.map((row) => row.sparsity))[0], ...mean_and_deviation(rows.map((row) => 100 * row.accuracy))]).sort((a, b) => a[0] - b[0]);
        const x = points.map(([sparsity]) => kept(sparsity));
        return [
          ...(having.length > 1 ? band(x, points.map(([, mean, spread]) => [mean - spread, mean + spread]), first, name) : []),
          line(name, x, points.map(([, mean]) => mean), run_shade(first), {
            legendgroup: name, mode: "lines+markers", marker: { size: 5.5, symbol: run_symbol(first), maxdisplayed: 12 }, line: { color: run_color(first), width: 2, dash: strokes[replace] ?? "dot" },
            customdata: points.map(([sparsity]) => 100 * sparsity), hovertemplate: `%{y:.2f} % at %{customdata:.2f} % sparsity<extra>${plain(name)}</extra>` })];
      });
    });
    const ticks = [0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999];
    return {
      traces,
      layout: {
        hovermode: "closest", showlegend: true, yaxis: axis("accuracy, %"),
        xaxis: axis("sparsity, %", { tickmode: "array", tickvals: ticks.map(kept), ticktext: ticks.map((one) => `${Number((100 * one).toFixed(2))}`) }),
      },
      csv: {
        columns: ["run", "file", "criterion", "replace", "repair", "log10_threshold", "wanted_sparsity", "sparsity", "accuracy"],
        rows: swept.flatMap((run) => sweep_of(run).rows.map((row) => [
          run.name, sweep_of(run).file, row.criterion, row.replace, row.repair, row.log10_threshold, row.wanted_sparsity, row.sparsity, row.accuracy])),
      },
    };
  });
  on_seeds(() => draw("compare-sweep"));
}
