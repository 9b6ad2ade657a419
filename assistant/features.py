"""What is known of a piece of evidence before it is chosen: numbers, each with a plain meaning."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from assistant.answer_types import answer_type, counts, holds
from assistant.pieces import Piece
from index.concepts import Concept, coverage

SENTENCE_FEATURES = (
    "similarity",  # cosine of sentence and question
    "covered",  # share of the question's concepts, by weight, that stand in the sentence
    "covered_around",  # … in it, its headings, its title, or the sentence before it
    "covered_in_passage",  # … anywhere in its passage
    "rarest_covered",  # the rarest concept stands in it or above it
    "passage_score",  # fused score of the passage over the best passage's
    "passage_similarity",  # cosine of passage and question
    "type_held",  # it holds the sort of thing asked for
    "type_missing",  # a sort was asked for and it holds none
    "list_for_list",  # a whole list, where one was asked for
    "list_for_other",  # a whole list, where none was
    "heading",
    "label",  # a short line that is no sentence
    "words",  # logarithm of its length
    "counts",  # a figure stands in it beside the noun that is counted
    "held_around",  # covered_around, where it holds the sort of thing asked for
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, or a part of one, as the features see it. `meant` is the text that is compared
    by meaning: where a follow-up leans on the conversation, both."""

    text: str
    meant: str
    concepts: Sequence[Concept]


@dataclass(frozen=True, slots=True)
class Words:
    """The stemmed words of a piece, of what stands above it, and of its whole passage."""

    inside: frozenset[str]
    above: frozenset[str]
    passage: frozenset[str]

    @property
    def around(self) -> frozenset[str]:
        return self.inside | self.above


@dataclass(frozen=True, slots=True)
class Ranked:
    """A piece of evidence with its words, its features and its score (log odds that it answers)."""

    piece: Piece
    words: Words
    features: list[float]
    score: float = 0.0


def sentence_features(
    asked: Asked, piece: Piece, words: Words, similarity: float, best_score: float
) -> list[float]:
    """The values of SENTENCE_FEATURES, in order."""
    kind = answer_type(asked.text)
    held = holds(kind, piece.text, asked.text)
    rarest = max(asked.concepts, key=lambda concept: concept.weight, default=None)
    around = coverage(asked.concepts, words.around)
    return [
        similarity,
        coverage(asked.concepts, words.inside),
        around,
        coverage(asked.concepts, words.passage | words.above),
        rarest.coverage(words.around) if rarest else 0.0,
        piece.hit.score / best_score if best_score > 0 else 0.0,
        piece.hit.similarity,
        float(kind != "other" and held),
        float(kind != "other" and not held),
        float(piece.is_list and kind == "list"),
        float(piece.is_list and kind != "list"),
        float(piece.is_heading),
        float(piece.is_label),
        math.log(1 + len(piece.text.split())),
        float(counts(piece.text, asked.text)),
        around * float(kind not in ("other", "list") and held),
    ]


ANSWER_FEATURES = (
    "score",  # log odds of the best piece
    "behind",  # how far the second one is behind it, at most 3
    "similarity",  # cosine of the best piece and the question
    "covered_around",  # of the best piece
    "covered_in_passage",
    "passage_similarity",
    "type_missing",
    "rarest_covered",
    "missing_around",  # weight of the rarest concept that is neither in the best piece nor above it
    "missing_in_evidence",  # … that is in none of the passages shown
    "names_missing",  # share of the question's names and figures that the passage does not have
)
_NAME_OR_FIGURE = re.compile(r"(?<!^)\b[A-Z][\w’'-]+|\b\d[\d.,/]*")


def answer_features(asked: Asked, ranked: Sequence[Ranked], terms: Callable[[str], list[str]]) -> list[float]:
    """The values of ANSWER_FEATURES for ranked pieces, best first and at least one."""
    best = ranked[0]
    named = dict(zip(SENTENCE_FEATURES, best.features, strict=True))
    shown = frozenset(word for one in ranked for word in one.words.passage | one.words.above)
    here = best.words.passage | best.words.above
    names = {word for match in _NAME_OR_FIGURE.finditer(asked.text) for word in terms(match[0])}
    return [
        best.score,
        min(3.0, best.score - ranked[1].score) if len(ranked) > 1 else 3.0,
        named["similarity"],
        named["covered_around"],
        named["covered_in_passage"],
        named["passage_similarity"],
        named["type_missing"],
        named["rarest_covered"],
        _rarest_missing(asked, best.words.around),
        _rarest_missing(asked, shown),
        len(names - here) / len(names) if names else 0.0,
    ]


def _rarest_missing(asked: Asked, words: Collection[str]) -> float:
    """Weight of the rarest concept of which less than half is among `words`."""
    return max((c.weight for c in asked.concepts if c.coverage(words) < 0.5), default=0.0)
