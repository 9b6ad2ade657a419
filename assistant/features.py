"""What is known of a piece of evidence before it is chosen: numbers, each with a plain meaning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer_types import answer_type, counts, holds
from assistant.pieces import Piece
from index.concepts import Concept, coverage

SENTENCE_FEATURES = (
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
    """A question, or a part of one, as the features see it."""

    text: str
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


def sentence_features(asked: Asked, piece: Piece, words: Words, best_score: float) -> list[float]:
    """The values of SENTENCE_FEATURES, in order."""
    kind = answer_type(asked.text)
    held = holds(kind, piece.text, asked.text)
    rarest = max(asked.concepts, key=lambda concept: concept.weight, default=None)
    around = coverage(asked.concepts, words.around)
    return [
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
    "hit",  # fused score of the best passage: high where words and meaning find the same one
    "passage_similarity",
    "covered_around",
    "type_missing",
    "type_missing_near",  # a sort was asked for, and none of the best three pieces holds one
)
_NEAR = 3


def answer_features(asked: Asked, ranked: Sequence[Ranked]) -> list[float]:
    """The values of ANSWER_FEATURES for ranked pieces, best first and at least one."""
    best = ranked[0]
    named = dict(zip(SENTENCE_FEATURES, best.features, strict=True))
    kind = answer_type(asked.text)
    near = any(holds(kind, one.piece.text, asked.text) for one in ranked[:_NEAR])
    return [
        best.score,
        max(one.piece.hit.score for one in ranked),
        named["passage_similarity"],
        named["covered_around"],
        named["type_missing"],
        float(kind not in ("other", "list") and not near),
    ]
