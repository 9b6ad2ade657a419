"""What happens when something is asked, stopped, begun anew or opened: screens into updates of the parts."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from assistant import watching
from assistant.errors import AssistantFault, NoSuchConversation, RecordsUnavailable
from assistant.records import Exchange
from assistant.types import Principal
from assistant.web import addresses, dialogue, listing, messages, past, render, texts
from assistant.web import scope as scopes
from assistant.web.first_screen import first_screen
from assistant.web.history import History
from assistant.web.marking import Marking
from assistant.web.marks import Marks, mark_of
from assistant.web.messages import Message, message
from assistant.web.parts import Changes, Parts, mark_buttons
from assistant.web.reception import Reception
from assistant.web.suggestions import next_questions
from assistant.web.underway import Underway
from assistant.web.viewer import Who

# A page that gets two steps at once may show the second one only, so that what a first one changed
# is said again for this long. Not longer: somebody may have begun to type the next question.
SOON_S = 0.3

log = logging.getLogger(__name__)

Walk = Callable[..., Iterator[dialogue.Screen]]  # an exchange, or the last one asked again


@dataclass(frozen=True, slots=True)
class Replies:
    """The handlers of the conversation; each finds out anew who asks."""

    reception: Reception
    who: Who
    marks: Marks
    history: History
    parts: Parts
    underway: Underway = field(default_factory=Underway)

    @property
    def marking(self) -> Marking:
        """The handlers of the row of marks, which follows what is shown."""
        return Marking(self.who, self.marks, self.history, self.parts)

    def reply(self, walk: Walk = dialogue.exchange) -> Callable[..., Any]:
        """Make the handler that walks an exchange; Gradio sends each step to the browser."""

        def reply(
            typed: Any, shown: Any, place: Any, kept: Any, request: gr.Request
        ) -> Iterator[Changes]:
            text = typed if isinstance(typed, str) else ""
            yield from self._walked(walk, text, shown, place, kept, request)

        return reply

    def again(self, shown: Any, place: Any, request: gr.Request) -> Iterator[Changes]:
        """Ask the last question once more, as it was."""
        yield from self._walked(dialogue.ask_again, None, shown, place, "", request)

    def chosen(
        self, shown: Any, place: Any, kept: Any, choice: gr.SelectData, request: gr.Request
    ) -> Iterator[Changes]:
        """Ask the example that was clicked, as if it had been typed."""
        text = str(choice.value["text"])
        yield from self._walked(dialogue.exchange, text, shown, place, kept, request)

    def going_on(self, typed: Any, shown: Any, place: Any, request: gr.Request) -> Iterator[Changes]:
        """Ask what a button says, of the documents that the question before was asked of."""
        kept = messages.last_scope(messages.sent(shown))
        text = typed if isinstance(typed, str) else ""
        yield from self._walked(dialogue.exchange, text, shown, place, kept, request)

    def questions_after(self, shown: Any, request: gr.Request) -> list[str]:
        """What to ask next, after the answer that stands last."""
        principal = self.who(request)
        answer_id = messages.last_answer(messages.sent(shown))
        exchange = self.marks.exchange(principal, answer_id) if answer_id else None
        if exchange is None:
            return []
        return next_questions(
            self.reception.assistant, principal, exchange, busy=lambda: self.reception.busy
        )

    def stopped(self, shown: Any, place: Any, request: gr.Request) -> Changes:
        """Say that the answer was stopped; a new question goes back into the box, an old answer stays."""
        principal, conversation_id = self.who(request), listing.conversation_of(place)
        self._ended(request)
        sent = messages.kept(messages.sent(shown))
        last = messages.last_question(sent)
        asked = render.plain(messages.text_of(sent[last])) if last is not None else ""
        before = sent if last is None else sent[:last]
        questions = sum(messages.role_of(each) == "user" for each in sent)
        if conversation_id:
            thread = self.history.thread(principal, conversation_id, [])
            if thread.turns is not None:
                before = thread.messages
        new = questions > len(messages.answer_ids(before))
        notice = message("assistant", render.notice(texts.STOPPED if new else texts.STOPPED_AGAIN))
        value: dict[str, Any] = {"value": asked} if new else {}
        under = self.parts.under
        return {
            **self.marking.of_last(principal, conversation_id, before),
            self.parts.chat: [*before, notice],
            self.parts.box: gr.update(submit_btn=texts.SEND, stop_btn=False, **value),
            self.parts.anew: gr.update(visible=True),
            under.row: gr.update(visible=messages.last_answer(before) is not None),
        }

    def begun_anew(self, request: gr.Request) -> Changes:
        """Leave the conversation for a new one."""
        principal = self.who(request)
        self._ended(request)
        _, beside = first_screen(self.reception.assistant, principal)
        return {
            self.parts.box: gr.update(submit_btn=texts.SEND, stop_btn=False),
            self.parts.chat: [],
            self.parts.beside: beside,
            self.parts.anew: gr.update(visible=False),
            **self._row_gone(),
            **self.listed(principal, ""),
        }

    def opened(self, request: gr.Request) -> Changes:
        """Show what the address asks for: a conversation of this reader, else where to begin."""
        principal = self.who(request)
        wanted = str(request.query_params.get(addresses.CONVERSATION) or "")
        questions, beside = first_screen(self.reception.assistant, principal)
        told: list[Message] = []
        changes: Changes = {}
        if wanted:
            try:
                self.history.catch_up()
                _, exchanges = self.history.opened(principal, wanted)
                changes = self._old(principal, exchanges)
            except NoSuchConversation:
                wanted, told = "", [message("assistant", render.notice(texts.CONVERSATION_ABSENT))]
            except RecordsUnavailable as fault:
                log.error("%s", fault)
                told = [message("assistant", render.notice(texts.HISTORY_AWAY))]
            except Exception:
                log.exception("a conversation could not be opened")
                wanted, told = "", [message("assistant", render.notice(texts.NOT_DONE))]
        # An update of the value with an empty list would take the examples away.
        value = changes.pop(self.parts.chat, told)
        shown: Any = {"value": value} if value else {}
        return {
            self.parts.beside: beside,
            self.parts.anew: gr.update(visible=bool(value)),
            **changes,
            self.parts.chat: gr.update(examples=[{"text": question} for question in questions], **shown),
            **self.listed(principal, wanted),
        }

    def listed(self, principal: Principal, conversation_id: str) -> Changes:
        """List the conversations, this one open."""
        aside = self.parts.aside
        try:
            written = listing.conversations(self.history.latest(principal), conversation_id)
        except AssistantFault as fault:
            log.error("%s", fault)
            written = listing.away()
        return {
            aside.place: listing.place(conversation_id),
            aside.find: "",
            aside.listing: written,
            aside.own: gr.update(visible=bool(conversation_id)),
            aside.name: gr.update(visible=False),
            aside.sure: gr.update(visible=False),
            aside.all_sure: gr.update(visible=False),
            aside.told: "",
        }

    def _walked(
        self, walk: Walk, typed: str | None, shown: Any, place: Any, kept: Any, request: gr.Request
    ) -> Iterator[Changes]:
        principal, before = self.who(request), messages.sent(shown)
        thread = self.history.thread(principal, listing.conversation_of(place), before)
        book = dialogue.Book(self.history, thread)
        first: Changes = {}
        until = 0.0
        scope = scopes.read(kept)
        with self.underway.to(_window(request), watching.current().request):
            for screen in walk(self.reception, principal, typed, before, self.marks.keep, book, scope):
                changes = self._step(screen, principal)
                if screen.last and screen.conversation is None:  # no new answer: the old one, as marked
                    changes |= self.marking.of_last(principal, thread.id, screen.messages)
                if screen.begins:
                    first, until = changes, time.monotonic() + SOON_S
                yield changes if time.monotonic() > until else _joined(first, changes)

    def _ended(self, request: gr.Request) -> None:
        """Wait for the end of what the browser has just broken off in this window."""
        for brought in self.underway.requests(_window(request)):
            self.reception.hurry(brought)
        self.underway.wait_for_end(_window(request))

    def _step(self, screen: dialogue.Screen, principal: Principal) -> Changes:
        parts, under = self.parts, self.parts.under
        changes: Changes = {parts.chat: screen.messages}
        if screen.beside is not None:
            changes[parts.beside] = str(screen.beside)
        if screen.search is not None:
            changes[under.search] = screen.search
        box: dict[str, Any] = {} if screen.box is None else {"value": screen.box}
        if screen.begins:
            changes.update(self._row_gone())
            box |= {"submit_btn": False, "stop_btn": texts.STOP}
        if screen.last:
            box |= {"submit_btn": texts.SEND, "stop_btn": False}
            changes[parts.anew] = gr.update(visible=True)
            changes[under.row] = gr.update(visible=messages.last_answer(screen.messages) is not None)
            last = messages.last_question(screen.messages)
            if last is not None:
                asked = render.plain(messages.text_of(screen.messages[last])) or ""
                changes[under.edit] = asked if screen.edit is None else screen.edit
        if screen.conversation is not None:
            changes.update(self.listed(principal, screen.conversation))
        if box:
            changes[parts.box] = gr.update(**box)
        return changes

    def _old(self, principal: Principal, exchanges: list[Exchange]) -> Changes:
        """Show a conversation that was kept, its last answer with its sources and its mark."""
        if not exchanges:
            return {}
        desk, last, under = self.history.desk(principal), exchanges[-1], self.parts.under
        mark = mark_of(last.marked)
        return {
            self.parts.chat: past.messages(exchanges, desk),
            self.parts.beside: str(past.beside(last, desk)),
            under.row: gr.update(visible=True),
            under.edit: last.question,
            under.search: last.answer.trace.search_text,
            under.comment: mark[1] if mark else "",
            **mark_buttons(under.buttons, mark[0] if mark else None),
        }

    def _row_gone(self) -> Changes:
        """Take away what stands under an answer, and all that was said and chosen there."""
        under = self.parts.under
        return {
            under.row: gr.update(visible=False),
            under.edit_fold: gr.update(open=False),
            under.search_fold: gr.update(open=False),
            **self.marking.unsaid(),
        }


def _window(request: gr.Request) -> str:
    return request.session_hash or ""


def _joined(first: Changes, then: Changes) -> Changes:
    """Both changes in one, where parts of an update add up and the later one counts."""
    joined = {**first, **then}
    for part in first.keys() & then.keys():
        if isinstance(first[part], dict) and isinstance(then[part], dict):
            joined[part] = {**first[part], **then[part]}
    return joined
