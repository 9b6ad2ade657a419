"""Papers of different dates that say different things, and papers that a newer one supersedes.

Covers: English sentences alike but for the one date, figure, sum of money or name that was asked
for, from papers whose dates differ. Does not cover: lists and tables, undated papers, and what
takes more than one sentence to say.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.answer_types import AnswerType, answer_type
from assistant.citations import Claim
from assistant.context import Evidence
from assistant.features import Asked, Ranked
from assistant.particulars import folded, words
from assistant.pieces import Piece
from assistant.slots import Terms, at_odds, name_runs, said_dates, said_figures
from index.concepts import Concept, coverage
from index.sentences import LIST_ITEM
from index.types import Document

LOOKED_AT = 12  # best pieces of the evidence
LEAST_COVERED = 0.6  # of what is asked, by rarity, that stands in each of the two sentences …
MOST_APART = 0.25  # … and by how much these shares may differ
LEAST_ALIKE = 0.6  # of the shorter sentence's other words that stand in the longer one
_NOW = frozenset(
    "now today current present still date far".split()
)  # say no more than the question's own day
_MONEY = frozenset({"dollar", "euro", "pound"})
_COUNTED = re.compile(r"\b(?:how many|number of|total of|share of|percentage of)\s+(.+)", re.IGNORECASE)
_TIMED = re.compile(
    r"\b(?:1[89]|20)\d\d\b|\b(?:newest|latest|oldest|earliest|original(?:ly)?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Telling:
    """A sentence of a dated paper with the value it gives for what was asked, as written."""

    one: Ranked
    document: Document
    value: str

    @property
    def claim(self) -> Claim:
        piece = self.one.piece
        return Claim(LIST_ITEM.sub("- ", piece.text, count=1), ((piece.document_id, piece.start, piece.end),))


Disagreement = tuple[Telling, Telling]  # the newer paper's sentence, then the older one's


def disagreement(
    asked: Asked, ranked: Sequence[Ranked], evidence: Evidence, terms: Terms
) -> Disagreement | None:
    """The best two sentences that give different values for the same thing, or None.

    None too where the question itself says of which time it asks.
    """
    kind = answer_type(asked.text)
    if kind in ("other", "list") or _TIMED.search(asked.text):
        return None
    concepts = [c for c in asked.concepts if not _NOW.issuperset(c.alternatives[0])]
    told: list[tuple[Telling, object]] = []
    for one in ranked[:LOOKED_AT]:
        document = evidence.sources[one.piece.document_id].document
        if not document.date or not _is_sentence(one.piece) or not _speaks_of(concepts, one):
            continue
        values = _values(kind, asked.text, one.piece.text, terms)
        if len(values) != 1:
            continue
        ((written, value),) = values.items()
        telling = Telling(one, document, written)
        for other, its_value in told:
            if _differ(kind, value, its_value) and _same_thing(concepts, other, telling, terms):
                return (telling, other) if document.date > other.document.date else (other, telling)
        told.append((telling, value))
    return None


def _is_sentence(piece: Piece) -> bool:
    return not (piece.is_list or piece.is_heading or " | " in piece.text)


def _speaks_of(concepts: Sequence[Concept], one: Ranked) -> bool:
    rarest = max(concepts, key=lambda concept: concept.weight, default=None)
    whole = rarest is not None and rarest.coverage(one.words.around) == 1
    return whole and coverage(concepts, one.words.inside) >= LEAST_COVERED


def _values(kind: AnswerType, question: str, sentence: str, terms: Terms) -> dict[str, object]:
    """What a sentence gives for the sort of thing asked for, as written and to be compared."""
    known = frozenset(words(question))
    if kind == "date":
        return {said.text: said.date for said in said_dates(sentence)}
    if kind in ("who", "where"):
        runs = {name: folded(name) for name in name_runs(sentence)}
        return {name: same for name, same in runs.items() if not known & set(words(name))}
    said = said_figures(sentence, terms)
    if kind == "money":
        return {one.text: (one.value, one.unit) for one in said if one.unit in _MONEY}
    counted = _COUNTED.search(question)
    wanted = terms(counted[1])[:1] if counted else []
    return {one.text: (one.value, one.unit) for one in said if wanted and wanted[0] in one.counts}


def _differ(kind: AnswerType, value: object, other: object) -> bool:
    if kind == "date":
        return at_odds(value, other)  # type: ignore[arg-type]
    return value != other


def _same_thing(concepts: Sequence[Concept], one: Telling, other: Telling, terms: Terms) -> bool:
    """Whether two sentences of papers of different dates differ in little but the value."""
    first, second = one.document.date, other.document.date
    if first.startswith(second) or second.startswith(first):
        return False
    covered = [coverage(concepts, telling.one.words.inside) for telling in (one, other)]
    own = [telling.one.words.inside - set(terms(telling.value)) for telling in (one, other)]
    shared = len(own[0] & own[1])
    alike = shared >= LEAST_ALIKE * min(len(own[0]), len(own[1]))
    return alike and abs(covered[0] - covered[1]) <= MOST_APART


def is_quoted(piece: Piece, claims: Iterable[Claim]) -> bool:
    """Whether claims quote a piece, or a part of it."""
    return any(
        document_id == piece.document_id and start < piece.end and piece.start < end
        for claim in claims
        for document_id, start, end in claim.spans
    )


def with_both(claims: Sequence[Claim], told: Disagreement, *, in_order: bool) -> tuple[Claim, ...]:
    """The claims with both sentences among them: side by side, the newer one first, or, where
    what was said already has to stand, with what lacks at the end."""
    own = [[claim for claim in claims if is_quoted(telling.one.piece, [claim])] for telling in told]
    if not in_order:
        return (*claims, *(t.claim for t, quoting in zip(told, own, strict=True) if not quoting))
    pair = dict.fromkeys(
        claim for t, quoting in zip(told, own, strict=True) for claim in quoting or [t.claim]
    )
    at = min((claims.index(claim) for quoting in own for claim in quoting), default=len(claims))
    rest = [claim for claim in claims[at:] if claim not in pair]
    return (*claims[:at], *pair, *rest)


def difference_note(told: Disagreement) -> str:
    """The sentence that says that two papers differ, the newer one first."""
    newer, older = (f"“{t.value}” in {_dated(t.document)}" for t in told)
    return f"The papers differ by date: {newer}, {older}."


def supersession_note(older: Document, newer: Document) -> str:
    """The sentence that says that a cited paper is superseded."""
    return f"{_dated(older)} is superseded by {_dated(newer)}."


def _dated(document: Document) -> str:
    return f"{document.title} ({document.date or 'undated'})"
