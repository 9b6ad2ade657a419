"""One exchange of the chat, from the typed text to what the screen shows. No Gradio here.

The messages in the browser are the only memory: the history of a follow-up question is read
back from them, so there is no session on the server that could leak to somebody else.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from assistant.assistant import Assistant
from assistant.errors import AssistantFault, BadQuestion
from assistant.types import Answer, Principal, Question, Role, Side, Turn
from assistant.web import answers, cards, render, texts
from assistant.web import scope as scopes
from assistant.web.render import Html
from assistant.web.scope import EVERYTHING, Scope
from index.errors import IndexFault

HISTORY_TURNS = 10
HISTORY_TURN_CHARS = 4000  # a message sent back by a browser may be anything

log = logging.getLogger(__name__)

Message = Mapping[str, Any]  # role, content
Keep = Callable[[Question, Answer], str]  # keeps an answer so that it can be marked; its id


@dataclass(frozen=True, slots=True)
class Screen:
    """What to show now. None leaves a part as it is; `last` comes once, at the end. `search` is
    the search text to correct; `begins` says that an answer is on its way."""

    messages: list[Message]
    box: str | None = None
    search: str | None = None
    begins: bool = False
    beside: Html | None = None
    last: bool = False


def exchange(
    assistant: Assistant,
    principal: Principal,
    typed: str,
    messages: Sequence[Message],
    keep: Keep | None = None,
    scope: Scope = EVERYTHING,
) -> Iterator[Screen]:
    """Answer what was typed, giving the screen anew at every step; never raises.

    With `keep` the answer can be marked afterwards. Where no answer comes of it the typed text
    is put back into the box.
    """
    before = _kept(messages)
    if not typed.strip():
        yield Screen([*before, _message("assistant", render.notice(texts.EMPTY_QUESTION))], last=True)
        return
    asked = [*before, _message("user", render.question(typed, scope=scopes.written(scope)))]

    def refused(sentence: str) -> Screen:
        return Screen([*before, _message("assistant", render.notice(sentence))], box=typed, last=True)

    question = _within(assistant, Question(typed, principal, history(before)), scope)
    for screen in _guarded(assistant, question, asked, keep, refused):
        yield replace(screen, box="") if screen.begins else screen


def search_again(
    assistant: Assistant,
    principal: Principal,
    search_text: str,
    messages: Sequence[Message],
    keep: Keep | None = None,
    scope: Scope = EVERYTHING,
) -> Iterator[Screen]:
    """Ask the last question once more with a corrected search text, in the place of the answer it
    got; an empty one leaves the search to the assistant. Where no answer comes of it the first stays.
    The documents asked are those that the question was asked of, whatever is chosen by now.
    """
    shown = _kept(messages)

    def refused(sentence: str) -> Screen:
        notice = _message("assistant", render.notice(sentence))
        return Screen([*shown, notice], search=search_text, last=True)

    place = max((n for n, message in enumerate(shown) if _role(message) == "user"), default=None)
    typed = render.plain(_text(shown[place])) if place is not None else None
    if place is None or not typed:
        yield refused(texts.NOTHING_TO_SEARCH_AGAIN)
        return
    before = shown[:place]
    meant = search_text.strip()
    scope = scopes.read(render.scope(_text(shown[place])))
    asked = [*before, _message("user", render.question(typed, meant, scopes.written(scope)))]
    question = _within(assistant, Question(typed, principal, history(before), search_text=meant), scope)
    yield from _guarded(assistant, question, asked, keep, refused)


def history(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """Read the last turns back from the messages; notices and drafts are no turns. A question
    whose search text was corrected counts as corrected, so that a follow-up leans on that."""
    turns: list[Turn] = []
    for message in messages:
        said = render.plain(_text(message))
        if said is not None:
            said = render.meant(_text(message)) or said
            turns.append(Turn(_role(message), said[:HISTORY_TURN_CHARS]))
    return tuple(turns[-HISTORY_TURNS:])


def last_answer(messages: Sequence[Message]) -> str | None:
    """Give the id of the answer that stands last, notices aside; None where something else does."""
    kept = _kept(messages)
    return render.answer_id(_text(kept[-1])) if kept else None


def last_scope(messages: Sequence[Message]) -> str:
    """Give the scope of the last question as `scope.written` wrote it."""
    asked = [_text(message) for message in messages if _role(message) == "user"]
    return render.scope(asked[-1]) if asked else ""


def _guarded(
    assistant: Assistant,
    question: Question,
    asked: list[Message],
    keep: Keep | None,
    refused: Callable[[str], Screen],
) -> Iterator[Screen]:
    """Answer, and turn whatever goes wrong into the screen of a refusal."""
    try:
        yield from _answered(assistant, question, asked, keep)
    except (AssistantFault, IndexFault) as fault:
        log.info("a question was not answered: %s", fault)
        yield refused(fault.for_staff)
    except Exception:
        log.exception("a question was not answered")
        yield refused(texts.UNEXPECTED)


def _answered(
    assistant: Assistant, question: Question, asked: list[Message], keep: Keep | None
) -> Iterator[Screen]:
    index, groups = assistant.index, question.principal.groups
    documents = index.documents(groups)
    asked_of = scopes.asked_of(question)
    within = scopes.within(documents, asked_of)
    if documents and question.filters and not within:
        raise BadQuestion(texts.SCOPE_EMPTY)
    asking = answers.Asking(question.text, len(within), scopes.asked(documents, asked_of))
    searching = texts.SEARCHING.format(documents=render.count_of_documents(asking.documents))
    yield Screen([*asked, _message("assistant", render.progress(searching))], begins=True)
    written = ""
    for part in assistant.stream(question):
        if isinstance(part, Answer):
            beside = cards.beside(
                part,
                cache(lambda document_id: index.pages(document_id, groups)),
                cache(lambda document_id: index.document(document_id, groups)),
                lambda document_id: index.successors(document_id, groups),
            )
            answer_id = keep(question, part) if keep else None
            shown = [*asked, _message("assistant", answers.answer(part, answer_id, asking))]
            yield Screen(shown, beside=beside, search=part.trace.search_text, last=True)
            return
        written += part
        yield Screen([*asked, _message("assistant", answers.draft(written))])
    raise RuntimeError("Assistant.stream ended without an Answer")


def _within(assistant: Assistant, question: Question, scope: Scope) -> Question:
    """The question, asked of the papers in its scope."""
    if not scope.filters:
        return question
    sides: tuple[Side, ...] = ()
    if scope.beside:
        sides = scopes.sides(scope, assistant.index.documents(question.principal.groups))
    return replace(question, filters=scope.filters, sides=sides)


def _message(role: Role, content: Html) -> Message:
    return {"role": role, "content": str(content)}


def _kept(messages: Sequence[Message]) -> list[Message]:
    """Take over what a browser sent back, as text only and without notices, which have had their day."""
    texts_by_role = [(_role(message), _text(message)) for message in messages]
    return [
        {"role": role, "content": text}
        for role, text in texts_by_role
        if text and not text.startswith('<div class="notice"')
    ]


def _role(message: Message) -> Role:
    return "user" if message.get("role") == "user" else "assistant"


def _text(message: Message) -> str:
    """Take the text of a message as the browser sends it back: a string, or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""
