// The images that add most to the largest weights, drawn from their pixels.

const shown = data.kappa?.images;
if (shown) {
  const made = (tag, text, more = {}) => Object.assign(document.createElement(tag), text === undefined ? more : { textContent: text, ...more });
  element("kappa-images").replaceChildren(...shown.weights.map((weight) => {
    const row = made("tr");
    const images = made("td");
    for (const image of weight.images) {
      const figure = made("span", undefined, { className: "picture" });
      const pixels = shown.pictures[String(image.image)];
      if (pixels) figure.append(Object.assign(picture(pixels, shown), { role: "img", ariaLabel: `image ${image.image}` }));
      figure.append(made("small", `${image.name}, ${known(image.share) ? (100 * image.share).toFixed(2) : "–"}\u00a0%`));
      images.append(figure);
    }
    row.append(
      made("th", `${weight.layer} [${weight.index}]`, { scope: "row" }), made("td", known(weight.kappa) ? weight.kappa.toPrecision(4).replace("-", "−") : "–"),
      made("td", known(weight.effective_images) ? `${weight.effective_images.toFixed(0)} images` : "–"), images);
    return row;
  }));
}
