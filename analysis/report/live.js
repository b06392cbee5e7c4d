// A served page (report --watch): at news the server's fresh parts take the place of the old ones, without reloading.
// Figures keep their places and are drawn anew within them; what was chosen by hand stays chosen.
(() => {
  "use strict";
  const script = document.getElementById("page-script").textContent;
  const root = document.documentElement;
  const touched = new Map();  // controls that were used: key -> value
  const all_controls = () => [...document.querySelectorAll("main input, main select")];
  const key_of = (control) => (control.type === "radio" ? `${control.name}=${control.value}` : control.id);
  const remember = ({ target }) => {
    if (!target.matches("main input, main select")) return;
    if (target.type === "radio") for (const other of all_controls()) if (other.name === target.name) touched.delete(key_of(other));
    // Whoever stands at the newest epoch stays there.
    const at_end = target.type === "range" && target.value === target.max;
    touched.set(key_of(target), ["checkbox", "radio"].includes(target.type) ? target.checked : at_end ? "end" : target.value);
  };
  document.addEventListener("input", remember);
  document.addEventListener("change", remember);

  const say = (text) => { const place = document.querySelector(".live-state"); if (place) place.textContent = text; };
  const ready = () => new Promise((done) => {
    const look = () => (root.dataset.ready ? done() : requestAnimationFrame(look));
    look();
  });
  const replace = (fresh) => {
    const figures = new Map([...document.querySelectorAll("figure[data-figure]")].map((one) => [one.dataset.figure, one.querySelector(".plot")]));
    const open = [...document.querySelectorAll("details")].map((one) => one.open);
    const [x, y] = [window.scrollX, window.scrollY];
    for (const part of ["header", "ul.live", "main", "#report-data"]) {
      const [old, next] = [document.querySelector(part), fresh.querySelector(part)];
      if (old && next) old.replaceWith(document.importNode(next, true));
    }
    for (const figure of document.querySelectorAll("figure[data-figure]")) {
      const plot = figures.get(figure.dataset.figure);
      if (!plot?.data) continue;
      plot.removeAllListeners?.("plotly_click");
      figure.querySelector(".plot").replaceWith(plot);
    }
    document.querySelectorAll("details").forEach((one, at) => { one.open = open[at] || false; });
    window.scrollTo({ left: x, top: y, behavior: "instant" });
  };
  const choose_again = () => {
    for (const control of all_controls()) {
      const value = touched.get(key_of(control));
      if (value === undefined) continue;
      if (["checkbox", "radio"].includes(control.type)) control.checked = value;
      else if (value === "end") control.value = control.max;
      else if (control.type === "range" || [...control.options].some((option) => option.value === value)) control.value = value;
      else continue;
      for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  };
  let [busy, again] = [false, false];
  const update = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch("/update");
      if (!answer.ok) throw new Error(await answer.text());
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!fresh.querySelector("main")) throw new Error("no page came");
      await ready();
      replace(fresh);
      delete root.dataset.ready;
      const next = document.createElement("script");
      next.id = "page-script";
      next.textContent = script;
      document.getElementById("page-script").replaceWith(next);
      await ready();
      choose_again();
      root.dataset.updates = String(Number(root.dataset.updates || 0) + 1);
      say(`updated ${new Date().toLocaleTimeString()}`);
    } catch (error) {
      say(`not updated: ${error.message}`);
    }
    busy = false;
    if (again) { again = false; update(); }
  };
  let [version, source] = [null, null];
  // A page that nobody sees holds none of the few connections that a browser opens to a server.
  const listen = () => {
    if (document.hidden) {
      source?.close();
      source = null;
      return;
    }
    if (source) return;
    source = new EventSource("/events");
    source.onmessage = (event) => {
      // At the first, too: something may have changed since the page was sent.
      if (version !== event.data) update();
      version = event.data;
    };
    source.onopen = () => { say("live"); };
    source.onerror = () => { say("no answer: report --watch has ended, or so many pages are open that they take turns"); };
  };
  document.addEventListener("visibilitychange", listen);
  listen();
})();
