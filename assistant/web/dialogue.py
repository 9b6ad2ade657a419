"""One exchange of the chat, from the typed text to what the screen shows. No Gradio here.

The messages in the browser are the only memory: the history of a follow-up question is read
back from them, so there is no session on the server that could leak to somebody else.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from assistant.assistant import Assistant
from assistant.errors import AssistantFault
from assistant.types import Answer, Principal, Question, Role, Turn
from assistant.web import cards, render, texts
from assistant.web.render import Html
from index.errors import IndexFault

HISTORY_TURNS = 10
HISTORY_TURN_CHARS = 4000  # a message sent back by a browser may be anything

log = logging.getLogger(__name__)

Message = Mapping[str, Any]  # role, content
Keep = Callable[[Question, Answer], str]  # keeps an answer so that it can be marked; its id


@dataclass(frozen=True, slots=True)
class Screen:
    """What to show now. None leaves a part as it is; `last` comes once, at the end."""

    messages: list[Message]
    box: str | None = None
    beside: Html | None = None
    last: bool = False


def exchange(
    assistant: Assistant,
    principal: Principal,
    typed: str,
    messages: Sequence[Message],
    keep: Keep | None = None,
) -> Iterator[Screen]:
    """Answer what was typed, giving the screen anew at every step; never raises.

    With `keep` the answer can be marked afterwards. Where no answer comes of it the typed text
    is put back into the box.
    """
    before = _kept(messages)
    if not typed.strip():
        yield Screen([*before, _message("assistant", render.notice(texts.EMPTY_QUESTION))], last=True)
        return
    asked = [*before, _message("user", render.question(typed))]
    try:
        yield from _answered(assistant, Question(typed, principal, history(before)), asked, keep)
    except (AssistantFault, IndexFault) as fault:
        log.info("a question was not answered: %s", fault)
        yield _refused(before, typed, fault.for_staff)
    except Exception:
        log.exception("a question was not answered")
        yield _refused(before, typed, texts.UNEXPECTED)


def history(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """Read the last turns back from the messages; notices and drafts are no turns."""
    turns: list[Turn] = []
    for message in messages:
        said = render.plain(_text(message))
        if said is not None:
            turns.append(Turn(_role(message), said[:HISTORY_TURN_CHARS]))
    return tuple(turns[-HISTORY_TURNS:])


def last_answer(messages: Sequence[Message]) -> str | None:
    """Give the id of the answer that stands last, notices aside; None where something else does."""
    kept = _kept(messages)
    return render.answer_id(_text(kept[-1])) if kept else None


def _answered(
    assistant: Assistant, question: Question, asked: list[Message], keep: Keep | None
) -> Iterator[Screen]:
    index, groups = assistant.index, question.principal.groups
    count = len(index.documents(groups))
    searching = texts.SEARCHING.format(documents=render.count_of_documents(count))
    yield Screen([*asked, _message("assistant", render.progress(searching))], box="")
    written = ""
    for part in assistant.stream(question):
        if isinstance(part, Answer):
            beside = cards.beside(
                part,
                cache(lambda document_id: index.pages(document_id, groups)),
                cache(lambda document_id: index.document(document_id, groups)),
            )
            answer_id = keep(question, part) if keep else None
            shown = [*asked, _message("assistant", render.answer(part, answer_id))]
            yield Screen(shown, beside=beside, last=True)
            return
        written += part
        yield Screen([*asked, _message("assistant", render.draft(written))])
    raise RuntimeError("Assistant.stream ended without an Answer")


def _refused(before: list[Message], typed: str, sentence: str) -> Screen:
    return Screen([*before, _message("assistant", render.notice(sentence))], box=typed, last=True)


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
