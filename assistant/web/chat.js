// Small things that the chat component does not do by itself.
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
  // It also sends every link to a tab of its own: one in the list opens here, and says which is open.
  const links = () => {
    for (const link of document.querySelectorAll("#listing a[target], #masthead a.leaving[target]")) {
      link.removeAttribute("target");
      if (link.classList.contains("open")) link.setAttribute("aria-current", "page");
    }
  };
  // The folds under an answer do not say whether they are open; and once their text is sent they go,
  // and the focus with them: take it to the question box (not on a phone: a keyboard would come up).
  let sent = false;
  const folds = () => {
    const buttons = document.querySelectorAll("#marks .fold > button");
    for (const button of buttons) {
      const open = String(button.classList.contains("open"));
      if (button.getAttribute("aria-expanded") !== open) button.setAttribute("aria-expanded", open);
    }
    const active = document.activeElement;
    if (active && active.closest("#search-text, #edit-text, #again")) sent = true;
    else if (active !== document.body) sent = false;
    else if (sent && !buttons.length) {
      sent = false;
      const box = document.querySelector("#question textarea");
      if (box && window.matchMedia("(min-width: 900px)").matches) box.focus();
    }
  };
  // The open conversation stands in the address, so that reloading or a bookmark opens it again.
  const address = () => {
    const place = document.querySelector("#place [class^=open-]");
    if (!place) return;
    const url = new URL(window.location.href);
    const id = place.className.slice(5);
    if ((url.searchParams.get("conversation") || "") === id) return;
    if (id) url.searchParams.set("conversation", id); else url.searchParams.delete("conversation");
    window.history.replaceState(window.history.state, "", url);
  };
  // The list of conversations folds away; on a narrow screen it is away until somebody wants it.
  const root = document.documentElement;
  const WIDE = "(min-width: 1200px)";
  const shut = () => root.classList.contains("history-shut");
  const fold = (away) => {
    root.classList.toggle("history-shut", away);
    told();
    try { if (window.matchMedia(WIDE).matches) window.localStorage.setItem("history-shut", String(away)); } catch { /* not kept */ }
  };
  const told = () => {
    const button = document.getElementById("history-toggle");
    if (!button || button.getAttribute("aria-expanded") === String(!shut())) return;
    button.setAttribute("aria-expanded", String(!shut()));
    button.setAttribute("aria-controls", "history");
  };
  let kept = null;
  try { kept = window.localStorage.getItem("history-shut"); } catch { /* none */ }
  if (!window.matchMedia(WIDE).matches || kept === "true") root.classList.add("history-shut");
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("#history-toggle")) fold(!shut());
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.closest) return;
    const stop = document.querySelector("#question button.stop-button");
    if (stop && event.target.closest("#question")) stop.click();
    if (event.target.closest("#history") && !window.matchMedia(WIDE).matches) {
      fold(true);
      document.getElementById("history-toggle").focus();
    }
  });
  // The page is loaded anew where the server was away: what was written and not yet sent stays in this tab.
  const field = () => document.querySelector("#question textarea");
  const UNSENT = "unsent-question";
  window.addEventListener("pagehide", () => {
    try { window.sessionStorage.setItem(UNSENT, field() ? field().value : ""); } catch { /* not kept */ }
  });
  let unsent = "";
  try { unsent = window.sessionStorage.getItem(UNSENT) || ""; } catch { /* none */ }
  const restore = () => {
    if (!unsent || !field() || field().value) return;
    field().value = unsent;
    unsent = "";
    field().dispatchEvent(new Event("input", { bubbles: true }));
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
    const watch = new MutationObserver(() => { unlabel(); links(); folds(); address(); told(); follow(); restore(); });
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-label", "class", "target"] });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
