"""One question as a row of the report, with its answer as `answers.jsonl` holds it.

Covers: answers and questions that are missing, scores that do not apply, texts of any length.
Does not cover: escaping; every text leaves here as it came, and `plots.inert` is its only door.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from assistant.evaluation.tables import each_answer
from assistant.evaluation.types import EvalQuestion, Result
from assistant.evaluation.wording import number, room, status

MOST_HITS, HIT_CHARS = 5, 200
_QUOTE_CHARS, _ANSWER_CHARS = 600, 4_000


class Answers:
    """`answers.jsonl` by question id. Only where lines begin is held; close it after use."""

    def __init__(self, path: Path) -> None:
        self._begins = {str(answer["id"]): begin for begin, answer in each_answer(path)}
        self._file = path.open("rb")

    def get(self, question_id: str) -> Mapping[str, Any]:
        """The answer as it was written last, or nothing where there is none."""
        begin = self._begins.get(question_id)
        if begin is None:
            return {}
        self._file.seek(begin)
        answer: Mapping[str, Any] = json.loads(self._file.readline())
        return answer

    def __enter__(self) -> "Answers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def row(
    result: Result,
    question: EvalQuestion | None,
    answer: Mapping[str, Any],
    tags: Sequence[str],
    failures: Sequence[str],
) -> dict[str, Any]:
    """One question as the template shows it; `tags` and `failures` are the filter's choices."""
    return {
        "id": result.id,
        "question": result.question,
        "kind": ", ".join(result.tags) + ("" if result.answerable else " (unanswerable)"),
        "status": status(result.status),
        "right": _yes(result.scores.get("right")),
        "cited": _yes(result.scores.get("cited_rightly")),
        "failure": room(result.failure),
        "seconds": f"{_total(result.seconds):.2f}" if result.seconds else "–",
        "tag_numbers": " ".join(str(tags.index(tag)) for tag in result.tags),
        "failure_number": failures.index(result.failure) if result.failure else "",
        "texts": _texts(result, question, answer),
        "citations": [_citation(citation) for citation in answer.get("citations") or ()],
        "expected": [
            {"quote": _cut(wanted.quote, _QUOTE_CHARS), "place": _place(wanted.path, wanted.page)}
            for wanted in (question.expected if question else ())
        ],
        "hits": [_hit(hit) for hit in (answer.get("hits") or ())[:MOST_HITS]],
        "scores": _pairs((n, number(n, value)) for n, value in result.scores.items() if value is not None),
        "trace": _trace(answer.get("trace") or {}, result),
    }


def _texts(
    result: Result, question: EvalQuestion | None, answer: Mapping[str, Any]
) -> Iterable[tuple[str, str]]:
    """What is shown as running text, each with its name; what is empty is left out."""
    turns = "\n".join(f"{turn.role}: {turn.text}" for turn in question.history) if question else ""
    ungated = answer.get("ungated") or {}
    told = (
        ("Why", result.reason),
        ("Kind", ", ".join(result.tags) if len(result.tags) > 1 else ""),
        ("Earlier turns", _cut(turns, _ANSWER_CHARS, keep_lines=True)),
        ("Answer", _cut(str(answer.get("text") or ""), _ANSWER_CHARS, keep_lines=True)),
        ("Without a threshold", _cut(str(ungated.get("text") or ""), _ANSWER_CHARS, keep_lines=True)),
        ("Must say", "; ".join(question.must_say) if question else ""),
        ("Short answers", "; ".join(question.short_answers) if question else ""),
    )
    return [(name, text) for name, text in told if text]


def _citation(citation: Mapping[str, Any]) -> dict[str, Any]:
    printed = str(citation.get("page_label") or "")
    page = citation.get("page")
    label_ = f" (printed {printed})" if printed and printed != str(page) else ""
    title, path = citation.get("title") or "", citation.get("path") or ""
    return {
        "number": citation.get("number"),
        "quote": _cut(str(citation.get("quote") or ""), _QUOTE_CHARS),
        "place": (f"{title}, " if title and title != path else "") + _place(str(path), page) + label_,
    }


def _hit(hit: Mapping[str, Any]) -> str:
    first, last = (list(hit.get("pages") or (None,)) * 2)[:2]
    pages = first if first == last else f"{first}–{last}"
    similarity = hit.get("similarity")
    close = f", similarity {similarity:.2f}" if isinstance(similarity, int | float) else ""
    place = _place(str(hit.get("path") or ""), pages)
    told = f"{hit.get('passage_id')}, {place}{close}, {hit.get('found_by')}"
    return f"{told}: {_cut(str(hit.get('text') or ''), HIT_CHARS)}"


def _trace(trace: Mapping[str, Any], result: Result) -> str:
    apart = ("seconds", "selected")
    told = {key: value for key, value in trace.items() if key not in apart and value not in ("", None)}
    told["selected"] = len(trace.get("selected") or ())
    seconds = "; ".join(f"{step} {taken * 1000:,.1f} ms" for step, taken in result.seconds.items())
    parts = _pairs((key.replace("_", " "), value) for key, value in told.items()) if trace else ""
    return parts + ("\n" if parts and seconds else "") + seconds


def _pairs(pairs: Iterable[tuple[str, Any]]) -> str:
    return "; ".join(f"{name} {value}" for name, value in pairs)


def _yes(value: float | None) -> str:
    return "–" if value is None else "yes" if value == 1 else "no"


def _place(path: str, page: Any) -> str:
    return f"{path}, any page" if page is None else f"{path}, page {page}"


def _total(seconds: Mapping[str, float]) -> float:
    return seconds["total"] if "total" in seconds else sum(seconds.values())


def _cut(text: str, most: int, keep_lines: bool = False) -> str:
    text = text if keep_lines else " ".join(text[: most * 2].split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
