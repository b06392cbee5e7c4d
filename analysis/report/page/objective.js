// What was minimised, by epoch: -ELBO and its larger part on one scale, the NLL on its own.

const metrics = data.metrics;
if (metrics) {
  const epochs = metrics.epoch;
  const { nll, kl, elbo } = metrics.objective;
  const minus = elbo ? elbo.map((value) => (known(value) ? -value : null)) : null;
  const panel = (name, parts) => figures.set(name, () => {
    const shown = parts.filter(([, values]) => any(values));
    const values = shown.flatMap(([, list]) => list.filter(known));
    // A scale of decades where the values span one, and none is negative.
    const decades = values.length > 0 && Math.min(...values) > 0 && Math.max(...values) > 10 * Math.min(...values);
    return {
      traces: shown.map(([title, list, shade, stroke]) => line(title, epochs, list, shade, {
        line: { color: color(shade), width: 2.4, ...stroke }, hovertemplate: "%{y:,.4~s}", showlegend: true,
      })),
      layout: { xaxis: epoch_axis(epochs), yaxis: axis("nats", decades ? { type: "log", dtick: 1, tickformat: "~s" } : { tickformat: "~s" }) },
      csv: { columns: ["epoch", ...shown.map(([title]) => title.replace("−", "minus_").toLowerCase())],
        rows: epochs.map((epoch, at) => [epoch, ...shown.map(([, list]) => list[at])]) },
    };
  });
  panel("objective", [["−ELBO", minus, "full", {}], ["KL", kl, "deterministic", { dash: "dot" }]]);
  panel("objective-nll", [["NLL", nll, "ensemble", {}]]);
}
