"""Statements and their evidence to cited text: markers, quotes and numbers, no language model.

Covers: `[1]`, `[1, 2]`, `[1-3]`, `[1][2]`, doubled, full-width and `【1†source】` markers in a model's
text, whole or in pieces; quotes are exact slices of one page. Does not cover: whether a sentence
follows from its quote, which `support.py` judges.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.context import Evidence
from assistant.support import Quote, Support
from assistant.types import Citation
from index.sentences import LIST_ITEM, sentence_spans
from index.types import Passage

CANDIDATES = 3  # sentences of a passage that are tried as the quote of a written one
LEAST_IN_QUOTE = 0.2  # of a sentence's words, by rarity, that each of its quotes must hold
LEAST_ADDED = 0.1  # of them that one which does not support it alone must add to the others

Span = tuple[str, int, int]  # document id, start and end in its text

_NUMBERS = r"\d{1,6}(?:\s*[,;、，–-]\s*\d{1,6})*"
_MARKER = re.compile(rf"\s*[\[【［]+\s*\^?\s*({_NUMBERS})\s*(?:†[^\]】］\n]{{0,40}})?[\]】］]+")
_HALF_MARKER = re.compile(r"\s*[\[【［]+[\s\d,;^]*$")
_BRACKETED = re.compile(r"[\[【［]\s*(?=\d)|(?<=\d)\s*[\]】］]")
# What a paper itself has in brackets would read as a marker of ours.
_PAPERS_OWN = re.compile(r"\[(\d[\d\s,;–-]*)\]")
_MOST_RANGE = 10
# What no reader sees: between a bracket and its number it would keep a forged marker from being found.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence or list item of an answer with the spans that support it."""

    text: str
    spans: tuple[Span, ...]
    opens_block: bool = True


def compose(claims: Sequence[Claim], evidence: Evidence) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with `[n]` after each claim, and the citation behind each n.

    The same span keeps its number. Blocks are joined by an empty line, list items by a break.
    Numbers that a paper has in square brackets are shown in round ones; its quote keeps them.
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
        text += _PAPERS_OWN.sub(r"(\1)", claim.text) + f" {markers}"
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


