// What a screen reader is told of the conversation, and which of the languages on offer is the page's.
(() => {
  const root = document.documentElement;
  const words = () => JSON.parse(document.getElementById("beside-words").textContent);
  let heard = null; // the region that is read out
  let last = null; // the last answer that was told

  const region = () => {
    if (!heard) {
      heard = document.createElement("div");
      heard.id = "heard";
      heard.setAttribute("role", "status");
      document.body.append(heard);
    }
    return heard;
  };

  // The component reads every piece out that is streamed. A whole answer is told once instead, and
  // notices and the progress are regions of their own.
  const listen = () => {
    for (const log of document.querySelectorAll("#chat [aria-live=polite]:not([role=status])")) {
      log.setAttribute("aria-live", "off");
      log.setAttribute("tabindex", "0"); // it scrolls, so the keyboard must get there
    }
    const rows = document.querySelectorAll("#chat .bot-row");
    const answer = rows.length ? rows[rows.length - 1].querySelector(".answer:not(.draft)") : null;
    const told = answer && (answer.dataset.answer || answer.textContent);
    if (told !== last) region().textContent = told ? words().came : "";
    last = told;
  };

  const mark = () => {
    for (const link of document.querySelectorAll("#masthead .languages a")) {
      if (link.lang === root.lang && !link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
    }
  };
  const start = () => {
    const watch = new MutationObserver(() => { listen(); mark(); });
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["class"] });
    listen();
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
