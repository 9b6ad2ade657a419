"""A Reading as JSON, for the pipe from a reader's child and for the cache."""

import json

from index.reading import Reading
from index.types import Heading, Hidden, Page


def reading_to_json(reading: Reading) -> str:
    """One line of JSON without the document's id."""
    pages = [
        (page.label, [(h.level, h.text, h.start) for h in page.headings], page.text) for page in reading.pages
    ]
    told = {"pages": pages, "title": reading.title, "date": reading.date, "warnings": reading.warnings}
    return json.dumps({**told, "hidden": [(h.page, h.how, h.words) for h in reading.hidden]})


def reading_from_json(text: str | bytes, document_id: str) -> Reading:
    """The Reading again. Raises ValueError, TypeError, KeyError or AttributeError for any other
    text: nothing in it is trusted."""
    told = json.loads(text)
    pages = tuple(
        Page(
            document_id,
            number,
            str(label),
            tuple(Heading(int(level), str(title), int(start)) for level, title, start in headings),
            str(body),
        )
        for number, (label, headings, body) in enumerate(told["pages"], start=1)
    )
    hidden = tuple(Hidden(int(page), str(how), str(words)) for page, how, words in told["hidden"])
    return Reading(pages, str(told["title"]), str(told["date"]), tuple(map(str, told["warnings"])), hidden)
