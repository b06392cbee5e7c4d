// What axe-core finds serious or critical in a page: appended to it behind axe-core by browser_test.cpp. The findings, "rule:
// first place", are left in data-driven of the document.
(async () => {
  const root = document.documentElement;
  for (let i = 0; i < 100 && root.dataset.ready !== "yes"; ++i) await new Promise((go) => setTimeout(go, 50));
  let findings;
  try {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    findings = violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes[0].target.join(" ")}`);
  } catch (error) {
    findings = [String(error)];
  }
  root.dataset.driven = JSON.stringify({ findings });
})();
