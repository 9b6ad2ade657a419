"""Into which room to walk: the first step of the path at which a wrong answer's evidence was lost.

Covers: parse, split, retrieve, select, refuse, say, cite; answers to unanswerable questions;
crashes. Does not cover: why the step lost it, and evidence that stands in places the question set
does not name.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from assistant.evaluation.matching import holds, letters, says, shares_run
from assistant.evaluation.measures import (
    citation_recall,
    is_long,
    length_words,
    most_words,
    plain,
    said,
    supports,
)
from assistant.evaluation.retrieval import is_evidence
from assistant.evaluation.types import EvalQuestion, Expected, Reply
from index.search import Index
from index.splitting import document_text
from index.types import Page, Passage

ROOMS = (
    *("parse", "split", "retrieve", "select", "refuse", "say", "cite"),
    *("answered_unanswerable", "crash"),
)
_PATH = ("parse", "split", "retrieve", "select", "")  # in the order of the path; "" is not lost
_KEPT = 16  # documents held in memory at once


class Papers:
    """The texts of one build as the asking groups may read them. Safe between threads."""

    def __init__(self, index: Index, groups: Collection[str]) -> None:
        self._index = index
        self._groups = groups
        self._ids = {document.path: document.id for document in index.documents(groups)}
        self._pages = lru_cache(maxsize=_KEPT)(self._read_pages)
        self._text = lru_cache(maxsize=_KEPT)(self._read_text)

    def page_text(self, document_id: str, number: int) -> str | None:
        """The cleaned text of a page, or None where it is absent or may not be read."""
        return next((page.text for page in self._pages(document_id) if page.number == number), None)

    def document_id(self, path: str) -> str | None:
        """The id of the document at a path of the corpus, or None as above."""
        return self._ids.get(path)

    def text(self, document_id: str) -> str:
        """The whole cleaned text of a document."""
        return self._text(document_id)

    def passages(self, document_id: str) -> list[Passage]:
        """Every passage of a document, found by counting through the ids that `split` gives."""
        found = []
        for page in self._pages(document_id):
            number = 1
            while passage := self._index.passage(f"{document_id}:p{page.number}.{number}", self._groups):
                found.append(passage)
                number += 1
        return found

    def _read_pages(self, document_id: str) -> Sequence[Page]:
        return self._index.pages(document_id, self._groups)

    def _read_text(self, document_id: str) -> str:
        return document_text(self._pages(document_id))


def attribute(question: EvalQuestion, reply: Reply, papers: Papers) -> tuple[str, str]:
    """The room where an answer went wrong and one sentence why, or two empty texts for a right
    answer: all said within the words allowed and the evidence cited, or a refusal where it is due."""
    if reply.error:
        return "crash", f"The question ended in {reply.error}."
    if not question.answerable:
        return ("answered_unanswerable", _answered(reply)) if reply.answers else ("", "")
    facts = said(question, reply)
    if reply.answers and all(facts):
        return _said_all(question, reply, papers)
    missing = [fact for fact, there in zip(question.must_say, facts, strict=False) if not there]
    room, reason = _lost(question, reply, papers, missing)
    if room:
        return room, reason
    if not reply.answers:
        about = "was selected" if question.expected else "is not named in the question set"
        return "refuse", f"The evidence {about}, but the answer is {reply.status!r} at {_sure(reply)}."
    wanted = missing or question.short_answers
    return "say", f"The evidence was selected, but not said: {_quoted(*wanted[:5])}."


def _said_all(question: EvalQuestion, reply: Reply, papers: Papers) -> tuple[str, str]:
    """All is said: is it short enough, and does it stand on the expected evidence?"""
    recall = citation_recall(question, reply)
    if recall is not None and recall < 1:
        room, _ = _lost(question, reply, papers, [])
        found = f" Elsewhere in the run: the evidence was lost at {room}." if room else " It was selected."
        return "cite", f"All is said, but {_uncited(question, reply)}.{found}"
    length, most = length_words(reply), most_words(question)
    if said(question, reply) and length > most:
        return "say", f"All is said, but in {length} words where {most} are allowed."
    return "", ""


def _uncited(question: EvalQuestion, reply: Reply) -> str:
    """Which expected row is not cited, and what was cited instead on its paper."""
    rows = [row for row in question.expected if not any(supports(c, row) for c in reply.citations)]
    row = rows[0]
    pages = sorted({cited.page for cited in reply.citations if cited.path == row.path})
    where = f"page {row.page} of {row.path}" if row.page else row.path
    if not pages:
        return f"nothing of {row.path} is cited"
    if row.page and row.page not in pages:
        return f"{where} is expected and page {', '.join(map(str, pages))} is cited"
    return f"{where} is cited with another quote"


def _lost(question: EvalQuestion, reply: Reply, papers: Papers, missing: Sequence[str]) -> tuple[str, str]:
    """Where the evidence was lost before anything could be said. Of rows that are alternatives the
    one that came furthest counts; of a list's or comparison's rows the one that was lost first,
    among those that hold a missing fact, if any does."""
    rows = list(question.expected)
    if is_long(question):
        rows = [row for row in rows if any(says(row.quote, fact) for fact in missing)] or rows
    stages = [_stage(row, reply, papers) for row in rows]
    if not stages:
        return "", ""
    choose = min if is_long(question) else max
    return choose(stages, key=lambda stage: _PATH.index(stage[0]))


def _stage(row: Expected, reply: Reply, papers: Papers) -> tuple[str, str]:
    """How far one expected row came, looked at from the end of the path to its beginning."""
    found = [(rank, hit) for rank, hit in enumerate(reply.hits, 1) if is_evidence(hit, row, "quote")]
    if any(hit.passage_id in reply.selected for _, hit in found):
        return "", ""
    if found:
        rank, hit = found[0]
        return "select", f"The evidence is hit {rank} ({hit.passage_id}), but was not selected."
    identifier = papers.document_id(row.path)
    if identifier is None:
        return "parse", f"{row.path} is not in the index, or not for these groups."
    if not shares_run(papers.text(identifier), row.quote):
        return "parse", f"The quote is not in the text of {row.path}: {_quoted(row.quote)}."
    if row.quote and not (holder := _passage_with(papers.passages(identifier), row.quote)):
        return "split", f"The quote is in the text of {row.path}, but in no passage: {_quoted(row.quote)}."
    where = holder if row.quote else f"page {row.page} of {row.path}" if row.page else row.path
    seen = sum(hit.path == row.path for hit in reply.hits)
    return "retrieve", f"{where} is not among the {len(reply.hits)} hits ({seen} are of its paper)."


def _passage_with(passages: Sequence[Passage], quote: str) -> str:
    """The id of the passage that holds a quote, before one that only shares a part of it."""
    whole = letters(quote)
    ids = [passage.id for passage in passages if whole in letters(passage.text)]
    return next(iter(ids or [passage.id for passage in passages if holds(passage.text, quote)]), "")


def _answered(reply: Reply) -> str:
    return f"The papers are silent, but it was answered at {_sure(reply)}: {_quoted(plain(reply))}."


def _sure(reply: Reply) -> str:
    return f"confidence {reply.confidence:.2f}"


def _quoted(*texts: str) -> str:
    shown = (" ".join(text.split()) for text in texts)
    return ", ".join(f"“{text[:120]}…”" if len(text) > 120 else f"“{text}”" for text in shown)
