"""What a reader does with the marks: choose which answer they are for, mark it. Handlers for `chat`.

The row under the conversation speaks of the last answer until a reader chooses another one at that
answer. Which one it is stands in the row's own words, so what is marked is always what is read there.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.errors import AssistantFault
from assistant.records import MARKS, Exchange, Mark
from assistant.types import Principal
from assistant.web import listing, messages, past, render, texts
from assistant.web import scope as scopes
from assistant.web.history import History
from assistant.web.marks import Marks, mark_of
from assistant.web.messages import Message
from assistant.web.parts import PRIVATE, Changes, Parts, mark_buttons
from assistant.web.viewer import Who

_ABOUT = re.compile(r'class="about-(\w{1,64})"', re.ASCII)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marking:
    """The handlers of the row; each finds out anew who asks."""

    who: Who
    marks: Marks
    history: History
    parts: Parts

    def connect(self) -> None:
        """Bind the parts of the row to what they do."""
        chat, place, under = self.parts.chat, self.parts.aside.place, self.parts.under
        more: Any = {"outputs": self.parts.all(), "preprocess": False, **PRIVATE}
        under.wish.submit(self.chosen, [under.wish, chat, place], trigger_mode="always_last", **more)
        acts: list[tuple[Any, Mark | None]] = [(under.comment.submit, None)]
        acts += [(button.click, mark) for button, mark in zip(under.buttons, MARKS, strict=True)]
        for act, mark in acts:
            given = act(self.marked(mark), [chat, under.comment, place, under.about], **more)
            given.then(self.noted, [chat, place, under.about], [chat], preprocess=False, **PRIVATE)

    def chosen(self, wish: Any, shown: Any, place: Any, request: gr.Request) -> Changes:
        """Let the row speak of the answer of this id, with the mark and the comment that it has."""
        answer_id = wish if isinstance(wish, str) else ""
        try:
            exchange = self.history.exchange(
                self.who(request), listing.conversation_of(place), answer_id
            )
        except AssistantFault as fault:
            log.error("%s", fault)
            return {self.parts.under.told: _status(texts.NOT_DONE)}
        if exchange is None:
            return {self.parts.under.told: _status(texts.MARK_TOO_OLD)}
        mark = mark_of(exchange.marked)
        last = messages.last_answer(messages.sent(shown)) == exchange.id
        return {
            **self.unsaid(),
            self.parts.under.about: about(exchange, last),
            self.parts.under.comment: mark[1] if mark else "",
            **mark_buttons(self.parts.under.buttons, mark[0] if mark else None),
        }

    def marked(self, mark: Mark | None) -> Callable[..., Any]:
        """Make the handler of one mark, or of a comment sent by itself; the comment stays in its box."""

        def marked(shown: Any, comment: Any, place: Any, row: Any, request: gr.Request) -> Changes:
            typed = comment if isinstance(comment, str) else ""
            within, answer_id = listing.conversation_of(place), answer_of(row, messages.sent(shown))
            told = self.marks.mark(self.who(request), answer_id, mark, typed, within)
            under = self.parts.under
            return {under.told: _status(told.sentence), **mark_buttons(under.buttons, told.mark)}

        return marked

    def noted(self, shown: Any, place: Any, row: Any, request: gr.Request) -> Any:
        """Tell the mark at its answer, too; not while another answer comes, which would be lost by it."""
        sent = messages.sent(shown)
        answer_id, principal = answer_of(row, sent), self.who(request)
        if not answer_id or messages.last_answer(sent) is None:
            return gr.skip()
        try:
            exchange = self.history.exchange(principal, listing.conversation_of(place), answer_id)
        except AssistantFault as fault:
            log.error("%s", fault)
            return gr.skip()
        if exchange is None:
            return gr.skip()
        return messages.with_answer(sent, answer_id, past.answer(exchange, self.history.desk(principal)))

    def of_last(self, principal: Principal, conversation_id: str, shown: list[Message]) -> Changes:
        """Let the row speak of the last answer, with the mark that it has in the records."""
        under = self.parts.under
        changes: Changes = {under.about: about()}
        try:
            last = self.history.exchange(principal, conversation_id, messages.last_answer(shown) or "")
        except AssistantFault as fault:
            log.error("%s", fault)
            return changes
        mark = mark_of(last.marked) if last else None
        comment = {under.comment: mark[1]} if mark else {}  # one that was not sent stays
        return {**changes, **comment, **mark_buttons(under.buttons, mark[0] if mark else None)}

    def unsaid(self) -> Changes:
        """Take away all that was said and chosen in the row."""
        under = self.parts.under
        return {
            under.about: about(),
            under.told: "",
            under.comment: "",
            **mark_buttons(under.buttons, None),
        }


def about(exchange: Exchange | None = None, last: bool = True) -> str:
    """Write which answer the row speaks of; without an exchange it is the last one."""
    if exchange is None or not re.fullmatch(r"\w{1,64}", exchange.id, re.ASCII):
        return str(render.element("p", texts.MARKS_LABEL))
    sentence = texts.MARKS_LABEL_OF.format(question=scopes.short(exchange.question))
    # In a class: the component lets no other attribute through to the page.
    name = render.Html(f"about-{exchange.id}")
    return str(render.element("p", texts.MARKS_LABEL if last else sentence, class_=name))


def answer_of(row: object, shown: list[Message]) -> str | None:
    """Read back what `about` wrote: the id of the answer, that of the last one where none is named."""
    found = _ABOUT.search(row) if isinstance(row, str) else None
    return found[1] if found else messages.last_answer(shown)


def _status(sentence: str) -> str:
    return str(render.element("p", sentence, role="status"))
