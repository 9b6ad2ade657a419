"""False premises: a date, figure or name in the question that the papers found contradict.

Covers: dates outside of ranges; figures that count the same thing or bear the same unit; names in
the same place of the sentence ("in Vienna", "by Norway", "Norway as chair"). Does not cover: what
no passage was found for, negations, ordinals. A city for its country counts as a contradiction.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant import sayings
from assistant.context import Evidence
from assistant.features import Asked, Ranked
from assistant.particulars import initials, is_named, words
from assistant.slots import SaidFigure, Terms, at_odds, in_a_range, name_runs, said_dates, said_figures
from index.concepts import Concept, coverage
from index.types import Document

LEAST_AROUND = 0.75  # of what else is asked, by rarity, that stands in the piece or above it …
LEAST_INSIDE = 0.5  # … and in the piece itself
LEAST_FOR_A_SLIP = 0.4  # … where a date differs only in its day, its month or its year
SPEAKS_OF_IT = 0.6  # coverage from which on a piece that has the particular speaks for the question
_NAME = r"(?P<name>[A-Z][\w’'-]+(?:[ -](?:(?:of|and|the) )?[A-Z][\w’'-]+)*)"
_ROLE = re.compile(rf"{_NAME}(?: \w+)? as (?:its |the |a )?(?P<slot>[A-Za-z]+)")
_PLACES = [
    re.compile(rf"\b(?P<slot>in|at) (?:the )?{_NAME}"),
    re.compile(rf"\b(?P<slot>by) (?:the )?{_NAME}"),
    _ROLE,
]


@dataclass(frozen=True)
class _Look:
    """One part of a question against the evidence."""

    asked: Asked
    ranked: Sequence[Ranked]
    evidence: Evidence
    terms: Terms

    @cached_property
    def everything(self) -> str:
        """All that was shown, with titles, headings and dates."""
        shown = [f"{' '.join(p.heading_path)}\n{p.text}" for p in self.evidence.passages]
        about = [f"{s.document.title}\n{s.document.date}" for s in self.evidence.sources.values()]
        return "\n".join([*shown, *about, *(one.piece.text for one in self.ranked)])

    @cached_property
    def figures(self) -> list[SaidFigure]:
        return said_figures(self.everything, self.terms)

    def document(self, one: Ranked) -> Document:
        return self.evidence.sources[one.piece.document_id].document

    @cached_property
    def strange(self) -> frozenset[str]:
        """Words of the question's dates and places that stand in nothing that was shown."""
        text = self.asked.text
        places = [found["name"] for form in _PLACES for found in form.finditer(text)]
        own = self.terms(" ".join([*places, *(said.text for said in said_dates(text))]))
        return frozenset(own).difference(*(one.words.passage | one.words.above for one in self.ranked))

    def rest(self, particular: str) -> list[Concept]:
        """What else is asked, without other particulars that may be wrong too."""
        own = self.strange.union(self.terms(particular))
        return [concept for concept in self.asked.concepts if not own & set(concept.alternatives[0])]

    def covers(self, particular: str, one: Ranked) -> tuple[float, float, bool]:
        """How much of what else is asked stands in a piece, and in or above it, and whether the
        rarest of it does."""
        rest = self.rest(particular)
        rarest = max(rest, key=lambda concept: concept.weight, default=None)
        return (
            coverage(rest, one.words.inside),
            coverage(rest, one.words.around),
            rarest is not None and rarest.coverage(one.words.around) == 1,
        )

    def is_about(self, particular: str, one: Ranked, role: bool = False) -> bool:
        """Whether a piece is about what is asked; where both name a role, little of it need
        stand in the piece itself, and where more than one particular is strange, all of it."""
        inside, around, rarest = self.covers(particular, one)
        if self.strange.difference(self.terms(particular)):
            return len(self.rest(particular)) > 1 and inside == 1
        return rarest and inside >= (0 if role else LEAST_INSIDE) and around >= LEAST_AROUND

    def speakers(self, particular: str, one: Ranked) -> Iterator[str]:
        """What speaks of the same matter: the piece's passage and paper, and other near pieces."""
        document = self.document(one)
        yield f"{document.title}\n{document.date}\n{one.piece.hit.passage.text}\n{one.piece.above}"
        for other in self.ranked:
            if self.covers(particular, other)[1] >= SPEAKS_OF_IT:
                yield f"{other.piece.text}\n{self.document(other).title}"


