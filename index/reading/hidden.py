"""Text that the readers of a paper do not see: a way to plant instructions. What is told of it, and
the marks by which Word, PowerPoint and HTML hide text; for PDF see `pdf_hidden`.

Hidden text is left out of the pages: a quote from it could be shown to nobody. What a reader can
bring to light by a click (hidden slides, sheets, rows) and the text layer of a scan are kept.

Does not cover: white print in Word in tables, text boxes or before pictures, and on slides, as
its ground is not known there; what a style sheet of an HTML page hides.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from index.cleaning import clean_text
from index.types import Hidden

# What is told of each way; `index.health` has a sentence for each.
INVISIBLE, OFF_PAGE, TINY, NO_TRACE = "invisible", "off the page", "tiny", "no trace"
LAYER, SLIDE, SHEET, ROWS = "layer", "slide", "sheet", "rows"
KEPT = frozenset({LAYER, SLIDE, SHEET, ROWS})

MOST = 200  # of one document
_MOST_CHARS = 200
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEAST_HALF_POINTS = 2
_OFF = ("0", "false", "off")
_WHITE = r"(?:white|#fff(?:fff)?|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))\s*(?:;|!|$)"
_STYLES = (
    (INVISIBLE, re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)),
    (INVISIBLE, re.compile(r"opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)", re.I)),
    (TINY, re.compile(r"font-size\s*:\s*(?:0|[01](?:\.\d+)?(?:px|pt))\s*(?:;|!|$)", re.I)),
    (OFF_PAGE, re.compile(r"(?:left|top|right|text-indent)\s*:\s*-\d{4,}px", re.I)),
)
_WHITE_PRINT = re.compile(rf"(?:^|[;\s])color\s*:\s*{_WHITE}", re.I)
_WHITE_GROUND = re.compile(rf"background(?:-color)?\s*:\s*{_WHITE}", re.I)


def told(page: int, how: str, text: str) -> Hidden:
    """What is told of a hidden text: its first words only."""
    text = clean_text(text)
    return Hidden(page, how, text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1] + "…")


def warnings(hidden: Sequence[Hidden]) -> list[str]:
    """Sentences for whoever owns the document. They do not repeat what is hidden."""
    found = []
    if left_out := [each.page for each in hidden if each.how not in KEPT]:
        found.append(f"hidden text was left out ({pages_named(left_out)}).")
    if layer := [each.page for each in hidden if each.how == LAYER]:
        found.append(f"a scan with a text layer: check figures against the picture ({pages_named(layer)}).")
    return found


def pages_named(numbers: Iterable[int]) -> str:
    """Page numbers in few signs: `p. 1–4, 7`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in runs[:20]]
    return "p. " + ", ".join(shown) + (", …" if len(runs) > 20 else "")


class WordStyles:
    """The styles of a Word document that hide text, and whether white print may stand on colour."""

    def __init__(self, document: Any) -> None:
        styles = list(document.styles.element.iter(f"{_W}style"))
        self._vanished = {s.get(f"{_W}styleId") for s in styles if _on(s.find(f"{_W}rPr"), "vanish")}
        self._shaded = {s.get(f"{_W}styleId") for s in styles if next(s.iter(f"{_W}shd"), None) is not None}
        body = document.element
        behind = (node.get("behindDoc") == "1" for node in body.iter("{*}anchor"))
        self._coloured = body.find(f"{_W}background") is not None or any(behind)

    def way(self, run: Any) -> str:
        """How a run of a Word document hides, or ""."""
        own = run.find(f"{_W}rPr")
        if own is None:
            return ""
        vanish = own.find(f"{_W}vanish")
        if _on(own, "vanish") or (vanish is None and _value(own, "rStyle") in self._vanished):
            return INVISIBLE
        size = _value(own, "sz")
        if size.isdigit() and int(size) <= _LEAST_HALF_POINTS:
            return TINY
        white = _value(own, "color").upper() == "FFFFFF"
        return NO_TRACE if white and not self._stands_on_colour(run, own) else ""

    def _stands_on_colour(self, run: Any, own: Any) -> bool:
        """Whether what stands behind a run is coloured, or cannot be told."""
        if self._coloured or any(own.find(f"{_W}{name}") is not None for name in ("shd", "highlight")):
            return True
        for above in run.iterancestors():
            if above.tag in (f"{_W}tbl", f"{_W}txbxContent"):
                return True
            properties = above.find(f"{_W}pPr") if above.tag == f"{_W}p" else None
            if properties is not None:
                shaded = properties.find(f"{_W}shd") is not None
                return shaded or _value(properties, "pStyle") in self._shaded
        return False


def is_off_slide(shape: Any, width: int | None, height: int | None) -> bool:
    """Whether a shape of a slide is switched off or lies wholly outside of it."""
    if any(node.get("hidden") in ("1", "true") for node in shape.element.iter("{*}cNvPr")):
        return not hasattr(shape, "shapes")  # of a group it may be one part only
    if None in (shape.left, shape.top, shape.width, shape.height) or width is None or height is None:
        return False
    beside = shape.left >= width or shape.left + shape.width <= 0
    return bool(beside or shape.top >= height or shape.top + shape.height <= 0)


def html_way(node: Any) -> str:
    """How an element of an HTML page hides its text by its own attributes, or ""."""
    attributes = node.attrs or {}
    if "hidden" in attributes:
        return INVISIBLE
    style = str(attributes.get("style", ""))
    for how, mark in _STYLES:
        if style and mark.search(style):
            return how
    return NO_TRACE if _WHITE_PRINT.search(style) and _is_on_white(node, style) else ""


def _is_on_white(node: Any, style: str) -> bool:
    if _WHITE_GROUND.search(style):
        return True
    if "background" in style or (node.find_parent("html") or node).find(["style", "link"]):
        return False  # a style sheet may colour what it stands on
    return not any(
        "bgcolor" in above.attrs or "background" in str(above.attrs.get("style", ""))
        for above in node.parents
        if above.attrs
    )


def _value(element: Any, name: str) -> str:
    found = element.find(f"{_W}{name}")
    return "" if found is None else str(found.get(f"{_W}val", ""))


def _on(properties: Any, name: str) -> bool:
    found = None if properties is None else properties.find(f"{_W}{name}")
    return found is not None and found.get(f"{_W}val", "1") not in _OFF
