"""How long a reader waits in a browser, in milliseconds: for the first paint, and for a sign of life."""

import json

from playwright.sync_api import Page

SIGN_OF_LIFE = "#question[data-sent], #chat .progress"
SENTENCE = "#chat .progress"  # "Searching 12 documents…", from the server

_PAINTED = """() => new Promise((done) => {
  const told = (entries) => entries.find((entry) => entry.name === "first-contentful-paint")?.startTime;
  const now = told(performance.getEntriesByType("paint"));
  if (now !== undefined) done(now);
  else new PerformanceObserver((list) => {
    const then = told(list.getEntries());
    if (then !== undefined) done(then);
  }).observe({ type: "paint", buffered: true });
})"""
_WATCHED = """() => {
  window.seen = new Promise((done) => {
    let pressed = null;
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter") pressed ??= performance.now();
    }, true);
    new MutationObserver(() => {
      const progress = document.querySelector(SIGN);
      if (pressed !== null && progress) requestAnimationFrame(() => done(performance.now() - pressed));
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}"""


def first_paint_ms(page: Page, address: str) -> float:
    """Open a page; from the start of the navigation until the first text is painted."""
    page.goto(address)
    return float(page.evaluate(_PAINTED))


def progress_ms(page: Page, question: str, sign: str = SIGN_OF_LIFE) -> float:
    """Ask in a chat that is empty; from the Enter key until the frame that shows the sign."""
    page.locator("#question textarea").fill(question)
    page.evaluate(_WATCHED.replace("SIGN", json.dumps(sign)))
    page.keyboard.press("Enter")
    return float(page.evaluate("window.seen"))
