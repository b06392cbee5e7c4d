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
// What is not shown has no size to be drawn in.
const shown_figures = () => [...figures.keys()].filter((name) => figure_of(name)?.offsetParent);
const draw_all = async () => { await Promise.all(shown_figures().map(draw)); };
/// What is in the window first, then the rest, one after the other; what one scrolls to meanwhile goes before it.
const draw_by_turns = async () => {
  const waiting = new Set(shown_figures());
  const take = (name) => (waiting.delete(name) ? draw(name) : null);
  const in_window = (name) => {
    const { top, bottom } = figure_of(name).getBoundingClientRect();
    return top < window.innerHeight && bottom > 0;
  };
  await Promise.all([...waiting].filter(in_window).map(take));
  performance.mark("window-drawn");
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) take(target.dataset.figure);
  }, { rootMargin: "60% 0px" });
  for (const name of waiting) near.observe(figure_of(name));
  for (const name of shown_figures()) {
    if (life.signal.aborted) break;
    if (!waiting.has(name)) continue;
    // A turn for what the reader does; by a message, since no clock (a program's that opened the page) has to move for it.
    await new Promise((go) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = go;
      port2.postMessage(null);
    });
    await take(name);
  }
  near.disconnect();
  performance.mark("all-drawn");
};
const start = async () => {
  const wanted = /^#export=(svg|png)$/.exec(location.hash);
  if (wanted && export_figures) { await export_figures(wanted[1]); return; }
  show_alone();
  await draw_by_turns();
  for (const plot of document.querySelectorAll(".plot")) follow.observe(plot);
  root.dataset.figures = String([...document.querySelectorAll(".js-plotly-plot")].filter((plot) => plot.querySelector(".main-svg")).length);
  root.dataset.height = String(Math.ceil(document.body.getBoundingClientRect().bottom + window.scrollY));
  root.dataset.ready = "yes";
  // A page that holds this one in a frame may fit the frame to it.
  if (window.parent !== window) window.parent.postMessage({ height: Number(root.dataset.height) }, "*");
};
/// What the controls have chosen, in words: paper has no controls.
const chosen_text = (controls) => [...controls.querySelectorAll("label, fieldset")].flatMap((one) => {
  if (one.hidden) return [];
  if (one.matches("fieldset")) return [`${one.querySelector("legend").textContent}: ${one.querySelector("input:checked")?.parentElement.textContent.trim()}`];
  const select = one.querySelector("select");
  if (select?.selectedOptions.length) return [`${one.firstChild.textContent.trim()}: ${select.selectedOptions[0].textContent}`];
  return one.querySelector("input[type=checkbox]:checked") ? [one.textContent.trim()] : [];
}).join("; ");
// On paper figures are as wide as the paper's columns, and light; what is folded up is open.
const on_paper = (yes) => {
  root.classList.toggle("printing", yes);
  for (const printed of document.querySelectorAll(".chosen-on-paper")) printed.remove();
  for (const folded of document.querySelectorAll(yes ? "details:not([open])" : "details[data-folded]")) {
    folded.open = yes;
    folded.toggleAttribute("data-folded", yes);
  }
  for (const controls of yes ? document.querySelectorAll(".controls") : []) {
    const text = chosen_text(controls);
    if (text) controls.after(Object.assign(document.createElement("p"), { className: "chosen-on-paper", textContent: text }));
  }
  for (const name of figures.keys()) if (figure_of(name)?.offsetParent) draw(name);
};
window.addEventListener("beforeprint", () => on_paper(true), life);
window.addEventListener("afterprint", () => on_paper(false), life);
window.addEventListener("hashchange", () => { show_alone(); draw_all(); }, life);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw_all, life);
window.matchMedia("(max-width: 560px)").addEventListener("change", draw_all, life);
life.signal.addEventListener("abort", () => follow.disconnect());
start().catch((error) => report_error(error.message));
