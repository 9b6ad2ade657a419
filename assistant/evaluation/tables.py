"""A run for spreadsheets (XLSX) and for standard retrieval tools (a TREC run file).

Covers: formulas in texts, signs that a workbook may not hold, blanks in ids, equal scores.
Does not cover: judgements of relevance (qrels); a re-scoring tool brings its own.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.evaluation.types import EvalRun, Figure, Result

_FORMULA = tuple("=+-@＝＋－＠")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CELL_CHARS = 32_767  # of one cell, by Excel's specification
_SCORE_STEP = 1e-5


def each_answer(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The answers of `answers.jsonl` in their order, each with the byte at which its line begins.

    A line that is no JSON object, such as the last one of a killed run, is passed over.
    """
    begin = 0
    with path.open("rb") as file:
        for line in file:
            try:
                answer = json.loads(line)
            except ValueError:
                answer = None
            if isinstance(answer, dict) and "id" in answer:
                yield begin, answer
            begin += len(line)


def write_workbook(run: EvalRun, run_dir: Path) -> Path:
    """Write `report.xlsx`: a sheet `figures`, and a sheet `questions` with one row a question."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    path = run_dir / "report.xlsx"
    book = Workbook(write_only=True)
    _fill(book.create_sheet("figures"), _figures(run), [26, 36, 12, 10, 12, 12])
    _fill(book.create_sheet("questions"), _questions(run.results), [16, 70, 12, 26, 18, 8, 26, 50, 12])
    book.save(path)
    return path


def write_trec(run_dir: Path, tag: str = "ct-assistant") -> Path:
    """Write `run.trec` from `answers.jsonl`: `qid Q0 passage_id rank score tag`, a line a hit.

    Standard tools order by score alone and break ties by id. So that they see our order, a score
    that is not below the one before it is put just below: scores order one list, nothing more.
    """
    path = run_dir / "run.trec"
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        for _, answer in each_answer(run_dir / "answers.jsonl"):
            before = float("inf")
            for rank, hit in enumerate(answer.get("hits") or (), 1):
                before = min(float(hit["score"]), before - _SCORE_STEP)
                names = _solid(answer["id"]), "Q0", _solid(hit["passage_id"])
                file.write(f"{' '.join(names)} {rank} {before:.6f} {_solid(tag)}\n")
    return path


def cell(value: Any) -> Any:
    """A value as a cell may hold it: no text is read as a formula, none is too long or damages the file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, int | float):
        return value
    text = _FORBIDDEN.sub("", str(value))
    if text.lstrip().startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n"):
        text = "'" + text
    return text[:_CELL_CHARS]


def _figures(run: EvalRun) -> Iterator[Sequence[Any]]:
    yield "tag", "measure", "value", "n", "low", "high"
    for tag, figures in [("all questions", run.figures), *run.by_tag.items()]:
        yield from (_figure(tag, figure) for figure in figures)


def _figure(tag: str, figure: Figure) -> Sequence[Any]:
    return tag, figure.measure, figure.value, figure.n, figure.low, figure.high


def _questions(results: Sequence[Result]) -> Iterator[Sequence[Any]]:
    # Not every question has every score or step: the columns are what any of them has, in order met.
    measures = list(dict.fromkeys(name for result in results for name in result.scores if name != "right"))
    steps = list(dict.fromkeys(step for result in results for step in result.seconds))
    yield (
        "id", "question", "answerable", "tags", "status", "right", "failure", "reason", "confidence",
        *measures, *(f"{step}_s" for step in steps),
    )  # fmt: skip
    for result in results:
        right = result.scores.get("right")
        yield (
            result.id,
            result.question,
            result.answerable,
            " | ".join(result.tags),
            result.status,
            None if right is None else right == 1,
            result.failure,
            result.reason,
            result.confidence,
            *(result.scores.get(measure) for measure in measures),
            *(result.seconds.get(step) for step in steps),
        )


def _fill(sheet: Any, rows: Iterator[Sequence[Any]], widths: Sequence[int]) -> None:
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
    from openpyxl.styles import Font  # type: ignore[import-untyped]
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "C2"
    header = []
    for name in next(rows):
        header.append(WriteOnlyCell(sheet, cell(name)))
        header[-1].font = Font(bold=True)
    sheet.append(header)
    last = 1
    for row in rows:
        sheet.append([cell(value) for value in row])
        last += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{last}"


def _solid(name: Any) -> str:
    return re.sub(r"\s+", "_", str(name).strip()) or "_"
