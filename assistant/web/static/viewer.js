// The viewer's page: draws the print where there is one, turns pages in place, zooms, copies the
// citation. Without it the page shows its text, with links that work.

const root = document.documentElement;
const stage = document.getElementById("stage");
const ZOOM_STEP = 1.2;
const TOLD_MS = 5000;
const PATIENCE_MS = 15_000; // for a drawing; then the text is shown
const EDGE_PX = 32; // left and right of a drawn page together; as in viewer.css

let drawing = null; // of the PDF this page is from
let scale = null; // of the print; "page" to fit the page, null to fit what is printed on it
let asText = false;
let fit = 0; // width drawn for
let silence = 0;

const part = (name) => document.querySelector(name);

// Say a sentence to screen readers, and unless it is to be seen elsewhere show it for a while.
function tell(sentence, shown = true) {
  const told = part(".bar .told");
  told.classList.toggle("unseen", !shown);
  window.clearTimeout(silence);
  told.textContent = sentence;
  silence = window.setTimeout(() => { told.textContent = ""; }, TOLD_MS);
}

function settle(shown) {
  const place = part(".drawing");
  root.classList.add("scripted"); // where it took so long that the first script had given up
  root.dataset.shown = shown;
  if (place) place.hidden = shown === "text";
  part(".bar .zoom").hidden = shown === "text";
  const form = part(".bar .form");
  form.hidden = !place;
  form.textContent = shown === "text" ? form.dataset.printed : form.dataset.text;
}

// Bring a mark to the upper third of the stage, or leave the page at its top where it is seen there; by hand, so that a page around a frame stays put.
function bring(mark) {
  const [at, from] = [mark.getBoundingClientRect(), stage.getBoundingClientRect()];
  const top = stage.scrollTop + at.top - from.top - stage.clientHeight / 3;
  stage.scrollTo({ top: top < stage.clientHeight / 4 ? 0 : top }); // the title is not cut for a few lines
}

// Bring the body of the print into view sideways, where the page is wider than the stage.
function centre() {
  stage.scrollLeft = part(".sheet").offsetLeft + drawing.middle - stage.clientWidth / 2;
}

function showText(sentence = "") {
  asText = true;
  settle("text");
  if (sentence) tell(sentence);
  const mark = part(".paper mark");
  if (mark) bring(mark);
}

async function show(toQuote) {
  const place = part(".drawing");
  if (!place || asText) return showText();
  const tooLong = window.setTimeout(() => showText(place.dataset.notDrawn), PATIENCE_MS);
  try {
    const { Drawing, quoteOf } = await import("./drawing.js");
    if (!drawing?.is(place.dataset.file)) drawing = new Drawing(place.dataset.file);
    place.hidden = false; // so that a scroll bar it will need takes its width now
    fit = stage.clientWidth - EDGE_PX;
    const quote = quoteOf(part(".paper"));
    const marks = await drawing.draw(place, { number: Number(place.dataset.page), width: fit, scale, quote });
    if (marks === null || asText) return;
    if (quote.letters && !marks.length) return showText(place.dataset.quoteNotDrawn);
    settle("drawn");
    if (scale === null) centre();
    if (toQuote && marks.length) bring(marks[0]);
  } catch (fault) {
    console.info("The page was not drawn:", fault.message);
    showText(place.dataset.notDrawn);
  } finally {
    window.clearTimeout(tooLong);
  }
}

// Take the parts that differ from the page the link leads to, and keep the PDF that is open.
async function turn(link) {
  const answer = await fetch(link.href).catch(() => null);
  const next = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  const names = [".turning", ".copy", ".paper", ".bar .original", ".drawing"];
  if (!next || names.some((name) => !part(name) !== !next.querySelector(name))) {
    window.location.assign(link.href);
    return;
  }
  const drawn = part(".drawing .sheet");
  const held = part(".turning").contains(document.activeElement);
  for (const name of names) part(name)?.replaceWith(document.adoptNode(next.querySelector(name)));
  if (drawn && !asText) part(".drawing").replaceChildren(drawn);
  document.title = next.title;
  window.history.replaceState(null, "", link.href);
  part(".copy").hidden = false;
  if (held) (part(`.turning a[rel=${link.rel}]`) ?? part(".turning a"))?.focus({ preventScroll: true });
  stage.scrollTo({ top: 0, left: 0 });
  tell(part(".turning .where").textContent, false);
  await show(false);
}

function zoom(how) {
  if (root.dataset.shown !== "drawn") return;
  if (how === "fit") scale = "page";
  else scale = drawing.scale * (how === "in" ? ZOOM_STEP : 1 / ZOOM_STEP);
  show(false);
}

async function copy(button) {
  const text = button.dataset.citation;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = copiedByCommand(text); // an address without https has no clipboard of the first kind
  }
  tell(done ? button.dataset.copied : button.dataset.notCopied);
  button.focus();
}

function copiedByCommand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  const target = event.target.closest("a, button");
  if (!target || !plain) return;
  if (target.matches(".turning a")) {
    event.preventDefault();
    turn(target);
  } else if (target.matches(".zoom button")) zoom(target.dataset.zoom);
  else if (target.matches(".copy")) copy(target);
  else if (target.matches(".form")) {
    asText = !asText;
    show(true);
  }
});

// The key that points the way the sign on the bar does.
const [BACK, ON] = root.dir === "rtl" ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
const KEYS = {
  [BACK]: () => typeof scale !== "number" && part(".turning a[rel=prev]")?.click(),
  [ON]: () => typeof scale !== "number" && part(".turning a[rel=next]")?.click(),
  "+": () => zoom("in"),
  "=": () => zoom("in"),
  "-": () => zoom("out"),
  0: () => zoom("fit"),
  Escape: () => window.parent !== window && window.parent.postMessage("close the source", window.location.origin),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
  KEYS[event.key]();
});

let settled = 0;
new ResizeObserver(() => {
  window.clearTimeout(settled);
  settled = window.setTimeout(() => {
    const changed = Math.abs(stage.clientWidth - EDGE_PX - fit) > 1;
    if (root.dataset.shown === "drawn" && typeof scale !== "number" && changed) show(true);
  }, 150);
}).observe(stage);

// In a tab of its own the page is ready for the keys that scroll; no ring is drawn before one is used.
if (window.parent === window) {
  stage.classList.add("ready");
  stage.focus({ preventScroll: true });
  stage.addEventListener("blur", () => stage.classList.remove("ready"), { once: true });
}
part(".copy").hidden = false;
show(true);
