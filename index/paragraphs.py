"""Rows of print joined to paragraphs. Pure functions.

Covers: paragraphs, list items and numbered paragraphs, columns side by side, lines in other sizes
(footnotes, headings), rows that a raised footnote number had broken in two.

Does not cover: cells of a table drawn in a PDF, verse, formulas.

A line's place is in any unit, as long as left, right, y and size share it: points on a PDF page
(y grows upwards), characters and rows in a text file (there y is minus the row's number).
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import median

from index.words import Vocabulary, close_words, join_pair

_MARKER = re.compile(
    r"(?:\(?(?:\d{1,3}|[a-z]{1,2}|[ivxl]{1,6}|[A-Z])\)|(?:\d{1,3}|[A-Z]|[IVXL]{1,6})(?:\.\d{1,2}){0,3}\.|"
    r"\d{1,2}(?:\.\d{1,2}){1,3}|[-–—•●▪◦‣·*§])(?=\s|$)"
)
_SURE_MARKER = re.compile(r"(?:[•●▪◦‣]|[–—-] )")
_ENDS_SENTENCE = re.compile(r"[.;:!?。؟।…][\"'’”»)\]]*\s*(?:\d{1,3}|[*†‡])?$")
_ENDS_ITEM = re.compile(r"(?:[,;:]|\b(?:and|or|et|ou|y|o))\s*$")
_ENDS_CONTENTS = re.compile(r"\.\.\.\s*\S{1,8}$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOTE = re.compile(r"(\d{1,3})\s+[^\W\d_a-z]")
_MOST_BESIDE = 40  # texts looked at beside one row


@dataclass(frozen=True, slots=True)
class Line:
    """One row of print, or a whole block. `size` 0 means its place is unknown; `level` above 0
    marks a heading; `loud` is print that is bold or larger than the body's."""

    text: str
    level: int = 0
    left: float = 0.0
    right: float = 0.0
    y: float = 0.0
    size: float = 0.0
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is usual on one page: distance of rows by size, right edge by left edge. `ends` is where
    the column of a row ends at the latest, because other text stands beside it."""

    pitch: dict[int, float]
    edges: tuple[tuple[float, float], ...]
    ends: dict[Line, float]

    def right_edge(self, line: Line) -> float:
        end = self.ends.get(line, inf)
        near = [right for left, right in self.edges if right <= end and abs(left - line.left) < 5 * line.size]
        return max(near, default=line.right)


def join_lines(lines: Sequence[Line], vocabulary: Vocabulary) -> list[Block]:
    """Blocks in reading order; a heading, list item or paragraph each."""
    rows = _merge_rows(lines)
    measure = _measure(rows)
    groups: list[list[Line]] = []
    for row in rows:
        if groups and not _starts_block(groups[-1], row, measure):
            groups[-1].append(row)
        else:
            groups.append([row])
    blocks = []
    for group in groups:
        text = group[0].text
        for row in group[1:]:
            text = join_pair(text, row.text, vocabulary)
        text = close_words(text, vocabulary)
        level = min(row.level for row in group)
        blocks.append(Block(text, 0 if _is_body(text) else level))
    return blocks


def _is_body(text: str) -> bool:
    """Whether bold or large print is too long, or too much of a sentence, to head anything."""
    return len(text) > 500 or (len(text) > 80 and text.endswith((".", ";")))


def _merge_rows(lines: Sequence[Line]) -> list[Line]:
    rows: list[Line] = []
    for line in lines:
        if rows and _same_row(rows[-1], line):
            last = rows[-1]
            wider = last if last.right - last.left >= line.right - line.left else line
            rows[-1] = replace(
                wider,
                text=f"{last.text} {line.text}",
                left=min(last.left, line.left),
                right=max(last.right, line.right),
                level=last.level if last.level == line.level else 0,
                loud=last.loud and line.loud,
            )
        else:
            rows.append(line)
    return rows


def _same_row(last: Line, line: Line) -> bool:
    if not (last.size and line.size) or line.left < last.right - 0.5 * last.size:
        return False
    if line.left - last.right > 3 * max(last.size, line.size):
        return False
    return abs(line.y - last.y) < 0.45 * max(last.size, line.size)


def _measure(rows: Sequence[Line]) -> _Measure:
    steps: dict[int, list[float]] = {}
    for last, row in zip(rows, rows[1:], strict=False):
        step = last.y - row.y
        if row.size and 0 < step < 2.5 * row.size and abs(last.size - row.size) < 0.08 * row.size:
            steps.setdefault(round(row.size), []).append(step)
    # The lower half: gaps between paragraphs are steps as well.
    pitch = {size: median(sorted(found)[: len(found) // 2 + 1]) for size, found in steps.items()}
    return _Measure(pitch, tuple((row.left, row.right) for row in rows if row.size), _column_ends(rows))


def _column_ends(rows: Sequence[Line]) -> dict[Line, float]:
    """Where a row's column ends: left of the nearest text that stands beside it, or beside the rows
    it follows downwards. A row that reaches over that gap, or jumps, begins another column."""
    beside = _beside(rows)
    ends: dict[Line, float] = {}
    column: list[Line] = []
    end, widest = inf, 0.0
    for row in rows if beside else ():
        own = beside.get(row, inf)
        if column:
            step = column[-1].y - row.y
            aside = abs(row.left - column[-1].left) > 5 * row.size
            if aside or not 0 < step < 6 * row.size or max(widest, row.right) > min(end, own):
                ends.update(dict.fromkeys(column, end))
                column, end, widest = [], inf, 0.0
        column.append(row)
        end, widest = min(end, own), max(widest, row.right)
    ends.update(dict.fromkeys(column, end))
    return ends


def _beside(rows: Sequence[Line]) -> dict[Line, float]:
    """The left edge of the nearest text on the right of a row, for rows that have any."""
    placed = sorted((row for row in rows if row.size), key=lambda row: row.y)
    heights = [row.y for row in placed]
    found: dict[Line, float] = {}
    for row in placed:
        reach = 0.7 * row.size
        first = bisect_left(heights, row.y - reach)
        level = placed[first : min(bisect_right(heights, row.y + reach), first + _MOST_BESIDE)]
        lefts = [other.left for other in level if other.left > row.right + 0.5 * row.size]
        if lefts:
            found[row] = min(lefts)
    return found


def _starts_block(group: Sequence[Line], row: Line, measure: _Measure) -> bool:
    last = group[-1]
    if len(group) == 1 and _MARKER.fullmatch(last.text):
        return bool(row.level) and not last.level
    if _ENDS_CONTENTS.search(last.text) or not (row.size and last.size):
        return True
    torn = last.text.endswith("-") or (row.text[:1].islower() and not _ENDS_SENTENCE.search(last.text))
    if abs(row.size - last.size) > 0.08 * max(row.size, last.size) and not _is_small_sign(last, row):
        return True
    step = last.y - row.y
    pitch = measure.pitch.get(round(row.size), 1.2 * row.size)
    if step < -0.5 * row.size or step > 6 * pitch:
        return not torn or row.loud != last.loud  # the next column, or a jump on the page
    if step > 1.3 * pitch + 0.5:
        return not (torn and step < 1.8 * pitch and row.level == last.level)
    if row.level != last.level:
        # A paragraph that opens in bold goes on, and so does a heading with a year alone on its row.
        return not (torn or (last.level and row.loud and _YEAR.fullmatch(row.text)))
    if row.level:
        return bool(_MARKER.match(row.text))
    return _starts_inside(group, row, measure, torn)


def _starts_inside(group: Sequence[Line], row: Line, measure: _Measure, torn: bool) -> bool:
    """The same for a row at the usual distance in the usual size."""
    last = group[-1]
    ended = bool(_ENDS_SENTENCE.search(last.text))
    if _MARKER.match(row.text):
        if ended or _SURE_MARKER.match(row.text) or _ENDS_ITEM.search(last.text):
            return True
        if _could_hold(last, row, measure):
            return True
    if torn:
        return False
    if _is_next_note(group[0], row):
        return True
    if row.loud and last.loud:
        return False
    if abs(row.right - last.right) < 0.3 * row.size and abs(row.left - last.left) > 4 * row.size:
        return True  # rows set to the right: a signature's name, office and body
    if row.loud != last.loud:
        return _could_hold(last, row, measure)
    # Indented against the row before: a new paragraph, unless it hangs under its own first row.
    if row.left > last.left + 1.2 * row.size and ended and len(group) > 1:
        return True
    return _could_hold(last, row, measure)


def _is_next_note(first: Line, row: Line) -> bool:
    """Whether `row` opens the footnote after the one that `first` opened."""
    note, following = _NOTE.match(first.text), _NOTE.match(row.text)
    return note is not None and following is not None and int(following[1]) == int(note[1]) + 1


def _is_small_sign(last: Line, row: Line) -> bool:
    return min(len(last.text), len(row.text)) <= 3


def _could_hold(last: Line, row: Line, measure: _Measure) -> bool:
    """Whether the first word of `row` would have had room on the row before: the break was meant."""
    width = max(row.right - row.left, 0.1) / max(len(row.text), 1)
    word = len(row.text.split(" ", 1)[0]) + 1.5
    edge = max(measure.right_edge(last), measure.right_edge(row))
    needed = word * width + 0.6 * row.size
    if not _ENDS_SENTENCE.search(last.text) and row.loud == last.loud:
        # Print that is ragged on the right leaves room by chance; a sentence going on asks for more.
        needed = max(needed, 0.3 * (edge - last.left))
    return edge - last.right > needed


def is_hard_wrapped(lines: Sequence[str]) -> bool:
    """Whether the rows of a text file are rows of print rather than paragraphs.

    True where enough neighbouring rows tear a sentence: no stop before, a small letter after.
    """
    pairs = torn = 0
    for before, after in zip(lines, lines[1:], strict=False):
        before, after = before.rstrip(), after.strip()
        if before and after:
            pairs += 1
            torn += after[:1].islower() and not _ENDS_SENTENCE.search(before) and len(before) > 30
    return torn >= 2 and torn >= 0.12 * pairs


def text_lines(rows: Sequence[str]) -> list[Line]:
    """Rows of text as lines with a place, in characters and rows; empty rows are gaps. Where the
    rows are paragraphs already, no place is given and each stays a block."""
    size = 1.0 if is_hard_wrapped(rows) else 0.0
    lines = []
    for i, row in enumerate(rows):
        if row.strip():
            indent = float(len(row) - len(row.lstrip()))
            lines.append(Line(row.strip(), 0, indent, indent + len(row.strip()), -1.0 * i, size))
    return lines


def body_size(lines: Iterable[Line]) -> float:
    """The size most characters are printed in, 0 if none is known."""
    sizes: Counter[float] = Counter()
    for line in lines:
        if line.size:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: sizes[size]) if sizes else 0.0
