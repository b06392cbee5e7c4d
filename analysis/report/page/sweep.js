// Sweeps: accuracy by sparsity and by threshold.

const sweeps = data.sweeps;
let sweep = null;
const measure = () => document.querySelector('input[name="measure"]:checked').value;
const measures = {
  accuracy: { title: "ensemble accuracy, %", value: "accuracy", error: "accuracy_se", scale: 100, format: ".2f", unit: " %" },
  difference: { title: "difference to full, points", value: "difference", error: "difference_se", scale: 100, format: "+.2f", unit: "" },
  nll: { title: "NLL an image, nats", value: "nll", error: null, scale: 1, format: ".4f", unit: "" },
};
const replace_colors = { mean: "mean", zero: "zero" };

/// Rows of a threshold of the scores and rows of a share of each layer are different cuts, even at equal sparsity.
const by_share = (row) => known(row.wanted_sparsity) || !known(row.log10_threshold);
const series_name = (row, differ) => [
  differ.criterion && row.criterion, differ.by_share && (by_share(row) ? "a share of each layer" : "one threshold"), `replaced by ${row.replace}`,
  (differ.repair || (known(row.repair) && row.repair !== "none")) && `repair ${row.repair}`,
].filter(Boolean).join(", ");

/// One curve for each criterion, kind of cut, replacement and repair, by the coordinate that `place` gives a row (null:
/// not in this figure).
const curves = (place, hover) => {
  const { value, error, scale, format, unit } = measures[measure()];
  const many = (of) => new Set(sweep.rows.map(of)).size > 1;
  const differ = { criterion: many((row) => row.criterion), by_share: many(by_share), repair: many((row) => row.repair) };
  const names = new Map();
  sweep.rows.forEach((row) => {
    if (!known(place(row)) || !known(row[value])) return;
    const name = series_name(row, differ);
    if (!names.has(name)) names.set(name, []);
    names.get(name).push(row);
  });
  return [...names].map(([name, rows], at) => {
    rows.sort((a, b) => place(a) - place(b));
    const shade = (!differ.criterion && color(replace_colors[rows[0].replace])) || series_colors()[at % 5];
    const share = differ.by_share && by_share(rows[0]);
    const repaired = differ.repair && rows[0].repair !== "none";
    const symbol = rows[0].replace === "mean" ? "square" : "circle";
    return {
      type: "scatter", mode: "lines+markers", name: plain(name), x: rows.map(place), y: rows.map((row) => scale * row[value]),
      line: { color: shade, width: 2.2, dash: differ.criterion ? ["solid", "dash", "dot", "dashdot"][Math.floor(at / 5) % 4] : repaired ? "dash" : share ? "dot" : "solid" },
      marker: { size: share ? 8 : 5.5, symbol: share ? `${symbol}-open` : symbol, color: shade },
      error_y: error ? { type: "data", array: rows.map((row) => (known(row[error]) ? scale * row[error] : 0)), visible: true, thickness: 1.2, width: 2.5, color: shade } : undefined,
      customdata: rows.map(hover), hovertemplate: `%{y:${format}}${unit}  (%{customdata})<extra>${plain(name)}</extra>`,
    };
  });
};
const full_value = () => {
  const { value, scale } = measures[measure()];
  if (value === "difference") return 0;
  return known(sweep.full[value]) ? scale * sweep.full[value] : null;
};
const near_full = () => (measure() === "nll" ? [0.05, 0.15] : [3, 1]);  // under and over it, in units of the axis
/// From a little before the first cut that changes anything to a little after the last that stays near the full ensemble:
/// what "near" shows of the axis. Null where all is shown.
const changing_range = (place) => {
  const { value, scale } = measures[measure()];
  const full = full_value();
  if (!known(full) || !element("sweep-near").checked) return null;
  const rows = sweep.rows.filter((row) => known(place(row)) && known(row[value]));
  const change = (row) => Math.abs(scale * row[value] - full);
  const [under, over] = near_full();
  const reach = measure() === "nll" ? over : under;
  const moved = rows.filter((row) => change(row) > 0.05 * reach).map(place);
  const near = rows.filter((row) => change(row) <= reach).map(place);
  if (!moved.length || !near.length) return null;
  const chosen = sweep.chosen ? place(sweep.rows[sweep.chosen.row]) : null;
  const ends = [Math.min(...moved), Math.max(...near), ...(known(chosen) ? [chosen] : [])];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const margin = Math.max(0.08 * (to - from), 0.05);
  const all = rows.map(place);
  const range = [Math.max(from - margin, Math.min(...all) - 0.06), Math.min(to + margin, Math.max(...all) + 0.1)];
  return range[1] > range[0] ? range : null;
};
const sweep_layout = (xaxis, place) => {
  const { title, value, error, scale } = measures[measure()];
  const full = full_value();
  const shapes = [];
  if (known(full)) {
    const spread = value === "accuracy" && known(sweep.full[error]) ? scale * sweep.full[error] : 0;
    if (spread > 0) {
      shapes.push({ type: "rect", layer: "below", xref: "paper", x0: 0, x1: 1, y0: full - spread, y1: full + spread, fillcolor: faint("full", 0.16), line: { width: 0 } });
    }
  }
  if (sweep.chosen) {
    const row = sweep.rows[sweep.chosen.row];
    if (known(place(row))) shapes.push(upright(place(row), { line: { color: color("chosen"), width: 1.2, dash: "dot" } }));
  }
  const near = near_full();
  const range = known(full) && element("sweep-near").checked ? [full - near[0], full + near[1]] : undefined;
  return { xaxis, shapes, hovermode: "closest", yaxis: axis(title, { tickformat: value === "nll" ? "" : "~f", range }), margin: { l: 52, r: 14, t: 30, b: 42 } };
};
/// The full ensemble, over all that is shown: named in the legend, where no data lie.
const full_line = (place) => {
  const full = full_value();
  const places = sweep.rows.map(place).filter(known);
  if (!known(full) || !places.length) return [];
  return [{
    type: "scatter", mode: "lines", name: sweep.samples ? `full ensemble, K = ${sweep.samples}` : "full ensemble", x: [Math.min(...places), Math.max(...places)], y: [full, full],
    line: { color: color("full"), width: 1.6 }, hoverinfo: "skip",
  }];
};
const chosen_point = (place) => {
  if (!sweep.chosen) return [];
  const row = sweep.rows[sweep.chosen.row];
  const { value, scale, format, unit } = measures[measure()];
  if (!known(place(row)) || !known(row[value])) return [];
  return [{
    type: "scatter", mode: "markers", name: "chosen", x: [place(row)], y: [scale * row[value]],
    marker: { symbol: "star", size: 17, color: color("chosen"), line: { color: color("paper"), width: 1.5 } },
    hovertemplate: `chosen: %{y:${format}}${unit}<extra></extra>`,
  }];
};
const sweep_csv = () => {
  const keys = ["criterion", "log10_threshold", "wanted_sparsity", "sparsity", "network_sparsity", "kept", "replace", "repair", "accuracy", "accuracy_se", "difference", "difference_se", "nll", "bytes"];
  return { columns: [...keys, "chosen"], rows: sweep.rows.map((row, at) => [...keys.map((key) => row[key]), sweep.chosen && sweep.chosen.row === at ? 1 : 0]) };
};

