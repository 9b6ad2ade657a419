// What the panel of choices, the suggested questions and the answers to take away need beyond Gradio.
(() => {
  // "Ask only this document" chooses it in the panel, so that the conversation stays where it is.
  const choose = (documentId) => {
    const field = document.querySelector("#scope-wish textarea, #scope-wish input");
    if (!field) return false;
    field.value = documentId;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true, cancelable: true }));
    const box = document.querySelector("#question textarea");
    if (box) box.focus();
    return true;
  };

  // What the address of such a link names: the chat strips other attributes off its markup.
  const named = (link) => new URL(link.href).searchParams.get("document");

  const say = (text) => {
    let told = document.getElementById("narrow-told");
    if (!told) {
      told = document.createElement("p");
      told.id = "narrow-told";
      told.setAttribute("role", "status");
      document.body.append(told);
    }
    told.textContent = "";
    window.setTimeout(() => { told.textContent = text; }, 50); // what changes is read out
  };

  // Without leave to use the clipboard (an insecure address, a frame) the old way may still work.
  const put = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  const copy = async (link) => {
    let done = false;
    try {
      const answer = await fetch(link.href);
      done = answer.ok && (await put(await answer.text()));
    } catch { /* the text is opened instead */ }
    link.focus();
    if (done) {
      say(JSON.parse(document.getElementById("beside-words").textContent).copied);
      link.classList.add("done");
      window.setTimeout(() => link.classList.remove("done"), 3000);
    } else window.open(link.href, "_blank", "noopener");
  };

  const plain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a.only, #chat .take a.copy");
    if (!link || !plain(event) || event.defaultPrevented) return;
    if (link.classList.contains("copy")) {
      event.preventDefault();
      copy(link);
    } else if (choose(named(link))) event.preventDefault();
  });

  // A suggested question goes once it is asked, and the focus would go with it (not on a phone: a
  // keyboard would come up).
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("#next button")) return;
    const box = document.querySelector("#question textarea");
    if (box && window.matchMedia("(min-width: 900px)").matches) box.focus();
  });

  // A page shown beside the answer has the same link: it chooses here, not in its frame.
  const listen = (frame) => {
    if (frame.dataset.heard) return;
    frame.dataset.heard = "yes";
    frame.addEventListener("load", () => {
      const shown = frame.contentDocument;
      if (shown) shown.addEventListener("click", (event) => {
        const link = event.target.closest && event.target.closest("a.only");
        if (link && plain(event) && choose(named(link))) event.preventDefault();
      });
    });
  };

  // Say to a screen reader whether the panel is open, how its groups are called, and what is asked.
  let asked = "";
  const label = () => {
    const button = document.querySelector("#scope-fold > button");
    if (!button) return;
    const open = String(button.classList.contains("open"));
    if (button.getAttribute("aria-expanded") !== open) button.setAttribute("aria-expanded", open);
    for (const group of document.querySelectorAll("#scope fieldset:not([aria-label])")) {
      const name = group.querySelector("[data-testid=block-info]");
      if (name) group.setAttribute("aria-label", name.textContent.trim());
    }
    const now = button.textContent.replace("▼", "").trim();
    if (asked && now !== asked) say(now);
    asked = now;
  };
  // The conversation gets lower when buttons come under it: who reads its end goes on seeing that.
  let atEnd = true;
  let scrolled = null;
  const keepEnd = () => {
    const wrap = document.querySelector("#chat .bubble-wrap");
    if (!wrap || wrap === scrolled) return;
    scrolled = wrap;
    wrap.addEventListener("scroll", () => { atEnd = wrap.scrollHeight - wrap.scrollTop - wrap.clientHeight < 60; });
    let height = wrap.clientHeight;
    new ResizeObserver(() => {
      if (atEnd && wrap.clientHeight < height) wrap.scrollTop = wrap.scrollHeight;
      height = wrap.clientHeight;
    }).observe(wrap);
  };
  // A question that is cut off in its button is told whole when it is pointed at.
  const whole = () => {
    for (const button of document.querySelectorAll("#next button")) {
      if (button.title !== button.textContent.trim()) button.title = button.textContent.trim();
    }
  };
  const start = () => {
    const watch = new MutationObserver(() => {
      label();
      keepEnd();
      whole();
      document.querySelectorAll("#source-view iframe").forEach(listen);
    });
    watch.observe(document.body, { childList: true, subtree: true, characterData: true, attributeFilter: ["class"] });
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
