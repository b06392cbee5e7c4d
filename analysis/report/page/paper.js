// Figures as a paper prints them: `report --figures` opens the page with "#export=svg" or "#export=png" and takes what is
// then left in it. Drawn larger than they will be and scaled down to a column's width, so that texts are of 7 points.

const kColumn = { mm: 84, width: 430, height: 300 };
const kDotsAnInch = 300;
const kFont = "Varphase Figure";

// The paper's numbers, of figures that the page shows under names of its own.
const kPrinted = { histograms: "figure3", "sweep-threshold": "figure5", "attack-success": "figure2a", "attack-entropy": "figure2b" };

if (figures.has("transition")) {
  const symbols = { ensemble: "circle", deterministic: "square", stochastic: "x", zero_mean: "diamond" };
  const printed = (keep, marks) => () => {
    const { traces, layout: shape, csv } = figures.get("transition")();
    const kept = traces.filter(keep).map((trace) => (trace.type === "bar" ? trace : { ...trace, marker: { ...trace.marker, symbol: symbols[trace.meta] } }));
    const counted = kept.some((trace) => trace.type === "bar" && trace.meta !== "phase");
    return {
      traces: kept, csv,
      layout: {
        ...shape, shapes: marks ? shape.shapes : [], annotations: marks ? shape.annotations : [], yaxis: { ...shape.yaxis, visible: counted },
        yaxis2: marks ? shape.yaxis2 : { ...shape.yaxis2, range: [0, 104] }, margin: { ...shape.margin, r: counted ? 52 : 12 },
      },
    };
  };
  figures.set("figure1", printed((trace) => trace.type !== "bar", false));
  if (data.transition && any(data.transition.over)) figures.set("figure4", printed((trace) => trace.type === "bar" || trace.meta === "deterministic", true));
}

// Curves that a reader would tell apart by their colours alone get marks of their own.
const kMarks = ["circle", "square", "x", "diamond", "triangle-up", "star", "cross", "triangle-down"];
const marked = (traces) => {
  const look = (trace) => `${trace.line?.dash ?? "solid"} ${trace.mode?.includes("markers") ? trace.marker?.symbol ?? "circle" : ""}`;
  // Edges of bands have no line to be told apart.
  const lines = traces.filter((trace) => trace.type === "scatter" && trace.mode?.includes("lines") && trace.line?.width !== 0);
  const alike = (trace) => lines.some((other) => other !== trace && look(other) === look(trace));
  const to_mark = lines.filter(alike);
  return traces.map((trace) => (to_mark.includes(trace)
    ? { ...trace, mode: "lines+markers", marker: { size: 5.5, ...trace.marker, maxdisplayed: 14, symbol: kMarks[to_mark.indexOf(trace) % kMarks.length] } } : trace));
};

/// The SVG text of a figure, its font within.
const svg_of = async (name) => {
  const { traces, layout: shape } = figures.get(name)();
  const { width, mm } = kColumn;
  // Legends of many lines and labels of many marks get room of their own.
  const named = traces.filter((trace) => trace.name && trace.showlegend !== false).length;
  const height = shape.height ?? kColumn.height + 19 * Math.max(0, named - 4) + 15 * Math.max(0, (shape.annotations?.length ?? 0) - 2);
  // The font has no bold letters: a browser would smear some, which publishers refuse in a PDF.
  const annotations = (shape.annotations ?? []).map((one) => ({ ...one, text: one.text.replace(/<\/?b>/g, "") }));
  const url = await Plotly.toImage({ data: marked(traces), layout: { ...layout(shape), paper_bgcolor: "#ffffff", annotations, width, height }, config: config(name) }, { format: "svg", width, height });
  const text = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  const size = `width="${mm}mm" height="${((mm * height) / width).toFixed(2)}mm" viewBox="0 0 ${width} ${height}"`;
  const font = element("figure-font")?.textContent ?? "";
  return text.replace(/^<svg[^>]*>/, (open) => `${open.replace(/ (width|height|viewBox|style)="[^"]*"/g, "").slice(0, -1)} ${size}><style>${font}</style>`);
};
const png_of = async (svg) => {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round((kColumn.mm / 25.4) * kDotsAnInch);
  canvas.height = Math.round((canvas.width * image.naturalHeight) / image.naturalWidth);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  // Not toBlob: it waits for idle time, and with twenty figures the browser left before the last.
  return Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (letter) => letter.charCodeAt(0));
};
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/// Leaves nothing in the page but `<pre data-exported="NAME">` with each file's bytes in hexadecimal digits.
export_figures = async (format) => {
  root.classList.add("printing");
  // The paper's Figure 5 shows accuracies, whole.
  const accuracy = document.querySelector('input[name="measure"][value="accuracy"]');
  if (accuracy) { accuracy.checked = true; element("sweep-near").checked = false; }
  root.dataset.font = `"${kFont}", sans-serif`;
  await document.fonts.load(`12px "${kFont}"`);
  const files = [];
  for (const name of figures.keys()) {
    if (figure_of(name)?.hidden) continue;
    try {
      const svg = await svg_of(name);
      files.push([kPrinted[name] ?? name, format === "png" ? await png_of(svg) : new TextEncoder().encode(svg)]);
    } catch (error) { report_error(`${name}: ${error.message}`); }
  }
  document.body.replaceChildren(...files.map(([name, bytes]) => {
    const file = document.createElement("pre");
    file.dataset.exported = name;
    file.textContent = hex(bytes);
    return file;
  }));
  for (const script of document.querySelectorAll("script, style")) script.remove();
  root.dataset.ready = "exported";
};
