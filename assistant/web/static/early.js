// Before the first paint: where scripts run, a page that will be drawn does not show its text first.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  if (window.parent !== window) root.classList.add("framed");
  // Where the drawing script cannot be loaded or does not start, the text is what there is.
  const giveUp = () => { if (!root.dataset.shown) root.classList.remove("scripted"); };
  window.addEventListener("error", giveUp, true);
  window.setTimeout(giveUp, 20_000);
})();
