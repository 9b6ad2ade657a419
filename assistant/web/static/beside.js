// A source opened beside the answer: a plain click on a marker, or on a card's link, shows the page in
// a frame where the cards stand. With a key held, or without this script, the link opens a tab.
(() => {
  const LINKS = "#chat a.marker, #sources a";
  const PAGE = /\/documents\/[^/]+\/pages\/\d+$/;
  const words = () => JSON.parse(document.getElementById("beside-words").textContent);
  let opener = null; // where the focus goes back to

  const view = () => document.getElementById("source-view");

  const made = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  const build = () => {
    const { beside, close, tab } = words();
    const button = made("button", { type: "button", class: "close" }, close);
    button.addEventListener("click", () => shut(true));
    const head = made("div", { class: "head" }, made("h2", { dir: "auto" }, beside), made("a", { target: "_blank", rel: "noopener" }, tab), button);
    const frame = made("iframe", { title: beside });
    frame.addEventListener("load", () => {
      const title = frame.contentDocument && frame.contentDocument.querySelector("h1");
      if (title) head.firstChild.textContent = title.textContent;
    });
    const section = made("section", { id: "source-view", "aria-label": beside }, head, frame);
    section.addEventListener("keydown", (event) => { if (event.key === "Escape") shut(true); });
    document.getElementById("beside").prepend(section);
    return section;
  };

  const open = (link) => {
    opener = link;
    const section = view() || build();
    const frame = section.querySelector("iframe");
    section.querySelector(".head a").href = link.href;
    // Replaced, not added to the history: the way back leads out of the chat, not through its sources.
    // Without the fragment: it would scroll this page too, and the viewer goes to the quote itself.
    const address = link.href.split("#")[0];
    if (frame.src) frame.contentWindow.location.replace(address); else frame.src = address;
    section.querySelector(".close").focus({ preventScroll: true });
    section.scrollIntoView({ block: "start" });
  };

  const shut = (back) => {
    const section = view();
    if (!section) return;
    section.remove();
    if (back && opener && opener.isConnected) opener.focus();
    opener = null;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest(LINKS);
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented) return;
    if (link.origin !== window.location.origin || !PAGE.test(link.pathname)) return;
    event.preventDefault();
    open(link);
  });
  window.addEventListener("message", (event) => {
    const frame = view() && view().querySelector("iframe");
    if (frame && event.source === frame.contentWindow && event.data === "close the source") shut(true);
  });

  // Other sources have come: those of the answer before are not to stand in front of them.
  const changed = (changes) => changes.some(({ target }) => target.closest && target.closest("#sources"));
  const start = () => {
    const watch = new MutationObserver((changes) => { if (view() && changed(changes)) shut(false); });
    watch.observe(document.body, { childList: true, subtree: true });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
