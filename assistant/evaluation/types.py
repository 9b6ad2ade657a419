"""The nouns of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.types import Turn


@dataclass(frozen=True, slots=True)
class Expected:
    """Where the evidence stands. `page` is physical, or None where any page will do."""

    path: str
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """One line of a question set. `short_answers` are alternatives for token F1, where given."""

    id: str
    question: str
    must_say: tuple[str, ...] = ()
    expected: tuple[Expected, ...] = ()
    answerable: bool = True
    history: tuple[Turn, ...] = ()
    tags: tuple[str, ...] = ()
    short_answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one question; `value` is None where the measure does not apply to it."""

    measure: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over many questions: its mean, over how many, and a 95 % interval."""

    measure: str
    value: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """One question of a run: its scores, and where it went wrong, in which room.

    `failure` is "" for a right answer; `confidence` and `seconds` come from the trace.
    """

    id: str
    question: str
    answerable: bool
    tags: tuple[str, ...]
    status: str
    confidence: float
    seconds: Mapping[str, float]
    scores: Mapping[str, float | None]
    failure: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EvalRun:
    """A run as `scores.json` holds it. `fingerprint` names everything the figures depend on:
    index build, corpus digest, prompts, models, settings, question set."""

    id: str
    question_set: str
    fingerprint: Mapping[str, Any]
    figures: tuple[Figure, ...]
    by_tag: Mapping[str, tuple[Figure, ...]]
    results: tuple[Result, ...]
