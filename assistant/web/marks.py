"""Readers' marks on answers. No Gradio here.

A browser sends an answer's id and nothing else of it. What the id stands for is kept here for the
latest answers, and in the records for all: so nobody can record an answer that was never given, or
another person's, and nothing has to be signed or checked.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.errors import AssistantFault, NoSuchConversation
from assistant.language import Naming, number
from assistant.records import COMMENT_CHARS, MARKS, Exchange, FeedbackBook, Mark, feedback
from assistant.types import Principal, Question
from assistant.web import render, texts
from assistant.web import scope as scopes

if TYPE_CHECKING:
    from assistant.web.history import History

REMEMBERED = 200  # answers that need no look into the records, the latest of all readers together

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
    exchange: Exchange
    marked: tuple[Mark, str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)  # two clicks at once: one after the other


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader is told: a sentence, and the mark that the answer has now, if any."""

    sentence: str
    mark: Mark | None = None


class Marks:
    """The latest answers, and the book their marks go into. Safe between threads."""

    def __init__(self, book: FeedbackBook, history: "History | None" = None) -> None:
        """With a history any answer that is kept can be marked, and only such a one."""
        self._book = book
        self._history = history
        self._given: OrderedDict[str, _Given] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, question: Question, exchange: Exchange) -> None:
        """Remember an answer for marking."""
        self._remember(exchange.id, _Given(question, exchange))

    def exchange(self, principal: Principal, answer_id: str) -> Exchange | None:
        """What was asked and answered under an id, None where it is not known or not this person's."""
        given = self._remembered(principal, answer_id)
        if given is not None:
            return given.exchange
        try:
            return self._history.found(principal, answer_id) if self._history else None
        except AssistantFault as fault:
            log.error("%s", fault)
            return None

    def mark(
        self, principal: Principal, answer_id: str | None, mark: Mark | None, comment: str, within: str = ""
    ) -> Told:
        """Write a mark down, once for the same click, and say what came of it; never raises.

        Without a mark the comment joins the one the answer has. A comment that was not kept is
        the caller's to leave where it stands. `within` is the id of the answer's conversation.
        """
        comment = " ".join(render.clean(comment).split())
        try:
            given = self._look_up(principal, answer_id or "", within)
        except AssistantFault as fault:
            log.error("%s", fault)
            return Told(texts.MARK_NOT_KEPT)
        if given is None or answer_id is None:
            return Told(texts.MARK_TOO_OLD)
        with given.lock:
            before = given.marked[0] if given.marked else None
            chosen = mark or before
            if chosen is None:
                return Told(texts.MARK_MISSING)
            if len(comment) > COMMENT_CHARS:
                count, most = number(len(comment)), number(COMMENT_CHARS)
                return Told(texts.COMMENT_TOO_LONG.format(count=count, most=most), before)
            if given.marked != (chosen, comment):
                # One that was deleted in another window must not come back with its mark.
                history = self._history
                written = history is not None and not history.waits(principal, within, answer_id)
                try:
                    made = feedback(answer_id, given.question, given.exchange.answer, chosen, comment)
                    self._book.add(made, kept_only=written)
                except NoSuchConversation:
                    return Told(texts.MARK_TOO_OLD)
                except AssistantFault as fault:
                    log.error("%s", fault)
                    return Told(texts.MARK_NOT_KEPT, before)
                except Exception:
                    log.exception("a mark was not kept")
                    return Told(texts.MARK_NOT_KEPT, before)
                given.marked = (chosen, comment)
        return Told(texts.MARK_KEPT_WITH_COMMENT if comment else texts.MARK_KEPT, chosen)

    def _look_up(self, principal: Principal, answer_id: str, within: str) -> _Given | None:
        """The answer of this id, if this person got it. Raises RecordsUnavailable."""
        given = self._remembered(principal, answer_id)
        if given is not None:
            return given
        if self._history is None or not within:
            return None
        exchange = self._history.exchange(principal, within, answer_id)
        if exchange is None:
            return None
        turns = self._history.turns_before(principal, within, answer_id)
        held = self._history.desk(principal).reader.documents
        sides = scopes.sides(scopes.scope_of(exchange), list(held.values()))
        text, filters = exchange.question, exchange.filters
        question = Question(text, principal, turns, filters, exchange.search_text, sides)
        given = _Given(question, exchange, mark_of(exchange.marked))
        self._remember(answer_id, given)
        return given

    def _remembered(self, principal: Principal, answer_id: str) -> _Given | None:
        """The answer as it is held here. Another person's is looked for in the records like one that was
        never given, so that both take the same time."""
        with self._lock:
            given = self._given.get(answer_id)
        return given if given is not None and given.question.principal.id == principal.id else None

    def _remember(self, answer_id: str, given: _Given) -> None:
        with self._lock:
            self._given[answer_id] = given
            while len(self._given) > REMEMBERED:
                self._given.popitem(last=False)


def mark_of(marked: tuple[str, str] | None) -> tuple[Mark, str] | None:
    """A mark as it was kept; None where there is none that is known."""
    known = next((mark for mark in MARKS if marked and mark == marked[0]), None)
    return (known, marked[1]) if marked and known else None
