// In a frame of an intranet page: what that page may tell (a question, light or dark, a ticket), and
// what it is told (how high the page is). Nobody is heard but the framing window, from an allowed origin.
(() => {
  if (window.parent === window) return;
  const ORIGINS = JSON.parse(document.getElementById("framing").textContent);
  const MOST_CHARS = 2000;
  const READY_WITHIN_MS = 20_000;
  const LIFE_MS = 60_000; // of a visit; the server decides, this only tells the reader
  const root = document.documentElement;
  const visiting = /\/visit\/[^/]+\/$/.test(window.location.pathname);
  root.classList.add("framed");
  const DARK = /prefers-color-scheme:\s*dark/;
  const ruled = new WeakSet(); // rules for dark pages, whatever stands in them by now
  let worn = ""; // light or dark, once the framing page has said which
  let parent = ""; // the origin of the framing page, once it has said hello

  const say = (kind, more) => {
    if (parent) window.parent.postMessage({ ctAssistant: kind, ...more }, parent);
  };

  const dress = (theme) => {
    if (theme !== "dark" && theme !== "light") return;
    worn = theme;
    document.body.classList.toggle("dark", theme === "dark");
    root.style.colorScheme = theme;
    document.querySelectorAll("#source-view iframe").forEach(within);
  };

  // A source shown in this page asks the reader's system, which the framing page may overrule.
  const within = (frame) => {
    const shown = frame.contentDocument;
    if (!worn || !shown || !shown.documentElement) return;
    shown.documentElement.style.colorScheme = worn;
    for (const sheet of shown.styleSheets) {
      for (const rule of sheet.cssRules) {
        if (!(rule.media && (DARK.test(rule.media.mediaText) || ruled.has(rule)))) continue;
        ruled.add(rule);
        rule.media.mediaText = worn === "dark" ? "all" : "not all";
      }
    }
  };

  // A question from outside is typed and sent as the reader would: it is text, and never anything else.
  const ask = (text) => {
    if (typeof text !== "string" || !text.trim() || text.length > MOST_CHARS) return;
    const until = Date.now() + READY_WITHIN_MS;
    const attempt = () => {
      const field = document.querySelector("#question textarea");
      const button = document.querySelector("#question button.submit-button");
      if (!field || !document.querySelector("#sources .panel")) {
        if (Date.now() < until) window.setTimeout(attempt, 100);
        return;
      }
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      if (button) window.setTimeout(() => button.click(), 50); // else an answer is being made: it waits in the box
    };
    attempt();
  };

  // A visit that is not renewed ends; the page stays, and goes on when it is.
  let timer = 0;
  const going = (is) => {
    let told = document.getElementById("visit-ended");
    if (is && told) told.remove();
    if (!is && !told) {
      told = document.createElement("p");
      told.id = "visit-ended";
      told.setAttribute("role", "alert");
      told.textContent = JSON.parse(document.getElementById("beside-words").textContent).ended;
      document.body.append(told);
    }
    window.clearTimeout(timer);
    if (is) timer = window.setTimeout(() => going(false), LIFE_MS);
  };
  const renew = async (ticket) => {
    if (!visiting || typeof ticket !== "string") return;
    try {
      const answer = await fetch("renew", { method: "POST", body: ticket, cache: "no-store" });
      if (answer.ok) going(true);
      else if (answer.status === 401) {
        going(false);
        say("lost");
      }
    } catch { /* the next one may get through */ }
  };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !ORIGINS.includes(event.origin)) return;
    const told = event.data;
    if (!told || typeof told !== "object") return;
    if (told.ctAssistant === "hello") {
      parent = event.origin;
      dress(told.theme);
      if (told.follow === true) root.classList.add("following");
      say("here");
      measure();
    } else if (told.ctAssistant === "theme") dress(told.theme);
    else if (told.ctAssistant === "ask") ask(told.text);
    else if (told.ctAssistant === "ticket") renew(told.ticket);
  });

  // As high as what is in the page, whatever the frame's own height is.
  let height = 0;
  const measure = () => {
    const inner = document.querySelector(".gradio-container .contain > .column");
    if (!parent || !inner) return;
    const now = Math.ceil(inner.getBoundingClientRect().height);
    if (Math.abs(now - height) > 1) say("height", { height: (height = now) });
  };
  const start = () => {
    // These scripts come late: the page around may have said hello before.
    const around = window.location.ancestorOrigins ? [window.location.ancestorOrigins[0]] : ORIGINS;
    for (const origin of around.filter((each) => ORIGINS.includes(each))) window.parent.postMessage({ ctAssistant: "ready" }, origin);
    const sized = new ResizeObserver(measure);
    const watch = new MutationObserver(() => {
      const inner = document.querySelector(".gradio-container .contain > .column");
      if (!inner) return;
      watch.disconnect();
      sized.observe(inner);
      measure();
    });
    watch.observe(document.body, { childList: true, subtree: true });
    if (visiting) going(true);
  };
  document.addEventListener("load", (event) => {
    if (event.target.matches?.("#source-view iframe")) within(event.target);
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.target.closest?.("#source-view, #history")) say("close");
  });
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
