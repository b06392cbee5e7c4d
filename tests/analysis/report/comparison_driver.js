// What the page of runs side by side draws with seeds as one line and with a line a run: appended to it by
// browser_test.cpp. The findings are left in data-driven of the document.
(async () => {
  const root = document.documentElement;
  const found = {};
  const until = async (holds) => { for (let i = 0; i < 100 && !holds(); ++i) await new Promise((go) => setTimeout(go, 50)); };
  const look = () => Object.fromEntries([...document.querySelectorAll("figure[data-figure] .js-plotly-plot")].map((plot) => {
    const lines = plot.data.filter((trace) => trace.name);
    const different = (of) => new Set(lines.map(of)).size;
    return [plot.closest("figure").dataset.figure, {
      names: lines.map((trace) => trace.name), colors: different((trace) => trace.line?.color), dashes: different((trace) => trace.line?.dash),
      symbols: different((trace) => trace.marker?.symbol), bands: plot.data.filter((trace) => trace.fill === "tonexty").length,
      maps: plot.data.filter((trace) => trace.type === "heatmap").length, legend: plot.querySelectorAll(".legend .traces").length,
    }];
  }));
  try {
    await until(() => root.dataset.ready === "yes");
    found.width = root.scrollWidth - root.clientWidth;
    found.banded = look();
    const over = () => document.querySelector('figure[data-figure="compare-over"] .plot').data;
    found.mean = over().find((trace) => trace.name).y;
    found.deviation = Math.max(...over()[1].y.map((high, at) => high - over()[0].y[at]));
    document.getElementById("compare-band").click();
    await new Promise((go) => setTimeout(go, 500));
    found.single = look();
    document.getElementById("compare-top").click();
    found.top = document.querySelector('figure[data-figure="compare-accuracy"] .plot').layout.yaxis.range[0];
    found.of_one = over().find((trace) => trace.name).y;
  } catch (error) {
    found.error = String(error.stack || error);
  }
  root.dataset.driven = JSON.stringify(found);
})();
