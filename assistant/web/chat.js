// Pointing at a marker lights the card of its source; the two are bound by the same address.
(() => {
  const light = (event) => {
    const marker = event.target.closest && event.target.closest("a.marker");
    for (const card of document.querySelectorAll("#sources .card")) {
      const link = card.querySelector(".open a");
      const lit = Boolean(marker && link && link.href === marker.href);
      card.classList.toggle("lit", lit);
      const panel = document.getElementById("beside");
      if (lit && panel && panel.scrollHeight > panel.clientHeight) {
        const gap = card.getBoundingClientRect().top - panel.getBoundingClientRect().top;
        if (gap < 0 || gap > panel.clientHeight - 120) panel.scrollBy({ top: gap - 16 });
      }
    }
  };
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, light);
})();
