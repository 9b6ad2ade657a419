"""Where a particular stands in a sentence: what a figure counts, on which date, which name.

Two sentences can only contradict each other where they fill the same slot: "45 entities" and
"46 entities", but not "45 entities" and "18 programmes". Covers: figures with the words that
follow them or their unit, dates outside of ranges, runs of name words. Does not cover: ordinals.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.particulars import Date, dates, figures, names

Terms = Callable[[str], list[str]]

COUNTED_WITHIN = 4  # words after a figure among which is what it counts
_TOKEN = re.compile(r"(?:US\$|[€£$])?\d[\d,]*(?:\.\d+)?%?|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]|\S")
_SCALES = frozenset("hundred thousand million billion".split())
_RANGE = re.compile(r"\b((?:1[89]|20)\d\d)\s?[-–—/]\s?((?:1[89]|20)\d\d|\d\d)\b(?!-)")
_MAY_DATE = re.compile(r"\d|^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")
_NO_DATE = re.compile(rf"{_RANGE.pattern}|\((?:1[89]|20)\d\d\)|\d{{4}}[’']?s\b")
_STOPS = re.compile(r"[.,;:()!?|–—]|\d")
_LINK = re.compile(r"\s+(?:(?:of|and|the|for|de|du|la)\s+){0,2}|-|\s?&\s?")


@dataclass(frozen=True, slots=True)
class SaidFigure:
    """A figure as written, its value in plain digits, its unit, and the stems of what it counts,
    nearest first."""

    text: str
    value: str
    unit: str
    counts: tuple[str, ...]

    def fills_slot_of(self, other: "SaidFigure") -> bool:
        """Whether two figures count the same thing, or where this one counts none, in one unit."""
        if self.unit or other.unit:
            return self.unit == other.unit
        return bool(self.counts) and self.counts[0] in other.counts


@dataclass(frozen=True, slots=True)
class SaidDate:
    """A date as written and as far as it is said."""

    text: str
    date: Date


def said_figures(text: str, terms: Terms) -> list[SaidFigure]:
    """The figures of a sentence that are no part of a date, a number of a document or of a line."""
    tokens = list(_TOKEN.finditer(text))
    found = []
    at = 0
    while at < len(tokens):
        last = at
        if _opens_figure(text, tokens, at):
            while last + 1 < len(tokens) and _goes_on(tokens[last][0], tokens[last + 1][0]):
                last += 1
            written = text[tokens[at].start() : tokens[last].end()]
            after = text[tokens[last].end() :]
            near = re.match(r"[\s-]*\w*", after)
            read = figures(written + (near[0] if near else ""))
            if len(read) == 1:
                ((value, unit),) = read
                counted = " ".join(_STOPS.split(after, maxsplit=1)[0].split()[:COUNTED_WITHIN])
                found.append(SaidFigure(written, value, unit, tuple(terms(counted))))
        at = last + 1
    return found


def _opens_figure(text: str, tokens: list[re.Match[str]], at: int) -> bool:
    token = tokens[at]
    if not figures(token[0]) or dates(token[0]):
        return False
    before, after = text[: token.start()], text[token.end() :]
    numbers_a_line = not before.strip(" -•") and re.match(r"[.)]\s", after)
    in_a_symbol = re.search(r"[\w/.-]$", before) or re.match(r"[/-]?\d|/", after)
    around = " ".join(near[0] for near in tokens[max(0, at - 1) : at + 2])
    in_a_date = any(str(date[2]) == token[0].lstrip("0") for date in dates(around))
    return not (numbers_a_line or in_a_symbol or in_a_date)


def _goes_on(token: str, following: str) -> bool:
    return following.lower() in _SCALES or (
        token.isalpha() and following.isalpha() and bool(figures(following))
    )


def said_dates(text: str) -> list[SaidDate]:
    """The dates of a sentence, but for ranges ("2019-2021"), decades and "1373 (2001)"."""
    bare = _NO_DATE.sub(lambda run: " " * len(run[0]), text)
    found: list[SaidDate] = []
    tokens = list(re.finditer(r"[\w/-]+", bare))
    at = 0
    while at < len(tokens):
        if not _MAY_DATE.search(tokens[at][0]):
            at += 1
            continue
        for last in range(min(at + 4, len(tokens)) - 1, at - 1, -1):
            run = bare[tokens[at].start() : tokens[last].end()]
            told = dates(run)
            shorter = last > at and (
                dates(bare[tokens[at].start() : tokens[last - 1].end()]) == told
                or dates(bare[tokens[at + 1].start() : tokens[last].end()]) == told
            )
            if len(told) == 1 and not shorter:
                found.append(SaidDate(run, next(iter(told))))
                at = last
                break
        at += 1
    return found


def in_a_range(year: int, text: str) -> bool:
    """Whether a range of years in a text holds a year."""
    for run in _RANGE.finditer(text):
        first, last = int(run[1]), int(run[2])
        if first <= year <= (last if last > 99 else first // 100 * 100 + last):
            return True
    return False


def at_odds(one: Date, other: Date) -> bool:
    """Whether two dates differ in something that both say."""
    return any(a and b and a != b for a, b in zip(one, other, strict=True))


def name_runs(text: str) -> Iterator[str]:
    """The names of a sentence, words that belong together as one: "Word Customs Organization"."""
    start = end = -1
    at = 0
    for word in names(text):
        at = text.index(word, at)
        if end >= 0 and _LINK.fullmatch(text[end:at]):
            end = at + len(word)
        else:
            if end >= 0:
                yield text[start:end]
            start, end = at, at + len(word)
        at = end
    if end >= 0:
        yield text[start:end]
