"""The report of a run: one HTML file that needs nothing else, neither network nor script.

What it says stands in `report.html`, `report.css` and `report.js` beside this module; here the
values are prepared. Questions are written one after the other, each answer read from
`answers.jsonl` when its turn comes, so that a run of any length needs little memory.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from assistant.evaluation import plots
from assistant.evaluation.rows import HIT_CHARS, MOST_HITS, Answers, row
from assistant.evaluation.types import EvalQuestion, EvalRun, Figure, Result
from assistant.evaluation.wording import (
    CARDS,
    COLUMNS,
    in_order_of_the_path,
    label,
    meaning,
    number,
    room,
    share,
)

_HERE = Path(__file__).parent
_ROWS_IN_A_PART = 100
_LEVELS = ("document", "page", "quote")


def write_report(run: EvalRun, run_dir: Path, questions: Iterable[EvalQuestion] = ()) -> Path:
    """Write `report.html` into the folder of a run, from `answers.jsonl` beside it.

    `questions` bring what an answer is held against: expected evidence, words it must say,
    earlier turns. The file appears whole or not at all, and the same run gives the same bytes.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=plots.inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    path, unfinished = run_dir / "report.html", run_dir / "report.html.part"
    template = environment.get_template("report.html")
    with Answers(run_dir / "answers.jsonl") as answers:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(template.generate(_page(run, answers, {q.id: q for q in questions})))
    unfinished.replace(path)
    return path


def depths(results: Sequence[Result]) -> dict[str, list[float]]:
    """Share of questions whose evidence is within the first k hits, k = 1..10, for each level.

    A question's reciprocal rank says where its first right hit stands, and so in which k it counts.
    """
    shares = {}
    for level in _LEVELS:
        told = [rank for result in results if (rank := result.scores.get(f"{level}_mrr@10")) is not None]
        # 1/rank as a float; the small surplus forgives figures that were written rounded.
        within = [sum(rank > 1 / (k + 0.5) for rank in told) for k in range(1, 11)]
        shares[level] = [count / len(told) for count in within] if told else []
    return shares


def _page(run: EvalRun, answers: Answers, questions: Mapping[str, EvalQuestion]) -> dict[str, Any]:
    """All that the template asks for."""
    script = Markup((_HERE / "report.js").read_text("utf-8"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    by_name = {figure.measure: figure for figure in run.figures}
    columns = [name for name in COLUMNS if name in by_name]
    wrong = in_order_of_the_path(Counter(result.failure for result in run.results if result.failure))
    failures = [name for name, _ in wrong]
    tags = sorted({tag for result in run.results for tag in result.tags})
    rows = (row(r, questions.get(r.id), answers.get(r.id), tags, failures) for r in run.results)
    return {
        "run": run,
        "style": Markup((_HERE / "report.css").read_text("utf-8")),
        "script": script,
        "script_hash": Markup(f"sha256-{digest}"),
        "counts": _counts(run),
        "headline": [_shown(by_name[name]) for name in CARDS if name in by_name],
        "plots": list(_plots(run, wrong)),
        "kind_measures": [label(name) for name in columns],
        "kinds": [(tag, _kind(figures, columns)) for tag, figures in sorted(run.by_tag.items())],
        "figures": [_shown(figure) for figure in run.figures],
        "fingerprint": list(_flat(run.fingerprint)),
        "tags": tags,
        "failures": [room(name) for name in failures],
        "rows": rows,
        "most_hits": MOST_HITS,
        "hit_chars": HIT_CHARS,
        "rows_in_a_part": _ROWS_IN_A_PART,
    }


def _plots(run: EvalRun, wrong: Sequence[tuple[str, int]]) -> Iterator[dict[str, Any]]:
    yield {
        "title": "Where wrong answers went wrong",
        "words": "Each wrong question counts once, in the first room of the path that lost it.",
        "svg": plots.failure_plot([(room(name), count) for name, count in wrong]),
    }
    asked = any(result.right_ungated is not None for result in run.results)
    worst = "the worst case: what was refused counts as wrong"
    beyond = "what a lower threshold would have answered" if asked else worst
    yield {
        "title": "Risk and coverage",
        "words": "Were only the surest questions answered, how many answers would be wrong? The spot is this "
        f"run; the broken line beyond it is {beyond}.",
        "svg": plots.risk_coverage_plot(run.curve, run.operating),
    }
    yield {
        "title": "Depth of retrieval",
        "words": "Share of questions with a hit on the expected document, page or quote within the first k "
        "documents, pages or passages found.",
        "svg": plots.depth_plot(depths(run.results)),
    }
    used = "; ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in run.tokens.items())
    yield {
        "title": "Time of each step",
        "words": "The spot is p50, the end of the band p95: half, and 95 of 100, questions take no longer."
        + (f" Tokens of the model: {used}." if used else ""),
        "svg": plots.time_plot(run.timing),
    }


def _counts(run: EvalRun) -> str:
    total = len(run.results)
    silent = sum(not result.answerable for result in run.results)
    failed = sum(bool(result.failure) for result in run.results)
    return f"{total:,} questions, {silent:,} of them not answerable; {failed:,} went wrong."


def _kind(figures: Iterable[Figure], columns: Sequence[str]) -> list[dict[str, Any] | None]:
    by_name = {figure.measure: figure for figure in figures}
    return [_shown(by_name[name]) if name in by_name else None for name in columns]


def _shown(figure: Figure) -> dict[str, Any]:
    """A figure in words, and its place on a bar from 0 to 100 %."""
    low, high = number(figure.measure, figure.low), number(figure.measure, figure.high)
    return {
        "measure": figure.measure,
        "label": label(figure.measure),
        "says": meaning(figure.measure),
        "value": number(figure.measure, figure.value),
        "span": f"{low} to {high}",
        "n": f"{figure.n:,}",
        "at": share(figure.value),
        "from": share(figure.low),
        "to": share(figure.high),
    }


def _flat(told: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            yield f"{before}{name}", text
