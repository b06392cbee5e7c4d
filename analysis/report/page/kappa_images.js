// The images that add most to the largest weights, drawn from their pixels.

const shown = data.kappa?.images;
if (shown) {
  const made = (tag, text, more = {}) => Object.assign(document.createElement(tag), text === undefined ? more : { textContent: text, ...more });
  const { channels, height, width } = shown;
  const picture = (pixels) => {
    const canvas = made("canvas", undefined, { width, height });
    const pen = canvas.getContext("2d");
    const into = pen.createImageData(width, height);
    const value = (channel, place) => parseInt(pixels.substr(2 * (channel * width * height + place), 2), 16);
    for (let place = 0; place < width * height; ++place) {
      for (let c = 0; c < 3; ++c) into.data[4 * place + c] = value(channels >= 3 ? c : 0, place);
      into.data[4 * place + 3] = 255;
    }
    pen.putImageData(into, 0, 0);
    return canvas;
  };
  element("kappa-images").replaceChildren(...shown.weights.map((weight) => {
    const row = made("tr");
    const images = made("td");
    for (const image of weight.images) {
      const figure = made("span", undefined, { className: "picture" });
      const pixels = shown.pictures[String(image.image)];
      if (pixels) figure.append(Object.assign(picture(pixels), { role: "img", ariaLabel: `image ${image.image}` }));
      figure.append(made("small", `${image.name}, ${known(image.share) ? (100 * image.share).toFixed(2) : "–"}\u00a0%`));
      images.append(figure);
    }
    row.append(
      made("th", `${weight.layer} [${weight.index}]`, { scope: "row" }), made("td", known(weight.kappa) ? weight.kappa.toPrecision(4).replace("-", "−") : "–"),
      made("td", known(weight.effective_images) ? `${weight.effective_images.toFixed(0)} images` : "–"), images);
    return row;
  }));
}
