"""An answer as lines for a terminal. Writes nothing itself: the command line prints.

Covers: what the chat shows, in plain text; key phrases in bold where a person is looking. Does
not cover: the one JSON form, which `answer_json` makes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.missing import missing_sentence
from assistant.types import Answer, Citation

NEAREST_SHOWN = 3
NEAREST_CHARS = 300
# A paper's text must not be able to steer the terminal it is printed on.
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[22m"


@dataclass(frozen=True, slots=True)
class Manner:
    """How to print: `typed` is the question, `documents` how many the asker may read, `bold`
    whether a person is looking (the output is a terminal)."""

    typed: str
    documents: int
    bold: bool = False


def answer_lines(answer: Answer, manner: Manner) -> Iterator[str]:
    """The answer for people: notes, text or refusal, what was searched for, sources with dates."""
    for note in answer.notes:
        yield f"Note: {_safe(note)}"
    if answer.notes:
        yield ""
    if answer.status == "not_in_documents":
        yield from _refusal(answer, manner)
        return
    if answer.status == "unsupported":
        yield "The language model wrote an answer that no passage supports, so it is not shown."
        return
    if answer.columns:
        yield from _columns(answer, manner.bold)
    else:
        yield _emphasised(answer, 0, len(answer.text), manner.bold)
    if answer.status == "partial" and (lacking := missing_sentence(answer)):
        yield from ("", _safe(lacking))
    if answer.trace.search_text != " ".join(manner.typed.split()):
        yield from ("", f"Searched for: {_safe(answer.trace.search_text)}")
    yield ""
    for citation in answer.citations:
        yield from _source(citation)


def _refusal(answer: Answer, manner: Manner) -> Iterator[str]:
    yield "The documents do not say."
    count = "1 document" if manner.documents == 1 else f"{manner.documents} documents"
    yield f"Searched {count} for “{_safe(answer.trace.search_text)}”."
    if lacking := missing_sentence(answer):
        yield _safe(lacking)
    if answer.hits:
        yield from ("", "The nearest passages:")
    for hit in answer.hits[:NEAREST_SHOWN]:
        yield from ("", f"  {hit.passage.id} (similarity {hit.similarity:.2f})")
        yield f"  {_safe(' '.join(hit.passage.text.split())[:NEAREST_CHARS])}"


def _source(citation: Citation) -> Iterator[str]:
    label = f" (printed {citation.page_label})" if citation.page_label not in ("", str(citation.page)) else ""
    dated = citation.date or "undated"
    where = f"{citation.title}, {dated}, page {citation.page}{label}: {citation.path}"
    yield f"[{citation.number}] {_safe(where)}"
    yield f"    “{_safe(' '.join(citation.quote.split()))}”"


def _columns(answer: Answer, bold: bool) -> Iterator[str]:
    """The sides of a comparison one under the other, each under its name."""
    for n, column in enumerate(answer.columns):
        label = _safe(column.label)
        yield from ([""] if n else [])
        yield from (label, "-" * len(label), "")
        yield _emphasised(answer, column.start, column.end, bold)


def _emphasised(answer: Answer, start: int, end: int, bold: bool) -> str:
    """A part of the text, with its key phrases in bold where a person is looking."""
    pieces: list[str] = []
    done = start
    for left, right in answer.emphasis if bold else ():
        if start <= left and right <= end:
            pieces += [_safe(answer.text[done:left]), _BOLD, _safe(answer.text[left:right]), _PLAIN]
            done = right
    return "".join([*pieces, _safe(answer.text[done:end])])


def _safe(text: str) -> str:
    return _STEERS.sub("", text)
