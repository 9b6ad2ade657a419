"""The extractive answerer: whole sentences, list items and table rows, chosen and not written."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assistant.answer_types import answer_type, holds
from assistant.calibration import answer_confidence, sentence_score
from assistant.citations import Claim, Span, block_spans
from assistant.context import Evidence, Source
from assistant.features import Asked, Ranked, Words, answer_features, sentence_features
from assistant.pieces import Piece, pieces_of
from index.sentences import LIST_ITEM

MOST_PIECES = 6
MOST_WORDS = 116
MOST_WORDS_OF_A_LIST = 230
WORTH_ADDING = 3.0  # at most this much (in log odds) behind the best piece
PART_OF_BLOCK = 1.0  # a title block is shown for its line where it scores at most this much less
# A sentence that opens so is not understood without the one before it.
_LEANS = re.compile(
    r"(?:- )?(?:It|They|He|She|This|These|Those|That|Such|Both|There|The (?:mechanism|event|meeting|"
    r"conference|workshop|initiative|programme|project|report|study|aim|assistance|plan|network|group|latter|former))\b"
)

Terms = Callable[[str], list[str]]
Cite = Callable[[Piece, Sequence[Piece]], list[Claim]]
Chosen = tuple[Piece, list[Claim]]


@dataclass(frozen=True, slots=True)
class Part:
    """What was found for one part of a question. `confidence` (0 to 1) is the estimated
    probability that the evidence answers it; `ranked` is the evidence, best piece first."""

    text: str
    claims: tuple[Claim, ...]
    confidence: float
    ranked: Sequence[Ranked] = ()


def extract(asked: Sequence[Asked], evidence: Evidence, terms: Terms) -> list[Part]:
    """For each part of a question the sentences that answer it, best first."""
    parts = []
    said: list[Piece] = []
    material = prepare(evidence, terms)
    for part in asked:
        ranked = rank(part, material)
        if not ranked:
            parts.append(Part(part.text, (), 0.0))
            continue
        chosen = _chosen(
            part.text, ranked, said, lambda piece, before: _claims(piece, before, evidence), terms
        )
        said += [piece for piece, _ in chosen]
        found = [claim for _, claims in chosen for claim in claims]
        confidence = answer_confidence(answer_features(part, ranked))
        parts.append(Part(part.text, tuple(dict.fromkeys(found)), confidence, ranked))
    return parts


@dataclass(frozen=True, slots=True)
class Material:
    """The pieces of the evidence with their words: the same for all parts of a question."""

    pieces: Sequence[Piece]
    words: Sequence[Words]


def prepare(evidence: Evidence, terms: Terms) -> Material:
    """Cut the evidence into pieces and analyse them."""
    pieces = [
        piece for hit in evidence.hits for piece in pieces_of(hit, evidence.sources[hit.passage.document_id])
    ]
    passages = {hit.passage.id: frozenset(terms(hit.passage.text)) for hit in evidence.hits}
    words = [
        Words(frozenset(terms(piece.text)), frozenset(terms(piece.above)), passages[piece.hit.passage.id])
        for piece in pieces
    ]
    return Material(pieces, words)


def rank(asked: Asked, material: Material) -> list[Ranked]:
    """All pieces of the evidence, best first."""
    if not material.pieces:
        return []
    best_score = max(piece.hit.score for piece in material.pieces)
    ranked = []
    for piece, words in zip(material.pieces, material.words, strict=True):
        features = sentence_features(asked, piece, words, best_score)
        ranked.append(Ranked(piece, words, features, sentence_score(features)))
    return sorted(ranked, key=lambda r: (-r.score, r.piece.hit.passage.id, r.piece.start))


def _chosen(
    question: str, ranked: Sequence[Ranked], said: Sequence[Piece], cite: Cite, terms: Terms
) -> list[Chosen]:
    """The best piece and those nearly as good that say something else, within the word limit.

    Where the sort of thing asked for is in none of them, the best piece of the same passage that
    holds one is added: the sentence that names the subject is often not the one that answers.
    """
    kind = answer_type(question)
    chosen: list[Chosen] = []
    pieces: list[Piece] = []
    used = 0
    for candidate in ranked:
        if len(chosen) == MOST_PIECES or candidate.score < ranked[0].score - WORTH_ADDING:
            break
        piece = _whole(candidate, ranked)
        shown = [span for _, claims in chosen for claim in claims for span in claim.spans]
        if pieces and (_repeats(piece, [*pieces, *said], terms) or _within(piece, shown)):
            continue
        claims = cite(piece, pieces)
        words = sum(len(claim.text.split()) for claim in claims)
        limit = MOST_WORDS_OF_A_LIST if piece.is_list and kind == "list" else MOST_WORDS
        if chosen and used + words > limit:
            continue
        used += words
        pieces.append(piece)
        chosen.append((piece, claims))
    if not any(holds(kind, one.text, question) for one in pieces):
        beside = (
            r.piece for r in ranked if r.piece.hit is pieces[0].hit and holds(kind, r.piece.text, question)
        )
        fresh = (one for one in beside if not one.is_heading and not _repeats(one, pieces, terms))
        chosen += [(one, cite(one, pieces)) for one in islice(fresh, 1)]
    return chosen


def _within(piece: Piece, spans: Sequence[Span]) -> bool:
    """Whether a piece is shown already, taken along by the sentence that leans on it."""
    return any(
        document == piece.document_id and start <= piece.start and piece.end <= end
        for document, start, end in spans
    )


def _whole(one: Ranked, ranked: Sequence[Ranked]) -> Piece:
    """The list that a line opens, or the title block that a line is part of: alone it says little."""
    piece = one.piece
    if not piece.is_label and not piece.text.endswith(":"):
        return piece
    blocks = (
        other.piece
        for other in ranked
        if other.piece.hit is piece.hit
        and other.piece.start <= piece.start
        and piece.end <= other.piece.end
        and (other.piece.is_list if piece.text.endswith(":") else other.score > one.score - PART_OF_BLOCK)
        and "\n" in other.piece.text
    )
    return next(blocks, piece)


def _repeats(piece: Piece, chosen: Sequence[Piece], terms: Terms) -> bool:
    """Whether something chosen stands in the same place, or says the same with the same figures."""
    own = set(terms(piece.text))
    for other in chosen:
        same = other.document_id == piece.document_id and other.start < piece.end and piece.start < other.end
        words = set(terms(other.text))
        figures = {word for word in own ^ words if word[:1].isdigit()}
        alike = len(own & words) >= 0.8 * min(len(own), len(words))
        if same or (alike and not (figures - own and figures - words)):
            return True
    return False


def _claims(piece: Piece, chosen: Sequence[Piece], evidence: Evidence) -> list[Claim]:
    """A piece as claims, a list line by line; a sentence that leans on the one before takes it
    along, unless that was chosen too."""
    source = evidence.sources[piece.document_id]
    start = piece.start
    if _LEANS.match(piece.text) and not piece.is_list:
        before = _start_before(source.text, piece)
        said = any(p.document_id == piece.document_id and p.start <= before < p.end for p in chosen)
        start = start if said else before
    claims: list[Claim] = []
    for span, lines in _by_page(source, start, piece.end):
        for line in lines:
            text = LIST_ITEM.sub("", line, count=1) if piece.is_list and not claims else _shown(line)
            claims.append(Claim(text, (span,)))
    return claims


def _by_page(source: Source, start: int, end: int) -> Iterator[tuple[Span, list[str]]]:
    """The part of a span on each page it touches, with its lines: a quote stands on one page."""
    for page, first in zip(source.pages, source.starts, strict=True):
        low, high = max(start, first), min(end, first + len(page.text))
        lines = [line for line in source.text[low:high].split("\n") if line.strip()] if high > low else []
        if lines:
            yield (source.document.id, low, high), lines


def _start_before(text: str, piece: Piece) -> int:
    """Where the sentence before begins, if it stands in the same block; else the piece's start."""
    block = text.rfind("\n", 0, piece.start) + 1
    before = block_spans(text[block : piece.start])
    return block + before[-1][0] if before else piece.start


def _shown(line: str) -> str:
    sign = LIST_ITEM.match(line)
    return f"- {line[sign.end() :]}" if sign else line
