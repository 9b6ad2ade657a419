"""Old exchanges on the screen: their messages, with citations that open today's pages, and their sources.

An answer stays as it was given. Where a document changed since, that is told under it, and its
markers lead to where the quote stands today.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from assistant.records import Exchange, Reader, Standing, standing
from assistant.types import Citation, Turn
from assistant.web import answers, blocks, cards, render, texts
from assistant.web import scope as scopes
from assistant.web.marks import MARK_NAMES, mark_of
from assistant.web.messages import HISTORY_TURN_CHARS, HISTORY_TURNS, Message, message
from assistant.web.render import Html
from index.search import Index
from index.types import Hit, Page

PagesOf = Callable[[str], list[Page]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose papers lie open while old answers are shown: today's index, as its reader may see it."""

    index: Index
    reader: Reader

    def pages_of(self) -> PagesOf:
        """The pages of a document by id, each document read once."""
        return cache(lambda document_id: self.index.pages(document_id, self.reader.groups))


def messages(exchanges: Sequence[Exchange], desk: Desk) -> list[Message]:
    """Write a conversation as it is shown when it is opened again."""
    pages_of, written = desk.pages_of(), list[Message]()
    for exchange in exchanges:
        scope = scopes.written(scopes.scope_of(exchange))
        written.append(message("user", render.question(exchange.question, exchange.search_text, scope)))
        written.append(message("assistant", _answer(exchange, desk, pages_of)))
    return written


def answer(exchange: Exchange, desk: Desk) -> Html:
    """Write one old answer as it is shown when its conversation is opened again."""
    return _answer(exchange, desk, desk.pages_of())


def beside(exchange: Exchange, desk: Desk) -> Html:
    """Write what stands beside an old answer: its sources as they are today, or what came nearest."""
    pages_of, groups = desk.pages_of(), desk.reader.groups
    standings = {c.number: standing(c, exchange, desk.reader, pages_of) for c in exchange.answer.citations}
    cited = tuple(_moved(c, standings[c.number], pages_of) for c in exchange.answer.citations)
    passages = (desk.index.passage(each, groups) for each in exchange.hits) if not cited else ()
    hits = tuple(Hit(passage, 0.0, 0.0, "both") for passage in passages if passage)
    shown = replace(exchange.answer, citations=cited, hits=hits)
    return cards.beside(
        shown,
        pages_of,
        cache(lambda each: desk.index.document(each, groups)),
        lambda each: desk.index.successors(each, groups),
    )


def turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The history that a follow-up leans on; an answer that is withheld is no part of it."""
    said: list[Turn] = []
    for each in exchanges:
        said.append(Turn("user", (each.search_text or each.question)[:HISTORY_TURN_CHARS]))
        if not each.withheld:
            answer = each.answer.text or texts.STATE_NOT_IN_DOCUMENTS
            said.append(Turn("assistant", answer[:HISTORY_TURN_CHARS]))
    return tuple(said[-HISTORY_TURNS:])


def _answer(exchange: Exchange, desk: Desk, pages_of: PagesOf) -> Html:
    if exchange.withheld:
        return answers.withheld(exchange.answer.text, exchange.id)
    said = exchange.answer
    standings = {c.number: standing(c, exchange, desk.reader, pages_of) for c in said.citations}
    shown = replace(said, citations=tuple(_moved(c, standings[c.number], pages_of) for c in said.citations))
    documents = desk.index.documents(desk.reader.groups)
    asked_of = scopes.asked_of(exchange.question, exchange.filters, bool(exchange.beside))
    within = scopes.within(documents, asked_of)
    asking = answers.Asking(exchange.question, len(within), scopes.asked(documents, asked_of))
    changes = list(_changes(said.citations, standings))
    gone = frozenset(number for number, each in standings.items() if each.state == "gone")
    mark = mark_of(exchange.marked)
    marked = MARK_NAMES[mark[0]] if mark else ""
    return answers.answer(shown, exchange.id, asking, answers.Since(tuple(changes), gone, marked))


def _moved(citation: Citation, now: Standing, pages_of: PagesOf) -> Citation:
    """Give a citation with the place where its quote stands today, the old place where it stands nowhere."""
    pages = pages_of(now.document_id) if now.page is not None else []
    page = next((page for page in pages if page.number == now.page), None)
    # Lines may be broken otherwise today: between its words any space will do.
    words = r"\s+".join(re.escape(word) for word in citation.quote.split())
    found = re.search(words, page.text) if page is not None and words else None
    if page is None or found is None:
        return replace(citation, document_id=now.document_id)
    start = blocks.page_start(pages, page.number)
    return replace(
        citation,
        document_id=now.document_id,
        page=page.number,
        page_label=page.label,
        quote=found[0],
        start=start + found.start(),
        end=start + found.end(),
    )


def _changes(citations: Sequence[Citation], standings: dict[int, Standing]) -> Iterator[str]:
    """Say what became of each document since, and of each of its quotes."""
    for citation in citations:
        now = standings[citation.number]
        told = {"title": citation.title or citation.path, "number": citation.number, "page": now.page}
        if now.state == "gone":
            yield texts.SOURCE_GONE.format(**told)
        elif now.state == "changed":
            said = texts.CHANGED_LOST if now.place == "nowhere" else texts.CHANGED_THERE
            yield said.format(**told)