def corrections(
    asked: Asked, ranked: Sequence[Ranked], quoted: Sequence[Ranked], evidence: Evidence, terms: Terms
) -> list[str]:
    """A sentence for each particular of a question that a piece quoted in the answer contradicts.

    Precise rather than complete: the particular is in nothing that speaks of the matter, what else
    is asked stands in the piece, and the piece has exactly one particular in its place.
    """
    look = _Look(asked, ranked, evidence, terms)
    found: dict[str, str] = {}
    for one in quoted:
        for particular, said in (*_dates(look, one), *_figures(look, one), *_names(look, one)):
            found.setdefault(particular, said)
    return [sayings.CONTRADICTED.format(ours=ours, theirs=theirs) for ours, theirs in found.items()]


def _dates(look: _Look, one: Ranked) -> Iterator[tuple[str, str]]:
    asked = said_dates(look.asked.text)
    theirs = {said.date: said.text for said in said_dates(one.piece.text)} if asked else {}
    free = [date for date in theirs if all(at_odds(date, said.date) for said in asked)]
    if len(free) != 1 or len(theirs) != 1:
        return
    whole = (free[0][0] or int(look.document(one).date[:4] or 0), *free[0][1:])
    for said in asked:
        differ = sum(a != b for a, b in zip(said.date, whole, strict=True))
        inside, _, rarest = look.covers(said.text, one)
        near = inside >= LEAST_FOR_A_SLIP and (rarest or one is look.ranked[0])
        slip = near and differ == 1 and all(said.date)
        if not slip and not look.is_about(said.text, one):
            continue
        known = "\n".join(look.speakers(said.text, one))
        if in_a_range(said.date[0], known) or any(not at_odds(said.date, d.date) for d in said_dates(known)):
            continue
        yield said.text, theirs[free[0]]


def _figures(look: _Look, one: Ranked) -> Iterator[tuple[str, str]]:
    ours = [said for said in said_figures(look.asked.text, look.terms) if said.counts or said.unit]
    theirs = said_figures(one.piece.text, look.terms) if ours else []
    for said in ours:
        alike = [other for other in theirs if said.fills_slot_of(other)]
        if len(alike) != 1 or alike[0].value == said.value or not look.is_about(said.text, one):
            continue
        if not any(other.value == said.value and said.fills_slot_of(other) for other in look.figures):
            yield said.text, alike[0].text


def _names(look: _Look, one: Ranked) -> Iterator[tuple[str, str]]:
    asked = frozenset(words(look.asked.text))
    for form in _PLACES:
        for ours in form.finditer(look.asked.text):
            if not _is_name(ours["name"]) or not look.is_about(ours["name"], one, form is _ROLE):
                continue
            known = "\n".join(look.speakers(ours["name"], one)) if form is _ROLE else look.everything
            there, short = frozenset(words(known)), initials(known)
            if any(is_named(word, there, short) for word in re.findall(r"\w+", ours["name"])):
                continue
            theirs = {
                other["name"]
                for other in form.finditer(one.piece.text)
                if other["slot"].lower() == ours["slot"].lower()
                and _is_name(other["name"])
                and not asked & set(words(other["name"]))
            }
            if len(theirs) == 1:
                yield ours["name"], theirs.pop()


def _is_name(text: str) -> bool:
    return any(name_runs(text)) and not said_dates(text)
