// Single images and what an ensemble and each of its members say of them.

const networks = data.predictions;
if (networks.length) {
  let network = networks[networks.length - 1];
  const kinds = { right: "sure and right", wrong: "sure and wrong", unsure: "unsure" };
  const shares = (values) => percent(values);
  /// What a panel says over itself: the answer, and where it is wrong what is true.
  const title = ({ chosen, label, classes }) => {
    const [first] = classes;
    const right = first.is_label;
    return [`${kinds[chosen] ?? plain(chosen)}${chosen === "unsure" ? `, ${right ? "right" : "wrong"}` : ""}`,
      `<b>${plain(first.name)}</b>${right ? "" : `, truly ${plain(label)}`}`];
  };
  /// Members of a class lie beside each other, not upon each other; always in the same places.
  const spread = (count) => Array.from({ length: count }, (_, at) => (((at * 0.618034) % 1) - 0.5) * 0.56);

  figures.set("predictions", () => {
    const plot = figure_of("predictions").querySelector(".plot");
    // On a sheet of its own, as paper.js draws it, it is as wide as that.
    const alone = Boolean(root.dataset.font);
    const wide = alone ? 430 : Math.max(320, plot.clientWidth);  // which is 0 for a moment while a page is printed
    const columns = wide >= 640 ? 3 : wide >= 460 ? 2 : 1;
    // A sheet has room for two of each kind, and its font no bold letters.
    const images = alone ? Object.keys(kinds).flatMap((kind) => network.images.filter((image) => image.chosen === kind).slice(0, 2)) : network.images;
    const rows = Math.ceil(images.length / columns);
    // Pixels: a panel is a picture, the names of classes, and the strips.
    const longest = Math.max(...images.flatMap(({ classes }) => classes.map(({ name }) => name.length)));
    const [gap, side, names] = [26, wide < 900 ? 56 : 84, Math.min(wide < 900 ? 84 : 120, 22 + 7.4 * longest)];
    const margin = { l: 4, r: 18, t: 4, b: 40 };
    const high = alone ? 122 : printing() ? 124 : 148;
    const height = rows * high + margin.t + margin.b;
    if (!alone) plot.style.height = `${height}px`;
    const [inner, tall] = [wide - margin.l - margin.r, rows * high];
    const panel = (inner - gap * (columns - 1)) / columns;
    const shape = { margin, height, showlegend: false, hovermode: "closest", annotations: [], images: [], barmode: "overlay" };
    const traces = images.flatMap((image, at) => {
      const [column, row] = [at % columns, Math.floor(at / columns)];
      const suffix = at ? String(at + 1) : "";
      const left = column * (panel + gap);
      const top = 1 - (row * high) / tall;
      const under = top - 36 / tall;
      const lowest = row === rows - 1 || at + columns >= images.length;
      const { classes } = image;
      const places = classes.map((_, one) => one);
      shape[`xaxis${suffix}`] = axis(lowest ? "probability, %" : "", {
        domain: [(left + side + names) / inner, (left + panel) / inner], anchor: `y${suffix}`, range: [-3, 103],
        tickvals: [0, 50, 100], showticklabels: lowest, automargin: false, ticks: lowest ? "outside" : "" });
      shape[`yaxis${suffix}`] = axis("", {
        domain: [top - (high - 14) / tall, under], anchor: `x${suffix}`, range: [classes.length - 0.45, -0.55], tickvals: places, showgrid: false, ticks: "", automargin: false,
        ticktext: classes.map(({ name, is_label }) => (is_label && !alone ? `<b>${plain(name)}</b>` : plain(name))) });
      const [above, answer] = title(image);
      shape.annotations.push(
        note({ xref: "paper", yref: "paper", x: left / inner, y: top, xanchor: "left", yanchor: "top", align: "left", xshift: -2,
          text: `${above}<br><span style="color:${color("ink")}">${answer}</span>` }));
      shape.images.push({
        source: picture(image.pixels, network, 4).toDataURL(), xref: "paper", yref: "paper", x: left / inner, y: under, sizex: side / inner, sizey: side / tall,
        xanchor: "left", yanchor: "top", sizing: "contain", layer: "above" });
      const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, showlegend: false };
      const shade = ({ is_label }) => (is_label ? "zero" : "ensemble");
      const dots = classes.flatMap(({ members }, one) => spread(members.length).map((shift, member) => [members[member], one + shift, member]));
      return [
        { type: "bar", orientation: "h", x: shares(classes.map((one) => one.probability)), y: places, width: 0.72, ...axes,
          marker: { color: classes.map((one) => faint(shade(one), 0.3)), line: { width: 1, color: classes.map((one) => color(shade(one))) } },
          hovertemplate: "ensemble: %{x:.2f} %<extra></extra>" },
        { type: "scatter", mode: "markers", x: shares(dots.map(([p]) => p)), y: dots.map(([, place]) => place), customdata: dots.map(([, , member]) => member), ...axes,
          marker: { size: 3.6, color: color("ink"), opacity: 0.45 }, cliponaxis: false, hovertemplate: "member %{customdata}: %{x:.2f} %<extra></extra>" }];
    });
    return {
      traces, layout: shape,
      csv: {
        columns: ["network", "image", "chosen", "label", "class", "member", "probability"],
        rows: network.images.flatMap(({ image, chosen, label, classes }) => classes.flatMap(({ name, probability, members }) => [
          [network.title, image, chosen, label, name, "", probability], ...members.map((p, member) => [network.title, image, chosen, label, name, member, p])])),
      },
    };
  });

  offer_choice("predictions-network", networks.map((one) => one.title), networks.length - 1, (at) => { network = networks[at]; draw("predictions"); });
}
