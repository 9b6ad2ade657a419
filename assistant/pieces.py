"""What may be quoted: sentences, rows, items, whole lists and title blocks of the evidence.

A list is followed beyond the end of its passage, because a list that is cut is no answer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.citations import block_spans
from assistant.context import Source
from index.sentences import is_list_item
from index.types import Hit

LABEL_WORDS = 14
BEFORE = 2  # sentences of the passage that stand before a piece and tell what it is about
MOST_ITEMS = 14
MOST_LABELS = 5
BEFORE_CHARS = 500
ITEM_CHARS = 700  # what has a sign is an item though it is long
_BULLET = re.compile(r"[-–•*▪◦]\s")
_PERSON = re.compile(r"(?:Mr|Ms|Mrs|Dr|Prof|H\.E|Gen|Amb)\b\.? |(?:[A-Z][a-zà-ž’'-]+ ){1,3}[A-Z][\w’'-]+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that may be quoted as a whole, with what stands above it.

    `start` and `end` are offsets in the document's text.
    """

    hit: Hit
    start: int
    end: int
    text: str
    above: str
    is_list: bool = False
    is_heading: bool = False
    is_label: bool = False

    @property
    def document_id(self) -> str:
        return self.hit.passage.document_id


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    is_item: bool
    is_row: bool
    is_heading: bool
    is_label: bool


def pieces_of(hit: Hit, source: Source) -> Iterator[Piece]:
    """The pieces of a passage, in order; a list or title block besides its parts."""
    lines = _lines(hit, source)
    earlier = _earlier(hit, source)
    headings = " ".join((source.document.title, *hit.passage.heading_path))
    for number, line in enumerate(lines):
        if line.start >= hit.passage.end:
            break  # only the rest of a list stands beyond the passage
        before = [*earlier, *(other.text for other in lines[:number])][-BEFORE:]
        above = " ".join([headings, *before, _opening(lines, number)])
        yield Piece(hit, line.start, line.end, line.text, above, False, line.is_heading, line.is_label)
        for last, is_list in _blocks(lines, number):
            start, end = line.start, lines[last].end
            text = source.text[start:end]
            yield Piece(hit, start, end, text, above, is_list, False, not is_list)


def _blocks(lines: Sequence[_Line], number: int) -> Iterator[tuple[int, bool]]:
    """The last line of each list, table or title block that begins with a line, and whether it is
    a list."""
    line = lines[number]
    opens = line.text.endswith(":") or (not line.is_item and (line.is_heading or line.is_label))
    items = _last(lines, number, lambda other: other.is_item)
    if items > number and opens:
        yield items, True
    rows = _last(lines, number, lambda other: other.is_row)
    if rows > number + 1 and not (number and lines[number - 1].is_row):
        yield rows, True
    labels = _last(lines, number, lambda other: other.is_label)
    first_label = line.is_label and (number == 0 or not lines[number - 1].is_label)
    if first_label and number < labels < number + MOST_LABELS:
        yield labels, False
    elif line.is_label and labels > number and _PERSON.match(line.text):
        yield number + 1, False  # a name and the line below it, which tells the office


def _earlier(hit: Hit, source: Source) -> list[str]:
    """The sentences just before the passage: where it was cut, they tell what it is about."""
    before = source.text[max(0, hit.passage.start - BEFORE_CHARS) : hit.passage.start]
    return [before[start:end] for start, end in block_spans(before)[-BEFORE:]]


def _lines(hit: Hit, source: Source) -> list[_Line]:
    """The sentences, rows, items and headings of a passage, and the rest of a list it cuts."""
    passage = hit.passage
    lines = [
        _line(
            source.text[passage.start + start : passage.start + end],
            passage.start + start,
            passage.heading_path,
        )
        for start, end in block_spans(passage.text)
    ]
    at = passage.end
    while lines and (lines[-1].is_item or lines[-1].text.endswith(":")) and len(lines) < 40:
        start = at + 1 if source.text[at : at + 1] == "\n" else -1
        end = source.text.find("\n", start) if start > 0 else -1
        end = len(source.text) if start > 0 and end < 0 else end
        if end <= start or not _is_item(source.text[start:end]):
            break
        lines.append(_line(source.text[start:end], start, ()))
        at = end
    return lines


def _line(text: str, start: int, heading_path: Sequence[str]) -> _Line:
    is_item = _is_item(text)
    is_heading = text in heading_path
    short = len(text.split()) <= LABEL_WORDS and not is_item and " | " not in text
    is_label = short and text[-1:] not in ".!?:;…"
    return _Line(start, start + len(text), text, is_item, " | " in text, is_heading, is_label)


def _is_item(text: str) -> bool:
    return is_list_item(text) or (len(text) <= ITEM_CHARS and _BULLET.match(text) is not None)


def _last(lines: Sequence[_Line], number: int, belongs: Callable[[_Line], bool]) -> int:
    last = number
    while last + 1 < len(lines) and last - number < MOST_ITEMS and belongs(lines[last + 1]):
        last += 1
    return last


def _opening(lines: Sequence[_Line], number: int) -> str:
    """The line that opens the list in which an item stands, or the head of a row's table, or ""."""
    if lines[number].is_item:
        while number and lines[number].is_item:
            number -= 1
        return lines[number].text
    if lines[number].is_row:
        while number and lines[number - 1].is_row:
            number -= 1
        return lines[number].text
    return ""
