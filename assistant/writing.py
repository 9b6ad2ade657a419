"""The answer that a language model writes, sentence by checked sentence, and what it may not do.

What is streamed is what will stand: only sentences that their quotes support, in their final
form. Should the model fail after some of them were streamed, the one final Answer replaces them.
"""

import math
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from assistant.citations import Claim, Reviewer, compose
from assistant.condense import condense
from assistant.context import Evidence
from assistant.errors import ModelUnavailable
from assistant.llm import Deadline, LanguageModel, Messages
from assistant.particulars import names
from assistant.prompting import (
    NOT_COVERED,
    NOT_IN_DOCUMENTS,
    fenced,
    load_prompt,
    new_fence,
    visible_chars,
    without_thoughts,
)
from assistant.support import Cosine, Quote, Support, disagreement
from assistant.types import Status, Turn
from index.embedding import Embedder, Vectors

MISSING_CHARS = 200
MISSING_SHARED = 0.5  # of the words of what a model says is missing, by rarity, that the question has
_TURNS = 6  # of the conversation, shown for the rewriting of a follow-up
_REFUSES = re.compile(
    r"\W*(?:(?:i[’']m|i am) (?:very |so |really )?sorry|sorry\b|as an ai\b|i[’']m (?:unable|not able)|"
    r"(?:unfortunately,? )?i (?:can(?:no|[’'])t|am unable|am not able|won[’']t|must decline))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a model's text: claims that stand, the part it says is missing ("" where it does
    not say that soundly), and how much was removed."""

    status: Status = "unsupported"
    claims: tuple[Claim, ...] = ()
    missing: str = ""
    markers_removed: int = 0
    sentences_removed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is to answer from, and the standard its sentences are held to."""

    question: str
    evidence: Evidence
    support: Support


def answer_messages(question: str, evidence: Evidence) -> list[tuple[str, str]]:
    """The prompt of an answer, as (role, text) pairs."""
    passages, fence = fenced(evidence)
    return load_prompt("answer").messages(passages=passages, fence=fence, question=question)


class Writer:
    """A language model at work on one question, or none at all. What it used and why it failed
    is kept: `tokens` ("input", "output"), `fallback` (one word, else ""), `shown` (streamed text).

    All it is asked has to be said by `last_s` (of `time.monotonic`), and its answer has to begin
    within the time for a first word, counted from the first thing that it is asked.
    """

    def __init__(self, model: LanguageModel | None, last_s: float = math.inf) -> None:
        self.fallback = ""
        self.shown = ""
        self.tokens: dict[str, int] = {}
        self._model = model
        self._last_s = last_s
        self._until: Deadline | None = None

    def condensed(self, question: str, history: Sequence[Turn]) -> Generator[str, None, str]:
        """Yield "" while the model is at work; return the search text of a follow-up: by the model
        where it can, else by rule."""
        text = ""
        if self._model is not None and history:
            try:
                text = yield from self._rewritten(self._model, question, history)
            except ModelUnavailable as error:
                # A model that sends nothing here may still write; of any other it is known enough.
                self.fallback = "" if error.reason == "empty" else error.reason
        return text or condense(question, history)

    def write(self, task: Task) -> Generator[str, None, Written | None]:
        """Yield the answer's text as it comes to stand, "" while there is none; return what came of
        it. None where there is no model or it failed: then `fallback` says why."""
        if self._model is None or self.fallback:
            return None
        reviewer = Reviewer(task.evidence, task.support)
        claims: list[Claim] = []
        raw = written = ""
        read = 0
        try:
            messages = answer_messages(task.question, task.evidence)
            for piece in self._model.stream(messages, self._count, self._within(self._model)):
                if not piece:
                    yield ""
                    continue
                raw += piece
                written = without_thoughts(raw)
                until = visible_chars(written)
                standing = reviewer.read(written[read:until])
                read = max(read, until)
                if standing:
                    claims += standing
                    yield from self._newly_standing(claims, task)
        except ModelUnavailable as error:
            self.fallback = error.reason
            return None
        if NOT_COVERED not in written and NOT_IN_DOCUMENTS not in written:
            claims += reviewer.read(written[read:])
        claims += reviewer.end()
        yield from self._newly_standing(claims, task)
        result = _concluded(written, claims, reviewer, task)
        self.fallback = result if isinstance(result, str) else ""
        return result if isinstance(result, Written) else None

    def _newly_standing(self, claims: Sequence[Claim], task: Task) -> Iterator[str]:
        text, _ = compose(claims, task.evidence)
        if len(text) > len(self.shown):
            yield text[len(self.shown) :]
            self.shown = text

    def _rewritten(
        self, model: LanguageModel, question: str, history: Sequence[Turn]
    ) -> Generator[str, None, str]:
        """A follow-up made complete by the model; "" where it wrote no question that can be used.
        Raises ModelUnavailable."""
        text = ""
        until = self._within(model)
        within = Deadline(until.first_s, min(until.first_s, until.last_s))
        for piece in model.stream(rewriting_messages(question, history), self._count, within):
            text += piece
            yield ""
        return usable(text, question, history)

    def _within(self, model: LanguageModel) -> Deadline:
        """Until when all that this question asks of the model has to begin, and to end."""
        if self._until is None:
            given = model.deadline()
            self._until = Deadline(given.first_s, min(given.last_s, self._last_s))
        return self._until

    def _count(self, read: int, wrote: int) -> None:
        self.tokens = {
            "input": self.tokens.get("input", 0) + read,
            "output": self.tokens.get("output", 0) + wrote,
        }


