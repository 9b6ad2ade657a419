"""One exchange of the chat, from the typed text to what the screen shows. No Gradio here.

The history of a follow-up question comes from the records of its conversation; where there are
none, or they are away, from the messages in the browser. No session on the server could leak to
somebody else.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from assistant import language
from assistant.assistant import Assistant
from assistant.bounds import askable
from assistant.errors import AssistantFault, BadQuestion, for_staff
from assistant.records import Exchange, exchange_of, new_id
from assistant.types import Answer, Principal, Question, Side, Turn
from assistant.web import answers, cards, messages, render, texts
from assistant.web import scope as scopes
from assistant.web.history import History, Thread, without_last
from assistant.web.messages import Message, message
from assistant.web.reception import Reception, Waiting
from assistant.web.render import Html
from assistant.web.scope import EVERYTHING, Scope
from index.errors import IndexFault

log = logging.getLogger(__name__)

DRAFT_S = 0.1  # between two drafts of an answer; sentences that are quoted come all at once

Asked = Assistant | Reception
Keep = Callable[[Question, Exchange], None]  # keeps an answer so that it can be marked


@dataclass(frozen=True, slots=True)
class Screen:
    """What to show now. None leaves a part as it is; `last` comes once, at the end. `search` is the
    search text to correct, `edit` an edited question that was refused; `begins` says that an answer
    is on its way; `conversation` is the id of the conversation that it stands in."""

    messages: list[Message]
    box: str | None = None
    search: str | None = None
    edit: str | None = None
    begins: bool = False
    beside: Html | None = None
    last: bool = False
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """Where an exchange is written down once it is shown: behind the others of its thread."""

    history: History
    thread: Thread

    def write(self, principal: Principal, exchange: Exchange, replacing: str) -> str:
        """Write it; a sentence to tell where it has to wait."""
        return self.history.keep(self.thread, principal, exchange, replacing)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way: the messages up to it, and what becomes of its answer."""

    question: Question
    messages: list[Message]
    keep: Keep | None
    book: Book | None
    replacing: str = ""


def exchange(
    assistant: Asked,
    principal: Principal,
    typed: str,
    shown: Sequence[Message],
    keep: Keep | None = None,
    book: Book | None = None,
    scope: Scope = EVERYTHING,
) -> Iterator[Screen]:
    """Answer what was typed, giving the screen anew at every step; never raises.

    With `keep` the answer can be marked afterwards, with `book` it is written down. Where no answer
    comes of it the typed text is put back into the box.
    """
    before = book.thread.messages if book else messages.kept(shown)
    if not typed.strip():
        yield Screen([*before, message("assistant", render.notice(texts.EMPTY_QUESTION))], last=True)
        return
    told = [message("assistant", render.notice(book.thread.notice))] if book and book.thread.notice else []
    asked = [*before, *told, message("user", render.question(typed, scope=scopes.written(scope)))]

    def refused(sentence: str) -> Screen:
        return Screen([*before, message("assistant", render.notice(sentence))], box=typed, last=True)

    question = _within(assistant, Question(typed, principal, _turns(book, before)), scope)
    for screen in _guarded(assistant, _Asked(question, asked, keep, book), refused):
        yield replace(screen, box="") if screen.begins else screen


def ask_again(
    assistant: Asked,
    principal: Principal,
    typed: str | None,
    shown: Sequence[Message],
    keep: Keep | None = None,
    book: Book | None = None,
    scope: Scope = EVERYTHING,
    search_text: str = "",
) -> Iterator[Screen]:
    """Ask the last question once more, as it was or as it is `typed` now, in the place of the answer
    it got. Where no answer comes of it the first stays. The documents asked are those that the
    question was asked of, whatever is chosen in `scope` by now.
    """
    current = book.thread.messages if book else messages.kept(shown)
    place, edited, meant = messages.last_question(current), typed, search_text.strip()
    if typed is None and place is not None:
        typed = render.plain(messages.text_of(current[place]))

    def refused(sentence: str) -> Screen:
        notice = message("assistant", render.notice(sentence))
        return Screen([*current, notice], search=search_text, edit=edited, last=True)

    if place is None or typed is None or not typed.strip():
        yield refused(
            texts.NOTHING_TO_SEARCH_AGAIN if place is None or edited is None else texts.EMPTY_QUESTION
        )
        return
    last_id = messages.last_answer(shown) or ""
    if book and book.thread.last_id != last_id:
        yield refused(texts.CONVERSATION_WENT_ON)
        return
    before, scope = current[:place], scopes.read(render.scope(messages.text_of(current[place])))
    turns = _turns(replace(book, thread=without_last(book.thread)) if book else None, before)
    question = _within(assistant, Question(typed, principal, turns, search_text=meant), scope)
    asked = [*before, message("user", render.question(typed, meant, scopes.written(scope)))]
    yield from _guarded(assistant, _Asked(question, asked, keep, book, last_id), refused)


