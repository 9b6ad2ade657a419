// The chat in a page of the intranet: a bubble that opens a panel, or a panel in its place. The page holds no key.
//   <script src="https://assistant.example/embed.js" data-mode="bubble|panel" data-language="fr"
//     data-scope="programme=CTTP;year=2019" data-theme="auto|light|dark" data-token-url="/my/token" defer></script>
// Then `<a data-ask="Who pays for it?">` and `ctAssistant.ask(text)` ask, `ctAssistant.open()`, `.close()`, `.theme(name)`.
(() => {
  const script = document.currentScript;
  if (!script || window.ctAssistant) return;
  const told = script.dataset;
  const HOME = new URL(".", script.src);
  const WORDS = __WORDS__;
  const RENEW_MS = 30_000;
  const MOST_CHARS = 2000;
  const LEAST_PX = 320;
  const MOST_PX = 20_000;
  const bubble = told.mode !== "panel";
  const wished = told.language || document.documentElement.lang || navigator.language || "en";
  const words = WORDS[wished.split("-")[0].toLowerCase()] || WORDS.en;
  const language = told.language && WORDS[told.language] ? told.language : "";

  const made = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // Light or dark: as the page says, else as the reader's system does; told again whenever it changes.
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (["light", "dark"].includes(told.theme) ? told.theme : system.matches ? "dark" : "light");
  const dress = () => {
    root.dataset.theme = theme();
    frame.style.colorScheme = theme();
    say("theme", { theme: theme() });
  };

  // The frame. What it shows is told by its address, or begun with a ticket from this page's server.
  const frame = made("iframe", { title: words.open, name: `ct-assistant-${Math.random().toString(36).slice(2)}`, allow: "clipboard-write" });
  const notice = made("p", { role: "status", hidden: "" });
  const scopes = (told.scope || "").split(";").filter((part) => part.includes("="));
  const said = () => {
    const parts = scopes.map((part) => ["scope", part.trim().replace("=", ":")]);
    if (language) parts.push(["lang", language]);
    return [...parts, ["__theme", theme()]];
  };
  let begun = false; // somebody wanted to see it
  let heard = false; // the page in the frame has answered since it was loaded
  let waiting = ""; // a question on its way to the frame
  const say = (kind, more) => {
    if (heard || kind === "hello") frame.contentWindow?.postMessage({ ctAssistant: kind, ...more }, HOME.origin);
  };
  const greet = () => say("hello", { theme: theme(), follow: true });
  const begin = () => {
    if (begun) return;
    begun = true;
    if (told.tokenUrl) {
      renew();
      window.setInterval(renew, RENEW_MS);
      document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); }); // timers sleep meanwhile
    } else frame.src = new URL(`?${new URLSearchParams(said())}`, HOME);
  };
  const renew = async () => {
    let ticket = "";
    try {
      const answer = await fetch(new URL(told.tokenUrl, document.baseURI), { method: "POST", credentials: "same-origin", cache: "no-store", redirect: "error" });
      ticket = answer.ok ? String((await answer.json()).ticket || "") : "";
    } catch { /* nobody vouches for the reader just now */ }
    if (!heard) ended(!ticket);
    if (!ticket) return;
    if (heard) say("ticket", { ticket });
    else send(ticket);
  };
  // In the body of a form, so that the ticket stands in no address and no log.
  const send = (ticket) => {
    const form = made("form", { method: "post", action: new URL("visit", HOME), target: frame.name, hidden: "" });
    for (const [name, value] of [["ticket", ticket], ...said()]) form.append(made("input", { type: "hidden", name, value }));
    document.body.append(form);
    form.submit();
    form.remove();
  };
  const ended = (is) => {
    notice.hidden = !is;
    notice.textContent = is ? words.ended : "";
  };
  frame.addEventListener("load", () => {
    heard = false;
    if (begun) greet();
  });
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== HOME.origin) return;
    const { ctAssistant: kind, height } = event.data || {};
    if (kind === "ready") greet();
    else if (kind === "here") {
      heard = true;
      ended(false);
      if (waiting) say("ask", { text: waiting });
      waiting = "";
    } else if (kind === "height" && Number.isFinite(height)) {
      frame.style.height = `${Math.min(MOST_PX, Math.max(LEAST_PX, Math.ceil(height)))}px`;
    } else if (kind === "lost" && heard) { // somebody else reads here now, or the visit is long forgotten: begin anew
      heard = false;
      renew();
    }
    else if (kind === "close" && bubble) show(false);
  });

  // Around the frame; in a shadow of its own, so that neither page's styles reach the other.
  const root = made("div", { class: bubble ? "bubble" : "panel" });
  const styles = new CSSStyleSheet();
  styles.replaceSync(`
    :host { all: initial; ${bubble ? "position: fixed; inset-block-end: 20px; inset-inline-end: 20px; z-index: 2147483000;" : "display: block;"} }
    * { box-sizing: border-box; font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }
    iframe { display: block; width: 100%; height: 480px; border: 0; background: #f4f6f8; }
    [data-theme="dark"] iframe { background: #12181f; }
    p { margin: 0; padding: 12px 16px; background: #fdf3e2; color: #1d2733; font-size: 15px; line-height: 1.5; }
    [hidden] { display: none !important; }
    .panel { border: 1px solid #d8dee5; border-radius: 10px; overflow: hidden; }
    .bubble section { position: absolute; inset-block-end: 64px; inset-inline-end: 0; display: flex; flex-direction: column; width: min(420px, calc(100vw - 40px)); max-height: min(680px, calc(100vh - 104px)); border: 1px solid #b9c3ce; border-radius: 12px; overflow: hidden; background: #f4f6f8; box-shadow: 0 8px 32px rgb(0 0 0 / 0.25); }
    .bubble iframe { flex: 0 1 auto; min-height: 0; }
    button { min-height: 48px; padding: 0 20px; border: 0; border-radius: 24px; background: #17507f; color: #fff; font-size: 16px; font-weight: 600; cursor: pointer; box-shadow: 0 2px 12px rgb(0 0 0 / 0.25); }
    button:hover { background: #103a5d; }
    button:focus-visible { outline: 3px solid #8cc0ee; outline-offset: 2px; }
    [data-theme="dark"].panel, [data-theme="dark"] section { border-color: #33404e; background: #12181f; }
    [data-theme="dark"] button { background: #8cc0ee; color: #12181f; }
  `);
  const section = made("section", { id: "panel", "aria-label": words.open }, notice, frame);
  const button = made("button", { type: "button", "aria-expanded": "false", "aria-controls": "panel", "aria-haspopup": "dialog" }, words.open);
  const host = made("div", { lang: words === WORDS.en ? "en" : wished });
  if (words === WORDS.ar) host.dir = "rtl";
  host.attachShadow({ mode: "open" }).append(root);
  host.shadowRoot.adoptedStyleSheets = [styles];
  root.append(section);
  if (bubble) {
    section.hidden = true;
    section.setAttribute("role", "dialog");
    root.append(button);
    button.addEventListener("click", () => show(section.hidden));
    root.addEventListener("keydown", (event) => { if (event.key === "Escape" && !section.hidden) show(false); });
  }
  const show = (open) => {
    if (open) begin();
    if (!bubble || section.hidden === !open) return;
    section.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? words.close : words.open;
    if (open) frame.focus(); else button.focus();
  };
  const ask = (text) => {
    const question = typeof text === "string" ? text.trim().slice(0, MOST_CHARS) : "";
    if (!question) return;
    show(true);
    if (heard) say("ask", { text: question }); else waiting = question;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("[data-ask]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    ask(link.dataset.ask || link.textContent);
  });
  const put = () => {
    if (bubble) document.body.append(host);
    else {
      const place = document.querySelector("[data-ct-assistant]");
      if (place) place.append(host); else script.after(host);
      begin();
    }
    dress();
    system.addEventListener("change", dress);
    new MutationObserver(dress).observe(script, { attributeFilter: ["data-theme"] });
  };
  window.ctAssistant = Object.freeze({
    ask,
    open: () => show(true),
    close: () => show(false),
    theme: (name) => { told.theme = name; },
  });
  if (document.body) put(); else document.addEventListener("DOMContentLoaded", put);
})();
