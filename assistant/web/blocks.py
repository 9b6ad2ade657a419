"""The text of a page, cut into the blocks a reader sees. Pure; offsets stay exact.

Covers: one block a line (as `Page` promises): headings, list items, table rows, paragraphs.
Does not cover: the layout of the original; for that there is the original.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from index.types import Page

Kind = Literal["heading", "item", "row", "paragraph"]

_ITEM = re.compile(r"(?:[•▪◦‣·–—*-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+\S")
_CELL_EDGE = re.compile(r" \| ")
_SENTENCE_END = re.compile(r"[.!?…][)\"”’]*\s+|\n")


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a page: `spans` are character offsets in the page's text, several in a table row."""

    kind: Kind
    spans: tuple[tuple[int, int], ...]
    level: int = 0


def blocks(page: Page) -> list[Block]:
    """Cut a page into its blocks, in reading order; empty lines make none."""
    headings = {
        heading.start: heading.level
        for heading in page.headings
        if page.text.startswith(heading.text, heading.start)
    }
    found: list[Block] = []
    start = 0
    for line in page.text.split("\n"):
        if line.strip():
            found.append(_block(line, start, headings.get(start)))
        start += len(line) + 1
    return found


def runs(found: list[Block]) -> Iterator[tuple[Kind, list[Block]]]:
    """Group neighbours of one kind, so that rows make one table and items one list."""
    for kind, members in groupby(found, key=lambda block: block.kind):
        yield kind, list(members)


def page_start(pages: Iterable[Page], number: int) -> int:
    """Give the offset of a page in its document's text: the pages before it, a line break each."""
    return sum(len(page.text) + 1 for page in pages if page.number < number)


def surroundings(text: str, start: int, end: int, around_chars: int = 260) -> tuple[int, int]:
    """Widen start and end by whole sentences, by at most about `around_chars` on each side.

    Where no sentence begins or ends in reach, the edge stands between two words.
    """
    earliest, latest = max(0, start - around_chars), min(len(text), end + around_chars)
    left = earliest
    if earliest > 0:
        edges = [edge.end() for edge in _SENTENCE_END.finditer(text, earliest, start)]
        left = edges[0] if edges else _word_edge(text, earliest, start)
    right = latest
    if latest < len(text):
        edges = [edge.end() for edge in _SENTENCE_END.finditer(text, end, latest)]
        right = edges[-1] if edges else max(end, text.rfind(" ", end, latest))
    return left, right


def _word_edge(text: str, earliest: int, start: int) -> int:
    space = text.find(" ", earliest, start)
    return start if space < 0 else space + 1


def _block(line: str, start: int, level: int | None) -> Block:
    if level is not None:
        return Block("heading", ((start, start + len(line)),), level)
    if " | " in line:
        return Block("row", tuple(_cells(line, start)))
    kind: Kind = "item" if _ITEM.match(line) else "paragraph"
    return Block(kind, ((start, start + len(line)),))


def _cells(line: str, start: int) -> Iterator[tuple[int, int]]:
    left = 0
    for edge in _CELL_EDGE.finditer(line):
        yield start + left, start + edge.start()
        left = edge.end()
    yield start + left, start + len(line)
