// "Mark this answer", at each answer, lets the row under the conversation speak of that one.
(() => {
  let wished = ""; // the id of an answer that the row is to speak of

  const wish = (id) => {
    const field = document.querySelector("#mark-wish textarea, #mark-wish input");
    if (!field) return; // another answer is coming: there is no row
    wished = id;
    field.value = id;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true, cancelable: true }));
    arrive();
  };

  // Once the row speaks of it the focus goes there, and a screen reader reads which answer is meant.
  const arrive = () => {
    const row = document.getElementById("marking");
    if (!row) return;
    if (!row.hasAttribute("aria-labelledby")) {
      row.setAttribute("role", "group");
      row.setAttribute("aria-labelledby", "about");
    }
    if (!wished || !row.querySelector(`.about-${wished}`)) return;
    wished = "";
    row.querySelector("button").focus();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#chat .take a.mark");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    wish(new URL(link.href).hash.slice("#mark-".length));
  });

  const start = () => {
    const watch = new MutationObserver(arrive);
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["class"] });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
