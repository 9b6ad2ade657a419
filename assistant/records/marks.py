"""A reader's mark on an answer, with all that is needed to ask the question again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from sqlalchemy import RowMapping

from assistant.errors import BadInput
from assistant.records.exchanges import as_json, compared, now
from assistant.records.words import storable
from assistant.types import Answer, Citation, Question, Status, Turn

Mark = Literal["helpful", "not_helpful", "wrong_evidence"]

MARKS: tuple[Mark, ...] = get_args(Mark)
COMMENT_CHARS = 1000
ID_CHARS = 64


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's mark on one answer, with all that is needed to ask the question again.

    `id` is that of the exchange: a later mark of the same person with it replaces this one. `at` is UTC in
    ISO 8601; `comment` has at most COMMENT_CHARS characters. Of the person only the id is kept.
    `filters` and `beside` are as in an Exchange: which papers were asked, and compared by what.
    """

    id: str
    at: str
    principal: str
    mark: Mark
    comment: str
    question: str
    history: tuple[Turn, ...]
    answer: str
    status: Status
    citations: tuple[Citation, ...]
    index_build: str
    model: str
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: str = ""


def feedback(answer_id: str, question: Question, answer: Answer, mark: Mark, comment: str) -> Feedback:
    """Put a mark and what it is about together, as of now. Raises BadInput for what no reader can send."""
    if mark not in MARKS:
        raise BadInput(f"The mark {mark!r} is none of {', '.join(MARKS)}.")
    if len(comment) > COMMENT_CHARS:
        raise BadInput(f"The comment has {len(comment):,} characters; at most {COMMENT_CHARS:,} are kept.")
    return Feedback(
        id=answer_id,
        at=now(),
        principal=question.principal.id,
        mark=mark,
        comment=comment,
        question=question.text,
        history=question.history,
        answer=answer.text,
        status=answer.status,
        citations=answer.citations,
        index_build=answer.trace.index_build,
        model=answer.trace.model,
        filters={name: tuple(values) for name, values in question.filters.items()},
        beside=compared(question),
    )


def row_of(given: Feedback) -> dict[str, str]:
    """A mark as a row of its table."""
    about = asdict(given)
    for name in ("id", "principal", "at", "mark", "comment"):
        del about[name]
    return {
        "owner": given.principal,
        "exchange_id": given.id,
        "given": given.at,
        "mark": given.mark,
        "comment": storable(given.comment),
        "about": as_json(about),
    }


def feedback_from(told: dict[str, Any]) -> Feedback:
    """A mark from JSON values. Raises ValueError, TypeError, KeyError or AttributeError where it is none."""
    history = tuple(Turn(**turn) for turn in told.pop("history"))
    citations = tuple(Citation(**citation) for citation in told.pop("citations"))
    filters = {name: tuple(values) for name, values in told.pop("filters", {}).items()}
    given = Feedback(**told, history=history, citations=citations, filters=filters)
    if given.mark not in MARKS or len(given.id) > ID_CHARS:
        raise ValueError(f"{given.mark} on {given.id}")
    return given


def feedback_of(row: RowMapping) -> Feedback:
    """A mark from its row. Raises as `feedback_from` does."""
    told = {"id": row["exchange_id"], "principal": row["owner"], "at": row["given"]}
    return feedback_from({**json.loads(row["about"]), **told, "mark": row["mark"], "comment": row["comment"]})
