"""A follow-up question and its history to one text that can be searched for."""

import re
from collections.abc import Sequence

from assistant.answer_types import answer_type
from assistant.types import Turn

# Words by which a question leans on what was said before.
_LEANS = re.compile(
    r"\b(it|its|they|them|their|theirs|this|that|these|those|he|him|his|she|her|hers|there|then|one|ones|same"
    r"|former|latter|above|both)\b|^\s*(and|or|but|also|what about|how about)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 4


def condense(text: str, history: Sequence[Turn]) -> str:
    """The search text of a question: itself, and where it leans on the history, what was asked
    before it. Without history there is no work."""
    asked = [turn.text for turn in history if turn.role == "user"]
    if not asked or not leans(text):
        return text
    # A chain of follow-ups leans on the question that stood alone.
    earlier: list[str] = []
    for previous in reversed(asked[-3:]):
        earlier.insert(0, previous)
        if not leans(previous):
            break
    return " ".join([*earlier, text])


def readings(text: str, search_text: str, history: Sequence[Turn]) -> list[str]:
    """The texts to search for, each with the same say: as condensed, and with the three questions
    before it, the latest first. Where the rules misjudge what a follow-up leans on, the second
    reading still knows the subject. Without history there is one text."""
    asked = [turn.text for turn in history if turn.role == "user"][-3:]
    return [search_text, " ".join([text, *reversed(asked)])] if asked else [search_text]


def leans(text: str) -> bool:
    """Whether a question is too short, or points back, to be understood alone."""
    return len(text.split()) <= _FEW_WORDS or _LEANS.search(text) is not None


def reworded(text: str, corrected: str) -> str:
    """What is asked once its search text was corrected: the correction, and before it the question
    where the correction is mere words that do not say what is wanted of them."""
    asks = "?" in corrected or answer_type(corrected) != "other"
    return corrected if asks else f"{text} {corrected}"
