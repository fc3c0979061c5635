// Filters of the table and of the claims below it. Without script everything is shown.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll("[data-claim]")];
  const lanes = [...document.querySelectorAll("section[data-family]")];
  const count = document.getElementById("shown");
  const apply = () => {
    const family = form.elements.family.value;
    const word = form.elements.word.value;
    const terms = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset;
      const fits = (!family || data.family === family) && (word === "any" || data.word === word)
        && terms.every((term) => data.search.includes(term));
      row.hidden = !fits;
      if (fits && row.tagName === "TR") shown += 1;
    }
    for (const lane of lanes) lane.hidden = !lane.querySelector("article:not([hidden])");
    count.textContent = `${shown} of ${count.dataset.total} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
})();
