"""Statements and their evidence to cited text: pure functions, no index and no model.

Covers: `[1]`, `[1, 2]`, `[1][2]` and full-width markers in a model's text; quotes are exact
slices of one page. Does not cover: whether a statement follows from its quote, beyond the
share of its words that stand there.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.context import Evidence
from assistant.types import Citation
from index.sentences import sentence_spans
from index.types import Passage

LEAST_SUPPORT = 0.4  # of a written sentence's words, by rarity, that must stand in its quote

Span = tuple[str, int, int]  # document id, start and end in its text
Weigh = Callable[[str], dict[str, float]]  # the words of a text that carry meaning, by rarity

_MARKER = re.compile(r"\s*[\[【［]\s*(\d{1,3}(?:\s*[,;、，]\s*\d{1,3})*)\s*[\]】］]")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence or list item of an answer with the spans that support it."""

    text: str
    spans: tuple[Span, ...]
    opens_block: bool = True


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A model's text after review: what stands, and how much did not."""

    claims: tuple[Claim, ...]
    markers_removed: int
    sentences_removed: int


def compose(claims: Sequence[Claim], evidence: Evidence) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with `[n]` after each claim, and the citation behind each n.

    The same span keeps its number. Blocks are joined by an empty line, list items by a break.
    """
    numbers: dict[Span, int] = {}
    text = ""
    for claim in claims:
        for span in claim.spans:
            numbers.setdefault(span, len(numbers) + 1)
        markers = "".join(f"[{numbers[span]}]" for span in claim.spans)
        item = claim.text.startswith("- ")
        if text:
            text += ("\n" if item else "\n\n") if claim.opens_block else " "
        text += f"{claim.text} {markers}"
    return text, tuple(_citation(number, span, evidence) for span, number in numbers.items())


def _citation(number: int, span: Span, evidence: Evidence) -> Citation:
    source = evidence.sources[span[0]]
    page, start, end = source.page_at(span[1], span[2])
    document = source.document
    return Citation(
        number=number,
        document_id=document.id,
        path=document.path,
        title=document.title,
        date=document.date,
        page=page.number,
        page_label=page.label,
        quote=source.text[start:end],
        start=start,
        end=end,
        url=document.url,
    )


def review(text: str, passages: Sequence[Passage], weigh: Weigh) -> Reviewed:
    """Check a model's text against the numbered passages it was given.

    Every marker becomes the exact sentence of its passage that shares most with what was
    written; unknown markers are removed, and so are sentences that no marker supports.
    """
    claims: list[Claim] = []
    markers_removed = sentences_removed = 0
    for line in text.splitlines():
        opens = True
        for start, end in _written_sentences(line):
            piece = line[start:end]
            numbers = [int(n) for group in _MARKER.findall(piece) for n in re.findall(r"\d+", group)]
            words = _MARKER.sub("", piece).strip()
            if not re.search(r"\w", words):
                continue
            spans = dict.fromkeys(
                span
                for n in numbers
                if 1 <= n <= len(passages) and (span := best_span(words, passages[n - 1], weigh)) is not None
            )
            markers_removed += len(numbers) - len(spans)
            if spans:
                claims.append(Claim(words, tuple(spans), opens))
                opens = False
            else:
                sentences_removed += 1
    return Reviewed(tuple(claims), markers_removed, sentences_removed)


def _written_sentences(line: str) -> list[tuple[int, int]]:
    """Sentences of a model's line, each with the markers that follow its full stop."""
    spans: list[tuple[int, int]] = []
    for start, end in sentence_spans(line):
        leading = _MARKER.match(line, start)
        while leading and leading.end() <= end and spans:
            spans[-1] = (spans[-1][0], leading.end())
            start = leading.end()
            leading = _MARKER.match(line, start)
        if line[start:end].strip():
            spans.append((start, end))
    return spans


def best_span(words: str, passage: Passage, weigh: Weigh) -> Span | None:
    """The sentence of a passage that shares most of `words`, by rarity; None where it is less
    than LEAST_SUPPORT of them."""
    weights = weigh(words)
    total = sum(weights.values())
    best: tuple[float, int, int] | None = None
    for start, end in block_spans(passage.text):
        there = weigh(passage.text[start:end])
        support = sum(weight for term, weight in weights.items() if term in there)
        if best is None or support > best[0]:
            best = (support, start, end)
    if best is None or total == 0 or best[0] / total < LEAST_SUPPORT:
        return None
    return (passage.document_id, passage.start + best[1], passage.start + best[2])


def block_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences, list items, rows and headings of a passage's text."""
    spans: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\n"):
        parts = [(0, len(line))] if " | " in line else sentence_spans(line)
        spans += [(at + start, at + end) for start, end in parts]
        at += len(line) + 1
    return spans