def search_again(
    assistant: Asked,
    principal: Principal,
    search_text: str,
    shown: Sequence[Message],
    keep: Keep | None = None,
    book: Book | None = None,
    scope: Scope = EVERYTHING,
) -> Iterator[Screen]:
    """Ask the last question once more with a corrected search text; an empty one leaves the search
    to the assistant."""
    yield from ask_again(assistant, principal, None, shown, keep, book, scope, search_text)


def _turns(book: Book | None, before: Sequence[Message]) -> tuple[Turn, ...]:
    known = book.thread.turns if book else None
    return messages.history(before) if known is None else known


def _guarded(assistant: Asked, asked: _Asked, refused: Callable[[str], Screen]) -> Iterator[Screen]:
    """Answer, and turn whatever goes wrong into the screen of a refusal."""
    try:
        yield from _answered(assistant, asked)
    except (AssistantFault, IndexFault) as fault:
        log.info("a question was not answered: %s", fault)
        yield refused(for_staff(fault))
    except Exception:
        log.exception("a question was not answered")
        yield refused(texts.UNEXPECTED)


def _answered(assistant: Asked, asked: _Asked) -> Iterator[Screen]:
    index, question = assistant.index, asked.question
    groups = question.principal.groups
    documents = askable(index, question.principal)
    asked_of = scopes.asked_of(question.text, question.filters, bool(question.sides))
    within = scopes.within(documents, asked_of)
    if documents and question.filters and not within:
        raise BadQuestion(texts.SCOPE_EMPTY)
    asking = answers.Asking(question.text, len(within), scopes.asked(documents, asked_of))
    searching = texts.SEARCHING.format(documents=render.count_of_documents(asking.documents))
    screen = Screen([*asked.messages, message("assistant", render.progress(searching))])
    yield replace(screen, begins=True)
    written, drawn = "", 0.0
    steps = assistant.told(question) if isinstance(assistant, Reception) else assistant.stream(question)
    for part in steps:
        if isinstance(part, Waiting):
            told = texts.IN_LINE.format(place=language.number(part.place))
            yield Screen([*asked.messages, message("assistant", render.progress(told))])
            continue
        if isinstance(part, Answer):
            beside = cards.beside(
                part,
                cache(lambda document_id: index.pages(document_id, groups)),
                cache(lambda document_id: index.document(document_id, groups)),
                lambda document_id: index.successors(document_id, groups),
            )
            exchange = exchange_of(new_id(), question, part, documents)
            if asked.keep:
                asked.keep(question, exchange)
            said = answers.answer(part, exchange.id if asked.keep else None, asking)
            shown = [*asked.messages, message("assistant", said)]
            screen = Screen(shown, beside=beside, search=part.trace.search_text)
            yield from _written_down(asked, exchange, screen)
            return
        written += part
        # An empty piece tells nothing new, but who has left can only be let go between two steps.
        if not part or time.monotonic() >= drawn + DRAFT_S:
            drawn = time.monotonic()
            if written:
                screen = Screen([*asked.messages, message("assistant", answers.draft(written))])
            yield screen
    raise RuntimeError("Assistant.stream ended without an Answer")


def _within(assistant: Asked, question: Question, scope: Scope) -> Question:
    """The question, asked of the papers in its scope, in the language of its reader."""
    question = replace(question, language=language.current().code)
    if not scope.filters:
        return question
    sides: tuple[Side, ...] = ()
    if scope.beside:
        sides = scopes.sides(scope, askable(assistant.index, question.principal))
    return replace(question, filters=scope.filters, sides=sides)


def _written_down(asked: _Asked, exchange: Exchange, screen: Screen) -> Iterator[Screen]:
    """Show an answer first and write it down then: one that was stopped before is never kept."""
    if asked.book is None:
        yield replace(screen, last=True)
        return
    yield screen
    notice = asked.book.write(asked.question.principal, exchange, asked.replacing)
    told = [message("assistant", render.notice(notice))] if notice else []
    conversation = asked.book.thread.id
    yield replace(screen, messages=[*screen.messages, *told], last=True, conversation=conversation)
