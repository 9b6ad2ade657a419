"""One question and its answer, as they are kept.

Documents are not copied: of a page stands here what the answer says and quotes, of a passage
found its id, of a document what it takes to know it again.
"""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import RowMapping

from assistant import sayings
from assistant.records.words import storable
from assistant.types import Answer, Question, Trace
from index.types import Document, document_of

Withheld = Literal["", "rights", "unreadable"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a document was when an answer was made from it: its bytes, and who might read it."""

    sha256: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer. `asked` is UTC in ISO 8601; `position` counts from 0 within its
    conversation, -1 before it is kept. `answer.hits` is empty: `hits` are the ids of the passages
    found, best first. `documents` tells of each document of citations and hits what it was.
    `beside` is the field whose two values in `filters` were answered beside each other, "" where
    nothing was compared. `marked` is the reader's mark with the comment. `withheld` says why the
    answer is not there.
    """

    id: str
    question: str
    answer: Answer
    search_text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hits: tuple[str, ...] = ()
    documents: Mapping[str, Seen] = field(default_factory=dict)
    asked: str = ""
    position: int = -1
    marked: tuple[str, str] | None = None
    withheld: Withheld = ""
    beside: str = ""


def new_id() -> str:
    """An id for a conversation or an exchange; it cannot be guessed."""
    return secrets.token_hex(16)


def now() -> str:
    """The time in UTC, ISO 8601 with microseconds: such times sort as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def exchange_of(
    exchange_id: str, question: Question, answer: Answer, documents: Iterable[Document]
) -> Exchange:
    """Make an exchange as of now, before it is kept: it can be shown, and its keeping tried again.

    `documents` are today's, as `Index.documents` gives them; those that the answer does not
    touch are not noted.
    """
    hits = tuple(hit.passage.id for hit in answer.hits)
    touched = {document_of(passage_id) for passage_id in (*hits, *answer.trace.selected)}
    touched |= {citation.document_id for citation in answer.citations}
    return Exchange(
        id=exchange_id,
        question=question.text,
        answer=replace(answer, hits=()),
        search_text=question.search_text,
        filters={name: tuple(values) for name, values in question.filters.items()},
        hits=hits,
        documents={d.id: Seen(d.sha256, d.groups) for d in documents if d.id in touched},
        asked=now(),
        beside=compared(question),
    )


def compared(question: Question) -> str:
    """The field that tells the two sides of a question apart, "" where it has none.

    Their names are not kept: they may be titles of papers that are closed to the reader later.
    """
    fields = [name for side in question.sides for name in side.filters]
    return next((name for name in fields if len(question.filters.get(name, ())) == 2), "")


def row_of(exchange: Exchange) -> dict[str, str]:
    """The columns of the exchange that hold what was asked and answered."""
    answer = asdict(replace(exchange.answer, hits=()))
    del answer["hits"]
    return {
        "id": exchange.id,
        "asked": exchange.asked or now(),
        "question": storable(exchange.question),
        "search_text": storable(exchange.search_text),
        "filters": as_json(exchange.filters),
        "beside": storable(exchange.beside),
        "answer": as_json(answer),
        "hits": as_json(exchange.hits),
        "documents": as_json({name: asdict(seen) for name, seen in exchange.documents.items()}),
    }


def exchange_from(row: RowMapping) -> Exchange:
    """An exchange as it was kept. An answer that cannot be read says so, and stops no other one."""
    withheld: Withheld = ""
    try:
        # What a later version adds to an answer has a default; what it takes away is passed over.
        answer = _answers().validate_python({**json.loads(row["answer"]), "hits": ()})
        documents = {name: Seen(**seen) for name, seen in json.loads(row["documents"]).items()}
    except (ValidationError, ValueError, TypeError, AttributeError) as error:
        log.error("exchange %s: its answer cannot be read (%s)", row["id"], error)
        answer = Answer(sayings.ANSWER_UNREADABLE, "unsupported", (), (), Trace("", ""))
        documents, withheld = {}, "unreadable"
    return Exchange(
        id=row["id"],
        question=row["question"],
        answer=answer,
        search_text=row["search_text"],
        filters={name: tuple(values) for name, values in json.loads(row["filters"]).items()},
        hits=tuple(json.loads(row["hits"])),
        documents={name: Seen(seen.sha256, tuple(seen.groups)) for name, seen in documents.items()},
        asked=row["asked"],
        position=row["position"],
        withheld=withheld,
        beside=row["beside"],
    )


def as_json(value: object) -> str:
    """JSON as it is kept: readable, and fit for every database."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)