class Reviewer:
    """Reads a model's text as it comes and gives its sentences, once whole, as checked claims.

    Every marker becomes the exact sentence of its passage that supports what was written;
    unknown markers are removed, and so are sentences that no marker supports. However the text
    is cut into pieces, the claims are the same.
    """

    def __init__(self, evidence: Evidence, support: Support) -> None:
        self.markers_removed = self.sentences_removed = 0
        self._evidence = evidence
        self._support = support
        self._unread = ""
        self._opens = True

    def read(self, piece: str) -> list[Claim]:
        """The claims that this piece completes."""
        piece = _UNSEEN.sub("", piece)
        *lines, self._unread = re.split(r"\r\n|[\n\r\u2028\u2029]", self._unread + piece)
        claims = [claim for line in lines for claim in self._line(line)]
        spans = _written_sentences(self._unread)
        # The last one may go on; the one before it is whole once a word follows it that is no
        # part of a marker.
        if len(spans) > 1 and re.match(r"[^\s\[【［]+\s", self._unread[spans[-1][0] :]):
            whole, self._unread = self._unread[: spans[-1][0]], self._unread[spans[-1][0] :]
            claims += self._sentences(whole)
        return claims

    def end(self) -> list[Claim]:
        """The claims in what is left."""
        line, self._unread = self._unread, ""
        return self._line(line)

    def _line(self, line: str) -> list[Claim]:
        claims = self._sentences(line)
        self._opens = True
        return claims

    def _sentences(self, line: str) -> list[Claim]:
        checked = [self._claim(line[start:end]) for start, end in _written_sentences(line)]
        return [claim for claim in checked if claim]

    def _claim(self, written: str) -> Claim | None:
        words, numbers = _parted(written)
        if not re.search(r"\w", words):
            self.markers_removed += len(numbers)
            return None
        passages = self._evidence.passages
        known = [passages[n - 1] for n in numbers if 1 <= n <= len(passages)]
        spans = self._supporting(LIST_ITEM.sub("", words), known)
        self.markers_removed += len(numbers) - len(spans)
        if not spans:
            self.sentences_removed += 1
            return None
        claim = Claim(words, tuple(spans), self._opens)
        self._opens = False
        return claim

    def _supporting(self, words: str, passages: Sequence[Passage]) -> list[Span]:
        """The spans, at most one a passage, that together support a sentence; none if they do not."""
        best: dict[Span, Quote] = {}
        for passage in passages:
            quotes = self._quotes(words, passage)
            sound = [one for one in quotes if not self._support.fault(words, one[1])]
            if sound or quotes:
                span, quote = (sound or quotes)[0]
                best[span] = quote
        alone = [span for span, quote in best.items() if not self._support.fault(words, quote)]
        if len(best) == len(alone) or self._support.fault(words, _together(best.values())):
            return alone
        needed = self._needed(words, best, alone)
        faulty = not alone and self._support.fault(words, _together(best[span] for span in needed))
        return list(best) if faulty else needed

    def _needed(self, words: str, best: Mapping[Span, Quote], alone: Sequence[Span]) -> list[Span]:
        """The spans that support a sentence alone, and of the others those that add words of it: a
        passage that says nothing more is no source, whatever marker the model put there."""
        own = self._support.weigh(words)
        open_, kept = dict(own), list[Span]()
        for span in (*alone, *(span for span in best if span not in alone)):
            there = self._support.weigh(best[span].everything)
            added = sum(weight for word, weight in open_.items() if word in there)
            if span in alone or added >= LEAST_ADDED * sum(own.values()):
                kept.append(span)
                open_ = {word: weight for word, weight in open_.items() if word not in there}
        return [span for span in best if span in kept]

    def _quotes(self, words: str, passage: Passage) -> list[tuple[Span, Quote]]:
        """The sentences of a passage that share most with what was written, and the pairs of
        neighbours among which they stand: best first."""
        spans = block_spans(passage.text)
        shares = [self._support.shared(words, passage.text[start:end]) for start, end in spans]
        order = sorted(range(len(spans)), key=lambda n: (-shares[n], n))[:CANDIDATES]
        runs = [(n, n) for n in order if shares[n] >= LEAST_IN_QUOTE]
        runs += [(n - 1, n) for n, _ in runs if n] + [(n, n + 1) for n, _ in runs if n + 1 < len(spans)]
        document = self._evidence.sources[passage.document_id].document
        titled = " · ".join((document.title, document.date, document.publisher, *passage.heading_path))
        found = []
        for first, last in dict.fromkeys(runs):
            start, end = spans[first][0], spans[last][1]
            before = passage.text[spans[max(0, first - 2)][0] : start]
            span = (passage.document_id, passage.start + start, passage.start + end)
            found.append((span, Quote(passage.text[start:end], titled, before)))
        return found


def _together(quotes: Iterable[Quote]) -> Quote:
    """Quotes read as one."""
    parts = zip(*((quote.text, quote.titled, quote.before) for quote in quotes), strict=True)
    return Quote(*("\n".join(part) for part in parts))


def _parted(written: str) -> tuple[str, list[int]]:
    """A written sentence without its markers, and their numbers in order, each once."""
    numbers: dict[int, None] = {}
    words = written
    while found := _MARKER.findall(words):  # taking one out may make another whole: "[[1]2]"
        for group in found:
            for part in re.split(r"\s*[,;、，]\s*", group):
                first, *last = (int(n) for n in re.findall(r"\d+", part))
                end = last[-1] if last and first < last[-1] <= first + _MOST_RANGE else first
                numbers |= dict.fromkeys([*range(first, end + 1), *last])
        words = _MARKER.sub("", words)
    words = _BRACKETED.sub("", _HALF_MARKER.sub("", words))
    return words.strip(), list(numbers)


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
            spans.append((start + len(line[start:end]) - len(line[start:end].lstrip()), end))
    return spans


def block_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences, list items, rows and headings of a passage's text."""
    spans: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\n"):
        parts = [(0, len(line))] if " | " in line else sentence_spans(line)
        spans += [(at + start, at + end) for start, end in parts]
        at += len(line) + 1
    return spans
