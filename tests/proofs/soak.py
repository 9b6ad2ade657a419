"""Twenty thousand questions to one process: does it keep its size, its files, its threads?

Through the chat, a new window every ten questions, and through /api/ask, each question worded as none
before it; every two thousand a new build is published, and the one before it closed.
"""

import asyncio
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asking import SIGNED_ON, Heard, Person, gone, people
from index.generations import CURRENT, current
from processes import Process
from proofs.proof import ROOT, Proof, main
from rounds import questions

INDEX = ROOT / "var" / "fit" / "sample"
PLOT = ROOT / "docs" / "soak.svg"
QUESTIONS, SHORT_QUESTIONS = 20_000, 60
SETTLED, ASKING, PER_WINDOW = 1000, 4, 10
EVERY, PUBLISHED_EVERY = 200, 2000
MOST_GROWTH = 0.05  # of memory, after the first thousand
MOST_MORE = 8  # files and threads; connections and pools come and go


@dataclass(frozen=True, slots=True)
class Size:
    """The process after so many questions."""

    asked: int
    memory_bytes: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, process: Process, asked: int) -> "Size":
        return cls(asked, process.memory_bytes(), process.descriptors(), process.threads())


def prove(short: bool, index: Path = INDEX) -> Proof:
    """Ask, and compare the process with what it was after the first thousand."""
    count = _count(short)
    sizes, wrong = soak(count, EVERY if not short else 10, PUBLISHED_EVERY if not short else 30, index)
    settled = next((size for size in sizes if size.asked >= (SETTLED if not short else 30)), sizes[0])
    broken = [*wrong[:20], *_grown(settled, sizes[-1], 0.2 if short else MOST_GROWTH)]
    if not short:
        PLOT.write_text(plot(sizes), "utf-8")
    return Proof(count - len(wrong), count if not broken else max(count, count - len(wrong) + 1),
                 _told(settled, sizes, count), tuple(broken))  # fmt: skip


def _count(short: bool) -> int:
    given = [int(word) for word in sys.argv[1:] if word.isdigit()]
    return SHORT_QUESTIONS if short else (given or [QUESTIONS])[0]


def soak(count: int, every: int, published_every: int, index: Path) -> tuple[list[Size], list[str]]:
    """The sizes of a process on its way, and what went wrong."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        builds = Path(folder) / "index"
        _publish(current(index), builds, 0)
        process = Process(builds, Path(folder), SIGNED_ON)
        process.start()
        try:
            process.until_it_answers("What is this about?")
            return asyncio.run(_asked(process, count, every, published_every))
        finally:
            process.stop()


async def _asked(
    process: Process, count: int, every: int, published_every: int
) -> tuple[list[Size], list[str]]:
    sizes, wrong = [], list[str]()
    worded = _worded()
    asked = 0
    while asked < count:
        until = min(asked + every, count)
        numbers = iter(range(asked, until))
        found = await asyncio.gather(*(_walk(process, asker, numbers, worded) for asker in range(ASKING)))
        wrong += [each.outcome for heard in found for each in heard if each.outcome != "answered"]
        if until // published_every > asked // published_every:
            builds = process.folder / "index"
            await asyncio.to_thread(_publish, current(builds), builds, until)
        asked = until
        sizes.append(Size.of(process, asked))
        print(sizes[-1], len(wrong), file=sys.stderr, flush=True)
    return sizes, wrong


async def _walk(process: Process, asker: int, numbers: Iterator[int], worded: Iterator[str]) -> list[Heard]:
    """One of several who ask: the first in the chat, the others as programs."""
    heard: list[Heard] = []
    who: list[Person] = []
    for _ in numbers:
        if len(heard) % PER_WINDOW == 0:
            await gone(who)
            who = people(process.address, 1, first=asker)
        heard.append(await (who[0].ask_chat if asker == 0 else who[0].ask_api)(next(worded)))
    await gone(who)
    return heard


def _worded() -> Iterator[str]:
    for round_ in itertools.count():
        for question in questions():
            yield question if not round_ else f"{question.rstrip('?')} (case {round_})?"


def _publish(build: Path, builds: Path, number: int) -> None:
    """Publish a copy of a build; the ones before the last go."""
    name = f"20261122T{number:06}-{number:06x}"
    shutil.copytree(build, builds / name)
    record = json.loads((builds / name / "build.json").read_text("utf-8"))
    record.pop("seal", None)  # of the other name; a record without one is taken as it is
    (builds / name / "build.json").write_text(json.dumps({**record, "build_id": name}), "utf-8")
    (builds / "next").write_text(name + "\n")
    os.replace(builds / "next", builds / CURRENT)
    for old in sorted(path for path in builds.iterdir() if path.is_dir())[:-2]:
        shutil.rmtree(old)


def _grown(settled: Size, last: Size, most_growth: float) -> list[str]:
    growth = last.memory_bytes / settled.memory_bytes - 1
    told = [f"memory grew by {growth:.1%}"] if growth > most_growth else []
    for name in ("descriptors", "threads"):
        more = getattr(last, name) - getattr(settled, name)
        told += [f"{more} more {name}"] if more > MOST_MORE else []
    return told


def _told(settled: Size, sizes: Sequence[Size], count: int) -> str:
    last = sizes[-1]
    growth = last.memory_bytes / settled.memory_bytes - 1
    most = max(size.memory_bytes for size in sizes if size.asked >= settled.asked)
    mib = 1024 * 1024
    return (
        f"{count:,} questions, {ASKING} at a time, a quarter of them in the chat. After the first "
        f"{settled.asked:,} the process had {settled.memory_bytes / mib:.0f} MiB, at the end "
        f"{last.memory_bytes / mib:.0f} MiB ({growth:+.1%}; at most {most / mib:.0f} MiB); open files "
        f"{settled.descriptors} and {last.descriptors}, threads {settled.threads} and {last.threads}.\n\n"
        "![Memory by questions asked](soak.svg)"
    )


def plot(sizes: Sequence[Size]) -> str:
    """Memory (MiB), open files and threads by questions asked, each from 0, as SVG."""
    rows: dict[str, list[float]] = {
        "memory, MiB": [size.memory_bytes / 2**20 for size in sizes],
        "open files": [size.descriptors for size in sizes],
        "threads": [size.threads for size in sizes],
    }
    drawn = []
    for row, (name, values) in enumerate(rows.items()):
        low, ceiling = 40 + 110 * (row + 1) - 30, max(values) * 1.15 or 1
        spots = " ".join(
            f"{60 + 560 * size.asked / sizes[-1].asked:.1f},{low - 80 * at / ceiling:.1f}"
            for size, at in zip(sizes, values, strict=True)
        )
        drawn.append(
            f'<text x="60" y="{low - 88}">{name}: {values[0]:.0f} to {values[-1]:.0f}</text>'
            f'<path d="M60 {low - 80}V{low}H620" fill="none" stroke="#888"/>'
            f'<polyline points="{spots}" fill="none" stroke="#1a4f8b" stroke-width="1.5"/>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 390" font-family="sans-serif" '
        'font-size="12" role="img"><title>The serving process by questions asked</title>'
        '<rect width="640" height="390" fill="#fff"/>' + "".join(drawn) +
        f'<text x="620" y="370" text-anchor="end">{sizes[-1].asked:,} questions</text></svg>\n'
    )  # fmt: skip


if __name__ == "__main__":
    main(prove)
