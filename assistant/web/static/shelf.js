// The documents page: shows what fits while the reader types, and keeps the place when the order or
// the page changes. Without it the form's button and the links do the same.

const PAUSE_MS = 150; // after a key, before asking
const form = document.querySelector("form.asked");
let latest = 0;
let waiting = 0;

// Take over the list and the counts of another address; the field that is being typed in stays.
async function show(address, { key = "", add = false } = {}) {
  const mine = ++latest;
  const answer = await fetch(address).catch(() => null);
  const next = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== latest) return; // a later one is on its way
  const found = next && next.getElementById("found");
  if (!found) return window.location.assign(address);
  // The line that is spoken is kept: a screen reader speaks what changes in it.
  const status = document.querySelector("#found [role=status]");
  const told = found.querySelector("[role=status]");
  const text = told.textContent;
  status.replaceChildren();
  told.replaceWith(status);
  document.getElementById("found").replaceWith(found);
  window.requestAnimationFrame(() => { status.textContent = text; });
  const fresh = next.querySelector("form.asked");
  for (const select of form.querySelectorAll("select")) {
    const other = fresh.querySelector(`select[name=${select.name}]`);
    const chosen = other.value; // moving its options away changes it
    select.replaceChildren(...other.children);
    select.value = chosen;
  }
  form.elements.sort.value = fresh.elements.sort.value;
  window.history[add ? "pushState" : "replaceState"](null, "", address);
  if (!key) return;
  if (key === "prev" || key === "next") window.scrollTo({ top: 0 });
  const again = found.querySelector(`[data-key=${key}]`) ?? found.querySelector(".pages [data-key]");
  again?.focus({ preventScroll: true });
}

function asked() {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) {
    if (!value.trim() || (name === "sort" && value === "title")) query.delete(name);
  }
  return `${form.getAttribute("action")}?${query}`;
}

if (form) {
  form.classList.add("live"); // the button is not needed
  form.addEventListener("input", (event) => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => show(asked()), event.target.matches("select") ? 0 : PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.clearTimeout(waiting);
    show(asked());
  });
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const link = event.target.closest("a.turn");
    if (!link || !plain) return;
    event.preventDefault();
    if (link.matches(".clear")) {
      form.elements.q.value = "";
      form.elements.q.focus();
    }
    show(link.href, { key: link.dataset.key ?? "", add: true });
  });
  window.addEventListener("popstate", () => window.location.reload());
}
