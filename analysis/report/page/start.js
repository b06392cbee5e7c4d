// The page as a whole: figures alone, their sizes, the first drawing.

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
  const wanted = /^#export=(svg|png)$/.exec(location.hash);
  if (wanted && export_figures) { await export_figures(wanted[1]); return; }
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
// On paper figures are as wide as the paper's columns, and light.
const on_paper = (yes) => {
  root.classList.toggle("printing", yes);
  for (const name of figures.keys()) if (figure_of(name)?.offsetParent) draw(name);
};
window.addEventListener("beforeprint", () => on_paper(true), life);
window.addEventListener("afterprint", () => on_paper(false), life);
window.addEventListener("hashchange", () => { show_alone(); draw_all(); }, life);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw_all, life);
window.matchMedia("(max-width: 560px)").addEventListener("change", draw_all, life);
life.signal.addEventListener("abort", () => follow.disconnect());
start().catch((error) => report_error(error.message));
