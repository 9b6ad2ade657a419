"""Retrieval: was the evidence among the hits, and how far up? Judged three times over: on the
expected document, on its page and on the quote."""

from collections.abc import Sequence
from typing import Literal

from assistant.evaluation.matching import holds
from assistant.evaluation.types import EvalQuestion, Expected, Found

Level = Literal["document", "page", "quote"]
LEVELS: tuple[Level, ...] = ("document", "page", "quote")
RETRIEVAL = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10")


def retrieval(question: EvalQuestion, hits: Sequence[Found], level: Level) -> dict[str, float | None]:
    """Success@1, 5 and 10, RR@10 and nDCG@10 (linear gain, Järvelin & Kekäläinen 2002, as in
    trec_eval), computed by ir-measures (MacAvaney, Macdonald & Ounis, ECIR 2022)."""
    if not question.answerable or not question.expected:
        return dict.fromkeys(RETRIEVAL)
    grades, missed = judge(question.expected, hits, level)
    return ir_values(grades, missed)


def judge(expected: Sequence[Expected], hits: Sequence[Found], level: Level) -> tuple[list[int], int]:
    """The grades of the distinct documents, pages or passages in rank order, and how many needs
    none of them serves.

    A need is a distinct expected path, page or row. A grade is the number of needs that are
    served for the first time: a second passage of the same page adds nothing. The same document
    or page further down the list takes no rank.
    """
    needs: list[Expected] = []
    for row in expected:
        if not any(_same(row, other, level) for other in needs):
            needs.append(row)
    grades: list[int] = []
    seen: set[object] = set()
    for hit in hits:
        unit = {"document": hit.path, "page": (hit.path, *hit.pages), "quote": hit.passage_id}[level]
        if unit not in seen:
            seen.add(unit)
            unserved = [row for row in needs if not is_evidence(hit, row, level)]
            grades.append(len(needs) - len(unserved))
            needs = unserved
    return grades, len(needs)


def _same(one: Expected, other: Expected, level: Level) -> bool:
    """Whether two rows are one need."""
    if level == "quote":
        return one == other
    return one.path == other.path and (level == "document" or one.page == other.page)


def is_evidence(hit: Found, row: Expected, level: Level) -> bool:
    """Whether a passage is relevant to an expected row: of its paper; covering its page (any, where
    the row names none); or, wherever in the paper it stands, holding its quote."""
    if hit.path != row.path:
        return False
    on_page = row.page is None or hit.pages[0] <= row.page <= hit.pages[1]
    if level == "quote" and row.quote:
        return holds(hit.text, row.quote)
    return level == "document" or on_page


def ir_values(grades: Sequence[int], missed: int) -> dict[str, float | None]:
    """The five measures of one ranking, given by the grade at each rank, and the number of
    relevant items (grade 1) that it lacks."""
    import ir_measures
    from ir_measures import RR, Success, nDCG

    measures = dict(zip(RETRIEVAL, (Success @ 1, Success @ 5, Success @ 10, RR @ 10, nDCG @ 10), strict=True))
    judged = {f"r{rank}": grade for rank, grade in enumerate(grades)}
    judged |= {f"missed{number}": 1 for number in range(missed)}
    run = {f"r{rank}": float(-rank) for rank in range(len(grades))}
    wanted = list(measures.values())
    found = {m.measure: m.value for m in ir_measures.iter_calc(wanted, {"q": judged}, {"q": run})}
    return {name: float(found[measure]) for name, measure in measures.items()}
