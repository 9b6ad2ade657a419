"""The messages of the chat component: written, read back from a browser, looked through. No Gradio here."""

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.types import Role, Turn
from assistant.web import render
from assistant.web.render import Html

HISTORY_TURNS = 10
HISTORY_TURN_CHARS = 4000  # a message sent back by a browser may be anything

Message = Mapping[str, Any]  # role, content


def message(role: Role, content: Html) -> Message:
    """Put markup into the form that the chat component takes."""
    return {"role": role, "content": str(content)}


def kept(messages: Sequence[Message]) -> list[Message]:
    """Take over what a browser sent back, as text only and without notices, which have had their day."""
    texts_by_role = [(role_of(each), text_of(each)) for each in messages]
    return [
        {"role": role, "content": text}
        for role, text in texts_by_role
        if text and not text.startswith('<div class="notice"')
    ]


def history(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """Read the last turns back from the messages; notices and drafts are no turns. A question
    whose search text was corrected counts as corrected, so that a follow-up leans on that."""
    turns: list[Turn] = []
    for each in messages:
        said = render.plain(text_of(each))
        if said is not None:
            said = render.meant(text_of(each)) or said
            turns.append(Turn(role_of(each), said[:HISTORY_TURN_CHARS]))
    return tuple(turns[-HISTORY_TURNS:])


def sent(shown: Any) -> list[Message]:
    """Take what a browser sent as the messages of the chat: those that are none are left out."""
    return [each for each in shown if isinstance(each, dict)] if isinstance(shown, list) else []


def with_answer(shown: Sequence[Message], answer_id: str, instead: Html) -> list[Message]:
    """Put an answer, written anew, into the place of the one with this id; all else stays."""
    return [
        message("assistant", instead)
        if render.answer_id(text_of(each)) == answer_id
        else {"role": role_of(each), "content": text_of(each)}
        for each in shown
    ]


def last_answer(messages: Sequence[Message]) -> str | None:
    """Give the id of the answer that stands last, notices aside; None where something else does."""
    shown = kept(messages)
    return render.answer_id(text_of(shown[-1])) if shown else None


def last_question(messages: Sequence[Message]) -> int | None:
    """Give the place of the last question among the messages, None where there is none."""
    return max((n for n, each in enumerate(messages) if role_of(each) == "user"), default=None)


def last_scope(messages: Sequence[Message]) -> str:
    """Give the scope of the last question as `scope.written` wrote it."""
    last = last_question(messages)
    return render.scope(text_of(messages[last])) if last is not None else ""


def answer_ids(messages: Sequence[Message]) -> list[str]:
    """Give the ids of the answers among the messages, in order."""
    found = (render.answer_id(text_of(each)) for each in messages if role_of(each) == "assistant")
    return [answer_id for answer_id in found if answer_id]


def role_of(each: Message) -> Role:
    """Take the role of a message that a browser sent."""
    return "user" if each.get("role") == "user" else "assistant"


def text_of(each: Message) -> str:
    """Take the text of a message as the browser sends it back: a string, or a list of parts."""
    content = each.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""
