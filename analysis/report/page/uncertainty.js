// Reliability, risk by coverage, entropy.

const evaluations = data.uncertainty;
if (evaluations.length) {
  let evaluation = evaluations[evaluations.length - 1];
  const pick_column = element("entropy-column");
  const network_at = (column) => [...new Set(evaluation.columns.map((one) => one.network))].indexOf(column.network);
  const column_mark = (column, more) => ({ symbol: ["circle", "square-open", "x", "diamond-open", "triangle-up"][network_at(column) % 5], size: 6.5, ...more });
  const column_line = (column) => {
    // Ways of prediction have the colours and strokes that they have by epoch; networks differ by their marks.
    return { color: color(shades[column.estimator]) || series_colors()[network_at(column) % 5], width: 2.2, dash: strokes[column.estimator] || "solid" };
  };
  const shares = (values) => percent(values);
  // At first the ways of prediction that people ask for; a click on a name of the legend shows the others.
  const first_shown = ["ensemble", "deterministic"];
  const at_first = (column) => (evaluation.columns.length <= 4 || first_shown.includes(column.estimator) ? true : printing() ? false : "legendonly");
  /// Of all images wrong, in percent.
  const wrong = (column) => 100 * (column.risk_coverage.risk.filter(known).pop() ?? 0);

  figures.set("reliability", () => {
    const kind = element("uncertainty-mass").checked ? "equal_mass" : "equal_width";
    const keep = (bins) => bins.images.map((_, at) => at).filter((at) => bins.images[at] > 0);
    return {
      traces: evaluation.columns.map((column) => {
        const bins = column.reliability[kind];
        const kept = keep(bins);
        return {
          type: "scatter", mode: "lines+markers", name: plain(column.title), line: column_line(column), marker: column_mark(column), visible: at_first(column),
          x: shares(kept.map((at) => bins.confidence[at])), y: shares(kept.map((at) => bins.accuracy[at])),
          customdata: kept.map((at) => group(bins.images[at])), hovertemplate: "%{y:.1f} % of %{customdata} images right, confidence %{x:.1f} %",
        };
      }),
      layout: {
        hovermode: "closest", uirevision: `${evaluation.file} ${printing()}`, xaxis: axis("confidence, %", { range: [0, 102] }), yaxis: axis("accuracy, %", { range: [0, 102] }),
        shapes: [rule({ x0: 0, y0: 0, x1: 100, y1: 100, layer: "below" })],
      },
      csv: {
        columns: ["prediction", "bins", "lower", "upper", "images", "accuracy", "confidence"],
        rows: evaluation.columns.flatMap((column) => column.reliability[kind].images.map((images, at) => {
          const bins = column.reliability[kind];
          return [column.title, kind, bins.lower[at], bins.upper[at], images, bins.accuracy[at], bins.confidence[at]];
        })),
      },
    };
  });

  figures.set("risk-coverage", () => {
    // Those that are wrong more often than right would press the others onto the axis: they are named instead.
    const least = Math.min(...evaluation.columns.map(wrong));
    const above = evaluation.columns.filter((column) => least < 30 && wrong(column) > 50 && wrong(column) > 3 * least);
    const inside = evaluation.columns.filter((column) => !above.includes(column));
    const room = Math.min(0.55, (15 * (above.length + 1)) / (narrow() ? 140 : 230));
    const top = Math.max(...inside.flatMap((column) => shares(column.risk_coverage.risk).filter(known)), 1);
    return {
      traces: evaluation.columns.map((column) => ({
        type: "scatter", mode: "lines+markers", name: plain(column.title), line: column_line(column), showlegend: (narrow() || evaluation.columns.length > 4) && !above.includes(column),
        marker: column_mark(column, { maxdisplayed: 9 }),
        x: shares(column.risk_coverage.coverage), y: shares(column.risk_coverage.risk), hovertemplate: "%{y:.2f} % wrong",
      })),
      layout: {
        xaxis: axis("coverage, %", { range: [0, 101] }), yaxis: axis("wrong answers, %", above.length ? { range: [0, top / (1 - room)] } : { rangemode: "tozero" }),
        annotations: above.length ? [note({
          xref: "paper", yref: "paper", x: 0.01, y: 1, xanchor: "left", yanchor: "top", align: "left",
          text: `above this range:<br>${above.map((column) => `${plain(column.title)} (${wrong(column).toFixed(1)} % wrong)`).join("<br>")}`,
        })] : [],
      },
      csv: {
        columns: ["prediction", "coverage", "risk"],
        rows: evaluation.columns.flatMap((column) => column.risk_coverage.coverage.map((coverage, at) => [column.title, coverage, column.risk_coverage.risk[at]])),
      },
    };
  });

  figures.set("entropy", () => {
    const { most, own, ood } = evaluation.columns[Number(pick_column.value)].entropy;
    const width = (known(most) ? most : 1) / Math.max(1, own.length);
    const sets = [["own images", own], ...evaluation.ood.map((name, at) => [name, ood[at]])].filter(([, counts]) => any(counts));
    const centers = own.map((_, at) => width * (at + 0.5));
    return {
      traces: sets.map(([name, counts], at) => {
        const total = Math.max(1, counts.reduce((sum, count) => sum + count, 0));
        const shade = ["ensemble", "deterministic", "stochastic", "zero-mean", "count"][at % 5];
        return {
          type: "bar", name: plain(name), x: centers, y: counts.map((count) => 100 * count / total), width,
          marker: { color: faint(shade, 0.55), line: { color: color(shade), width: 1 } }, customdata: counts.map(group),
          hovertemplate: "%{y:.1f} % (%{customdata} images)",
        };
      }),
      layout: {
        barmode: "overlay", bargap: 0, showlegend: true, xaxis: axis("entropy, nats", { range: [0, known(most) ? most : 1] }),
        yaxis: axis("share of images, %"),
      },
      csv: {
        columns: ["data", "from", "to", "images"],
        rows: sets.flatMap(([name, counts]) => counts.map((count, at) => [name, width * at, width * (at + 1), count])),
      },
    };
  });

  const fill_columns = () => {
    pick_column.replaceChildren();
    const ensemble = evaluation.columns.findIndex((column) => column.estimator === "ensemble");
    evaluation.columns.forEach((column, at) => pick_column.add(new Option(column.title, String(at), at === ensemble, at === ensemble)));
  };
  const draw_uncertainty = () => ["reliability", "risk-coverage", "entropy"].forEach(draw);
  offer_choice("uncertainty-file", evaluations.map((one) => one.file), evaluations.indexOf(evaluation), (at) => {
    evaluation = evaluations[at];
    fill_columns();
    draw_uncertainty();
  });
  element("uncertainty-mass").addEventListener("change", () => draw("reliability"));
  pick_column.addEventListener("change", () => draw("entropy"));
  fill_columns();
}
