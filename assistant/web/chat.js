// Four small things that the chat component does not do by itself.
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
  // The fold over the search text does not say whether it is open; and once that text is sent the
  // fold goes, and the focus with it: take it to the question box (not on a phone: a keyboard
  // would come up).
  let sent = false;
  const fold = () => {
    const button = document.querySelector("#search > button");
    if (button) {
      const open = String(button.classList.contains("open"));
      if (button.getAttribute("aria-expanded") !== open) button.setAttribute("aria-expanded", open);
    }
    if (document.activeElement && document.activeElement.closest("#search-text")) sent = true;
    else if (document.activeElement !== document.body) sent = false;
    else if (sent && !button) {
      sent = false;
      const box = document.querySelector("#question textarea");
      if (box && window.matchMedia("(min-width: 900px)").matches) box.focus();
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
    const watch = new MutationObserver(() => { unlabel(); fold(); follow(); });
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-label", "class"] });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