if (sweeps.length) {
  const sparsity_text = (sparsity) => `${Number((100 * sparsity).toFixed(3))} %`;
  const total_weights = () => Math.max(1, ...sweep.rows.map((row) => (known(row.kept) && row.sparsity < 1 ? row.kept / (1 - row.sparsity) : 0)));
  figures.set("sweep-sparsity", () => {
    const least = 0.5 / total_weights();
    // -log10 of the share that is kept; a layer of which nothing is kept stands where half a weight would.
    const place = (row) => (known(row.sparsity) ? -Math.log10(Math.max(1 - row.sparsity, least)) : null);
    const far = Math.max(0.5, ...sweep.rows.map((row) => place(row) || 0));
    const range = changing_range(place) ?? [-0.06, far + 0.1];
    const wide = range[1] - range[0];
    const spaced = [0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999, 0.99999].filter((sparsity) => {
      const at = -Math.log10(1 - sparsity);
      if (at < range[0] || at > range[1]) return false;
      return wide < (narrow() ? 1.8 : 3.2) ? sparsity !== 0.2 || wide < 1 : ![0.2, 0.8, 0.95, 0.98, 0.995, 0.998].includes(sparsity);
    });
    const gone = sweep.rows.some((row) => row.sparsity >= 1);
    const values = spaced.map((sparsity) => -Math.log10(1 - sparsity));
    const texts = spaced.map((sparsity) => `${Number((100 * sparsity).toFixed(3))}`);
    if (gone) { values.push(-Math.log10(least)); texts.push("100"); }
    return {
      traces: [...full_line(place), ...curves(place, (row) => `sparsity ${sparsity_text(row.sparsity)}, ${group(row.kept)} kept`), ...chosen_point(place)],
      layout: sweep_layout(axis(`sparsity of ${plain(sweep.layer || "the layer")}, %`, { tickmode: "array", tickvals: values, ticktext: texts, range }), place),
      csv: sweep_csv(),
    };
  });
  /// Weights of the layer for each that is kept, by threshold.
  const compression = () => {
    const rule = sweep.rows.find((row) => !by_share(row))?.replace;
    const rows = sweep.rows.filter((row) => !by_share(row) && row.replace === rule && known(row.sparsity))
      .sort((a, b) => a.log10_threshold - b.log10_threshold);
    if (!rows.length) return [];
    return [{
      type: "scatter", mode: "lines", name: "compression", x: rows.map((row) => row.log10_threshold), y: rows.map((row) => (row.sparsity < 1 ? 1 / (1 - row.sparsity) : null)),
      yaxis: "y2", line: { color: color("muted"), width: 1.8, dash: "dash" }, hovertemplate: "compression %{y:.4~s}<extra></extra>",
    }];
  };
  figures.set("sweep-threshold", () => {
    const place = (row) => row.log10_threshold;
    const criterion = sweep.criterion || "kappa";
    const range = changing_range(place);
    const pressed = compression();
    const ratios = pressed.flatMap(({ x, y }) => y.filter((ratio, at) => known(ratio) && range && x[at] >= range[0] && x[at] <= range[1]));
    const title = criterion === "kappa" ? "log<sub>10</sub> of the cut on |κ|" : `log<sub>10</sub> of the threshold on ${plain(criterion)}`;
    return {
      traces: [...full_line(place), ...curves(place, (row) => `threshold 10^${Number(row.log10_threshold.toFixed(3))}, sparsity ${sparsity_text(row.sparsity)}`), ...chosen_point(place), ...pressed],
      layout: {
        ...sweep_layout(axis(title, range ? { range } : {}), place), margin: { l: 52, r: 50, t: 30, b: 42 },
        yaxis2: axis("compression", { overlaying: "y", side: "right", type: "log", dtick: 1, tickformat: "~s", showgrid: false,
          ...(ratios.length ? { range: [Math.log10(Math.min(...ratios)) - 0.1, Math.log10(Math.max(...ratios)) + 0.2] } : {}) }),
      },
      csv: sweep_csv(),
    };
  });
  const layered = () => (sweep.layers || []).length > 1 && sweep.rows.some((row) => !by_share(row));
  figures.set("sweep-layers", () => {
    const rule = sweep.rows.find((row) => !by_share(row))?.replace;
    const rows = sweep.rows.filter((row) => !by_share(row) && row.replace === rule).sort((a, b) => a.log10_threshold - b.log10_threshold);
    // The lowest threshold takes next to nothing of a layer.
    const weights = sweep.layers.map((_, at) => Math.max(1, ...rows.map((row) => row.kept_by_layer[at] || 0)));
    const shares = sweep.layers.map((_, at) => rows.map((row) => (known(row.kept_by_layer[at]) ? 100 * (1 - row.kept_by_layer[at] / weights[at]) : null)));
    return {
      traces: sweep.layers.map((layer, at) => line(layer, rows.map((row) => row.log10_threshold), shares[at], series_colors()[at % 5], {
        line: { color: series_colors()[at % 5], width: 2.2, dash: ["solid", "dash", "dot", "dashdot"][Math.floor(at / 5) % 4] }, hovertemplate: "%{y:.2f} %",
      })),
      layout: { xaxis: axis("log<sub>10</sub> of the cut on |κ|"), yaxis: axis("sparsity, %", { range: [-3, 103] }) },
      csv: { columns: ["log10_threshold", ...sweep.layers], rows: rows.map((row, at) => [row.log10_threshold, ...shares.map((list) => list[at])]) },
    };
  });
  // Printed beside the leading sweep; on the page it is chosen among the files.
  const criteria = sweeps.find((one) => new Set(one.rows.map((row) => row.criterion)).size > 1);
  if (criteria) {
    figures.set("sweep-criteria", () => {
      const shown_before = sweep;
      sweep = criteria;
      try { return figures.get("sweep-sparsity")(); } finally { sweep = shown_before; }
    });
  }
  const describe = () => {
    const facts = [`Sweep of ${sweep.layer || "the layer"}` + (known(sweep.epoch) ? ` at epoch ${sweep.epoch}` : "")
      + ` by ${sweep.criterion || "kappa"}` + (sweep.smooth && sweep.smooth !== "none" ? ` (${sweep.smooth})` : "")
      + `, ${sweep.samples ? `ensembles of ${sweep.samples}` : "ensembles"} on ${known(sweep.predicted_images) ? `${group(sweep.predicted_images)} ` : ""}${sweep.split || "unnamed"} images.`];
    if (sweep.chosen) {
      const row = sweep.rows[sweep.chosen.row];
      facts.push(`The star is the point chosen` + (sweep.chosen.rule ? ` by ${sweep.chosen.rule}` : "")
        + (sweep.chosen.split ? ` on the ${sweep.chosen.split} split` : "") + `: ${sparsity_text(row.sparsity)} replaced by ${row.replace}, ${group(row.kept)} weights kept.`);
      const { test } = sweep.chosen;
      if (known(test.accuracy)) {
        facts.push(`On ${group(test.images)} test images, which had no part in the choice, it has ${(100 * test.accuracy).toFixed(2)} %: `
          + `${(100 * test.difference).toFixed(2)} points to the full ensemble (standard error ${(100 * test.difference_se).toFixed(2)}).`.replace("-", "−"));
      }
    }
    element("sweep-text").textContent = facts.join(" ");
  };
  /// Criteria are compared by sparsity alone, and one layer has no other beside it.
  const shown = () => {
    figure_of("sweep-threshold").hidden = sweep.rows.every((row) => !known(row.log10_threshold));
    figure_of("sweep-layers").hidden = !layered();
  };
  const draw_sweep = () => {
    describe();
    shown();
    for (const name of ["sweep-sparsity", "sweep-threshold", "sweep-layers"]) if (!figure_of(name).hidden) draw(name);
  };
  // Files of other programs may have no differences.
  if (!sweeps.some((one) => one.rows.some((row) => known(row.difference)))) document.querySelector('input[name="measure"][value="accuracy"]').checked = true;
  const leading = data.leading_sweep;
  sweep = sweeps[leading];
  offer_choice("sweep-file", sweeps.map((one) => one.file), leading, (at) => { sweep = sweeps[at]; draw_sweep(); });
  for (const radio of document.querySelectorAll('input[name="measure"]')) radio.addEventListener("change", draw_sweep);
  element("sweep-near").addEventListener("change", draw_sweep);
  shown();
  describe();
}
