"""The passages that are shown to the answerer: few, numbered, and with what surrounds them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from index.search import Index
from index.splitting import document_text, page_starts
from index.types import Document, Hit, Page, Passage

SELECTED = 8
SELECTED_CHARS = 12_000


@dataclass(frozen=True)
class Source:
    """A document that evidence was selected from."""

    document: Document
    pages: tuple[Page, ...]

    @cached_property
    def text(self) -> str:
        return document_text(self.pages)

    @cached_property
    def starts(self) -> list[int]:
        return page_starts(self.pages)

    def page_at(self, start: int, end: int) -> tuple[Page, int, int]:
        """The page that holds most of a span of the text, and the part of the span on it."""
        best: tuple[int, Page, int, int] | None = None
        for page, first in zip(self.pages, self.starts, strict=True):
            low, high = max(start, first), min(end, first + len(page.text))
            if high > low and (best is None or high - low > best[0]):
                best = (high - low, page, low, high)
        if best is None:
            raise ValueError(f"{self.document.id}: no page holds characters {start} to {end}")
        return best[1:]


@dataclass(frozen=True)
class Evidence:
    """The selected passages, best first (number 1 is the first), and their sources by id."""

    hits: tuple[Hit, ...]
    sources: dict[str, Source]

    @property
    def passages(self) -> list[Passage]:
        return [hit.passage for hit in self.hits]


def select(index: Index, hits: Sequence[Hit], groups: Collection[str]) -> Evidence:
    """The best hits that fit the budget. Raises nothing: no hits, no evidence."""
    chosen: list[Hit] = []
    used = 0
    for hit in hits[:SELECTED]:
        used += len(hit.passage.text)
        if chosen and used > SELECTED_CHARS:
            break
        chosen.append(hit)
    sources: dict[str, Source] = {}
    for hit in chosen:
        identifier = hit.passage.document_id
        if identifier not in sources:
            document = index.document(identifier, groups)
            if document:
                sources[identifier] = Source(document, tuple(index.pages(identifier, groups)))
    return Evidence(tuple(h for h in chosen if h.passage.document_id in sources), sources)
