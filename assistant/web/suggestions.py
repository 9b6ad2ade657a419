"""What to ask next: questions about the papers an answer rests on, kept only if they have an answer."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from assistant.assistant import Assistant
from assistant.types import Answer, Question
from assistant.web import texts
from assistant.web.examples import document_name, telling_headings
from index.search import Index
from index.types import Document, Page

SUGGESTIONS = 3
TRIED = 6  # each is asked for real before it is shown, which takes as long as an answer


def next_questions(assistant: Assistant, question: Question, answer: Answer) -> list[str]:
    """Give up to three questions that the papers answer, from the papers this answer came from."""
    candidates = _candidates(assistant.index, question, answer)
    answered = (asked for document_id, asked in candidates if _holds(assistant, question, document_id, asked))
    return list(islice(answered, SUGGESTIONS))


def _candidates(index: Index, question: Question, answer: Answer) -> Iterator[tuple[str, str]]:
    """Give (document id, question) pairs: the headings of each paper in turn, nearest first."""
    groups = question.principal.groups
    cited = [citation.document_id for citation in answer.citations]
    found = [hit.passage.document_id for hit in answer.hits]
    turns: list[Iterator[tuple[str, str]]] = []
    for document_id in dict.fromkeys([*cited, *found]):
        document = index.document(document_id, groups)
        if document is not None:
            turns.append(_about(document, index.pages(document_id, groups), question.text.lower()))
    return islice(_in_turn(turns), TRIED)


def _about(document: Document, pages: Sequence[Page], asked: str) -> Iterator[tuple[str, str]]:
    """Give what can be asked of one paper, but what was just asked."""
    for heading in dict.fromkeys(telling_headings(document, pages)):
        if heading.lower() not in asked:
            title = document_name(document)
            yield document.id, texts.EXAMPLE_SECTION.format(title=title, heading=heading)


def _in_turn(turns: list[Iterator[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    while turns:
        for turn in list(turns):
            given = next(turn, None)
            if given is None:
                turns.remove(turn)
            else:
                yield given


def _holds(assistant: Assistant, question: Question, document_id: str, asked: str) -> bool:
    """Ask it without a language model's help, and see whether that paper answers."""
    answer = assistant.extracted(replace(question, text=asked, history=(), search_text="", sides=()))
    return answer.status == "answered" and any(c.document_id == document_id for c in answer.citations)
