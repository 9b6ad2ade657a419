"""Readers' marks on the answers of this process. No Gradio here.

A browser sends an answer's id and nothing else of it. What the id stands for is kept here, in
memory: so nobody can record an answer that was never given, or another person's, and nothing
has to be signed or checked. A signature would have carried every citation to the browser and
back; this costs a restart the marks on what was answered before it, which is told in a sentence.
"""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from assistant.errors import AssistantFault
from assistant.records import COMMENT_CHARS, Exchange, FeedbackBook, Mark, exchange_of, feedback
from assistant.types import Answer, Principal, Question
from assistant.web import render, texts
from assistant.web.language import Naming
from index.types import Document

REMEMBERED = 2000  # answers that can be marked, the latest of all readers together

MARK_NAMES: Mapping[Mark, str] = Naming(
    {
        "helpful": lambda: texts.MARK_HELPFUL,
        "not_helpful": lambda: texts.MARK_NOT_HELPFUL,
        "wrong_evidence": lambda: texts.MARK_WRONG_EVIDENCE,
    }
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Given:
    """An answer and the mark and comment it has by now."""

    question: Question
    answer: Answer
    exchange: Exchange
    marked: tuple[Mark, str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)  # two clicks at once: one after the other


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader is told: a sentence, and the mark that the answer has now, if any."""

    sentence: str
    mark: Mark | None = None


class Marks:
    """The latest answers, and the book their marks go into. Safe between threads.

    `documents` gives the documents a reader may see now: what an answer was made from is noted with it.
    """

    def __init__(
        self, book: FeedbackBook, documents: Callable[[Principal], Iterable[Document]] = lambda _: ()
    ) -> None:
        self._book = book
        self._documents = documents
        self._given: OrderedDict[str, _Given] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, question: Question, answer: Answer) -> str:
        """Remember an answer for marking; its id, which cannot be guessed."""
        answer_id = secrets.token_hex(16)
        exchange = exchange_of(answer_id, question, answer, self._documents(question.principal))
        with self._lock:
            self._given[answer_id] = _Given(question, replace(answer, hits=()), exchange)
            while len(self._given) > REMEMBERED:
                self._given.popitem(last=False)
        return answer_id

    def exchange(self, principal: Principal, answer_id: str) -> Exchange | None:
        """What was asked and answered under an id, None where it is not known or not this person's."""
        with self._lock:
            given = self._given.get(answer_id)
        return given.exchange if given and given.question.principal.id == principal.id else None

    def mark(self, principal: Principal, answer_id: str | None, mark: Mark | None, comment: str) -> Told:
        """Write a mark down, once for the same click, and say what came of it; never raises.

        Without a mark the comment joins the one the answer has. A comment that was not kept is
        the caller's to leave where it stands.
        """
        comment = " ".join(render.clean(comment).split())
        with self._lock:
            given = self._given.get(answer_id or "")
        if given is None or answer_id is None or given.question.principal.id != principal.id:
            return Told(texts.MARK_TOO_OLD)
        with given.lock:
            before = given.marked[0] if given.marked else None
            chosen = mark or before
            if chosen is None:
                return Told(texts.MARK_MISSING)
            if len(comment) > COMMENT_CHARS:
                too_long = texts.COMMENT_TOO_LONG.format(count=f"{len(comment):,}", most=f"{COMMENT_CHARS:,}")
                return Told(too_long, before)
            if given.marked != (chosen, comment):
                try:
                    self._book.add(feedback(answer_id, given.question, given.answer, chosen, comment))
                except AssistantFault as fault:
                    log.error("%s", fault)
                    return Told(texts.MARK_NOT_KEPT, before)
                except Exception:
                    log.exception("a mark was not kept")
                    return Told(texts.MARK_NOT_KEPT, before)
                given.marked = (chosen, comment)
        return Told(texts.MARK_KEPT_WITH_COMMENT if comment else texts.MARK_KEPT, chosen)
