// What a screen reader is told of the conversation, and what the components leave wrong for some readers.
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
      log.setAttribute("aria-label", words().chat);
      log.setAttribute("tabindex", "0"); // it scrolls, so the keyboard must get there
    }
    const rows = document.querySelectorAll("#chat .bot-row");
    const answer = rows.length ? rows[rows.length - 1].querySelector(".answer:not(.draft)") : null;
    const told = answer && (answer.dataset.answer || answer.textContent);
    if (told !== last) region().textContent = told ? words().came : "";
    last = told;
  };

  // The examples are buttons, which a list may not hold, and are read as they stand; a field goes the way of what is typed into
  // it; and the languages open here, not in a tab of their own as the component would have it.
  const mend = () => {
    for (const list of document.querySelectorAll("#chat .examples[role=list]")) list.setAttribute("role", "group");
    for (const example of document.querySelectorAll("#chat .example[aria-label]")) example.removeAttribute("aria-label");
    for (const field of document.querySelectorAll(".gradio-container :is(textarea, input[type=text]):not([dir=auto])")) {
      field.dir = "auto";
    }
    for (const link of document.querySelectorAll("#masthead .languages a[target]")) {
      link.removeAttribute("target");
      if (link.lang === root.lang) link.setAttribute("aria-current", "true");
    }
  };
  // A sign of life in the very frame a question is sent, however busy the server is: it goes when
  // the conversation moves.
  const rows = () => document.querySelectorAll("#chat .message-row").length;
  let sent = null; // rows there were
  const send = (event) => {
    const box = document.getElementById("question");
    const field = box && box.querySelector("textarea");
    if (!field || !field.value.trim()) return;
    const entered = event.type === "keydown" && event.target === field && event.key === "Enter" && !event.shiftKey && !event.isComposing;
    const pressed = event.type === "click" && event.target.closest && event.target.closest("#question button");
    if (!entered && !pressed) return;
    sent = rows();
    box.dataset.sent = "";
    window.setTimeout(calm, 15_000);
  };
  const calm = () => {
    sent = null;
    const box = document.getElementById("question");
    if (box) delete box.dataset.sent;
  };
  document.addEventListener("keydown", send, true);
  document.addEventListener("click", send, true);

  // Another language is another address of the same place: whatever else the address says stays.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#masthead .languages a");
    if (!link) return;
    const address = new URL(window.location.href);
    address.searchParams.set("lang", link.lang);
    link.href = address.href;
  }, true);

  const start = () => {
    const watch = new MutationObserver(() => { listen(); mend(); if (sent !== null && rows() !== sent) calm(); });
    watch.observe(document.body, { childList: true, subtree: true, attributeFilter: ["class"] });
    region(); // there before anything is told in it
    listen();
    mend();
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
