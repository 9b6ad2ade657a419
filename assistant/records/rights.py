"""What of an old answer may still be shown to somebody whose rights, or whose papers, have changed.

An answer goes whole or not at all: a sentence left beside a withheld one still tells of it.

Covers: a reader who left a group, a paper that was restricted or withdrawn, a paper replaced
under its old id by a version for more people. Does not cover: what a reader typed himself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant import sayings
from assistant.records.exchanges import Exchange, Seen
from assistant.types import Answer, Principal, Trace
from index.types import Document, document_of

if TYPE_CHECKING:
    from index.search import Index


@dataclass(frozen=True, slots=True)
class Reader:
    """What somebody may read today: the groups he is in, and the documents they open, by id."""

    groups: frozenset[str]
    documents: Mapping[str, Document]

    def may_see(self, document_id: str, then: Seen | None) -> bool:
        """Whether he may see what an answer took from a document as it was `then`.

        The same bytes under any id that is open to him will do. Where the bytes have changed he
        must be able to open today's version and must have been among those who might read the
        old one: a restricted paper is not told because a public version took its place.
        """
        today = self.documents.get(document_id)
        if then is None:
            return today is not None
        if today is not None and (today.sha256 == then.sha256 or self.groups & set(then.groups)):
            return True
        return any(document.sha256 == then.sha256 for document in self.documents.values())


def reader_of(principal: Principal, index: "Index") -> Reader:
    """What this person may read in today's index."""
    documents = index.documents(principal.groups)
    return Reader(principal.groups, {document.id: document for document in documents})


def redacted(exchange: Exchange, reader: Reader) -> Exchange:
    """The exchange as this reader may see it: the question always; the answer if nothing of what it
    rests on is closed to him, else a sentence in its place. No closed document is named."""
    if exchange.withheld:
        return exchange
    known, answer = exchange.documents, exchange.answer

    def open_to(document_ids: Iterable[str]) -> bool:
        return all(reader.may_see(each, known.get(each)) for each in document_ids)

    def open_passages(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each for each in ids if open_to([document_of(each)]))

    named = {each: seen for each, seen in known.items() if reader.may_see(each, seen)}
    shown = replace(exchange, hits=open_passages(exchange.hits), documents=named)
    rests_on = {citation.document_id for citation in answer.citations}
    if answer.notes or (answer.text and not answer.citations):
        # What no citation vouches for may come from any passage that the answerer was shown.
        rests_on |= set(map(document_of, answer.trace.selected))
    if open_to(rests_on):
        trace = replace(answer.trace, selected=open_passages(answer.trace.selected))
        return replace(shown, answer=replace(answer, trace=trace))
    instead = Answer(sayings.ANSWER_WITHHELD, "unsupported", (), (), Trace("", answer.trace.index_build))
    return replace(shown, answer=instead, withheld="rights", marked=None)


def redacted_all(exchanges: Iterable[Exchange], reader: Reader) -> list[Exchange]:
    """A conversation as this reader may see it, in order.

    The search text of a follow-up may hold words of the answers before it: from the first
    withheld one on it is not told.
    """
    shown: list[Exchange] = []
    for exchange in exchanges:
        each = redacted(exchange, reader)
        if any(before.withheld == "rights" for before in shown):
            trace = replace(each.answer.trace, search_text="")
            each = replace(each, answer=replace(each.answer, trace=trace))
        shown.append(each)
    return shown
