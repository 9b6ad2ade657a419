"""What a memo says, whatever file it becomes: sections, blocks, notes and sources.

Covers: markers into numbered notes, list items, emphasis, the status in words, characters that no
file may hold. Does not cover: how any of it looks. Every text here is one line, fit for XML.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from assistant import language, sayings
from assistant.memo.lines import address, one_line, printable
from assistant.types import Answer, Citation

Exchange = tuple[str, Answer]
BlockKind = Literal["paragraph", "bullet", "number"]

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_ITEM = re.compile(r"\s*(?:[-*•–]|(\d{1,3})[.)])\s+(?=\S)")
_STRONG = re.compile(r"\*\*(?=[^\s*])([^*\n]+?)(?<=\S)\*\*")


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a note is called; `first` is False where it was called before."""

    number: int
    first: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or list item; `value` is what a numbered item is numbered with."""

    kind: BlockKind
    parts: tuple[Text | Mark, ...]
    value: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """The evidence behind one mark: the paper's title, its date and page in words, the sentence."""

    number: int
    title: str
    place: str
    quote: str


@dataclass(frozen=True, slots=True)
class Section:
    """One question. `status` is "" where it is simply answered; `remarks` are
    the assistant's own; `origin` says who wrote the text."""

    question: str
    status: str
    blocks: tuple[Block, ...]
    remarks: tuple[str, ...]
    origin: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A paper that is cited; `url` is "" where there is none that may be linked."""

    title: str
    date: str
    path: str
    url: str
    notes: tuple[int, ...]

    @property
    def called(self) -> str:
        """The numbers of its notes in words."""
        said = sayings.MEMO_ONE_NOTE if len(self.notes) == 1 else sayings.MEMO_MANY_NOTES
        return said.format(numbers=sayings.COMMA.join(map(str, self.notes)))


@dataclass(frozen=True, slots=True)
class Content:
    """`language` is the code of the one its labels are in."""

    language: str
    title: str
    date: str
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(note for section in self.sections for note in section.notes)


def content_of(exchanges: Sequence[Exchange], when: date) -> Content:
    """Order what was asked and answered into a memo in the language of the moment, the notes numbered
    from 1 in order of their call."""
    sections: list[Section] = []
    cited: dict[str, tuple[Citation, list[int]]] = {}
    for question, answer in exchanges:
        numbering = _Numbering(answer, 1 + sum(len(section.notes) for section in sections))
        blocks = tuple(_blocks(answer, numbering)) if answer.status != "unsupported" else ()
        blocks = _all_called(blocks, numbering)
        for citation, number in numbering.called.values():
            cited.setdefault(citation.document_id, (citation, []))[1].append(number)
        notes = tuple(_note(citation, number) for citation, number in numbering.called.values())
        told = filter(None, map(one_line, answer.notes))
        remarks = tuple(sayings.MEMO_REMARK.format(note=note) for note in told)
        origin = _origin(answer) if blocks else ""
        sections.append(Section(one_line(question), _status(answer), blocks, remarks, origin, notes))
    sources = tuple(_source(citation, numbers) for citation, numbers in cited.values())
    month = sayings.MONTHS.split("|")[when.month - 1]
    day = sayings.MEMO_DATE.format(count=when.day, month=month, year=when.year)
    return Content(language.current().code, sayings.MEMO_TITLE, day, tuple(sections), sources)


class _Numbering:
    """The notes of one answer, numbered in the order in which they are called."""

    def __init__(self, answer: Answer, first: int) -> None:
        self.called: dict[int, tuple[Citation, int]] = {}
        self.known = {citation.number: citation for citation in answer.citations}
        self._first = first

    def mark(self, number: int) -> Mark:
        first = number not in self.called
        if first:
            self.called[number] = (self.known[number], self._first + len(self.called))
        return Mark(self.called[number][1], first)


def _blocks(answer: Answer, numbering: _Numbering) -> Iterator[Block]:
    text = answer.text
    look = _look(answer)
    for line in _LINE.finditer(text):
        item = _ITEM.match(text, line.start(), line.end())
        start = item.end() if item else line.start()
        parts = tuple(_parts(text, start, line.end(), look, numbering))
        if parts and item and item[1]:
            yield Block("number", parts, int(item[1]))
        elif parts:
            yield Block("bullet" if item else "paragraph", parts)


def _look(answer: Answer) -> bytearray:
    """For each character 1 where it is strong, 2 where it is a sign that only says so, else 0."""
    look = bytearray(len(answer.text))
    for start, end in answer.emphasis:
        start, end = max(0, start), min(len(look), end)
        if start < end:
            look[start:end] = b"\x01" * (end - start)
    for column in answer.columns:  # its heading stands above it
        start = answer.text.rfind(column.label, 0, column.start)
        if start >= 0 and not answer.text[start + len(column.label) : column.start].strip():
            look[start : start + len(column.label)] = b"\x01" * len(column.label)
    for found in _STRONG.finditer(answer.text):
        look[found.start() : found.end()] = b"\x02\x02" + b"\x01" * len(found[1]) + b"\x02\x02"
    return look


def _parts(text: str, start: int, end: int, look: bytearray, numbering: _Numbering) -> Iterator[Text | Mark]:
    """The words and marks of a line; blanks at its ends, before a mark and between marks are dropped."""
    words: list[Text] = []
    marked = False
    for found in [*_MARKER.finditer(text, start, end), None]:
        if found and int(found[1]) not in numbering.known:
            continue
        until = found.start() if found else end
        words = list(_words(text, start, until, look))
        if not marked and words:  # a line begins with a word
            words[0] = Text(words[0].text.lstrip(), words[0].strong)
        while words and not words[-1].text.strip():
            words.pop()
        if words:
            words[-1] = Text(words[-1].text.rstrip(), words[-1].strong)
        yield from (part for part in words if part.text)
        if found:
            yield numbering.mark(int(found[1]))
            start, marked = found.end(), True


def _words(text: str, start: int, end: int, look: bytearray) -> Iterator[Text]:
    for kind, places in groupby(range(start, end), key=lambda at: look[at]):
        written = printable("".join(text[at] for at in places))
        if kind != 2 and written:
            yield Text(written, kind == 1)


def _all_called(blocks: tuple[Block, ...], numbering: _Numbering) -> tuple[Block, ...]:
    """The blocks, the last one with a mark for each citation that no marker of the text calls."""
    if not blocks:
        return blocks
    uncalled = [number for number in numbering.known if number not in numbering.called]
    last = blocks[-1]
    parts = (*last.parts, *map(numbering.mark, uncalled))
    return (*blocks[:-1], Block(last.kind, parts, last.value))


def _status(answer: Answer) -> str:
    told = {
        "answered": "",
        "partial": sayings.MEMO_PARTIAL,
        "not_in_documents": sayings.NOTHING_SAID,
        "unsupported": sayings.MEMO_UNSUPPORTED,
    }[answer.status]
    missing = filter(None, map(one_line, answer.missing))
    words = sayings.COMMA.join(sayings.QUOTED.format(text=word) for word in missing)
    return f"{told} {sayings.MEMO_MISSING.format(words=words)}" if told and words else told


def _origin(answer: Answer) -> str:
    if answer.trace.model:
        return sayings.MEMO_MODEL.format(model=one_line(answer.trace.model))
    return sayings.MEMO_FALLBACK if answer.trace.fallback else sayings.MEMO_EXTRACTED


def _note(citation: Citation, number: int) -> Note:
    page = _page(citation.page, one_line(citation.page_label))
    return Note(number, _title(citation), f"{_date(citation)}{sayings.COMMA}{page}", one_line(citation.quote))


def _source(citation: Citation, numbers: Iterable[int]) -> Source:
    path, url = one_line(citation.path), address(citation.url)
    return Source(_title(citation), _date(citation), path, url, tuple(numbers))


def _title(citation: Citation) -> str:
    return one_line(citation.title) or one_line(citation.path) or one_line(citation.document_id)


def _date(citation: Citation) -> str:
    return one_line(citation.date) or sayings.UNDATED


def _page(number: int, label: str) -> str:
    if label in ("", str(number)):
        return sayings.PAGE.format(page=number)
    printed = re.fullmatch(r"[A-Za-z]{0,2}[-. ]?(?:\d{1,4}|[ivxlcIVXLC]{1,7})", label)
    return (sayings.PAGE_PRINTED if printed else sayings.PAGE_NAMED).format(page=number, label=label)
