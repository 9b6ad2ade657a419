"""What a reader sees before the first question: examples to ask, and the documents held. No Gradio here."""

import logging

from assistant.assistant import Assistant
from assistant.bounds import askable
from assistant.errors import AssistantFault, for_staff
from assistant.types import Principal
from assistant.web import cards, rehearsal, render, texts
from index.errors import IndexFault

log = logging.getLogger(__name__)


def first_screen(assistant: Assistant, principal: Principal) -> tuple[list[str], str]:
    """The examples and the documents that are there for this reader, now."""
    try:
        index = assistant.index
        documents = askable(index, principal)
        questions = rehearsal.answered_examples(assistant, principal)
        counts = {outcome.path: outcome.pages for outcome in index.outcomes(principal.groups)}
        return questions, str(cards.shelf(documents, counts))
    except (AssistantFault, IndexFault) as fault:
        log.warning("the first screen is bare: %s", fault)
        return [], str(render.notice(for_staff(fault)))
    except Exception:
        log.exception("the first screen is bare")
        return [], str(render.notice(texts.UNEXPECTED))
