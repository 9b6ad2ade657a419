"""Papers of different dates that say different things, and papers that a newer one supersedes.

Covers: English sentences alike but for the one date, figure, sum of money or name that was asked
for, from papers whose dates differ. Does not cover: lists and tables, undated papers, and what
takes more than one sentence to say.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant import sayings
from assistant.answer_types import AnswerType, answer_type
from assistant.citations import Claim
from assistant.context import Evidence
from assistant.features import Asked, Ranked
from assistant.particulars import initials, names, words
from assistant.pieces import Piece
from assistant.slots import SaidDate, SaidFigure, Terms, at_odds, name_runs, said_dates, said_figures
from index.concepts import Concept, coverage
from index.sentences import LIST_ITEM
from index.types import Document

LOOKED_AT = 12  # best pieces of the evidence
LEAST_COVERED = 0.6  # of what is asked, by rarity, that stands in each of the two sentences …
MOST_APART = 0.25  # … and by how much these shares may differ
LEAST_ALIKE = 0.6  # of the shorter sentence's other words that stand in the longer one
ROUNDED = 0.1  # how far apart two figures may be, as a share, where one is said to be about right
_NOW = frozenset("now today current present still date far".split())  # the time a question is asked at
_MONEY = frozenset({"dollar", "euro", "pound"})
_COUNTED = re.compile(r"\b(?:how many|number of|total of|share of|percentage of)\s+(.+)", re.IGNORECASE)
_TIMED = re.compile(
    r"\b(?:1[89]|20)\d\d\b|\b(?:newest|latest|oldest|earliest|original(?:ly)?)\b", re.IGNORECASE
)
_ABOUT = r"\b(?:about|around|approximately|some|nearly|almost|roughly|over|more than|at least|up to) "
# A day that something held at, not one that it happened on.
_AS_OF = re.compile(
    r"\b(?:as (?:of|at)|by|until|since|end of|mid-?) ?(?:the end of )?[^,;.]{0,20}\d{4}\b", re.I
)
_ORDINAL = re.compile(
    r"\b(?:(?:\w+ty-)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh|twelfth"
    r"|\w+teenth|\w+tieth|\d+(?:st|nd|rd|th)(?! (?:of )?[A-Z]))\b"
)

Value = SaidDate | SaidFigure | str


@dataclass(frozen=True, slots=True)
class Telling:
    """A sentence of a dated paper with the value it gives for what was asked."""

    one: Ranked
    document: Document
    value: Value

    @property
    def written(self) -> str:
        return self.value if isinstance(self.value, str) else self.value.text

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
    told: list[Telling] = []
    for one in ranked[:LOOKED_AT]:
        document = evidence.sources[one.piece.document_id].document
        if not _stands_alone(one.piece) or not _speaks_of(concepts, one):
            continue
        values = _values(kind, asked.text, one.piece.text, terms)
        if len(values) != 1:
            continue
        telling = Telling(one, document, values[0])
        for other in told:
            if _differ(telling, other) and _same_thing(concepts, telling, other, terms):
                return (telling, other) if document.date > other.document.date else (other, telling)
        told.append(telling)
    return None


def _stands_alone(piece: Piece) -> bool:
    """Whether a piece is a sentence that says itself what it is about: "The attack killed four"
    may be about any."""
    return not (piece.is_list or piece.is_heading or " | " in piece.text) and bool(names(piece.text))


def _speaks_of(concepts: Sequence[Concept], one: Ranked) -> bool:
    rarest = max(concepts, key=lambda concept: concept.weight, default=None)
    whole = rarest is not None and rarest.coverage(one.words.around) == 1
    return whole and coverage(concepts, one.words.inside) >= LEAST_COVERED


def _values(kind: AnswerType, question: str, sentence: str, terms: Terms) -> Sequence[Value]:
    """What a sentence gives for the sort of thing asked for."""
    if kind == "date":
        return said_dates(sentence)
    if kind in ("who", "where"):
        known = frozenset(words(question))
        return [name for name in name_runs(sentence) if not known & set(words(name))]
    said = said_figures(sentence, terms)
    if kind == "money":
        return [one for one in said if one.unit in _MONEY]
    # A sentence of several figures breaks a whole into parts, and which is which is not seen here.
    counts = [one for one in said if not one.unit]
    counted = _COUNTED.search(question)
    wanted = terms(counted[1])[:1] if counted else []
    return counts if len(counts) == 1 and wanted and wanted[0] in counts[0].counts else []


def _differ(one: Telling, other: Telling) -> bool:
    first, second = one.value, other.value
    if isinstance(first, SaidDate) and isinstance(second, SaidDate):
        return at_odds(first.date, second.date)
    if isinstance(first, SaidFigure) and isinstance(second, SaidFigure):
        low, high = sorted((float(first.value), float(second.value)))
        rough = any(re.search(_ABOUT + re.escape(t.written), t.one.piece.text, re.I) for t in (one, other))
        return first.unit == second.unit and low != high and not (rough and high - low <= ROUNDED * high)
    a, b = one.written, other.written
    return not set(words(a)) & set(words(b)) and a not in initials(b) and b not in initials(a)


def _same_thing(concepts: Sequence[Concept], one: Telling, other: Telling, terms: Terms) -> bool:
    """Whether two sentences of papers of different dates differ in little but the value.

    A date that only says less than the other is not different; "" says nothing.
    """
    first, second = one.document.date, other.document.date
    if first.startswith(second) or second.startswith(first) or _are_two_events(one, other):
        return False
    covered = [coverage(concepts, telling.one.words.inside) for telling in (one, other)]
    own = [telling.one.words.inside - set(terms(telling.written)) for telling in (one, other)]
    shared = len(own[0] & own[1])
    alike = shared >= LEAST_ALIKE * min(len(own[0]), len(own[1]))
    return alike and abs(covered[0] - covered[1]) <= MOST_APART


def _are_two_events(one: Telling, other: Telling) -> bool:
    """Whether two sentences tell of what happened on different days or in different months, or of
    the second and the third of a series: then both may be right."""
    series = [{n for n in _ORDINAL.findall(telling.one.piece.text)} for telling in (one, other)]
    if series[0] != series[1]:
        return True
    if isinstance(one.value, SaidDate):
        return False
    days = [
        [said.date for said in said_dates(_AS_OF.sub(" ", telling.one.piece.text)) if said.date[1]]
        for telling in (one, other)
    ]
    return any(at_odds(day, its_day) for day in days[0] for its_day in days[1])


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
    own = [
        [claim for claim in claims if is_quoted(one.one.piece, [claim]) and one.written in claim.text]
        for one in told
    ]
    if not in_order:
        return (*claims, *(one.claim for one, said in zip(told, own, strict=True) if not said))
    pair = dict.fromkeys(claim for one, said in zip(told, own, strict=True) for claim in said or [one.claim])
    at = min((claims.index(claim) for said in own for claim in said), default=len(claims))
    return (*claims[:at], *pair, *(claim for claim in claims[at:] if claim not in pair))


def difference_note(told: Disagreement) -> str:
    """The sentence that says that two papers differ, the newer one first."""
    newer, older = (sayings.VALUE_IN.format(value=t.written, paper=_dated(t.document)) for t in told)
    return sayings.DIFFERENCE.format(newer=newer, older=older)


def supersession_note(older: Document, newer: Document) -> str:
    """The sentence that says that a cited paper is superseded."""
    return sayings.SUPERSEDED.format(older=_dated(older), newer=_dated(newer))


def _dated(document: Document) -> str:
    return sayings.PAPER_OF.format(title=document.title, date=document.date or sayings.NO_DATE)
