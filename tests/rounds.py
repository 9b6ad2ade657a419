"""Rounds of questions of many people at a real server, and the figures of each.

Used by `tests/benchmarks/load.py` and by the proofs.
"""

import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asking import SIGNED_ON, Heard, Person, gone, people
from processes import ROOT, Process

INDEX = ROOT / "var" / "fit" / "papers"
QUESTIONS = ROOT / "tests" / "questions"
SEED = 20261122
Walk = Callable[[], Coroutine[Any, Any, list[Heard]]]
PEOPLE, THINK_S, CROWD = 20, 5.0, 100


@dataclass(frozen=True, slots=True)
class Figures:
    """What a round of questions came to. `server_share` and `own_share` are of all processors."""

    heard: Sequence[Heard]
    seconds: float
    server_share: float
    own_share: float

    @property
    def answered_s(self) -> list[float]:
        return sorted(each.seconds for each in self.heard if each.outcome == "answered")

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(each.outcome for each in self.heard)

    @property
    def wrong(self) -> list[str]:
        return [each.outcome for each in self.heard if each.outcome not in ("answered", "turned away")]

    def told(self, name: str) -> str:
        """A row of a table."""
        longest = max((each.seconds for each in self.heard if each.outcome == "turned away"), default=0.0)
        took = self.answered_s
        median = statistics.median(took) if took else float("nan")
        return (
            f"| {name} | {len(self.heard)} | {self.outcomes['answered']} | {self.outcomes['turned away']} "
            f"(within {longest:.1f} s) | {len(self.wrong)} | {median:.2f} s | {p95(took):.2f} s | "
            f"{100 * self.server_share:.0f} % and {100 * self.own_share:.0f} % |"
        )


HEAD = """| who | questions | answered | turned away | errors | median | p95 | processors: server, askers |
|---|---|---|---|---|---|---|---|"""


def p95(values: Sequence[float]) -> float:
    """The 95th percentile of sorted values, the next one above it."""
    return values[min(len(values) - 1, int(0.95 * len(values)))] if values else float("nan")


def questions(seed: int = SEED) -> list[str]:
    """Every question of the sets of this repository, mixed; each comes once before any comes again."""
    found = {
        json.loads(line)["question"]: None
        for path in sorted(QUESTIONS.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    }
    mixed = list(found)
    random.Random(seed).shuffle(mixed)
    return mixed


def steady(process: Process, door: str, seconds: float, persons: int = PEOPLE) -> Figures:
    """People who ask, read for some five seconds, and ask again."""
    chosen = random.Random(SEED)
    left = iter(questions() * 100)

    async def live(person: Person, until: float) -> list[Heard]:
        heard = []
        await asyncio.sleep(chosen.uniform(0, THINK_S))
        while time.monotonic() < until:
            heard.append(await _ask(person, door, next(left)))
            await asyncio.sleep(chosen.uniform(0.5, 1.5) * THINK_S)
        return heard

    async def all_of_them() -> list[Heard]:
        crowd = people(process.address, persons)
        until = time.monotonic() + seconds
        heard = await asyncio.gather(*(live(person, until) for person in crowd))
        await gone(crowd)
        return [each for one in heard for each in one]

    return _measured(process, all_of_them)


def at_once(process: Process, door: str, persons: int = CROWD) -> Figures:
    """Everybody asks in the same moment."""
    asked = questions()[:persons]

    async def all_of_them() -> list[Heard]:
        crowd = people(process.address, persons, first=1000)
        heard = await asyncio.gather(
            *(_ask(person, door, asked[n % len(asked)]) for n, person in enumerate(crowd))
        )
        await gone(crowd)
        return heard

    return _measured(process, all_of_them)


async def _ask(person: Person, door: str, question: str) -> Heard:
    return await (person.ask_chat(question) if door == "chat" else person.ask_api(question))


def _measured(process: Process, walk: Walk) -> Figures:
    cpu, own, began = process.cpu_s(), time.process_time(), time.monotonic()
    heard = asyncio.run(walk())
    seconds = time.monotonic() - began
    most = seconds * (os.cpu_count() or 1)
    return Figures(heard, seconds, (process.cpu_s() - cpu) / most, (time.process_time() - own) / most)


def measure(index: Path, seconds: float, persons: int = PEOPLE, crowd: int = CROWD) -> dict[str, Figures]:
    """The four rounds, at a server that was started for them."""
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        process = Process(index, Path(folder), SIGNED_ON)
        process.start()
        try:
            process.until_it_answers("What is this about?")
            for door in ("chat", "api"):
                found[f"{persons} people, {door}"] = steady(process, door, seconds, persons)
            for door in ("chat", "api"):
                found[f"{crowd} at once, {door}"] = at_once(process, door, crowd)
        finally:
            process.stop()
    return found
