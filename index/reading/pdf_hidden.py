"""Text that a PDF page holds and no eye sees on it: a way to plant instructions.

Covers: text drawn in the invisible mode, off the page, too small to be seen, and text that leaves
no trace on the drawn page: in the colour of what it stands on, transparent, or painted over. The
last is proven, by drawing the page with such text and without it. A scan's text layer is told
apart: it is the text of the picture that lies over it.

Does not cover: text cut away by a clipping path, layers that are switched off, and text in a
colour that differs little from its ground but can be seen.
"""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from index.reading.drawing import AS_IT_IS, Matrix, draw, things
from index.reading.hidden import INVISIBLE, LAYER, NO_TRACE, OFF_PAGE, TINY, told
from index.types import Hidden

_LEAST_PT = 1.0  # smaller letters are specks
_LIGHT = 200  # of 255: paler letters may be lost on paper
_TRANSPARENT = 40  # of 255
_TRACE = 24  # of 255: what differs less than this from its ground is not seen
_SOLID = 0.7  # share of a text's box that a picture or surface must lie over
_LAYER_SHARE = 0.7  # of a page's letters, and the picture over half of the sheet
_DOTS_PER_INCH = 110.0
_DRAWING_S = 2.0  # for one page
_MOST_WORDS_CHARS = 400

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of text in one style, its place on the page, and how it hides, "" while in doubt."""

    thing: Any
    box: Box
    how: str


def hidden_text(page: Any, text_page: Any, text: str, number: int) -> tuple[frozenset[int], list[Hidden]]:
    """The places in `text` that no eye sees on the page, and what is told of them.

    `text` is pdfium's text of the page. Of a scan's text layer the places stay: it is told only.
    """
    hiding, picture = _hiding(page)
    if not hiding:
        return frozenset(), []
    how_by_thing = {ctypes.addressof(each.thing.contents): each.how for each in hiding}
    places: dict[str, list[int]] = {}
    inked = 0
    for place, how in _looked_up(text_page, text, how_by_thing):
        inked += 1
        if how:
            places.setdefault(how, []).append(place)
    count = sum(map(len, places.values()))
    if picture > 0.5 and count > _LAYER_SHARE * inked:
        return frozenset(), [Hidden(number, LAYER, "")]
    ways = [told(number, how, _words(text, found)) for how, found in sorted(places.items())]
    return frozenset(place for found in places.values() for place in found), ways


def _looked_up(text_page: Any, text: str, how_by_thing: dict[int, str]) -> Iterator[tuple[int, str]]:
    """(place, how) of each letter of a page; how is "" where it is seen."""
    from pypdfium2 import raw  # type: ignore[import-untyped]

    for place, sign in enumerate(text):
        if sign.isspace():
            continue
        char = raw.FPDFText_GetCharIndexFromTextIndex(text_page, place)
        thing = raw.FPDFText_GetTextObject(text_page, char) if char >= 0 else None
        yield place, how_by_thing.get(ctypes.addressof(thing.contents), "") if thing else ""


def _words(text: str, places: Sequence[int]) -> str:
    """The first hidden words, blanks between those that do not touch."""
    pieces: list[str] = []
    for before, place in zip([-2, *places], places, strict=False):
        if before >= 0 and place > before + 1:
            pieces.append(" ")
        pieces.append(text[place])
        if len(pieces) > _MOST_WORDS_CHARS:
            break
    return "".join(pieces)


def _hiding(page: Any) -> tuple[list[_Text], float]:
    """The texts that are not seen, and the share of the sheet that pictures cover."""
    from pypdfium2 import raw

    sheet = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, sheet)
    bounds = (sheet.left, sheet.bottom, sheet.right, sheet.top)
    ask = _Questions()
    sure: list[_Text] = []
    doubtful: list[_Text] = []
    plain: list[tuple[Any, Box]] = []
    grounds: list[Box] = []
    picture = 0.0
    for thing, kind, matrix in things(page):
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            box = ask.box(thing, matrix)
            if box[2] <= box[0] or box[3] <= box[1]:
                continue  # blanks
            if how := ask.way(thing, matrix, box) or ("" if _overlap(box, bounds) else OFF_PAGE):
                sure.append(_Text(thing, box, how))
            elif ask.is_pale(thing):
                doubtful.append(_Text(thing, box, ""))
            else:
                plain.append((thing, box))
        elif kind != raw.FPDF_PAGEOBJ_PATH or ask.is_surface(thing):
            box = ask.box(thing, matrix)
            if box[2] - box[0] > 12 and box[3] - box[1] > 6:
                grounds.append(box)
                if kind == raw.FPDF_PAGEOBJ_IMAGE:
                    picture += _overlap(box, bounds) / max(_area(bounds), 1)
    if grounds:
        doubtful += [
            _Text(thing, box, "")
            for thing, box in plain
            if any(_overlap(box, ground) > _SOLID * _area(box) for ground in grounds)
        ]
    return sure + _without_trace(page, doubtful, bounds), picture


class _Questions:
    """What is asked of the objects of one page; the places for the answers are made once, as asking is
    most of the work."""

    def __init__(self) -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._edges = [ctypes.c_float() for _ in range(4)]
        self._colour = [ctypes.c_uint() for _ in range(4)]
        self._modes = [ctypes.c_int() for _ in range(2)]

    def box(self, thing: Any, matrix: Matrix) -> Box:
        """(left, bottom, right, top) of an object in the page's coordinates."""
        left, bottom, right, top = self._edges
        self._raw.FPDFPageObj_GetBounds(thing, left, bottom, right, top)
        if matrix is AS_IT_IS:
            return left.value, bottom.value, right.value, top.value
        a, b, c, d, e, f = matrix
        corners = [(x.value, y.value) for x in (left, right) for y in (bottom, top)]
        across = [a * x + c * y + e for x, y in corners]
        up = [b * x + d * y + f for x, y in corners]
        return min(across), min(up), max(across), max(up)

    def way(self, thing: Any, matrix: Matrix, box: Box) -> str:
        """How a text hides by its mode or its size, or ""."""
        mode = self._raw.FPDFTextObj_GetTextRenderMode(thing)
        if mode in (self._raw.FPDF_TEXTRENDERMODE_INVISIBLE, self._raw.FPDF_TEXTRENDERMODE_CLIP):
            return INVISIBLE
        if box[2] - box[0] > 2 * _LEAST_PT and box[3] - box[1] > 2 * _LEAST_PT:
            return ""
        size, own = ctypes.c_float(), self._raw.FS_MATRIX()
        self._raw.FPDFTextObj_GetFontSize(thing, size)
        self._raw.FPDFPageObj_GetMatrix(thing, own)
        up = (own.c**2 + own.d**2) ** 0.5 * (matrix[2] ** 2 + matrix[3] ** 2) ** 0.5
        return TINY if size.value * up < _LEAST_PT else ""

    def is_pale(self, thing: Any) -> bool:
        """Whether a text's colour may be lost on paper."""
        r, g, b, alpha = self._colour
        self._raw.FPDFPageObj_GetFillColor(thing, r, g, b, alpha)
        light = r.value > _LIGHT and g.value > _LIGHT and b.value > _LIGHT
        return light or alpha.value < _TRANSPARENT

    def is_surface(self, path: Any) -> bool:
        fill, stroke = self._modes
        self._raw.FPDFPath_GetDrawMode(path, fill, stroke)
        return bool(fill.value != self._raw.FPDF_FILLMODE_NONE)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    left, bottom, right, top = one
    if left < other[0] or bottom < other[1] or right > other[2] or top > other[3]:
        left, bottom = max(left, other[0]), max(bottom, other[1])
        right, top = min(right, other[2]), min(top, other[3])
    return (right - left) * (top - bottom) if right > left and top > bottom else 0.0


