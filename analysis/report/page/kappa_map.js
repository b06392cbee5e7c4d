// The map of a layer at the last epoch: outputs by inputs, by neuron, by class; and what was proved of it.

const kappa = data.kappa;
if (kappa && kappa.maps.length) {
  const pick = element("map-layer");
  kappa.maps.forEach((map, at) => pick.add(new Option(map.layer, String(at))));
  const map = () => kappa.maps[Number(pick.value) || 0];
  element("map-layer-label").hidden = kappa.maps.length === 1;
  const sorted = element("map-sorted");

  figures.set("kappa-map", () => {
    const one = map();
    const z = sorted.checked ? one.sorted : one.plain;
    const [outputs, ...rest] = one.shape;
    const inputs = one.weights / Math.max(1, outputs);
    const at = (index, count, of) => ((index + 0.5) * of) / count;
    const values = z.flat().filter(known);
    const top = values.length ? Math.max(...values) : 0;
    const name = (what, title) => (sorted.checked ? `${title}, by falling sum` : title) + (rest.length > 1 && what === "in" ? ` × ${rest.slice(1).join(" × ")} places` : "");
    return {
      traces: [{
        type: "heatmap", x: z[0].map((_, index) => at(index, z[0].length, inputs)), y: z.map((_, index) => at(index, z.length, outputs)), z,
        colorscale: "Cividis", zmax: top, zmin: Math.max(top - 8, values.length ? Math.min(...values) : -8), hoverongaps: false,
        hovertemplate: "output about %{y:.0f}, input about %{x:.0f}: largest |κ| 10^%{z:.1f}<extra></extra>",
        colorbar: { title: { text: "log<sub>10</sub> |κ|", side: "right", font: { size: 12, color: color("muted") } }, thickness: 11, outlinewidth: 0, len: 1, tickfont: { size: 11, color: color("muted") } },
      }],
      layout: { hovermode: "closest", xaxis: axis(name("in", "input"), { showgrid: false, range: [0, inputs] }), yaxis: axis(name("out", "output"), { showgrid: false, range: [outputs, 0] }) },
      csv: { columns: ["output", "input", "log10_largest_kappa"], rows: z.flatMap((row, r) => row.map((value, c) => [at(r, z.length, outputs), at(c, row.length, inputs), value])) },
    };
  });

  figures.set("kappa-neurons", () => {
    const one = map();
    const x = one.neurons.map((_, index) => (one.neurons.length > 1 ? (100 * index) / (one.neurons.length - 1) : 0));
    return {
      traces: [line("outputs", x, one.neurons.map((sum) => (sum > 0 ? sum : null)), "under", { hovertemplate: "Σ|κ| = %{y:.3~g}<extra></extra>", marker: { size: 4 } })],
      layout: {
        hovermode: "closest", showlegend: false, xaxis: axis("outputs by falling sum, %", { range: [-2, 102] }),
        yaxis: axis("Σ |κ| of an output", { type: "log", dtick: 1, tickformat: "~g" }),
      },
      csv: { columns: ["rank_percent", "sum_of_kappa"], rows: one.neurons.map((sum, at) => [x[at], sum]) },
    };
  });

  const proofs = kappa.maps.filter((one) => one.proof);
  const badge = element("kappa-proof");
  badge.hidden = !proofs.length;
  badge.textContent = proofs.map(({ layer, proof }) => `✓ ${layer}: ${group(proof.entries)} entries proved by a float64 double backward pass, worst relative error ${proof.worst.toExponential(1)}`).join("; ");
  const describe = () => {
    const one = map();
    element("map-text").textContent = `${one.layer} at epoch ${one.epoch}, ${one.shape.join(" × ")} weights`;
  };
  const redraw = () => { describe(); draw("kappa-map"); draw("kappa-neurons"); };
  pick.addEventListener("change", redraw);
  sorted.addEventListener("change", redraw);
  describe();
}

if (kappa && kappa.classes.length) {
  figures.set("kappa-classes", () => {
    const layers = kappa.classes[0].layers.map((one) => one.layer);
    const names = kappa.classes.map((one) => plain(one.name));
    return {
      traces: layers.map((layer, at) => ({
        type: "bar", name: plain(layer), x: names, y: kappa.classes.map((one) => one.layers[at]?.sum ?? null),
        marker: { color: series_colors()[at % 5] }, customdata: kappa.classes.map((one) => group(one.layers[at]?.over ?? 0)),
        hovertemplate: "Σ|κ| = %{y:.3~g}, %{customdata} weights over κ<sub>0</sub>",
      })),
      layout: { xaxis: axis("class", { type: "category", showgrid: false }), yaxis: axis("Σ |κ| of its images", { rangemode: "tozero", tickformat: "~s" }), showlegend: layers.length > 1 },
      csv: {
        columns: ["class", "layer", "sum_of_kappa", "over_kappa0"],
        rows: kappa.classes.flatMap((one) => one.layers.map(({ layer, sum, over }) => [one.name, layer, sum, over])),
      },
    };
  });
}
