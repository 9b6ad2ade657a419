"""Answers to figures: each line of `answers.jsonl` to a Result, all Results to means with intervals.

Answers are read one at a time; only Results are held.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.evaluation import abstention, measures, statistics
from assistant.evaluation.attribution import Papers, attribute
from assistant.evaluation.types import Cited, EvalQuestion, Figure, Found, Reply, Result, StepTime

Record = Mapping[str, Any]
DIGITS = 6  # of what is written down


def result_of(question: EvalQuestion, record: Record, papers: Papers) -> Result:
    """One question's scores and, where it went wrong, the room and the reason."""
    reply = reply_of(record)
    room, reason = attribute(question, reply, papers)
    scores = measures.score(question, reply, papers.page_text)
    return Result(
        id=question.id,
        question=question.question,
        answerable=question.answerable,
        tags=question.tags,
        status=reply.status,
        confidence=reply.confidence,
        seconds=reply.seconds,
        scores={name: None if value is None else round(value, DIGITS) for name, value in scores.items()},
        failure=room,
        reason=reason,
        right_ungated=_right_ungated(question, reply.ungated),
    )


def _right_ungated(question: EvalQuestion, ungated: Reply | None) -> float | None:
    if ungated is None or not ungated.answers:
        return None
    right = measures.right(question, ungated)
    right = measures.cited_rightly(question, ungated) if right is None else right
    return right if question.answerable else 0.0


def reply_of(record: Record) -> Reply:
    """A line of `answers.jsonl` as the measures see it."""
    trace = record.get("trace", {})
    ungated = record.get("ungated")
    return Reply(
        status=record["status"],
        text=record["text"],
        citations=tuple(
            Cited(c["number"], c["document_id"], c["path"], c["page"], c["quote"])
            for c in record["citations"]
        ),
        hits=tuple(
            Found(h["passage_id"], h["document_id"], h["path"], (h["pages"][0], h["pages"][1]), h["text"])
            for h in record.get("hits", ())
        ),
        selected=tuple(trace.get("selected", ())),
        confidence=trace.get("confidence", 0.0),
        seconds=trace.get("seconds", {}),
        error=record.get("error", ""),
        ungated=reply_of(ungated) if ungated else None,
    )


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of `answers.jsonl`, one at a time."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            record: dict[str, Any] = json.loads(line)
            yield record


def figures(results: Sequence[Result]) -> tuple[Figure, ...]:
    """The mean of every measure over the questions it applies to, then the area of the curve."""
    found = []
    for measure in measures.MEASURES:
        values = [value for result in results if (value := result.scores[measure.name]) is not None]
        if values:
            low, high = statistics.mean_interval(values)
            found.append(Figure(measure.name, sum(values) / len(values), len(values), low, high))
    area = abstention.aurc_figure(results)
    return tuple(_rounded(figure) for figure in [*found, *([area] if area else [])])


def figures_by_tag(results: Sequence[Result]) -> dict[str, tuple[Figure, ...]]:
    """The same for the questions of each tag; the halves `tune` and `report` are tags too."""
    tags = sorted({tag for result in results for tag in result.tags})
    return {tag: figures([result for result in results if tag in result.tags]) for tag in tags}


def _rounded(figure: Figure) -> Figure:
    value, low, high = (round(number, DIGITS) for number in (figure.value, figure.low, figure.high))
    return Figure(figure.measure, value, figure.n, low, high)


def step_times(results: Iterable[Result]) -> tuple[StepTime, ...]:
    """p50 and p95 of each step in the order of the path, then of their sum."""
    taken: dict[str, list[float]] = {}
    totals = []
    for result in results:
        for step, seconds in result.seconds.items():
            taken.setdefault(step, []).append(seconds)
        if result.seconds:
            totals.append(sum(result.seconds.values()))
    if totals:
        taken["total"] = totals
    return tuple(
        StepTime(step, len(values), *(round(p, DIGITS) for p in statistics.percentiles(values)))
        for step, values in taken.items()
    )


def tokens(traces: Iterable[Record]) -> dict[str, int]:
    """Tokens that a language model was sent and wrote, where the trace tells them."""
    counts: Counter[str] = Counter()
    for trace in traces:
        counts.update({kind: int(count) for kind, count in (trace.get("tokens") or {}).items()})
    return dict(sorted(counts.items()))
