"""Questions to go on with, as buttons under an answer that stands; found after it, so that it never waits."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.web import texts
from assistant.web.parts import PRIVATE
from assistant.web.render import element
from assistant.web.suggestions import SUGGESTIONS

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
    begin: Sequence[Any],
    chat: Any,
    questions: Callable[[Any, gr.Request], Sequence[str]],
) -> None:
    """Look for questions after each of the events in `answered`, and take them away with each in `begin`.

    `questions` gives those that follow the messages of the chat.
    """

    def found(messages: Any, request: gr.Request) -> list[Any]:
        try:
            return _look(questions(messages, request))
        except Exception:  # the answer stands without them
            log.exception("no further questions were found")
            return _look([])

    hidden: Any = {"outputs": further.shown, **PRIVATE}
    limits: Any = {"preprocess": False, "concurrency_limit": FOUND_AT_ONCE, "concurrency_id": "further"}
    for event in answered:
        event.success(found, [chat], **limits, **hidden)
    gr.on(begin, gone, None, further.shown, queue=False, **PRIVATE)


def gone() -> list[Any]:
    """Take the buttons away."""
    return _look([])


def _look(questions: Sequence[str]) -> list[Any]:
    padded = [*questions, *[""] * (SUGGESTIONS - len(questions))]
    return [
        gr.update(visible=bool(questions)),
        *(gr.update(value=question, visible=bool(question)) for question in padded),
    ]
