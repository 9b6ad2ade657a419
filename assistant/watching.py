"""What a question goes through, for whoever watches: the request that brought it, and its steps.

A step is timed in one place, here: the answer's trace, the figures for Prometheus and the spans of
OpenTelemetry are all made of it. The log and the audit lines tell the request.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

from assistant.types import Answer

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a question's path: `begun_ns` by the wall clock since 1970, `seconds` it took, and
    whether it came to its end without an error."""

    name: str
    begun_ns: int
    seconds: float
    sound: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """What this thread or task is at work for: the id of a request, the trace that its sender told
    (`traceparent`, "" for none), the id of the trace that is kept of it, "" for none, and where its
    steps are written down, None where nobody asks for them."""

    request: str = ""
    parent: str = ""
    trace: str = ""
    steps: list[Step] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A question that has come to its end at a door: with an answer, or with one word for why not.

    `reason` is one word more where it was turned away, else ""; `seconds` are from its arrival.
    """

    outcome: Answer | str
    door: str
    seconds: float
    errand: Errand
    reason: str = ""

    @property
    def status(self) -> str:
        """One word: that of the answer, or why there is none."""
        return self.outcome if isinstance(self.outcome, str) else self.outcome.status


class Watcher(Protocol):
    """Follows the questions of a desk from arrival to end. Raises nothing: no answer waits for it."""

    def begin(self, errand: Errand, door: str) -> tuple[Errand, Callable[[Ended], None]]:
        """Told when a question arrives; gives its errand, perhaps with a trace, and who is told the end."""


_current: ContextVar[Errand] = ContextVar("errand", default=Errand())  # noqa: B039 - its default is never written to


def current() -> Errand:
    """What is being worked for; an empty errand outside of any request."""
    return _current.get()


def new_id() -> str:
    """An id for a request that came without one that can be believed."""
    return secrets.token_hex(16)


@contextmanager
def on(errand: Errand) -> Iterator[None]:
    """Be at work for an errand, within a `with`; never over a `yield`."""
    token = _current.set(errand)
    try:
        yield
    finally:
        _current.reset(token)


def carried(errand: Errand, parts: Iterator[Part]) -> Iterator[Part]:
    """The parts, each made while being at work for the errand, in whatever thread it is asked for."""
    try:
        while True:
            with on(errand):
                try:
                    part = next(parts)
                except StopIteration:
                    return
            yield part
    finally:
        with on(errand):
            getattr(parts, "close", lambda: None)()


class Watch:
    """Wall time of each step of a question's path, kept for its trace and told to its errand: that of
    the moment, or the one whose `steps` are given."""

    def __init__(self, steps: list[Step] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._steps = current().steps if steps is None else steps

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun_ns, begun, sound = time.time_ns(), time.perf_counter(), True
        try:
            yield
        except Exception:
            sound = False
            raise
        finally:
            seconds = self.seconds[name] = round(time.perf_counter() - begun, 6)
            if self._steps is not None:
                self._steps.append(Step(name, begun_ns, seconds, sound))
