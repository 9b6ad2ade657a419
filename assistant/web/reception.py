"""The desk that every door of the server asks at: chat, API and tools for other programs.

One person has one answer at a time and so many questions a minute; the server makes so many answers
at once, and lets so many questions wait, first come first served. Who would wait too long is told so
at once. Each question ends in one audit line, also one that was turned away.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from assistant import sayings, watching
from assistant.assistant import Assistant
from assistant.errors import AssistantFault, TooManyQuestions
from assistant.journal import Journal
from assistant.types import Answer, Principal, Question
from assistant.watching import Ended, Errand, Watch, Watcher
from index.search import Index

MINUTE_S = 60.0
TURN_S = 30.0  # longest wait for a turn
TELL_S = 5.0  # how often somebody who waits is told their place; each telling costs a tenth of an answer
HURRIED_S = 0.2  # … where the answer was broken off: who has left is let go between two tellings
REMEMBERED = 0.9  # of what is known of how long an answer takes, when the next one has ended
PLACE_S = 2.0  # longest wait for the end of the same person's answer before, in another window
PEOPLE = 10_000  # whose last minute is remembered

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may be asked: by one person in a minute, and by all at once; how many may wait, and
    how many turns of a conversation a question takes along."""

    per_minute: int
    at_once: int
    waiting: int
    history_turns: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the line, 1 is the next one."""

    place: int


@dataclass(slots=True, eq=False)
class _Ticket:
    """Who waits in the line, by the id of the request that brought the question."""

    request: str
    hurried: bool = False


@dataclass(slots=True)
class _Line:
    """What a question came to, as far as it is known by now, and what is worked on for it."""

    errand: Errand
    told: Answer | str = "stopped"
    reason: str = ""


class Reception:
    """The assistant, with its bounds, its journal and whoever watches. Safe between threads."""

    def __init__(
        self,
        assistant: Assistant,
        bounds: Bounds,
        journal: Journal | None = None,
        clock: Callable[[], float] = time.monotonic,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self.assistant = assistant
        self._watchers = tuple(watchers)
        self._bounds, self._journal, self._clock = bounds, journal, clock
        self._lock = threading.Condition()
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._answering: set[str] = set()
        self._line: deque[_Ticket] = deque()
        self._turns = bounds.at_once
        self._taken_s = 0.0  # how long an answer has held its turn of late

    @property
    def places(self) -> int:
        """How many questions may be in hand, answered or waiting, and one more that is turned away."""
        return self._bounds.at_once + self._bounds.waiting + 1

    @property
    def busy(self) -> bool:
        """Whether what nobody asked for had better wait: questions do, or many are being answered."""
        return bool(self._line) or 2 * self._turns < self._bounds.at_once

    @property
    def index(self) -> Index:
        """The published build."""
        return self.assistant.index

    @property
    def in_hand(self) -> tuple[int, int]:
        """How many answers are being made, and how many questions wait for their turn."""
        with self._lock:
            return self._bounds.at_once - self._turns, len(self._line)

    def ask(self, question: Question, door: str) -> Answer:
        """The answer as a whole. Raises as `stream` does."""
        for part in self.stream(question, door):
            if isinstance(part, Answer):
                return part
        raise RuntimeError("Assistant.stream ended without an Answer")

    def stream(self, question: Question, door: str = "chat") -> Generator[str | Answer, None, None]:
        """What `Assistant.stream` gives, and an audit line when it ends, however it ends.

        Raises TooManyQuestions before anything is searched, and what the assistant raises.
        """
        for part in self.told(question, door):
            if not isinstance(part, Waiting):
                yield part

    def told(self, question: Question, door: str = "chat") -> Generator[Waiting | str | Answer, None, None]:
        """As `stream`, and before it the place in the line, now and then while it lasts."""
        question = replace(question, history=question.history[-self._bounds.history_turns :])
        with self._audited(question, door) as line:
            with self._place(question.principal):
                with Watch(line.errand.steps).step("wait"):
                    yield from self._wait(_Ticket(line.errand.request))
                with self._turn():
                    for part in watching.carried(line.errand, self.assistant.stream(question)):
                        if isinstance(part, Answer):
                            line.told = part
                        else:
                            yield part
            if isinstance(line.told, Answer):  # the place is free again before it is shown
                yield line.told

    def hurry(self, request: str) -> None:
        """Let the question that this request brought take its next step soon, if it waits in the line:
        it was broken off, and can be let go then."""
        with self._lock:
            for ticket in self._line:
                ticket.hurried |= ticket.request == request
            self._lock.notify_all()

    def look_up(self, question: Question, door: str, looking: Callable[[], Found]) -> Found:
        """What `looking` gives: passages, without an answer. It counts like a question, and ends in an
        audit line too. Raises TooManyQuestions, and what `looking` raises."""
        with self._audited(question, door) as line:
            with self._lock:
                self._count(question.principal.id)
            found = looking()
            line.told = "looked_up"
            return found

    @contextmanager
    def _audited(self, question: Question, door: str) -> Iterator[_Line]:
        """Write the audit line of what is done within, however it ends, and tell whoever watches."""
        began, errand = self._clock(), watching.current()
        errand = replace(errand, request=errand.request or watching.new_id(), steps=[])
        enders: list[Callable[[Ended], None]] = []
        for watcher in self._watchers:
            errand, ender = watcher.begin(errand, door)
            enders.append(ender)
        line = _Line(errand)
        try:
            yield line
        except TooManyQuestions as fault:
            line.told, line.reason = "turned_away", fault.reason
            raise
        except AssistantFault:
            line.told = "refused"
            raise
        except Exception:
            line.told = "failed"
            raise
        finally:
            ended = Ended(line.told, door, self._clock() - began, errand, line.reason)
            with watching.on(errand):
                if self._journal:
                    self._journal.write(question, ended.outcome, door, ended.seconds)
                for ender in enders:
                    ender(ended)

    @contextmanager
    def _place(self, principal: Principal) -> Iterator[None]:
        """Hold this person's one place."""
        with self._lock:
            self._count(principal.id)
            if not self._lock.wait_for(lambda: principal.id not in self._answering, PLACE_S):
                raise TooManyQuestions(sayings.ANOTHER_ANSWER, 2, "person")
            self._answering.add(principal.id)
        try:
            yield
        finally:
            with self._lock:
                self._answering.discard(principal.id)
                self._lock.notify_all()

    def _wait(self, ticket: _Ticket) -> Generator[Waiting, None, None]:
        """Stand in line until a turn is ours; whoever does not get that far leaves the line."""
        until, patience_s = time.monotonic() + TURN_S, 0.0
        with self._lock:
            expected_s = (len(self._line) + 1) * self._taken_s / self._bounds.at_once
            full = len(self._line) >= self._bounds.waiting or expected_s > TURN_S
            if full and (self._line or not self._turns):
                raise TooManyQuestions(sayings.QUEUE_FULL, 10)
            self._line.append(ticket)
        try:
            while True:
                with self._lock:
                    within_s = until - time.monotonic()
                    moves = partial(self._moves, ticket, ticket.hurried)
                    self._lock.wait_for(moves, min(within_s, patience_s))
                    if self._is_next(ticket):
                        self._turns -= 1
                        return
                    place = self._line.index(ticket) + 1
                if within_s <= 0:
                    raise TooManyQuestions(sayings.QUEUE_FULL, 10)
                patience_s = HURRIED_S if ticket.hurried else TELL_S
                yield Waiting(place)  # also the same place as before: else nobody could leave
        finally:
            with self._lock:
                self._line.remove(ticket)
                self._lock.notify_all()

    def _moves(self, ticket: _Ticket, hurried: bool) -> bool:
        return self._is_next(ticket) or ticket.hurried is not hurried

    def _is_next(self, ticket: _Ticket) -> bool:
        return self._turns > 0 and self._line[0] is ticket

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Give the turn that was waited for to the next one when this answer ends."""
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._turns += 1
                took_s = time.monotonic() - began
                self._taken_s = REMEMBERED * (self._taken_s or took_s) + (1 - REMEMBERED) * took_s
                self._lock.notify_all()

    def _count(self, person: str) -> None:
        """Count a question of this minute; raises where it is one too many."""
        now = self._clock()
        asked = self._asked.setdefault(person, deque())
        self._asked.move_to_end(person)
        while asked and asked[0] <= now - MINUTE_S:
            asked.popleft()
        if len(asked) >= self._bounds.per_minute:
            wait = max(1, round(asked[0] + MINUTE_S - now + 0.5))
            raise TooManyQuestions(sayings.TOO_MANY_QUESTIONS.format(count=wait), wait, "minute")
        asked.append(now)
        while len(self._asked) > PEOPLE:
            self._asked.popitem(last=False)
