"""From what a reader found to pages fit for splitting and quoting. Pure functions.

Covers: invisible, soft and bidirectional control characters; ligatures; spaces; running
headers, footers and page numbers; footnote rules and dot leaders; paragraphs (by way of
`index.paragraphs`); exact offsets of headings.

Does not cover: spelling, OCR mistakes, text in the wrong order, tables drawn in a PDF (their
rows stay lines), translation, and a paragraph that runs over a page break (it stays two blocks,
because every block must belong to one page).
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from index.paragraphs import Block, Line, join_lines
from index.types import Heading, Hidden, Page
from index.words import Vocabulary

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# Soft hyphen, zero-width space, word joiner and invisible operators, byte order mark, bidi marks,
# embeddings and isolates, Mongolian separator, and the tag characters text can be hidden in.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[ \t\n\r\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_JOINERS = re.compile("[\u200c\u200d]")
# Scripts in which a (non-)joiner between two letters changes what is read.
_JOINING = re.compile(
    "(?<=[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufefe])[\u200c\u200d]"
    "(?=[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufefe])"
)
_RULE = re.compile(r"[\s_\-–—=*·.]{5,}")
_LEADER = re.compile(r"(?:\s?\.){4,}\s*|…{2,}\s*|_{4,}")
_EDGE_LINES = 4
_NUMBER_ALONE = re.compile(r"(?:page\s*)?[-–—(\s]*(\d{1,4})(?:\s*(?:/|\||of)\s*\d{1,4})?[-–—)\s]*", re.I)
# What a form prints at the foot of a page, whatever the page's own number is.
_FORM_FOOT = re.compile(
    r"page \d{1,4} of \d{1,4}|[-–—] ?\d{1,4} ?[-–—]|"
    r"\d{1,4}/\d{1,4} \d\d-\d{5}\*?|\d\d-\d{5}\*? \d{1,4}/\d{1,4}",
    re.I,
)
# A document's symbol, or the number of its printing job.
_MARK = re.compile(r"(?<!\S)(?:[A-Z]{1,5}(?:/[\w.()*-]+)+|\d\d-\d{5}\*?)(?!\S)")
_JOINT = re.compile(r"-(?=[A-Z])")  # two symbols of one paper: A/79/718-S/2025/21
_HEAD_LINES = 12
_NUMBERED_HEADING = re.compile(
    r"(?:article|section|chapter|annex|appendix|part|title|rule|question|item|table|figure|box|step|module|"
    r"session|case|slide|schedule|protocol|paragraph|regulation|recommendation|principle)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as its reader found it. `wrapped` lines are rows of print: the paper may have running
    lines, and rows whose place is known are joined to paragraphs; otherwise every line is a block.
    `outline` holds (level, title) known from elsewhere."""

    number: int
    lines: tuple[Line, ...]
    label: str = ""
    wrapped: bool = False
    outline: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader hands over: pages not yet cleaned, and what the file says of itself."""

    pages: tuple[RawPage, ...]
    title: str = ""
    date: str = ""
    warnings: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()


def clean(draft: Draft, document_id: str) -> tuple[Page, ...]:
    """Cleaned pages, one for each raw page, in the same order."""
    pages = [replace(page, lines=tuple(clean_lines(page.lines))) for page in draft.pages]
    if any(page.wrapped for page in pages):
        pages = drop_running_lines(pages)
    outlined = any(page.outline for page in pages)
    vocabulary = Vocabulary.of(line.text for page in pages if page.wrapped for line in page.lines)
    cleaned = []
    for page in pages:
        if page.wrapped:
            blocks = join_lines(page.lines, vocabulary)
        else:
            blocks = [Block(line.text, line.level) for line in page.lines]
        if outlined:  # what the paper says of its parts goes before what its print suggests
            blocks = [Block(block.text) for block in blocks]
        cleaned.append(build_page(document_id, page, blocks))
    return tuple(cleaned)


def clean_text(text: str) -> str:
    """One line of readable text: NFC, no invisible signs, no ligatures, single spaces.

    Superscripts, fractions and the like stay as they are (no NFKC).
    """
    text = _SPACES.sub(" ", text)
    text = _CONTROLS.sub("", _INVISIBLE.sub("", text)).translate(_LIGATURES)
    if _JOINERS.search(text):
        kept = {match.start() for match in _JOINING.finditer(text)}
        text = "".join(c for i, c in enumerate(text) if c not in "\u200c\u200d" or i in kept)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def clean_lines(lines: Iterable[Line]) -> list[Line]:
    """Lines with clean text; rules of signs and lines left empty are gone."""
    cleaned = []
    for line in lines:
        if _RULE.fullmatch(line.text):
            continue
        text = clean_text(_LEADER.sub(" ... ", line.text))
        if text:
            cleaned.append(replace(line, text=text))
    return cleaned


def drop_running_lines(pages: Sequence[RawPage]) -> list[RawPage]:
    """Pages without running headers, footers and page numbers.

    A line goes when it stands near the top or bottom of most pages (or of most odd or even
    ones), at least three, with the same words; its figures may differ only as the page number
    does. Of two pages, both must have it at the very top, or both at the very bottom. A line
    that is nothing but the page's own number or label goes as well, a page count in a form's
    foot ("2/5 25-10785"), and on later pages a symbol or job number that the first one's head
    prints. What else occurs on one page only stays.
    """
    running = _running_keys(pages) if len(pages) > 2 else _shared_keys(pages)
    head = [line.text for page in pages[:1] for line in page.lines[:_HEAD_LINES]]
    marks = {part for text in head for mark in _MARK.findall(text) for part in (mark, *_JOINT.split(mark))}
    offsets = _counter_offsets(pages)
    kept = []
    for page in pages:
        edge = set(_edge_indexes(page))
        lines = tuple(
            line
            for i, line in enumerate(page.lines)
            if i not in edge
            or not (
                running_key(line.text, page.number) & running
                or _is_own_number(line.text, page, offsets)
                or (page.number > 1 and _repeats(line.text, marks))
            )
        )
        kept.append(replace(page, lines=lines))
    emptied = sum(bool(page.lines) and not left.lines for page, left in zip(pages, kept, strict=True))
    # Where most pages are one line each, that line is the text and not its frame.
    return list(pages) if emptied * 2 > sum(bool(page.lines) for page in pages) else kept


def running_key(text: str, page_number: int) -> frozenset[str]:
    """What must be the same for two lines to be one running line: the words in any order,
    since facing pages mirror them; each figure either itself or its distance from the page number."""
    words = sorted(re.sub(r"\d+", "#", word) for word in text.casefold().split())
    stem = " ".join(words)
    figures = [int(figure) for figure in re.findall(r"\d{1,9}", text)]
    keys = {f"{stem}={sorted(figures)}"}
    if figures and not _NUMBERED_HEADING.match(text):
        for i, figure in enumerate(figures):
            if figure < 10_000:
                others = sorted(figures[:i] + figures[i + 1 :])
                keys.add(f"{stem}={others}+{figure - page_number}")
    return frozenset(keys)


def build_page(document_id: str, page: RawPage, blocks: Sequence[Block]) -> Page:
    """The page's text, a block a line, with the offsets of its headings."""
    starts: list[int] = []
    position = 0
    for block in blocks:
        starts.append(position)
        position += len(block.text) + 1
    headings = [
        Heading(block.level, block.text, start)
        for block, start in zip(blocks, starts, strict=True)
        if block.level
    ]
    if page.outline:
        headings = _outline_headings(page, blocks, starts)
    text = "\n".join(block.text for block in blocks)
    return Page(document_id, page.number, clean_text(page.label), tuple(headings), text)


