// What all figures share: the data, texts, colours, Plotly's settings, CSV, and the list of figures. Its names are seen
// by every other file of the page, theirs by none (page_script.py). Nothing is fetched; every text of the data is escaped
// before Plotly sees it, since Plotly reads a subset of HTML.

const data = JSON.parse(document.getElementById("report-data").textContent);
const root = document.documentElement;
const errors = [];
const report_error = (message) => { errors.push(String(message)); root.dataset.errors = errors.join(" | "); };
// A served page (live.js) runs this script again at news: what the run before listens to and plays ends then.
window.page_life?.abort();
window.page_life = new AbortController();
const life = { signal: window.page_life.signal };
window.addEventListener("error", (event) => report_error(event.message), life);
window.addEventListener("unhandledrejection", (event) => report_error(event.reason), life);
document.addEventListener("securitypolicyviolation", (event) => report_error(`blocked ${event.blockedURI}`), life);

const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const element = (id) => document.getElementById(id);
const known = (value) => value !== null && value !== undefined;
const any = (values) => Array.isArray(values) && values.some(known);
const percent = (values) => values.map((value) => (known(value) ? 100 * value : null));
const group = (count) => Number(count).toLocaleString("en-US");
const log10_text = (value) => `10<sup>${Number(Math.log10(value).toFixed(3))}</sup>`;
const printing = () => root.classList.contains("printing");
const narrow = () => printing() || window.matchMedia("(max-width: 560px)").matches;
const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const faint = (name, alpha) => {
  const hex = color(name).slice(1);
  return `rgba(${[0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(",")},${alpha})`;
};
// Of the ways of prediction.
const shades = { ensemble: "ensemble", deterministic: "deterministic", stochastic: "stochastic", zero_mean: "zero-mean" };
const strokes = { ensemble: "solid", deterministic: "solid", stochastic: "dash", zero_mean: "dot" };
const series_colors = () => ["ensemble", "deterministic", "stochastic", "zero-mean", "count"].map(color);

// Of runs side by side: a colour, a stroke and a mark for each, by its number; a group of seeds has those of its first.
const run_shade = (at) => `run-${at % 8}`;
const run_color = (at) => color(run_shade(at));
const in_turn = (at, list) => list[(at + Math.floor(at / 8)) % list.length];
const run_dash = (at) => in_turn(at, ["solid", "dash", "dot", "dashdot"]);
const run_symbol = (at) => in_turn(at, ["circle", "square", "diamond", "x", "triangle-up", "star", "cross", "triangle-down"]);

