"""From what a program sends to a question at the desk, within the bounds of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from assistant import language
from assistant.answer_json import answer_as_json
from assistant.config import Settings
from assistant.errors import BadQuestion
from assistant.types import Answer, Principal, Question, Turn
from assistant.web import scope, texts
from assistant.web.api.forms import AnswerObject, Ask, Compare
from assistant.web.api.walk import Walk
from assistant.web.reception import Reception
from assistant.web.viewer import Who

# Beside those who may wait for a turn: people whose own answer before has not ended yet.
MORE_THREADS = 32


@dataclass(frozen=True, slots=True)
class Desk:
    """Where programs ask: the one desk of the server, who asks, and the threads that walk."""

    reception: Reception
    who: Who
    most_turns: int
    threads: CapacityLimiter

    @classmethod
    def of(cls, settings: Settings, reception: Reception, who: Who) -> "Desk":
        """A desk with a thread for everybody who may wait, so that no other request waits for them."""
        threads = settings.answers_at_once + settings.answers_waiting + MORE_THREADS
        return cls(reception, who, settings.history_turns, CapacityLimiter(threads))

    async def walk(self, request: Request, asked: Ask, door: str) -> Walk:
        """Ask. Raises BadQuestion; what the assistant raises comes with the first step."""
        question = await run_in_threadpool(self._question, self.who(request), asked)
        return Walk(self.reception.stream(question, door), self.threads)

    async def told(self, request: Request, asked: Ask, answer: Answer) -> AnswerObject:
        """An answer as programs get it, with the passages that its asker may read."""

        def written() -> AnswerObject:
            documents = self.reception.index.documents(self.who(request).groups)
            return AnswerObject.model_validate(answer_as_json(asked.question, answer, documents))

        return await run_in_threadpool(written)

    def _question(self, principal: Principal, asked: Ask) -> Question:
        if len(asked.history) > self.most_turns:
            told = f"`history` has {len(asked.history)} turns; at most {self.most_turns} are read."
            raise BadQuestion(f"{told} Send the last ones.")
        documents = self.reception.index.documents(principal.groups)
        chosen = scope.made({**asked.filters.chosen(), **_compared(asked.compare)}, _beside(asked.compare))
        if documents and chosen.filters and not scope.within(documents, chosen.filters):
            raise BadQuestion(texts.SCOPE_EMPTY)
        return Question(
            asked.question,
            principal,
            tuple(Turn(turn.role, turn.text) for turn in asked.history),
            chosen.filters,
            asked.search_text,
            scope.sides(chosen, documents),
            language.current().code,
        )


def _compared(compare: Compare | None) -> Mapping[str, tuple[str, ...]]:
    if compare is None:
        return {}
    if compare.one == compare.other:
        raise BadQuestion("`compare` names one value twice. Name two.")
    return {compare.field: (compare.one, compare.other)}


def _beside(compare: Compare | None) -> str:
    return compare.field if compare else ""