def _outline_headings(page: RawPage, blocks: Sequence[Block], starts: Sequence[int]) -> list[Heading]:
    found = []
    first = 0
    for level, title in page.outline:
        title = clean_text(title)
        wanted = _letters(title)
        if not wanted:
            continue
        for i in range(first, len(blocks)):
            letters = _letters(blocks[i].text)
            # An outline often leaves the number away that is printed: "I. Introduction".
            if letters == wanted or (letters.endswith(wanted) and len(letters) <= len(wanted) + 6):
                found.append(Heading(level, blocks[i].text, starts[i]))
                first = i + 1
                break
        else:
            found.append(Heading(level, title, 0))
    return found


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _edge_indexes(page: RawPage) -> list[int]:
    count = len(page.lines)
    near = [*range(min(_EDGE_LINES, count)), *range(max(_EDGE_LINES, count - _EDGE_LINES), count)]
    if count and page.lines[0].size and page.wrapped:
        # The order in a PDF is that of its making; the place on the sheet counts too.
        height = max(line.y for line in page.lines) - min(line.y for line in page.lines)
        low = min(line.y for line in page.lines) + height * 0.06
        high = low + height * 0.88
        near += [i for i, line in enumerate(page.lines) if line.y < low or line.y > high]
    return sorted(set(near))


