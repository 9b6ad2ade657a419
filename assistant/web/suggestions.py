"""What to ask next: questions about the papers an answer came from, kept only if they have an answer.

Each is asked for real, without a language model and within the same scope, before it is shown.
Covers: headings of the papers, those nearest to what was found first. Does not cover: questions
that no heading names.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from assistant.assistant import Assistant
from assistant.records import Exchange
from assistant.types import Principal, Question
from assistant.web import texts
from assistant.web.examples import document_name, telling_headings
from index.facets import matches
from index.search import Index
from index.types import Document, Page

SUGGESTIONS = 3
TRIED = 6
WITHIN_S = 0.9  # no further question is tried after this; one takes about 0.2 s
PAGES_LOOKED_AT = 20  # of one document
DOCUMENTS_LOOKED_AT = 4


def next_questions(
    assistant: Assistant,
    principal: Principal,
    exchange: Exchange,
    within_s: float = WITHIN_S,
    busy: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Give up to three questions that the papers answer, fewer where the time is over before or `busy`
    says that others ask: their questions go first."""
    deadline = time.monotonic() + within_s
    held: list[str] = []
    for tried, (document_id, asked) in enumerate(_candidates(assistant.index, principal, exchange)):
        if len(held) == SUGGESTIONS or tried == TRIED or time.monotonic() > deadline or busy():
            break
        if _holds(assistant, Question(asked, principal, filters=exchange.filters), document_id):
            held.append(asked)
    return held


def _candidates(index: Index, principal: Principal, exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Give (document id, question) pairs: the headings of each paper in turn, nearest paper first."""
    groups = principal.groups
    passages = [index.passage(passage_id, groups) for passage_id in exchange.hits]
    cited = [(citation.document_id, citation.page) for citation in exchange.answer.citations]
    places = [*cited, *((found.document_id, found.pages[0]) for found in passages if found)]
    turns: list[Iterator[tuple[str, str]]] = []
    for document_id in list(dict.fromkeys(document_id for document_id, _ in places))[:DOCUMENTS_LOOKED_AT]:
        document = index.document(document_id, groups)
        if document is not None and matches(document, principal.scope):
            near = [number for of, number in places if of == document_id]
            pages = _nearest_first(index.pages(document_id, groups), near)
            turns.append(_about(document, pages, exchange.question.lower()))
    return _in_turn(turns)


def _nearest_first(pages: Sequence[Page], near: Sequence[int]) -> Sequence[Page]:
    """Order pages by whether something was found on them."""
    place = {number: n for n, number in enumerate(dict.fromkeys(near))}
    ordered = sorted(pages, key=lambda page: (place.get(page.number, len(place)), page.number))
    return ordered[:PAGES_LOOKED_AT]


def _about(document: Document, pages: Sequence[Page], asked: str) -> Iterator[tuple[str, str]]:
    """Give what can be asked of one paper, but what was just asked."""
    for heading in dict.fromkeys(telling_headings(document, pages)):
        if heading.lower() not in asked:
            title = document_name(document)
            yield document.id, texts.NEXT_ABOUT.format(title=title, heading=heading)


def _in_turn(turns: list[Iterator[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    while turns:
        for turn in list(turns):
            given = next(turn, None)
            if given is None:
                turns.remove(turn)
            else:
                yield given


def _holds(assistant: Assistant, question: Question, document_id: str) -> bool:
    """Ask it without a language model's help, and see whether that paper answers."""
    answer = assistant.extracted(question)
    return answer.status == "answered" and any(c.document_id == document_id for c in answer.citations)