def _without_trace(page: Any, doubtful: Sequence[_Text], bounds: Box) -> list[_Text]:
    """Those of the texts without which the page looks the same; none where it cannot be drawn."""
    from pypdfium2 import raw

    if not doubtful:
        return []
    whole = draw(page, _DOTS_PER_INCH, _DRAWING_S)
    if whole is None:
        return []
    for text in doubtful:
        raw.FPDFPageObj_SetIsActive(text.thing, False)
    without = draw(page, _DOTS_PER_INCH, _DRAWING_S)
    for text in doubtful:
        raw.FPDFPageObj_SetIsActive(text.thing, True)
    if without is None:
        return []
    differs = abs(whole.astype("int16") - without) > _TRACE
    turned = raw.FPDFPage_GetRotation(page)
    return [
        _Text(text.thing, text.box, NO_TRACE)
        for text in doubtful
        if not _at(differs, text.box, bounds, turned).any()
    ]


def _at(drawing: Any, box: Box, bounds: Box, turned: int) -> Any:
    """The part of a drawing in which a box of the page lies, a pixel more on each side."""
    width, height = max(bounds[2] - bounds[0], 1e-6), max(bounds[3] - bounds[1], 1e-6)
    x = [(box[i] - bounds[0]) / width for i in (0, 2)]
    y = [(bounds[3] - box[i]) / height for i in (3, 1)]
    for _ in range(turned):  # each a quarter to the right
        x, y = [1 - y[1], 1 - y[0]], x
    down, across = drawing.shape
    rows = slice(max(0, int(y[0] * down) - 1), max(0, int(y[1] * down) + 2))
    columns = slice(max(0, int(x[0] * across) - 1), max(0, int(x[1] * across) + 2))
    return drawing[rows, columns]
