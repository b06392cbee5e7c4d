// Attacks by step.

if (data.attacks.length) {
  // A line for every judge of every attack; judges differ by colour, attacks by stroke and mark, and of one judge by
  // colour too.
  const judged = data.attacks.flatMap((attack, at) => attack.judges.map((judge) => ({ attack, at, judge })));
  const names = [...new Set(judged.map(({ judge }) => judge.name))];
  const by_step = (name, y_title, value, text, scale) => figures.set(name, () => ({
    traces: judged.map(({ attack, at, judge }) => ({
      type: "scatter", mode: "lines+markers", name: plain(`${judge.name}: ${attack.attack}${known(attack.images) ? `, n = ${group(attack.images)}` : ""}`),
      marker: { size: 7, symbol: ["circle", "square-open", "x", "diamond-open", "triangle-up"][at % 5] },
      line: { color: series_colors()[(names.length > 1 ? names.indexOf(judge.name) : at) % 5], width: 2.2, dash: ["solid", "dash", "dot", "dashdot"][at % 4] },
      x: judge.step, y: judge[value].map((one) => (known(one) ? scale * one : null)), hovertemplate: text,
      customdata: judge.step.map((_, i) => [judge[`${value}_low`][i], judge[`${value}_high`][i]].map((one) => (known(one) ? (scale * one).toFixed(scale === 1 ? 3 : 1) : "–"))),
      error_y: { type: "data", symmetric: false, visible: true, width: 0, thickness: 1,
        array: judge[value].map((one, i) => (known(one) && known(judge[`${value}_high`][i]) ? scale * (judge[`${value}_high`][i] - one) : 0)),
        arrayminus: judge[value].map((one, i) => (known(one) && known(judge[`${value}_low`][i]) ? scale * (one - judge[`${value}_low`][i]) : 0)) },
    })),
    layout: { hovermode: "closest", showlegend: name === "attack-success" || narrow(), xaxis: axis("step", { rangemode: "tozero" }), yaxis: axis(y_title, { rangemode: "tozero" }) },
    csv: {
      columns: ["file", "attack", "judge", "step", value, `${value}_low`, `${value}_high`],
      rows: judged.flatMap(({ attack, judge }) => judge.step.map((step, i) => [attack.file, attack.attack, judge.name, step, judge[value][i], judge[`${value}_low`][i], judge[`${value}_high`][i]])),
    },
  }));
  by_step("attack-success", "fooled, % of the images", "success", "%{y:.1f} % (%{customdata[0]} to %{customdata[1]}) at step %{x}", 100);
  by_step("attack-entropy", "entropy, nats", "entropy", "%{y:.3f} nats (%{customdata[0]} to %{customdata[1]}) at step %{x}", 1);
}
