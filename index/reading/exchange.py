"""A Reading as JSON, for the pipe from a reader's child and for the cache."""

import json
import re

from index.reading import Reading
from index.types import Heading, Hidden, Page

# What no cleaned text holds: control signs, and halves of surrogate pairs, which cannot be stored.
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
_DATE = re.compile(r"(?:\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?)?", re.A)
_MOST_LEVEL = 99


def reading_to_json(reading: Reading) -> str:
    """One line of JSON without the document's id."""
    pages = [
        (page.label, [(h.level, h.text, h.start) for h in page.headings], page.text) for page in reading.pages
    ]
    told = {"pages": pages, "title": reading.title, "date": reading.date, "warnings": reading.warnings}
    return json.dumps({**told, "hidden": [(h.page, h.how, h.words) for h in reading.hidden]})


def reading_from_json(text: str | bytes, document_id: str) -> Reading:
    """The Reading again. Raises ValueError for any other text: nothing in it is trusted."""
    try:
        told = json.loads(text)
        pages = tuple(
            Page(document_id, number, _line(label), tuple(_heading(*h) for h in headings), _text(body))
            for number, (label, headings, body) in enumerate(told["pages"], start=1)
        )
        warnings = tuple(_line(warning) for warning in told["warnings"])
        if not _DATE.fullmatch(told["date"]):
            raise ValueError("no date")
        hidden = tuple(_hidden(*one) for one in told["hidden"])
        return Reading(pages, _line(told["title"]), told["date"], warnings, hidden)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"no reading ({type(error).__name__})") from None


def _heading(level: object, title: object, start: object) -> Heading:
    if not (isinstance(level, int) and isinstance(start, int)):
        raise ValueError("a heading's level and place are whole numbers")
    if not (1 <= level <= _MOST_LEVEL and start >= 0):
        raise ValueError("a heading's level or place is out of range")
    return Heading(level, _line(title), start)


def _hidden(page: object, how: object, words: object) -> Hidden:
    if not isinstance(page, int) or page < 1:
        raise ValueError("a page's number is a whole number from 1")
    return Hidden(page, _line(how), _line(words))


def _line(told: object) -> str:
    line = _text(told)
    if "\n" in line:
        raise ValueError("a line with a break in it")
    return line


def _text(told: object) -> str:
    if not isinstance(told, str) or _UNFIT.search(told):
        raise ValueError("no text")
    return told
