"""Where a citation of an old answer stands today: the same paper, a changed one, or none.

Covers: a paper edited, renamed, given another id, withdrawn; a quote that moved to another page
or went over differently broken lines. Does not cover: a quote that was reworded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.records.exchanges import Exchange
from assistant.records.rights import Reader
from assistant.types import Citation
from index.types import Document, Page

State = Literal["same", "changed", "gone"]
Place = Literal["on_page", "elsewhere", "nowhere"]


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` of the document since the answer, `place` of the quote in it today, `page` where the quote
    stands now (1-based, None where it is nowhere), and the id under which the document is found."""

    state: State
    place: Place
    document_id: str
    page: int | None


def standing(
    citation: Citation, exchange: Exchange, reader: Reader, pages: Callable[[str], Sequence[Page]]
) -> Standing:
    """Look a citation up in what its reader may read today; `pages` gives a document's pages by id.

    `exchange` is the one that the citation is from: it knows the document's sha256 at that time.
    """
    then = exchange.documents.get(citation.document_id)
    document = _document(citation.document_id, then.sha256 if then else "", reader)
    if document is None:
        return Standing("gone", "nowhere", citation.document_id, None)
    state: State = "same" if then is not None and document.sha256 == then.sha256 else "changed"
    quote = " ".join(citation.quote.split())
    nearest_first = sorted(pages(document.id), key=lambda page: abs(page.number - citation.page))
    holding = (page.number for page in nearest_first if quote in " ".join(page.text.split()))
    found = next(holding, None) if quote else None  # nearly always on its own page, which is looked at first
    if found is None:
        return Standing(state, "nowhere", document.id, None)
    return Standing(state, "on_page" if found == citation.page else "elsewhere", document.id, found)


def _document(document_id: str, sha256: str, reader: Reader) -> Document | None:
    """The document of this id, or the one of the same bytes under another."""
    named = reader.documents.get(document_id)
    if named is not None and named.sha256 == sha256:
        return named
    return next((d for d in reader.documents.values() if sha256 and d.sha256 == sha256), named)
