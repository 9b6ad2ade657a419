// Filters the questions. Without this script they are simply all there.
"use strict";
(() => {
  const ROW_PX = 50;
  const byId = (id) => document.getElementById(id);
  const parts = Array.from(document.querySelectorAll(".part"), (part) => ({
    part,
    rows: Array.from(part.querySelector("tbody").rows, (row) => ({ row, text: null })),
  }));
  const total = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const [text, tag, failure, shown] = ["by-text", "by-tag", "by-failure", "shown"].map(byId);
  let waiting = 0;

  const fails = (row, wanted) =>
    wanted === "" || (wanted === "any" ? row.dataset.f !== "" : row.dataset.f === (wanted === "none" ? "" : wanted));

  function stays(each, words) {
    const { row } = each;
    if (tag.value !== "" && !row.dataset.t.includes(` ${tag.value} `)) return false;
    if (!fails(row, failure.value)) return false;
    if (!words.length) return true;
    each.text ??= row.textContent.toLowerCase();
    return words.every((word) => each.text.includes(word));
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const { part, rows } of parts) {
      let here = 0;
      for (const each of rows) {
        const stay = stays(each, words);
        if (each.row.hidden === stay) each.row.hidden = !stay;
        here += stay;
      }
      part.hidden = here === 0;
      // A part out of sight is not laid out: its height is a guess until then.
      part.style.containIntrinsicHeight = here < rows.length ? `${here * ROW_PX}px` : "";
      left += here;
    }
    shown.textContent = `${left.toLocaleString("en")} of ${total.toLocaleString("en")} questions`;
  }

  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  tag.addEventListener("change", filter);
  failure.addEventListener("change", filter);
  byId("filter").hidden = false;
  filter();
})();
