"""Headings of a PDF without an outline, guessed from its print.

Does not cover: headings set in the body's own size and weight (italics, capitals), and papers
printed mostly in bold, where nothing is marked.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.cleaning import RawPage
from index.paragraphs import Line, body_size
from index.reading.titles import is_letterhead

_LETTERHEAD_ROWS = 8
_MAX_CHARS = 220


def mark_headings(pages: Sequence[RawPage]) -> list[RawPage]:
    """Pages with headings guessed from print: rows clearly larger than the body, or bold in a
    body that is not. Levels follow size, largest first."""
    rows = [line for page in pages for line in page.lines]
    body = body_size(rows)
    total = sum(len(line.text) for line in rows) or 1
    if not body or sum(len(line.text) for line in rows if line.loud) * 3 > total:
        return list(pages)

    def is_heading(place: int, line: Line) -> bool:
        large = line.size > 1.15 * body
        bold = line.loud and line.size > 0.93 * body
        if not (large or bold) or len(line.text) > _MAX_CHARS:
            return False
        at_top = place < _LETTERHEAD_ROWS and is_letterhead(line.text)
        return not at_top and bool(re.search(r"[^\W\d_]{2}", line.text))

    found = {
        (page.number, place): round(line.size)
        for page in pages
        for place, line in enumerate(page.lines)
        if is_heading(place, line)
    }
    contents = {key for page in pages for key in _contents_rows(page) if key in found}
    sizes = {size for key, size in found.items() if key not in contents}
    levels = {size: min(rank, 4) for rank, size in enumerate(sorted(sizes, reverse=True), start=1)}
    # What stands under "Contents" is not the paper: its heading must never hold the others.
    deepest = max(levels.values(), default=1)

    def level(page: RawPage, place: int) -> int:
        key = (page.number, place)
        return deepest if key in contents else levels.get(found.get(key, -1), 0)

    return [
        replace(page, lines=tuple(replace(row, level=level(page, i)) for i, row in enumerate(page.lines)))
        for page in pages
    ]


def _contents_rows(page: RawPage) -> list[tuple[int, int]]:
    return [
        (page.number, place)
        for place, line in enumerate(page.lines)
        if line.text.strip().casefold() in ("contents", "table of contents", "sommaire", "table des matières")
    ]
