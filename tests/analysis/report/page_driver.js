// What a reader does with a page, and what is then to be seen: appended to it by browser_test.cpp. The findings, a JSON
// object of texts and numbers, are left in data-driven of the document.
(async () => {
  const root = document.documentElement;
  const found = {};
  const until = async (holds) => { for (let i = 0; i < 100 && !holds(); ++i) await new Promise((go) => setTimeout(go, 50)); };
  const plot = (name) => document.querySelector(`figure[data-figure="${name}"] .plot`);
  const pointed = (target, kinds, x, y) => {
    const box = target.getBoundingClientRect();
    const place = { bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height, view: window };
    for (const kind of kinds) target.dispatchEvent(new MouseEvent(kind, place));
  };
  try {
    await until(() => root.dataset.ready === "yes");
    // Every figure, with the traces and points that are in it; an empty one would have none.
    found.drawn = {};
    for (const one of document.querySelectorAll("figure[data-figure] .js-plotly-plot")) {
      const points = one.data.map((trace) => (trace.z || [trace.y || trace.x]).flat().filter((value) => value !== null && value !== undefined).length);
      found.drawn[one.closest("figure").dataset.figure] = [points.length, points.reduce((sum, count) => sum + count, 0), one.querySelectorAll(".main-svg").length];
    }
    found.pictures = plot("predictions").querySelectorAll("image").length;
    found.moments = ["before", "during", "after"].map((what) => document.getElementById(`kappa-${what}`).value);
    found.first_view = plot("sweep-sparsity").layout.yaxis.title.text;
    found.sweep_range = plot("sweep-threshold").layout.xaxis.range;
    found.weighed = document.getElementById("objective-weight").textContent;
    found.signs = plot("transition").layout.annotations.map(({ text }) => text);
    // A figure's numbers are put together when they are asked for.
    const link = document.querySelector('figure[data-figure="kappa-epochs"] a.csv');
    found.csv_before = link.href.length;
    link.dispatchEvent(new PointerEvent("pointerenter"));
    found.csv_lines = decodeURIComponent(link.href).trim().split("\n").length;
    found.requests = performance.getEntriesByType("resource").length;
    found.width = document.documentElement.scrollWidth - document.documentElement.clientWidth;

    const slider = document.getElementById("kappa-epoch");
    const shown = () => document.getElementById("kappa-epoch-value").textContent;
    if (slider) {
      slider.value = "3";
      slider.dispatchEvent(new Event("input"));
      await until(() => shown() === "3");
      found.slider = shown();
      found.histogram = plot("histogram").data[0].y.reduce((sum, count) => sum + count, 0);
      const play = document.getElementById("kappa-play");
      play.click();
      await until(() => shown() === "6");
      play.click();
      found.played = shown();
      // A click on a column of the map of all epochs chooses its epoch.
      const map = plot("kappa-epochs");
      const area = map.querySelector(".nsewdrag");
      pointed(area, ["mousemove"], 0.02, 0.5);
      await new Promise((go) => setTimeout(go, 300));
      pointed(area, ["mousedown", "mouseup", "click"], 0.02, 0.5);
      await until(() => shown() !== found.played);
      found.clicked = shown();
    }
    const legend = plot("transition").querySelector(".legendtoggle");
    pointed(legend, ["mousedown", "mouseup"], 0.5, 0.5);
    await until(() => plot("transition").data[0].visible === "legendonly");
    found.legend = plot("transition").data[0].visible;
    const top = document.getElementById("accuracy-top");
    top.click();
    found.top = plot("transition").layout.yaxis2.range[0];
    const nll = document.querySelector('input[name="measure"][value="nll"]');
    if (nll) {
      nll.click();
      found.measure = plot("sweep-sparsity").layout.yaxis.title.text;
    }
    // What paper has instead of controls, and that it leaves nothing behind.
    const on_paper = () => [...document.querySelectorAll(".chosen-on-paper")].map((one) => one.textContent);
    const open = () => document.querySelectorAll("details[open]").length;
    window.dispatchEvent(new Event("beforeprint"));
    found.paper = { chosen: on_paper(), open: open() };
    window.dispatchEvent(new Event("afterprint"));
    found.screen = { chosen: on_paper(), open: open() };
  } catch (error) {
    found.error = String(error.stack || error);
  }
  root.dataset.driven = JSON.stringify(found);
})();
