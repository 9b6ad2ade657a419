"""How sure an answer is, in words.

`Trace.confidence` is a fitted probability; a reader is better served by three steps. Over the tune
halves of the two question sets made from whole shelves (98 answers, 2026-11-22) the share of right
answers was 31 of 34 from 0.90 on, 24 of 36 between 0.80 and 0.90, and 13 of 28 below, so the steps
are there. Fitting the coefficients anew calls for counting them anew.
"""

from typing import Literal

from assistant.types import Answer
from assistant.web import texts

CLEAR_FROM = 0.90
LIKELY_FROM = 0.80

Step = Literal["clear", "likely", "weak"]


def step(answer: Answer) -> Step | None:
    """The step an answer is on; None where it answers nothing, or nobody estimated."""
    sure = answer.trace.confidence
    if answer.status not in ("answered", "partial") or sure <= 0:
        return None
    return "clear" if sure >= CLEAR_FROM else "likely" if sure >= LIKELY_FROM else "weak"


def words(which: Step) -> str:
    """The sentence for a step."""
    told = {
        "clear": texts.CONFIDENCE_CLEAR,
        "likely": texts.CONFIDENCE_LIKELY,
        "weak": texts.CONFIDENCE_WEAK,
    }
    return told[which]