def _concluded(written: str, claims: Sequence[Claim], reviewer: Reviewer, task: Task) -> Written | str:
    """What a whole text comes to, or one word for why it is no answer at all."""
    before, told, missing = written.partition(NOT_COVERED)
    status: Status = "unsupported"
    if claims:
        status = "partial" if told else "answered"
    elif NOT_IN_DOCUMENTS in written or (told and not before.strip()):
        status = "not_in_documents"
    elif not re.search(r"\w", written):
        return "empty"
    elif _REFUSES.match(written):
        return "refused"
    part = missing_part(missing, task) if status == "partial" else ""
    return Written(status, tuple(claims), part, reviewer.markers_removed, reviewer.sentences_removed)


def missing_part(told: str, task: Task) -> str:
    """What a model says is not covered, in one line; "" where it says more than that.

    No quote can prove it, and a passage may have dictated it: so it may hold no link and no marker,
    and says in the question's own words, names, dates and figures which part of it is meant.
    """
    line = re.sub(r"[\[\]【】［］]\s*[\d,;\s]*", " ", told.strip().partition("\n")[0])
    line = " ".join(line.strip(" *_").split())
    fault = disagreement(line, Quote(task.question))
    sound = fault in ("", "negation", "opposite", "roles")
    asked = task.support.shared(line, task.question) >= MISSING_SHARED
    return line if len(line) <= MISSING_CHARS and sound and asked else ""


def rewriting_messages(question: str, history: Sequence[Turn]) -> Messages:
    """The prompt that has a follow-up made complete."""
    told = _told(history)
    return load_prompt("condense").messages(history=told, question=question, fence=new_fence())


def usable(written: str, question: str, history: Sequence[Turn]) -> str:
    """The follow-up that a model made complete; "" where it wrote no question that can be used.

    A name that the conversation does not hold makes it unusable: what is searched for must come
    from the person who asks.
    """
    text = without_thoughts(written).strip().partition("\n")[0].strip(' "“”')
    if not re.search(r"\w", text) or _REFUSES.match(text) or len(text) > 3 * len(question) + 300:
        return ""
    known = Quote(f"{_told(history)}\n{question}")
    return "" if names(text) and disagreement(text, known) in ("name", "figure", "date", "address") else text


def _told(history: Sequence[Turn]) -> str:
    return "\n".join(f"{turn.role}: {turn.text}" for turn in history[-_TURNS:])


def similarity(embedder: Embedder) -> Cosine:
    """The cosine of two texts by an embedding model; each text is embedded once. For one question."""

    @cache
    def vector(text: str) -> Vectors:
        of_text: Vectors = embedder.embed([text])[0]
        return of_text

    def cosine(one: str, other: str) -> float:
        return float(vector(one) @ vector(other))

    return cosine
