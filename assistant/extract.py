"""The extractive answerer: whole sentences, list items and table rows, chosen and not written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.calibration import confidence
from assistant.citations import Claim, Weigh, block_spans
from assistant.context import Evidence
from index.embedding import Embedder
from index.sentences import LIST_ITEM, is_list_item
from index.types import Passage

MOST_SENTENCES = 3
EARLIER_SHARE = 0.4  # of a word's weight, where only the conversation before the question has it
WORTH_ADDING = 0.88  # of the best score: what comes after it must be nearly as good


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a selected passage; `start` and `end` are offsets in the passage's text."""

    passage: Passage
    start: int
    end: int
    similarity: float
    coverage: float
    score: float

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Extract:
    """Claims taken from the evidence, and how sure it is that they answer (0 to 1)."""

    claims: tuple[Claim, ...]
    confidence: float


def extract(question: str, search_text: str, evidence: Evidence, embedder: Embedder, weigh: Weigh) -> Extract:
    """Choose the sentences that answer `question`, best first. `search_text` is the question
    with what it leans on in the conversation."""
    ranked = rank(question, search_text, evidence, embedder, weigh)
    if not ranked:
        return Extract((), 0.0)
    best = ranked[0]
    chosen = [best]
    for candidate in ranked[1:]:
        if len(chosen) == MOST_SENTENCES or candidate.score < WORTH_ADDING * best.score:
            break
        if not any(_says_the_same(candidate.text, other.text, weigh) for other in chosen):
            chosen.append(candidate)
    claims = [claim for candidate in chosen for claim in _claims(candidate)]
    return Extract(tuple(dict.fromkeys(claims)), confidence(best.similarity, best.coverage))


def rank(
    question: str, search_text: str, evidence: Evidence, embedder: Embedder, weigh: Weigh
) -> list[Candidate]:
    """All sentences of the evidence, best first, by likeness and by the question's rare words."""
    # What was asked before tells where to look; what is asked now tells what for.
    weights = {term: EARLIER_SHARE * weight for term, weight in weigh(search_text).items()} | weigh(question)
    total = sum(weights.values()) or 1.0
    spots = [(hit, span) for hit in evidence.hits for span in block_spans(hit.passage.text)]
    if not spots:
        return []
    texts = [hit.passage.text[start:end] for hit, (start, end) in spots]
    vectors = embedder.embed([question, search_text, *texts])
    asked = vectors[:2].sum(axis=0)
    similarities = vectors[2:] @ (asked / np.linalg.norm(asked))
    candidates = []
    for (hit, (start, end)), text, similarity in zip(spots, texts, np.asarray(similarities), strict=True):
        passage = hit.passage
        title = evidence.sources[passage.document_id].document.title
        inside, above = weigh(text), weigh(" ".join((title, *passage.heading_path)))
        # A word in the heading tells what the sentence is about, but less than one in it.
        coverage = (
            sum(w * (1.0 if t in inside else 0.7 if t in above else 0.0) for t, w in weights.items()) / total
        )
        score = 0.4 * float(similarity) + 0.4 * coverage + 0.2 * hit.score - _label_penalty(text, passage)
        candidates.append(Candidate(passage, start, end, float(similarity), coverage, score))
    return sorted(candidates, key=lambda c: (-c.score, c.passage.id, c.start))


def _label_penalty(text: str, passage: Passage) -> float:
    """A heading resembles the question and answers nothing; a short line without a full stop
    may be one, or a fact of a title block."""
    if text in passage.heading_path:
        return 0.2
    short = len(text.split()) <= 14 and not is_list_item(text) and " | " not in text
    return 0.1 if short and text[-1:] not in ".!?:;…" else 0.0


def _claims(candidate: Candidate) -> list[Claim]:
    """A candidate as claims: a line that opens a list brings the list with it."""
    passage = candidate.passage
    end = candidate.end
    items: list[str] = []
    if candidate.text.endswith(":") or candidate.text in passage.heading_path:
        for start, stop in _lines_after(passage.text, end):
            if not is_list_item(passage.text[start:stop]):
                break
            items.append(passage.text[start:stop])
            end = stop
    span = (passage.document_id, passage.start + candidate.start, passage.start + end)
    first = LIST_ITEM.sub("", candidate.text, count=1) if items else candidate.text
    return [Claim(_shown(line), (span,)) for line in (first, *items)]


def _lines_after(text: str, offset: int) -> Sequence[tuple[int, int]]:
    spans, at = [], text.find("\n", offset) + 1
    while 0 < at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        spans.append((at, end))
        at = end + 1
    return spans


def _shown(line: str) -> str:
    sign = LIST_ITEM.match(line)
    return f"- {line[sign.end() :]}" if sign else line


def _says_the_same(one: str, other: str, weigh: Weigh) -> bool:
    a, b = weigh(one), weigh(other)
    shared = sum(weight for term, weight in a.items() if term in b)
    return shared >= 0.8 * min(sum(a.values()), sum(b.values()))
