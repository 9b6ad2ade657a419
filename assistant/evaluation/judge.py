"""An optional second opinion on an answer: a language model's, and labelled as one everywhere.

Off unless asked for. No figure of a run depends on it, and the assistant's own measures do not know it.
Covers: hostile text in questions, papers and answers; a model that fails or rambles. Does not
cover: whether the model is right; read its agreement with people before trusting its figure.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any

from assistant.evaluation.types import EvalQuestion, Score
from assistant.llm import LanguageModel
from assistant.prompting import Prompt

MEASURE = "judge_right (a model's opinion)"
REASON_CHARS = 300
SILENT = "The papers do not answer this question; the right reply is to say so."

_VALUES: Mapping[str, float | None] = {"RIGHT": 1.0, "WRONG": 0.0, "UNSURE": None}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


class Judge:
    """Asks a language model whether an answer is right."""

    def __init__(self, language_model: LanguageModel, prompt: Prompt) -> None:
        """`prompt` is `load_prompt("judge")`; its sha256 belongs into the run's fingerprint."""
        self._model = language_model
        self._prompt = prompt

    def score(self, question: EvalQuestion, answer_json: Mapping[str, Any]) -> Score:
        """1 for RIGHT, 0 for WRONG, None for UNSURE, for no verdict and where nothing was said.

        `answer_json` is the object of `ask --json`. The reason is the model's own line; a model
        that fails is told there and never stops a run.
        """
        if answer_json.get("status") not in ("answered", "partial"):
            return Score(MEASURE, None, "there is no answer to judge")
        fence = f"~~~{secrets.token_hex(8)}"
        messages = self._prompt.messages(
            fence=fence,
            question=_conversation(question),
            known=_known(question),
            answer=str(answer_json.get("text", "")),
        )
        try:
            reply = self._model.complete(messages)
        except Exception as error:
            # Its message may hold addresses and keys: only its kind is told.
            return Score(MEASURE, None, f"the model failed ({type(error).__name__})")
        return _verdict(reply)


def _verdict(reply: str) -> Score:
    first, _, rest = reply.strip().partition("\n")
    word = first.strip()
    if word not in _VALUES:
        return Score(MEASURE, None, "no verdict")
    lines = [line for line in rest.split("\n") if line.strip()]
    reason = " ".join(_UNSEEN.sub(" ", lines[0]).split())[:REASON_CHARS] if lines else "no reason given"
    return Score(MEASURE, _VALUES[word], reason if word != "UNSURE" else f"unsure: {reason}")


def _conversation(question: EvalQuestion) -> str:
    return "\n".join([*(f"{turn.role}: {turn.text}" for turn in question.history), question.question])


def _known(question: EvalQuestion) -> str:
    """What the question set holds of the right answer, one fact or sentence a line."""
    if not question.answerable:
        return SILENT
    facts = [f"It must say: {fact}" for fact in question.must_say]
    short = [f"A right answer: {answer}" for answer in question.short_answers]
    quotes = [f"The papers say: {row.quote}" for row in question.expected if row.quote]
    return "\n".join([*facts, *short, *quotes]) or "Nothing is known beforehand."