def _running_keys(pages: Sequence[RawPage]) -> frozenset[str]:
    if len(pages) < 3:
        return frozenset()
    seen: dict[str, set[int]] = defaultdict(set)
    for page in pages:
        for i in _edge_indexes(page):
            for key in running_key(page.lines[i].text, page.number):
                seen[key].add(page.number)
    parity = Counter(page.number % 2 for page in pages)
    running = set()
    for key, numbers in seen.items():
        if len(numbers) < 3:
            continue
        odd = sum(number % 2 for number in numbers)
        sides = (odd / max(parity[1], 1), (len(numbers) - odd) / max(parity[0], 1))
        if len(numbers) * 2 > len(pages) or (max(sides) > 0.6 and max(odd, len(numbers) - odd) >= 3):
            running.add(key)
    return frozenset(running)


def _shared_keys(pages: Sequence[RawPage]) -> frozenset[str]:
    """The keys of lines that open, or close, both pages of a paper of two: neither headings nor sentences."""
    if len(pages) != 2 or any(len(page.lines) < 2 for page in pages):
        return frozenset()
    shared: set[str] = set()
    for first in (True, False):
        sides: list[set[str]] = []
        for page in pages:
            lines = sorted(page.lines, key=lambda line: -line.y) if page.lines[0].size else list(page.lines)
            depth = 2 if len(lines) >= 6 else 1
            outer = lines[:depth] if first else lines[-depth:]
            outer = [line for line in outer if not (line.level or line.text[-1] in ".,;:")]
            outer = [
                line for line in outer if not _MARK.fullmatch(line.text)
            ]  # the first page keeps its symbol
            sides.append({key for line in outer for key in running_key(line.text, page.number)})
        shared |= sides[0] & sides[1]
    return frozenset(shared)


def _repeats(text: str, marks: Collection[str]) -> bool:
    """Whether a line is nothing but marks of the first page's head: `S/2024/835`, `24-20468`."""
    words = text.split()
    return bool(words) and all(word in marks for word in words)


def _counter_offsets(pages: Sequence[RawPage]) -> frozenset[int]:
    """Distances between printed and physical page number that three or more pages share."""
    offsets: Counter[int] = Counter()
    for page in pages:
        alone = {m[1] for i in _edge_indexes(page) if (m := _NUMBER_ALONE.fullmatch(page.lines[i].text))}
        offsets.update({int(figure) - page.number for figure in alone})
    return frozenset(offset for offset, count in offsets.items() if count >= 3)


def _is_own_number(text: str, page: RawPage, offsets: frozenset[int]) -> bool:
    if (page.label and text.strip("-–— ") == page.label) or _FORM_FOOT.fullmatch(text):
        return True
    match = _NUMBER_ALONE.fullmatch(text)
    if match is None:
        return False
    return int(match[1]) == page.number or int(match[1]) - page.number in offsets
