"""The nouns of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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

    `failure` is "" for a right answer; `confidence` and `seconds` come from the trace. `scores`
    has every name of `measures.MEASURES`, None where a measure does not apply. `right_ungated`
    is what `right` would be without a threshold, where the run asked and the gate had refused.
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
    right_ungated: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold on the confidence would do; all but the threshold are shares in [0, 1].

    `coverage`: answered, of all questions. `risk`: wrong, of those answered (an unanswerable
    question that is answered is wrong). `answered`: answerable questions that are answered.
    `refused`: unanswerable questions that are refused.
    """

    threshold: float
    coverage: float
    risk: float
    answered: float
    refused: float


@dataclass(frozen=True, slots=True)
class StepTime:
    """Wall time of one step of the path over all questions that took it; `total` is their sum."""

    step: str
    n: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class EvalRun:
    """A run as `scores.json` and `timing.json` hold it. `fingerprint` names everything the figures
    depend on: index build, corpus digest, prompts, models, settings, question set.

    `curve` runs from few questions answered to all; `operating` is where the run itself stood.
    """

    id: str
    question_set: str
    fingerprint: Mapping[str, Any]
    figures: tuple[Figure, ...]
    by_tag: Mapping[str, tuple[Figure, ...]]
    results: tuple[Result, ...]
    curve: tuple[Point, ...] = ()
    operating: Point | None = None
    timing: tuple[StepTime, ...] = ()
    tokens: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation as it was written down: what the measures need of it."""

    number: int
    document_id: str
    path: str
    page: int
    quote: str


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as it was written down. `pages` is (first, last)."""

    passage_id: str
    document_id: str
    path: str
    pages: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A line of `answers.jsonl` as the measures see it. `error` names the class of what crashed;
    `ungated` is what would have been said without a threshold, where the run asked for it."""

    status: str
    text: str = ""
    citations: tuple[Cited, ...] = ()
    hits: tuple[Found, ...] = ()
    selected: tuple[str, ...] = ()
    confidence: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    ungated: "Reply | None" = None

    @property
    def answers(self) -> bool:
        """Whether something was said. `unsupported` is shown as such, never as an answer."""
        return self.status in ("answered", "partial")
