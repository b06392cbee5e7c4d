// What was minimised, by epoch.

const metrics = data.metrics;
if (metrics) {
  const epochs = metrics.epoch;

  figures.set("objective", () => {
    const { nll, kl, elbo } = metrics.objective;
    const minus = elbo ? elbo.map((value) => (known(value) ? -value : null)) : null;
    const parts = [["−ELBO", minus, "full", {}], ["NLL", nll, "ensemble", { dash: "dash" }], ["KL", kl, "deterministic", { dash: "dot" }]]
      .filter(([, values]) => any(values));
    const positive = parts.every(([, values]) => values.every((value) => !known(value) || value > 0));
    return {
      traces: parts.map(([name, values, shade, stroke]) => line(name, epochs, values, shade, {
        line: { color: color(shade), width: 2.4, ...stroke }, hovertemplate: "%{y:,.4~s}",
      })),
      layout: {
        xaxis: epoch_axis(epochs),
        yaxis: axis("nats", positive ? { type: "log", dtick: 1, tickformat: "~s" } : { tickformat: "~s" }),
      },
      csv: {
        columns: ["epoch", "nll", "kl", "elbo"],
        rows: epochs.map((epoch, at) => [epoch, (nll || [])[at], (kl || [])[at], (elbo || [])[at]]),
      },
    };
  });
}
