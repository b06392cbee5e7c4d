// What was minimised, by epoch: NLL + weight * KL, beside its bound with all of the KL; the NLL on its own.

const metrics = data.metrics;
if (metrics) {
  const epochs = metrics.epoch;
  const { nll, kl, elbo } = metrics.objective;
  const minus = elbo ? elbo.map((value) => (known(value) ? -value : null)) : null;
  const { weights, last, left_out, coming } = kl_course(metrics);
  const weighed = weights.some((weight) => known(weight) && weight !== 1);
  const minimised = weighed && any(nll) && any(kl)
    ? weights.map((weight, at) => (known(weight) && known(nll[at]) && known(kl[at]) ? nll[at] + weight * kl[at] : null)) : null;
  if (minimised && element("objective-weight")) {
    const up_to = (holds) => epochs.filter((_, at) => known(weights[at]) && holds(weights[at])).pop();
    const steps = [[up_to(left_out), "by 0"], [up_to(coming), "by less than in the end"]].filter(([epoch]) => known(epoch));
    const parts = steps.map(([epoch, how]) => `${how} up to epoch ${epoch}`);
    if (last !== 0) parts.push(`by ${Number(last.toPrecision(4))}${parts.length ? " in the last epoch" : ""}`);
    element("objective-weight").textContent = ` Training weighed the KL ${parts.join(", ")}: the line “minimised” is NLL + weight × KL, `
      + "−ELBO is the bound with all of the KL.";
  }
  const panel = (name, parts) => figures.set(name, () => {
    const shown = parts.filter(([, values]) => any(values));
    const values = shown.flatMap(([, list]) => list.filter(known));
    // A scale of decades where the values span one, and none is negative.
    const decades = values.length > 0 && Math.min(...values) > 0 && Math.max(...values) > 10 * Math.min(...values);
    return {
      traces: shown.map(([title, list, shade, { dash, width = 2.4, ...more }]) => line(title, epochs, list, shade, {
        line: { color: color(shade), width, dash }, hovertemplate: "%{y:,.4~s}", showlegend: true, ...more,
      })),
      layout: { xaxis: epoch_axis(epochs), yaxis: axis("nats", decades ? { type: "log", dtick: 1, tickformat: "~s" } : { tickformat: "~s" }) },
      csv: { columns: ["epoch", ...shown.map(([, , , { column }]) => column)],
        rows: epochs.map((epoch, at) => [epoch, ...shown.map(([, list]) => list[at])]) },
    };
  });
  // The bound lies under its larger part, broad and pale, so that both are seen where they are the same.
  panel("objective", [
    ["−ELBO", minus, "full", { column: "minus_elbo", width: 7, opacity: 0.4, mode: "lines" }],
    ["minimised", minimised, "ensemble", { column: "minimised", width: 3.4 }],
    ["KL", kl, "deterministic", { column: "kl", dash: "dot", marker: { size: 4 } }],
  ]);
  panel("objective-nll", [["NLL", nll, "ensemble", { column: "nll" }]]);
}
