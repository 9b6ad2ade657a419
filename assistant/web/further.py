"""Questions to go on with, as buttons under an answer that stands; found after it, so that it never waits."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.assistant import Assistant
from assistant.records import Exchange
from assistant.types import Principal
from assistant.web import messages as shown_messages
from assistant.web import texts
from assistant.web.render import element
from assistant.web.suggestions import SUGGESTIONS, next_questions
from assistant.web.viewer import Who

FOUND_AT_ONCE = 2  # readers whose questions are looked for at the same time; an answer goes before them

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Further:
    """The row of buttons."""

    row: Any
    buttons: Sequence[Any]

    @property
    def shown(self) -> list[Any]:
        """The parts, in the order that `_look` gives."""
        return [self.row, *self.buttons]


def lay_out() -> Further:
    """Lay out the buttons where they stand."""
    with gr.Column(elem_id="next", visible=False) as row:
        gr.Markdown(str(element("p", texts.NEXT_QUESTIONS)), container=False)
        buttons = [gr.Button("", size="sm", visible=False) for _ in range(SUGGESTIONS)]
    return Further(row, buttons)


def connect(
    further: Further,
    answered: Sequence[Any],
    chat: Any,
    assistant: Assistant,
    who: Who,
    find: Callable[[Principal, str], Exchange | None],
) -> None:
    """Look for questions after each of the events in `answered`, and leave what stands until then to
    the caller, who takes it `gone`.

    `find` gives the exchange behind an answer's id.
    """

    def found(messages: Any, request: gr.Request) -> list[Any]:
        principal = who(request.headers)
        shown = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
        answer_id = shown_messages.last_answer(shown)
        exchange = find(principal, answer_id) if answer_id else None
        try:
            return _look(next_questions(assistant, principal, exchange) if exchange else [])
        except Exception:  # the answer stands without them
            log.exception("no further questions were found")
            return _look([])

    hidden: Any = {"outputs": further.shown, "show_progress": "hidden", "api_visibility": "private"}
    limits: Any = {"preprocess": False, "concurrency_limit": FOUND_AT_ONCE, "concurrency_id": "further"}
    for event in answered:
        event.then(found, [chat], **limits, **hidden)


def gone() -> list[Any]:
    """Take the buttons away."""
    return _look([])


def _look(questions: Sequence[str]) -> list[Any]:
    padded = [*questions, *[""] * (SUGGESTIONS - len(questions))]
    return [
        gr.update(visible=bool(questions)),
        *(gr.update(value=question, visible=bool(question)) for question in padded),
    ]
