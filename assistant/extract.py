"""The extractive answerer: whole sentences, list items and table rows, chosen and not written."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.calibration import answer_confidence, sentence_score
from assistant.citations import Claim, block_spans
from assistant.context import Evidence
from assistant.features import Asked, Piece, Ranked, Words, answer_features, sentence_features
from index.embedding import Embedder
from index.sentences import LIST_ITEM, is_list_item
from index.types import Hit

MOST_PIECES = 4
MOST_WORDS = 110
MOST_WORDS_OF_A_LIST = 230
WORTH_ADDING = 1.8  # at most this much (in log odds) behind the best piece
LABEL_WORDS = 14
# A sentence that opens so is not understood without the one before it.
_LEANS = re.compile(
    r"(?:- )?(?:It|They|He|She|This|These|Those|That|Such|Both|There|The (?:mechanism|event|meeting|"
    r"conference|workshop|initiative|programme|project|report|study|aim|assistance|plan|network|group|latter|former))\b"
)

Terms = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Extract:
    """Claims taken from the evidence, and how sure it is that they answer (0 to 1)."""

    claims: tuple[Claim, ...]
    confidence: float


def extract(asked: Asked, evidence: Evidence, embedder: Embedder, terms: Terms) -> Extract:
    """Choose the sentences that answer a question, best first."""
    ranked = rank(asked, evidence, embedder, terms)
    if not ranked:
        return Extract((), 0.0)
    confidence = answer_confidence(answer_features(asked, ranked, terms))
    claims = [claim for piece in _chosen(ranked, terms) for claim in _claims(piece)]
    return Extract(tuple(dict.fromkeys(claims)), confidence)


def rank(asked: Asked, evidence: Evidence, embedder: Embedder, terms: Terms) -> list[Ranked]:
    """All pieces of the evidence, best first."""
    pieces = [
        piece
        for hit in evidence.hits
        for piece in pieces_of(hit, evidence.sources[hit.passage.document_id].document.title)
    ]
    if not pieces:
        return []
    vectors = embedder.embed([asked.text, *(piece.text for piece in pieces)])
    similarities = vectors[1:] @ vectors[0]
    best_score = max(hit.score for hit in evidence.hits)
    passages = {hit.passage.id: frozenset(terms(hit.passage.text)) for hit in evidence.hits}
    ranked = []
    for piece, similarity in zip(pieces, similarities.tolist(), strict=True):
        words = Words(
            frozenset(terms(piece.text)), frozenset(terms(piece.above)), passages[piece.hit.passage.id]
        )
        features = sentence_features(asked, piece, words, similarity, best_score)
        ranked.append(Ranked(piece, words, features, sentence_score(features)))
    return sorted(ranked, key=lambda r: (-r.score, r.piece.hit.passage.id, r.piece.start))


def pieces_of(hit: Hit, title: str) -> Iterator[Piece]:
    """The sentences, rows and items of a passage, and each list as a whole."""
    passage = hit.passage
    spans = block_spans(passage.text)
    texts = [passage.text[start:end] for start, end in spans]
    headings = " ".join((title, *passage.heading_path))
    for number, ((start, end), text) in enumerate(zip(spans, texts, strict=True)):
        before = texts[number - 1] if number else ""
        opening = is_list_item(text) and _opening(texts, number)
        above = f"{headings} {before} {opening or ''}"
        is_heading = text in passage.heading_path
        short = len(text.split()) <= LABEL_WORDS and not is_list_item(text) and " | " not in text
        is_label = short and text[-1:] not in ".!?:;…"
        yield Piece(hit, start, end, above, False, is_heading, is_label)
        last = number
        while last + 1 < len(spans) and is_list_item(texts[last + 1]):
            last += 1
        if last > number and (text.endswith(":") or is_heading or is_label):
            yield Piece(hit, start, spans[last][1], above, True, False, False)


def _opening(texts: Sequence[str], number: int) -> str:
    """The line that opens the list in which an item stands."""
    while number and is_list_item(texts[number]):
        number -= 1
    return texts[number]


def _chosen(ranked: Sequence[Ranked], terms: Terms) -> list[Piece]:
    """The best piece and those nearly as good that say something else, within the word limit."""
    chosen: list[Piece] = []
    used = 0
    limit = MOST_WORDS_OF_A_LIST if ranked[0].piece.is_list else MOST_WORDS
    for candidate in ranked:
        if len(chosen) == MOST_PIECES or candidate.score < ranked[0].score - WORTH_ADDING:
            break
        words = len(candidate.piece.text.split())
        if chosen and (used + words > limit or _repeats(candidate.piece, chosen, terms)):
            continue
        chosen.append(candidate.piece)
        used += words
    return chosen


def _repeats(piece: Piece, chosen: Sequence[Piece], terms: Terms) -> bool:
    own = set(terms(piece.text))
    for other in chosen:
        inside = other.hit is piece.hit and other.start < piece.end and piece.start < other.end
        words = set(terms(other.text))
        if inside or len(own & words) >= 0.8 * min(len(own), len(words)):
            return True
    return False


def _claims(piece: Piece) -> list[Claim]:
    """A piece as claims, a list line by line; a sentence that leans on the one before takes it along."""
    passage = piece.hit.passage
    start = piece.start
    if _LEANS.match(piece.text) and not piece.is_list:
        start = _start_before(passage.text, piece.start)
    span = (passage.document_id, passage.start + start, passage.start + piece.end)
    lines = passage.text[start : piece.end].split("\n")
    if piece.is_list:
        lines[0] = LIST_ITEM.sub("", lines[0], count=1)
    return [Claim(_shown(line), (span,)) for line in lines if line.strip()]


def _start_before(text: str, start: int) -> int:
    """Where the sentence before begins, if it stands in the same block; else `start`."""
    before = [span for span in block_spans(text) if span[1] <= start]
    same_block = before and "\n" not in text[before[-1][1] : start]
    return before[-1][0] if same_block else start


def _shown(line: str) -> str:
    sign = LIST_ITEM.match(line)
    return f"- {line[sign.end() :]}" if sign else line
