"""Killed in the middle of questions, and started again; asked to stop in the middle of answers.

Each try starts a server, kills it (SIGKILL) while three people ask, and counts from the kill to the
first whole answer of the next one, which is started at once. That one gets ten questions in the chat,
of people whose windows are open, and SIGTERM as soon as it has them all in hand: each must be
answered, new connections be refused, the process end by itself with status 0, and leave nothing.
"""

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from asking import SIGNED_ON, Heard, Person, gone, people
from processes import Process
from proofs.proof import ROOT, Proof, main
from rounds import questions

INDEX = ROOT / "var" / "fit" / "papers"
TRIES, ASKING, DRAINED = 20, 3, 10
SERVING_WITHIN_S = 5.0
STOPPED_WITHIN_S = 40.0


def prove(short: bool, index: Path = INDEX) -> Proof:
    """Both, so many times; the short form stops once, and kills nothing."""
    broken: list[str] = []
    back, drained = list[float](), list[float]()
    tries = 1 if short else TRIES
    for number in range(tries):
        with tempfile.TemporaryDirectory(prefix="restarts-") as folder:
            process = Process(index, Path(folder), SIGNED_ON)
            process.start()
            process.until_it_answers("What is this about?")
            if not short:
                back.append(_killed(process))
                if back[-1] > SERVING_WITHIN_S:
                    broken.append(f"try {number}: served {back[-1]:.1f} s after the kill")
            seconds, wrong = asyncio.run(_stopped(process))
            drained.append(seconds)
            broken += [f"try {number}: {each}" for each in (*wrong, *_left(process))]
    bad = len({line.split(":")[0] for line in broken})
    return Proof(tries - bad, tries, _told(back, drained), tuple(broken))


def _killed(process: Process) -> float:
    """Seconds from the kill, while people ask, to the first whole answer of the next process."""

    async def under_load() -> float:
        crowd = people(process.address, ASKING)
        walks = [asyncio.ensure_future(_walk(person)) for person in crowd]
        await asyncio.sleep(1)
        began = time.monotonic()
        process.kill()
        process.start()
        await asyncio.to_thread(process.until_it_answers, "What is this about?")
        seconds = time.monotonic() - began
        for walk in walks:
            walk.cancel()
        await asyncio.gather(*walks, return_exceptions=True)
        await gone(crowd)
        return seconds

    seconds = asyncio.run(under_load())
    for left in process.private.glob("ct-assistant-*"):  # of the killed one; the next one has its own
        if not any(str(left) in line for line in _open_files(process.child.pid)):
            subprocess.run(["rm", "-rf", str(left)], check=True)
    return seconds


async def _walk(person: Person) -> None:
    for question in questions():
        await person.ask_chat(question)
        await asyncio.sleep(0.05)  # also where the server is away


async def _stopped(process: Process) -> tuple[float, list[str]]:
    """Seconds from SIGTERM to the end, and what was wrong."""
    crowd = people(process.address, DRAINED, first=100)
    windows = [asyncio.ensure_future(_window(person)) for person in crowd]
    asked = [
        asyncio.ensure_future(person.ask_chat(question))
        for person, question in zip(crowd, questions(7), strict=False)
    ]
    await asyncio.gather(*(asyncio.wait_for(person.begun.wait(), 120) for person in crowd))
    before = sum(each.done() for each in asked)
    began = time.monotonic()
    stopping = asyncio.ensure_future(asyncio.to_thread(process.stop, STOPPED_WITHIN_S))
    await asyncio.sleep(0.3)
    wrong = []
    try:
        httpx.get(f"{process.address}/documents", timeout=5)
        wrong.append("a new connection was taken")
    except httpx.TransportError:
        pass
    heard: list[Heard] = await asyncio.gather(*asked)
    try:
        status = await stopping
        wrong += [f"ended with status {status}"] if status else []
    except subprocess.TimeoutExpired:
        wrong.append(f"did not end within {STOPPED_WITHIN_S:.0f} s")
    seconds = time.monotonic() - began
    wrong += [f"no answer after SIGTERM: {each.outcome}" for each in heard if each.outcome != "answered"]
    wrong += ["all were answered before SIGTERM, which proves nothing"] if before == len(asked) else []
    for window in windows:
        window.cancel()
    await asyncio.gather(*windows, return_exceptions=True)
    await gone(crowd)
    return seconds, wrong


async def _window(person: Person) -> None:
    """What an open page holds on to, whether anything is asked or not."""
    with contextlib.suppress(httpx.HTTPError):
        async with person.client.stream("GET", f"/gradio_api/heartbeat/{person.session}") as stream:
            async for _ in stream.aiter_lines():
                pass


def _left(process: Process) -> list[str]:
    """What the stopped process left behind that it should not have."""
    found = [path.name for path in process.private.glob("ct-assistant-*")]
    found += [path.name for path in process.folder.glob("records.sqlite-*")]
    lines = (process.folder / "audit" / "audit.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    answered = {each["who"] for each in told if each["status"] not in ("stopped", "failed", "turned_away")}
    missing = {f"proxy:person{100 + n}" for n in range(DRAINED)} - answered
    return [f"left behind: {name}" for name in found] + [f"no audit line of {who}" for who in sorted(missing)]


def _open_files(pid: int) -> list[str]:
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(os.readlink(each))
    return found


def _told(back: list[float], drained: list[float]) -> str:
    told = ""
    if back:
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import gradio"], check=True, capture_output=True)
        alone = time.monotonic() - began
        told = (
            f"Killed while {ASKING} people ask: the first whole answer came {statistics.median(back):.1f} s "
            f"after the kill in the median, {max(back):.1f} s at the longest (n = {len(back)}; to load "
            f"Gradio alone took {alone:.1f} s then). "
        )
    return told + (
        f"SIGTERM with {DRAINED} questions in hand and as many windows open: the process ended "
        f"{statistics.median(drained):.1f} s later in the median, {max(drained):.1f} s at the longest "
        f"(n = {len(drained)}). Other load on the machine: {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    main(prove)
