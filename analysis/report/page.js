// Draws the figures from the JSON in #report-data. Nothing is fetched; every text of the data is escaped before Plotly
// sees it, since Plotly reads a subset of HTML.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const root = document.documentElement;
  const errors = [];
  const report_error = (message) => { errors.push(String(message)); root.dataset.errors = errors.join(" | "); };
  window.addEventListener("error", (event) => report_error(event.message));
  window.addEventListener("unhandledrejection", (event) => report_error(event.reason));
  document.addEventListener("securitypolicyviolation", (event) => report_error(`blocked ${event.blockedURI}`));

  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const element = (id) => document.getElementById(id);
  const known = (value) => value !== null && value !== undefined;
  const any = (values) => Array.isArray(values) && values.some(known);
  const percent = (values) => values.map((value) => (known(value) ? 100 * value : null));
  const group = (count) => Number(count).toLocaleString("en-US");
  const log10_text = (value) => `10<sup>${Number(Math.log10(value).toFixed(3))}</sup>`;
  const narrow = () => window.matchMedia("(max-width: 560px)").matches;
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const faint = (name, alpha) => {
    const hex = color(name).slice(1);
    return `rgba(${[0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(",")},${alpha})`;
  };
  const series_colors = () => ["ensemble", "deterministic", "stochastic", "zero-mean", "count"].map(color);

  // ---- what all figures share

  const axis = (title, more = {}) => ({
    title: { text: title, standoff: 8, font: { size: 13, color: color("muted") } },
    gridcolor: color("grid"), linecolor: color("rule"), tickcolor: color("rule"), zeroline: false, ticks: "outside",
    ticklen: 4, tickfont: { size: 12, color: color("muted") }, automargin: true, ...more,
  });
  const layout = (more) => ({
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: color("ink") },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: color("muted"), activecolor: color("ink"), orientation: "h" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 16, t: 30, b: 40 }, hovermode: "x unified",
    hoverlabel: { bgcolor: color("paper"), bordercolor: color("rule"), font: { color: color("ink") } },
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", font: { size: narrow() ? 11.5 : 13 } },
    ...more,
  });
  const config = (name) => ({
    displaylogo: false, displayModeBar: "hover",
    showSendToCloud: false, plotlyServerURL: "", topojsonURL: "about:invalid",  // the data stay on this page
    modeBarButtonsToRemove: ["sendChartToCloud", "sendDataToCloud", "lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    toImageButtonOptions: { format: "svg", filename: `${data.name}-${name}` },
  });
  const line = (name, x, y, shade, more = {}) => ({
    type: "scatter", mode: x.length > 60 ? "lines" : "lines+markers", name: plain(name), x, y,
    line: { color: color(shade) || shade, width: 2.2 }, marker: { size: 5 }, connectgaps: true, ...more,
  });
  const note = (more) => ({ showarrow: false, font: { size: 12, color: color("muted") }, ...more });
  const rule = (more) => ({ type: "line", layer: "above", line: { color: color("muted"), width: 1.3, dash: "dash" }, ...more });
  const upright = (x, more = {}) => rule({ x0: x, x1: x, yref: "paper", y0: 0, y1: 1, ...more });

  const csv_cell = (value) => {
    if (!known(value)) return "";
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const offer_csv = (figure, name, columns, rows) => {
    const text = [columns, ...rows].map((row) => row.map(csv_cell).join(",")).join("\n") + "\n";
    let link = figure.querySelector("a.csv");
    if (!link) {
      link = document.createElement("a");
      link.className = "csv";
      link.textContent = "Download CSV";
      figure.querySelector("figcaption").append(" ", link);
    }
    link.download = `${data.name}-${name}.csv`;
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent(text);
  };

  const figures = new Map();  // name -> function that gives { traces, layout, csv }
  const figure_of = (name) => document.querySelector(`figure[data-figure="${name}"]`);
  const draw = (name) => {
    const figure = figure_of(name);
    if (!figure) return null;
    const plot = figure.querySelector(".plot");
    try {
      const { traces, layout: shape, csv } = figures.get(name)();
      const drawn = Plotly.react(plot, traces, layout(shape), config(name));
      if (csv) offer_csv(figure, name, csv.columns, csv.rows);
      return drawn;
    } catch (error) {
      report_error(`${name}: ${error.message}`);
      plot.replaceChildren();
      plot.classList.add("failed");
      plot.textContent = `This figure could not be drawn: ${error.message}`;
      return null;
    }
  };

  // ---- the transition

  const metrics = data.metrics;
  const predictions = [
    ["ensemble", "ensemble", { width: 3 }], ["deterministic", "deterministic", { width: 3 }],
    ["stochastic", "stochastic", { width: 2, dash: "dash" }], ["zero mean", "zero_mean", { width: 2, dash: "dot" }],
  ];
  const shades = { ensemble: "ensemble", deterministic: "deterministic", stochastic: "stochastic", zero_mean: "zero-mean" };

  if (metrics) {
    for (const place of document.querySelectorAll("[data-split]")) place.textContent = data.split;
    const epochs = metrics.epoch;
    const epoch_axis = () => axis("epoch", { showgrid: false, range: [epochs[0] - 0.6, epochs[epochs.length - 1] + 0.6] });

    figures.set("transition", () => {
      const transition = data.transition;
      const counted = transition && any(transition.over);
      const traces = [];
      const shapes = [];
      const annotations = [];
      if (counted) {
        traces.push({
          type: "bar", name: `weights with |κ| > ${log10_text(transition.kappa0)}`, x: transition.epoch,
          y: transition.over.map((count) => (count > 0 ? count : null)), customdata: transition.over, yaxis: "y",
          marker: { color: faint("count", 0.42) }, hovertemplate: "%{customdata:,}",
        });
        const marks = [["onset", transition.onset, "count"], ["drop", transition.drop, "deterministic"], ["gap", transition.gap, "ensemble"]]
          .filter(([, epoch]) => known(epoch));
        marks.sort((a, b) => a[1] - b[1]);
        marks.forEach(([what, epoch, shade], position) => {
          // A gap that is there when one first looks began at that epoch or earlier.
          const by = what === "gap" && transition.low_variance_phase === false ? "by " : "";
          shapes.push(upright(epoch, { line: { color: color(shade), width: 1.5, dash: "dash" } }));
          const left = epoch - epochs[0] > 0.5 * (epochs[epochs.length - 1] - epochs[0]);
          annotations.push(note({
            x: epoch, yref: "paper", y: 1 - 0.06 * position, yanchor: "top", xanchor: left ? "right" : "left",
            xshift: left ? -4 : 4, text: `<b>${what}</b>: ${by}epoch ${epoch}`, font: { size: 12.5, color: color("ink") },
            bgcolor: color("paper"), opacity: 0.9,
          }));
        });
      }
      for (const [name, key, stroke] of predictions) {
        if (!any(metrics.accuracy[key])) continue;
        traces.push(line(name, epochs, percent(metrics.accuracy[key]), shades[key], {
          yaxis: "y2", line: { color: color(shades[key]), ...stroke }, marker: { size: stroke.width > 2 ? 5.5 : 4 },
          hovertemplate: "%{y:.2f} %",
        }));
      }
      const top = counted ? Math.log10(Math.max(10, transition.weights)) : 1;
      return {
        traces,
        layout: {
          shapes, annotations, bargap: 0.12, xaxis: epoch_axis(),
          margin: { l: 48, r: counted ? 52 : 16, t: 30, b: 40 },
          yaxis: axis(counted ? "weights over κ<sub>0</sub>" : "", {
            side: "right", type: "log", range: [Math.log10(0.7), top * 1.04], dtick: 1, tickformat: "~s", showgrid: false,
            visible: Boolean(counted), color: color("muted"),
          }),
          yaxis2: axis("accuracy, %", { overlaying: "y", side: "left", range: [0, 113], dtick: 20 }),
        },
        csv: {
          columns: ["epoch", ...predictions.map(([, key]) => `${data.split}_accuracy_${key}`), "over_kappa0"],
          rows: epochs.map((epoch, at) => [
            epoch, ...predictions.map(([, key]) => (metrics.accuracy[key] || [])[at]),
            counted ? transition.over[transition.epoch.indexOf(epoch)] : null,
          ]),
        },
      };
    });

    figures.set("log-alpha", () => {
      const shade = series_colors();
      const values = metrics.log_alpha.flatMap((layer) => layer.values).filter(known);
      const crosses = Math.min(...values) < 0 && Math.max(...values) > -1;
      return {
        traces: metrics.log_alpha.map((layer, at) => line(layer.layer, epochs, layer.values, shade[at % shade.length], {
          hovertemplate: "%{y:.3f}", showlegend: true,
        })),
        layout: {
          xaxis: epoch_axis(), yaxis: axis("log α"),
          shapes: crosses ? [rule({ xref: "paper", x0: 0, x1: 1, y0: 0, y1: 0, line: { color: color("muted"), width: 1, dash: "dot" } })] : [],
          annotations: crosses ? [note({ xref: "paper", x: 0.005, y: 0, text: "α = 1", xanchor: "left", yanchor: "bottom" })] : [],
        },
        csv: {
          columns: ["epoch", ...metrics.log_alpha.map((layer) => `log_alpha/${layer.layer}`)],
          rows: epochs.map((epoch, at) => [epoch, ...metrics.log_alpha.map((layer) => layer.values[at])]),
        },
      };
    });

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
          xaxis: epoch_axis(),
          yaxis: axis("nats", positive ? { type: "log", dtick: 1, tickformat: "~s" } : { tickformat: "~s" }),
        },
        csv: {
          columns: ["epoch", "nll", "kl", "elbo"],
          rows: epochs.map((epoch, at) => [epoch, (nll || [])[at], (kl || [])[at], (elbo || [])[at]]),
        },
      };
    });
    if (!metrics.log_alpha.some((layer) => any(layer.values))) { figure_of("log-alpha")?.remove(); }
    if (!predictions.some(([, key]) => any(metrics.accuracy[key])) && !data.transition) { figure_of("transition")?.remove(); }
  }

  // ---- kappa

  const kappa = data.kappa;
  const chosen = { layer: 0, epoch: 0 };

  if (kappa) {
    const bins = kappa.layers[0].epochs[0].bins.length;
    const centers = Array.from({ length: bins }, (_, bin) => kappa.first + kappa.width * (bin + 0.5));
    const threshold = Math.log10(kappa.kappa0);
    const layer = () => kappa.layers[chosen.layer];
    const epoch_count = () => layer().epochs.length;
    const entry = () => layer().epochs[chosen.epoch];
    /// The stretch of log10 |kappa| that any epoch fills, with room for the threshold.
    const stretch = () => {
      let low = bins - 1;
      let high = 0;
      for (const epoch of layer().epochs) {
        epoch.bins.forEach((count, bin) => {
          if (count > 0) { low = Math.min(low, bin); high = Math.max(high, bin); }
        });
      }
      if (low > high) return [threshold - 2, threshold + 2];
      const from = kappa.first + kappa.width * low;
      const to = kappa.first + kappa.width * (high + 1);
      return [Math.min(from, threshold) - 0.4, Math.max(to, threshold) + 1];
    };
    /// Whole decades, about eight of them; the one at the end that stands for exact zeros says so.
    const decades = ([from, to]) => {
      const step = [1, 2, 5].find((size) => (to - from) / size < 9) || 10;
      const ticks = [];
      for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
      return { tickmode: "array", tickvals: ticks, ticktext: ticks.map((at) => (at === kappa.first ? "κ = 0" : `${at}`.replace("-", "−"))) };
    };
    const largest = () => Math.max(1, ...layer().epochs.map((epoch) => Math.max(...epoch.bins)));

    figures.set("histogram", () => {
      const range = stretch();
      const shade = centers.map((center, bin) => (
        bin === 0 && entry().zeros > 0 ? color("at-zero") : center > threshold ? color("over") : color("under")));
      const logarithmic = element("kappa-log").checked;
      const top = largest();
      return {
        traces: [{
          type: "bar", x: centers, y: entry().bins, width: kappa.width, marker: { color: shade, line: { width: 0 } }, showlegend: false,
          customdata: centers.map((_, bin) => `${(kappa.first + kappa.width * bin).toFixed(2)} to ${(kappa.first + kappa.width * (bin + 1)).toFixed(2)}`),
          hovertemplate: "%{customdata}: %{y:,} weights<extra></extra>",
        }],
        layout: {
          bargap: 0, hovermode: "closest", shapes: [upright(threshold, { line: { color: color("over"), width: 1.8, dash: "dash" } })],
          annotations: [
            note({ x: threshold, yref: "paper", y: 1, yanchor: "bottom", xanchor: "center", text: `κ<sub>0</sub> = ${log10_text(kappa.kappa0)}`, font: { size: 12.5, color: color("over") } }),
            note({ xref: "paper", x: 0, yref: "paper", y: 1, yanchor: "bottom", xanchor: "left", text: `<b>epoch ${entry().epoch}</b>`, font: { size: 14, color: color("ink") } }),
          ],
          xaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false, ...decades(range) }),
          yaxis: axis("weights", logarithmic
            ? { type: "log", range: [Math.log10(0.7), Math.log10(top) * 1.03 + 0.05], dtick: 1, tickformat: "~s" }
            : { range: [0, top * 1.05], tickformat: "~s" }),
        },
        csv: {
          columns: ["epoch", "layer", "log10_from", "log10_to", "count"],
          rows: entry().bins.map((count, bin) => [entry().epoch, layer().layer, kappa.first + kappa.width * bin, kappa.first + kappa.width * (bin + 1), count]),
        },
      };
    });

    figures.set("kappa-epochs", () => {
      const range = stretch();
      const epochs = layer().epochs.map((epoch) => epoch.epoch);
      const z = centers.map((_, bin) => layer().epochs.map((epoch) => (epoch.bins[bin] > 0 ? Math.log10(epoch.bins[bin]) : null)));
      const counts = centers.map((_, bin) => layer().epochs.map((epoch) => epoch.bins[bin]));
      const top = Math.log10(largest());
      const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, at) => at);
      return {
        traces: [{
          type: "heatmap", x: epochs, y: centers, z, customdata: counts, colorscale: "Cividis", zmin: 0, zmax: Math.max(top, 1),
          hoverongaps: false, hovertemplate: "epoch %{x}, log<sub>10</sub> |κ| about %{y:.2f}: %{customdata:,} weights<extra></extra>",
          colorbar: {
            title: { text: "weights", side: "right", font: { size: 12, color: color("muted") } }, thickness: 11, outlinewidth: 0, len: 1,
            tickvals: ticks, ticktext: ticks.map((at) => (at < 3 ? `${10 ** at}` : `${10 ** (at - 3)}k`)), tickfont: { size: 11, color: color("muted") },
          },
        }],
        layout: {
          hovermode: "closest", xaxis: axis("epoch", { showgrid: false }),
          yaxis: axis("log<sub>10</sub> |κ|", { range, showgrid: false, ...decades(range) }),
          shapes: [
            rule({ xref: "paper", x0: 0, x1: 1, y0: threshold, y1: threshold, line: { color: color("over"), width: 1.8, dash: "dash" } }),
            upright(entry().epoch, { line: { color: color("ink"), width: 1.4, dash: "dot" } }),
          ],
          annotations: [note({ xref: "paper", x: 0.01, y: threshold, yanchor: "bottom", xanchor: "left", text: `κ<sub>0</sub> = ${log10_text(kappa.kappa0)}`, font: { size: 12.5, color: color("over") } })],
        },
        csv: {
          columns: ["layer", "epoch", "weights", "over", "zeros", "negative", "underflow", "overflow", ...centers.map((_, bin) => `log10_from_${kappa.first + kappa.width * bin}`)],
          rows: kappa.layers.flatMap((one) => one.epochs.map((epoch) => [
            one.layer, epoch.epoch, one.weights, epoch.over, epoch.zeros, epoch.negative, epoch.underflow, epoch.overflow, ...epoch.bins])),
        },
      };
    });

    const describe = () => {
      const { over, zeros, negative, underflow, overflow } = entry();
      const total = layer().weights;
      const share = (count) => `${(100 * count / total).toFixed(1)} %`;
      const parts = [
        `${group(over)} of ${group(total)} weights over κ₀`, `${group(zeros)} exact zeros`, `${share(negative)} negative`,
        `${group(underflow)} under 10⁻²⁵`,
      ];
      if (overflow > 0) parts.push(`${group(overflow)} at 10¹⁰ or more`);
      element("kappa-counts").textContent = `Epoch ${entry().epoch}: ${parts.join(", ")}.`;
    };
    const slider = element("kappa-epoch");
    const select_epoch = (at) => {
      chosen.epoch = Math.max(0, Math.min(epoch_count() - 1, at));
      slider.max = String(epoch_count() - 1);
      slider.value = String(chosen.epoch);
      slider.setAttribute("aria-valuetext", `epoch ${entry().epoch}`);
      element("kappa-epoch-value").textContent = String(entry().epoch);
      describe();
      if (figure_of("histogram").offsetParent) draw("histogram");
      const map = figure_of("kappa-epochs").querySelector(".plot");
      if (map.data) Plotly.relayout(map, { "shapes[1].x0": entry().epoch, "shapes[1].x1": entry().epoch });
    };
    slider.addEventListener("input", () => { stop(); select_epoch(Number(slider.value)); });
    element("kappa-log").addEventListener("change", () => draw("histogram"));

    let timer = 0;
    const play = element("kappa-play");
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = "▶";
      play.setAttribute("aria-label", "Play all epochs");
    };
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      if (chosen.epoch === epoch_count() - 1) select_epoch(0);
      play.textContent = "❚❚";
      play.setAttribute("aria-label", "Pause");
      timer = setInterval(() => {
        if (chosen.epoch === epoch_count() - 1) { stop(); return; }
        select_epoch(chosen.epoch + 1);
      }, 350);
    });

    if (kappa.layers.length > 1) {
      const pick = element("kappa-layer");
      kappa.layers.forEach((one, at) => pick.add(new Option(one.layer, String(at))));
      pick.addEventListener("change", () => {
        chosen.layer = Number(pick.value);
        draw("kappa-epochs");
        select_epoch(chosen.epoch);
      });
      element("kappa-layer-label").hidden = false;
    }
    // Open a little after the onset, where the histogram reaches over the threshold; else at the last epoch.
    const onset = data.transition && known(data.transition.onset) ? data.transition.onset : null;
    const first = known(onset) ? layer().epochs.findIndex((epoch) => epoch.epoch >= onset) : -1;
    chosen.epoch = first >= 0 ? first : epoch_count() - 1;
    figures.get("histogram").ready = () => {
      select_epoch(chosen.epoch);
      const map = figure_of("kappa-epochs").querySelector(".plot");
      map.on?.("plotly_click", (event) => select_epoch(layer().epochs.findIndex((epoch) => epoch.epoch === event.points[0].x)));
    };
  }

  // ---- sweeps

  const sweeps = data.sweeps;
  let sweep = null;
  const measure = () => document.querySelector('input[name="measure"]:checked').value;
  const measures = {
    accuracy: { title: "ensemble accuracy, %", value: "accuracy", error: "accuracy_se", scale: 100, format: ".2f", unit: " %" },
    difference: { title: "difference to full, points", value: "difference", error: "difference_se", scale: 100, format: "+.2f", unit: "" },
    nll: { title: "NLL an image, nats", value: "nll", error: null, scale: 1, format: ".4f", unit: "" },
  };
  const replace_colors = { mean: "mean", zero: "zero" };

  /// One curve for each replacement and repair, by the coordinate that `place` gives a row (null: not in this figure).
  const curves = (place, hover) => {
    const { value, error, scale, format, unit } = measures[measure()];
    const names = new Map();
    const repairs = new Set(sweep.rows.map((row) => row.repair));
    sweep.rows.forEach((row) => {
      if (!known(place(row)) || !known(row[value])) return;
      const name = `replaced by ${row.replace}` + (repairs.size > 1 || (known(row.repair) && row.repair !== "none") ? `, repair ${row.repair}` : "");
      if (!names.has(name)) names.set(name, []);
      names.get(name).push(row);
    });
    return [...names].map(([name, rows], at) => {
      rows.sort((a, b) => place(a) - place(b));
      const shade = color(replace_colors[rows[0].replace]) || series_colors()[at % 5];
      const repaired = repairs.size > 1 && rows[0].repair !== "none";
      return {
        type: "scatter", mode: "lines+markers", name: plain(name), x: rows.map(place), y: rows.map((row) => scale * row[value]),
        line: { color: shade, width: 2.2, dash: repaired ? "dash" : "solid" },
        marker: { size: 5.5, symbol: rows[0].replace === "mean" ? "square" : "circle", color: shade },
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
  const sweep_layout = (xaxis, place) => {
    const { title, value, error, scale } = measures[measure()];
    const full = full_value();
    const shapes = [];
    const annotations = [];
    if (known(full)) {
      const spread = value === "accuracy" && known(sweep.full[error]) ? scale * sweep.full[error] : 0;
      if (spread > 0) {
        shapes.push({ type: "rect", layer: "below", xref: "paper", x0: 0, x1: 1, y0: full - spread, y1: full + spread, fillcolor: faint("full", 0.16), line: { width: 0 } });
      }
      shapes.push(rule({ xref: "paper", x0: 0, x1: 1, y0: full, y1: full, layer: "below", line: { color: color("full"), width: 1.6 } }));
      annotations.push(note({ xref: "paper", x: 0.99, xanchor: "right", y: full, yanchor: "bottom", text: "full ensemble" }));
    }
    if (sweep.chosen) {
      const row = sweep.rows[sweep.chosen.row];
      if (known(place(row))) shapes.push(upright(place(row), { line: { color: color("chosen"), width: 1.2, dash: "dot" } }));
    }
    const near = value === "nll" ? [0.05, 0.15] : [3, 1];  // under and over the full ensemble, in units of the axis
    const range = known(full) && element("sweep-near").checked ? [full - near[0], full + near[1]] : undefined;
    return { xaxis, shapes, annotations, hovermode: "closest", yaxis: axis(title, { tickformat: value === "nll" ? "" : "~f", range }), margin: { l: 52, r: 14, t: 30, b: 42 } };
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
    const keys = ["log10_threshold", "sparsity", "network_sparsity", "kept", "replace", "repair", "accuracy", "accuracy_se", "difference", "difference_se", "nll", "bytes"];
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
      const ticks = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999, 0.99999].filter((sparsity) => -Math.log10(1 - sparsity) <= far + 0.05);
      const spaced = ticks.filter((sparsity) => !narrow() || ![0.8, 0.95, 0.98, 0.995, 0.998].includes(sparsity))
        .filter((sparsity) => far < 3.2 || ![0.8, 0.95, 0.98, 0.995, 0.998].includes(sparsity));
      const gone = sweep.rows.some((row) => row.sparsity >= 1);
      const values = spaced.map((sparsity) => -Math.log10(1 - sparsity));
      const texts = spaced.map((sparsity) => `${Number((100 * sparsity).toFixed(3))}`);
      if (gone) { values.push(-Math.log10(least)); texts.push("100"); }
      return {
        traces: [...curves(place, (row) => `sparsity ${sparsity_text(row.sparsity)}, ${group(row.kept)} kept`), ...chosen_point(place)],
        layout: sweep_layout(axis(`sparsity of ${plain(sweep.layer || "the layer")}, %`, { tickmode: "array", tickvals: values, ticktext: texts, range: [-0.06, far + 0.1] }), place),
        csv: sweep_csv(),
      };
    });
    figures.set("sweep-threshold", () => {
      const place = (row) => row.log10_threshold;
      const criterion = sweep.criterion || "kappa";
      const title = criterion === "kappa" ? "log<sub>10</sub> κ<sub>0</sub>" : `log<sub>10</sub> of the threshold on ${plain(criterion)}`;
      return {
        traces: [...curves(place, (row) => `threshold 10^${Number(row.log10_threshold.toFixed(3))}, sparsity ${sparsity_text(row.sparsity)}`), ...chosen_point(place)],
        layout: sweep_layout(axis(title), place),
        csv: sweep_csv(),
      };
    });
    const describe = () => {
      const facts = [`Sweep of ${sweep.layer || "the layer"}` + (known(sweep.epoch) ? ` at epoch ${sweep.epoch}` : "")
        + ` by ${sweep.criterion || "kappa"}` + (sweep.smooth && sweep.smooth !== "none" ? ` (${sweep.smooth})` : "")
        + `, ${sweep.samples ? `ensembles of ${sweep.samples}` : "ensembles"} on the ${sweep.split || "unnamed"} split.`];
      if (sweep.chosen) {
        const row = sweep.rows[sweep.chosen.row];
        facts.push(`The star is the point chosen` + (sweep.chosen.rule ? ` by ${sweep.chosen.rule}` : "")
          + (sweep.chosen.split ? ` on the ${sweep.chosen.split} split` : "") + `: ${sparsity_text(row.sparsity)} replaced by ${row.replace}, ${group(row.kept)} weights kept.`);
      }
      element("sweep-text").textContent = facts.join(" ");
    };
    const draw_sweep = () => { describe(); draw("sweep-sparsity"); draw("sweep-threshold"); };
    // The newest epoch, one with a choice before one without.
    let leading = 0;
    const rank = (one) => [one.chosen ? 1 : 0, known(one.epoch) ? one.epoch : -1];
    sweeps.forEach((one, at) => {
      const [choice, epoch] = rank(one);
      const [best_choice, best_epoch] = rank(sweeps[leading]);
      if (choice > best_choice || (choice === best_choice && epoch >= best_epoch)) leading = at;
    });
    sweep = sweeps[leading];
    if (sweeps.length > 1) {
      const pick = element("sweep-file");
      sweeps.forEach((one, at) => pick.add(new Option(one.file, String(at), at === leading, at === leading)));
      pick.addEventListener("change", () => { sweep = sweeps[Number(pick.value)]; draw_sweep(); });
      element("sweep-file-label").hidden = false;
    }
    for (const radio of document.querySelectorAll('input[name="measure"]')) radio.addEventListener("change", draw_sweep);
    element("sweep-near").addEventListener("change", draw_sweep);
    describe();
  }

  // ---- uncertainty

  const evaluations = data.uncertainty;
  if (evaluations.length) {
    let evaluation = evaluations[evaluations.length - 1];
    const pick_file = element("uncertainty-file");
    const pick_column = element("entropy-column");
    const column_line = (column) => {
      // Networks differ by their strokes, ways of prediction by their colours.
      const networks = [...new Set(evaluation.columns.map((one) => one.title.slice(0, -one.estimator.length)))];
      const at = networks.indexOf(column.title.slice(0, -column.estimator.length));
      return { color: color(shades[column.estimator]) || series_colors()[at % 5], width: 2.2, dash: ["solid", "dash", "dot", "dashdot"][at % 4] };
    };
    const shares = (values) => percent(values);

    figures.set("reliability", () => {
      const kind = element("uncertainty-mass").checked ? "equal_mass" : "equal_width";
      const keep = (bins) => bins.images.map((_, at) => at).filter((at) => bins.images[at] > 0);
      return {
        traces: evaluation.columns.map((column) => {
          const bins = column.reliability[kind];
          const kept = keep(bins);
          return {
            type: "scatter", mode: "lines+markers", name: plain(column.title), line: column_line(column), marker: { size: 5 },
            x: shares(kept.map((at) => bins.confidence[at])), y: shares(kept.map((at) => bins.accuracy[at])),
            customdata: kept.map((at) => group(bins.images[at])), hovertemplate: "%{y:.1f} % of %{customdata} images right, confidence %{x:.1f} %",
          };
        }),
        layout: {
          hovermode: "closest", xaxis: axis("confidence, %", { range: [0, 102] }), yaxis: axis("accuracy, %", { range: [0, 102] }),
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

    figures.set("risk-coverage", () => ({
      traces: evaluation.columns.map((column) => ({
        type: "scatter", mode: "lines", name: plain(column.title), line: column_line(column), showlegend: narrow(),
        x: shares(column.risk_coverage.coverage), y: shares(column.risk_coverage.risk), hovertemplate: "%{y:.2f} % wrong",
      })),
      layout: { xaxis: axis("coverage, %", { range: [0, 101] }), yaxis: axis("wrong answers, %", { rangemode: "tozero" }) },
      csv: {
        columns: ["prediction", "coverage", "risk"],
        rows: evaluation.columns.flatMap((column) => column.risk_coverage.coverage.map((coverage, at) => [column.title, coverage, column.risk_coverage.risk[at]])),
      },
    }));

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
    if (evaluations.length > 1) {
      evaluations.forEach((one, at) => pick_file.add(new Option(one.file, String(at), one === evaluation, one === evaluation)));
      pick_file.addEventListener("change", () => { evaluation = evaluations[Number(pick_file.value)]; fill_columns(); draw_uncertainty(); });
      element("uncertainty-file-label").hidden = false;
    }
    element("uncertainty-mass").addEventListener("change", () => draw("reliability"));
    pick_column.addEventListener("change", () => draw("entropy"));
    fill_columns();
  }

  // ---- attacks

  if (data.attacks.length) {
    // A line for every judge of every attack; judges differ by colour, attacks by stroke.
    const judged = data.attacks.flatMap((attack, at) => attack.judges.map((judge) => ({ attack, at, judge })));
    const names = [...new Set(judged.map(({ judge }) => judge.name))];
    const by_step = (name, y_title, value, text, scale) => figures.set(name, () => ({
      traces: judged.map(({ attack, at, judge }) => ({
        type: "scatter", mode: "lines+markers", name: plain(`${judge.name}: ${attack.attack}`), marker: { size: 4 },
        line: { color: series_colors()[names.indexOf(judge.name) % 5], width: 2.2, dash: ["solid", "dash", "dot", "dashdot"][at % 4] },
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

  // ---- the page

  /// "#figure=transition" shows that figure alone, over the whole window.
  const show_alone = () => {
    const wanted = /^#figure=([a-z-]+)$/.exec(location.hash);
    const figure = wanted ? figure_of(wanted[1]) : null;
    document.body.classList.toggle("alone", Boolean(figure));
    for (const shown of document.querySelectorAll(".shown")) shown.classList.remove("shown");
    for (let at = figure; at && at !== document.body; at = at.parentElement) {
      if (at.tagName !== "MAIN") at.classList.add("shown");
    }
  };
  /// Figures follow their boxes, whatever changes these.
  const sizes = new WeakMap();
  const follow = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const size = `${Math.round(contentRect.width)}x${Math.round(contentRect.height)}`;
      const before = sizes.get(target);
      sizes.set(target, size);
      if (before !== undefined && before !== size && contentRect.width > 0 && target.data) Plotly.Plots.resize(target);
    }
  });
  const draw_all = async () => {
    // What is not shown has no size to be drawn in.
    await Promise.all([...figures.keys()].filter((name) => figure_of(name)?.offsetParent).map(draw));
  };
  const start = async () => {
    show_alone();
    await draw_all();
    figures.get("histogram")?.ready();
    for (const plot of document.querySelectorAll(".plot")) follow.observe(plot);
    root.dataset.figures = String([...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot.querySelector(".main-svg")).length);
    root.dataset.height = String(Math.ceil(document.body.getBoundingClientRect().bottom + window.scrollY));
    root.dataset.ready = "yes";
    // A page that holds this one in a frame may fit the frame to it.
    if (window.parent !== window) window.parent.postMessage({ height: Number(root.dataset.height) }, "*");
  };
  window.addEventListener("hashchange", () => { show_alone(); draw_all(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw_all);
  window.matchMedia("(max-width: 560px)").addEventListener("change", draw_all);
  start().catch((error) => report_error(error.message));
})();
