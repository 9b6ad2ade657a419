// Three small things that the chat component does not do by itself.
(() => {
  // Pointing at a marker lights the card of its source; the two are bound by the same address.
  const light = (event) => {
    const marker = event.target.closest && event.target.closest("a.marker");
    for (const card of document.querySelectorAll("#sources .card")) {
      const link = card.querySelector(".open a");
      const lit = Boolean(marker && link && link.href === marker.href);
      card.classList.toggle("lit", lit);
      if (lit) bringUp(card);
    }
  };
  const bringUp = (card) => {
    const panel = document.getElementById("beside");
    if (!panel || panel.scrollHeight <= panel.clientHeight) return;
    const gap = card.getBoundingClientRect().top - panel.getBoundingClientRect().top;
    if (gap < 0 || gap > panel.clientHeight - 120) panel.scrollBy({ top: gap - 16 });
  };
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, light);

  // The component labels each message with its markup, which a screen reader would read out.
  const unlabel = () => {
    for (const message of document.querySelectorAll("#chat .message [data-testid][aria-label]")) {
      message.removeAttribute("aria-label");
    }
  };
  // On a narrow screen the page scrolls, not the conversation: bring what is new into view.
  let asked = 0;
  const follow = () => {
    const questions = document.querySelectorAll("#chat .user-row");
    if (questions.length !== asked && window.matchMedia("(max-width: 899px)").matches) {
      const row = questions.length > asked ? ".user-row" : ".bot-row";
      const rows = document.querySelectorAll(`#chat ${row}`);
      if (rows.length) rows[rows.length - 1].scrollIntoView({ block: "start" });
    }
    asked = questions.length;
  };
  const start = () => {
    const watch = new MutationObserver(() => { unlabel(); follow(); });
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
