"""Builds published while people ask: no answer fails, none mixes two builds, and what nobody reads
any more is freed.

Every passage of a build holds a word that no other build has. An answer, its hits, its citations,
its pages and its trace must all be of one build.
"""

import gc
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import httpx

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.types import Question
from assistant.web import server
from conftest import write_papers
from index import copies, store
from index.build import build
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder
from proofs.proof import ROOT, Proof, main
from serving import served

PUBLISHES, READERS = 20, 4
SHORT_PUBLISHES, SHORT_READERS = 3, 2
ASKED = (
    "Who pays for the Harbour Programme?",
    "How many ports does the Harbour Programme train?",
    "Compare the Harbour Programme and the aviation workshop.",
)
_SIGN = re.compile(r"canary\d{3}")


def papers(generation: int) -> dict[str, tuple[str, dict[str, str]]]:
    sign = f"canary{generation:03d}"
    told = {
        "harbour.md": f"# Harbour {sign}\n\nNorway pays for the Harbour Programme with {generation + 2} "
        f"million euros and {sign}. The Harbour Programme trains customs officers of {sign} in nine ports.\n",
        "aviation.txt": f"Aviation {sign}\n\nThe aviation workshop of {sign} took place in Skopje.\n",
    }
    return {name: (text, {"title": name, "groups": "all"}) for name, text in told.items()}


class Readers:
    """Threads that ask until they are told to stop, and keep what was wrong."""

    def __init__(self, signs: dict[str, str]) -> None:
        self._signs, self._stop = signs, threading.Event()
        self._threads: list[threading.Thread] = []
        self.asked, self.wrong = 0, list[str]()
        self.slowest_s = 0.0

    def start(self, ask: Callable[[str], tuple[str, str]]) -> None:
        """Begin to ask; an ask gives the build it names and everything in the answer as one text."""

        def work() -> None:
            number = 0
            while not self._stop.is_set():
                began = time.monotonic()
                try:
                    build_id, text = ask(ASKED[number % len(ASKED)])
                except Exception as error:
                    self.wrong.append(f"failed: {error!r}")
                else:
                    self.asked += 1
                    self._compare(build_id, set(_SIGN.findall(text)))
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                number += 1
                time.sleep(0.02)  # else the builder would hardly get its turn

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def _compare(self, build_id: str, signs: set[str]) -> None:
        # A build is asked as soon as it is published, which is before its builder has told its name.
        until = time.monotonic() + 20
        while build_id not in self._signs and time.monotonic() < until:
            time.sleep(0.01)
        if signs != {self._signs.get(build_id)}:
            self.wrong.append(f"mixed: {build_id} ({self._signs.get(build_id)}) said {sorted(signs)}")

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)


def asker(assistant: Assistant) -> Callable[[str], tuple[str, str]]:
    def ask(text: str) -> tuple[str, str]:
        index = assistant.index  # held while it is replaced, as somebody who reads on
        answer = assistant.ask(Question(text, local_principal()))
        page = index.pages("harbour", {"all"})[0].text
        if len(set(_SIGN.findall(page))) != 1:
            return "a page", page
        return answer.trace.index_build, f"{answer.text} {answer.hits!r} {answer.citations!r}"

    return ask


def over_http(client: httpx.Client) -> Callable[[str], tuple[str, str]]:
    def ask(text: str) -> tuple[str, str]:
        answer = client.post("/api/ask", json={"question": text})
        answer.raise_for_status()
        told = answer.json()
        return told["trace"]["index_build"], f"{told['text']} {told['hits']} {told['citations']}"

    return ask


def prove(short: bool) -> Proof:
    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")
    publishes, readers = (SHORT_PUBLISHES, SHORT_READERS) if short else (PUBLISHES, READERS)
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "private").mkdir()
        tempfile.tempdir = str(Path(folder) / "private")  # so that the copies of this process can be counted
        try:
            with mock.patch.object(store, "EXACT", 0):  # as for large shelves: with a copy to be let go of
                return _proved(Path(folder), embedder, publishes, readers)
        finally:
            tempfile.tempdir = before


def _proved(folder: Path, embedder: Embedder, publishes: int, count: int) -> Proof:
    signs: dict[str, str] = {}

    def publish(generation: int) -> None:
        write_papers(folder / "corpus", papers(generation))
        report = build(folder / "corpus", folder / "index", embedder)
        signs[report.build_id] = f"canary{generation:03d}"

    publish(0)
    settings = Settings.from_env(
        corpus=folder / "corpus", index=folder / "index", audit=folder / "audit",
        records_url=f"sqlite:///{folder}/records.sqlite", questions_per_minute=100_000,
    )  # fmt: skip
    assistant = Assistant(settings, embedder)
    asking = Readers(signs)
    rss: list[float] = []
    with (
        served(server.create_app(settings, assistant)) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        for _ in range(count - 1):
            asking.start(asker(assistant))
        asking.start(over_http(client))
        try:
            for generation in range(1, publishes + 1):
                publish(generation)
                until = time.monotonic() + 30
                sign = f"canary{generation:03d}"
                while signs[assistant.index.build_id] != sign and time.monotonic() < until:
                    time.sleep(0.01)
                time.sleep(0.3)
                rss.append(resident_mb())
        finally:
            asking.stop()
        serving = assistant.index.build_id
    left = remains(folder, serving)
    assistant.index.close()
    broken = [*asking.wrong, *left]
    told = (
        f"{publishes} builds were published under {count} threads that asked, one of them over\n"
        f"HTTP: {asking.asked:,} questions, {len(asking.wrong)} failed or mixed, the slowest answer "
        f"{asking.slowest_s:.1f} s. Of the old builds {len(left)} files,\nmaps or copies were still held. "
        f"Memory {rss[0]:.0f} MB after the first publishing, {rss[-1]:.0f} MB after the last."
    )
    return Proof(publishes if not broken else 0, publishes, told, tuple(broken))


def remains(folder: Path, serving: str) -> list[str]:
    """What this process still holds of builds other than the served one."""
    gc.collect()
    held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)]
    held += [line.split(maxsplit=5)[-1].strip() for line in Path("/proc/self/maps").read_text().splitlines()]
    wrong = {each for each in held if str(folder / "index") in each and serving not in each}
    wrong |= {each for each in held if str(folder) in each and each.endswith("(deleted)")}
    found = list((folder / "private").glob(copies.PREFIX + "*"))
    if len(found) != 1:
        wrong.add(f"{len(found)} copies of vectors")
    return sorted(f"still held: {each}" for each in wrong)


def _is_link(fd: str) -> bool:
    return os.path.islink(f"/proc/self/fd/{fd}")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


if __name__ == "__main__":
    main(prove)