const axis = (title, more = {}) => ({
  title: { text: title, standoff: 8, font: { size: 13, color: color("muted") } },
  gridcolor: color("grid"), linecolor: color("rule"), tickcolor: color("rule"), zeroline: false, ticks: "outside",
  ticklen: 4, tickfont: { size: 12, color: color("muted") }, automargin: true, ...more,
});
/// Whole epochs, about ten of them.
const epoch_axis = (epochs, more = {}) => {
  const last = epochs[epochs.length - 1];
  const width = Math.max(1, last - epochs[0]);
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => width / size <= (narrow() ? 6 : 12)) || undefined;
  return axis("epoch", { showgrid: false, range: [epochs[0] - 0.6, last + 0.6], tick0: 0, dtick: step, ...more });
};
const layout = (more) => ({
  font: { family: root.dataset.font || getComputedStyle(document.body).fontFamily, size: 13, color: color("ink") },
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
/// By what training weighed the KL term: by epoch (null where it was not trained), in the last one, and which weights are
/// those of a term left out and of one that comes in. One that still rises in the last epoch is not yet whole.
const kl_course = ({ epoch, kl_weight }) => {
  const weights = epoch.map((one, at) => (one > 0 && known(kl_weight?.[at]) ? kl_weight[at] : null));
  const [last, before] = weights.filter(known).reverse();
  const whole = known(before) && last !== 1 && last > before ? Infinity : last;
  return { weights, last, left_out: (weight) => weight === 0, coming: (weight) => weight > 0 && weight < whole };
};
const note = (more) => ({ showarrow: false, font: { size: 12, color: color("muted") }, ...more });
const rule = (more) => ({ type: "line", layer: "above", line: { color: color("muted"), width: 1.3, dash: "dash" }, ...more });
const upright = (x, more = {}) => rule({ x0: x, x1: x, yref: "paper", y0: 0, y1: 1, ...more });

const csv_cell = (value) => {
  if (!known(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
};
const kNoCsv = "data:text/csv;charset=utf-8,";
/// A link to a figure's numbers. They are put together when somebody points at it: of many epochs they are megabytes.
/// @param csv  { columns, rows }, or a function that gives them
const offer_csv = (figure, name, csv) => {
  let link = figure.querySelector("a.csv");
  if (!link) {
    link = document.createElement("a");
    link.className = "csv";
    link.textContent = "Download CSV";
    figure.querySelector("figcaption").append(" ", link);
  }
  link.download = `${data.name}-${name}.csv`;
  link.href = kNoCsv;
  const fill = () => {
    if (link.href !== kNoCsv) return;
    const { columns, rows } = typeof csv === "function" ? csv() : csv;
    link.href = kNoCsv + encodeURIComponent([columns, ...rows].map((row) => row.map(csv_cell).join(",")).join("\n") + "\n");
  };
  for (const kind of ["onpointerenter", "onfocus", "onclick"]) link[kind] = fill;
};

/// An image drawn from its pixels: by channel, two hexadecimal digits each.
/// @param zoom  pixels of the picture to one of the image's
const picture = (pixels, { channels, height, width }, zoom = 1) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: width * zoom, height: height * zoom });
  const pen = canvas.getContext("2d");
  const into = pen.createImageData(canvas.width, canvas.height);
  const value = (channel, place) => parseInt(pixels.substr(2 * (channel * width * height + place), 2), 16);
  for (let y = 0; y < canvas.height; ++y) {
    for (let x = 0; x < canvas.width; ++x) {
      const place = Math.floor(y / zoom) * width + Math.floor(x / zoom);
      const at = 4 * (y * canvas.width + x);
      for (let c = 0; c < 3; ++c) into.data[at + c] = value(channels >= 3 ? c : 0, place);
      into.data[at + 3] = 255;
    }
  }
  pen.putImageData(into, 0, 0);
  return canvas;
};

/// Runs side by side: what is drawn as one line, a run or seeds of one configuration as their mean with a band:
/// [{ title, first: the number of its first run, runs }].
const seed_lines = () => data.groups.flatMap((group) => {
  if (element("compare-band")?.checked && group.runs.length > 1)
    return [{ title: group.name, first: group.runs[0], runs: group.runs.map((at) => data.runs[at]) }];
  return group.runs.map((at) => ({ title: data.runs[at].name, first: at, runs: [data.runs[at]] }));
});
/// What that line is called where only some of its runs have what it shows.
const title_of = ({ title, runs }, having) => {
  if (having.length === runs.length) return title;
  return having.length === 1 ? having[0].name : `${title} (${having.length} of ${runs.length})`;
};
/// Over what is known; of one value the deviation is 0, of none both are null.
const mean_and_deviation = (list) => {
  const values = list.filter(known);
  if (!values.length) return [null, null];
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return [mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0];
};
/// Two traces that enclose a band. @param ranges  [low, high] by x @param of  the line that it goes with in the legend
const band = (x, ranges, first, of, more = {}) => ["", "tonexty"].map((fill, side) => ({
  type: "scatter", mode: "lines", x, y: ranges.map((range) => range[side]), line: { width: 0, ...more }, hoverinfo: "skip", showlegend: false, legendgroup: of,
  ...(fill ? { fill, fillcolor: faint(run_shade(first), 0.18) } : {}),
}));
const on_seeds = (redraw) => element("compare-band")?.addEventListener("change", redraw);

/// A choice among several, shown where there are two at least. @param use  called with the number of what was chosen
const offer_choice = (id, titles, first, use) => {
  if (titles.length < 2) return;
  const pick = element(id);
  titles.forEach((title, at) => pick.add(new Option(title, String(at), at === first, at === first)));
  pick.addEventListener("change", () => use(Number(pick.value)));
  element(`${id}-label`).hidden = false;
};

// name -> function that gives { traces, layout, csv }; its property `ready`, a function too, is called once it is drawn.
const figures = new Map();
const begun = new Set();  // names of those that were drawn
const figure_of = (name) => document.querySelector(`figure[data-figure="${name}"]`);
const draw = (name) => {
  const figure = figure_of(name);
  if (!figure) return null;
  const plot = figure.querySelector(".plot");
  try {
    const { traces, layout: shape, csv } = figures.get(name)();
    // A printer does not wait until a figure has followed its box.
    const size = printing() ? { width: plot.clientWidth, height: plot.clientHeight } : { autosize: true };
    const drawn = Plotly.react(plot, traces, { ...layout(shape), ...size }, config(name));
    if (csv) offer_csv(figure, name, csv);
    if (!begun.has(name)) {
      begun.add(name);
      figures.get(name).ready?.();
    }
    return drawn;
  } catch (error) {
    report_error(`${name}: ${error.message}`);
    plot.replaceChildren();
    plot.classList.add("failed");
    plot.textContent = `This figure could not be drawn: ${error.message}`;
    return null;
  }
};

let export_figures = null;  // paper.js: all figures as files, for a program that opened the page
