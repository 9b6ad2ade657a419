"""Several processes over one build: twice the processes answer nearly twice the questions, and a build that
is published reaches all of them.

`uvicorn app:app --workers N`, asked at /api/ask by programs that ask again as soon as they are answered,
each question over a connection of its own, which any worker may take. Who asks runs on the same cores.
"""

import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from asking import SIGNED_ON
from browsing import free_port
from conftest import write_papers
from index.build import build
from index.embedding import DEFAULT_MODEL, load_embedder
from processes import TICKS_IN_S
from proofs.proof import ROOT, Proof, main
from proofs.publishing import papers
from rounds import INDEX, SEED, questions

ASKERS, ROUND_S, PAIRS, PUBLISHES = 8, 8.0, 8, 10
SHORT_PUBLISHES = 1
REACHED = 40  # answers of the new build in a row: by chance one of two workers is not asked in 1 of 10^12
WITHIN_S, START_WITHIN_S = 60.0, 120.0
LEAST_RATIO = 1.25  # on two cores, of which the askers take their part


class Workers:
    """A server of so many workers over an index."""

    def __init__(self, count: int, index: Path, folder: Path) -> None:
        self.port, self._count = free_port(), count
        given = {
            **SIGNED_ON, "PYTHONPATH": str(ROOT), "ASSISTANT_INDEX": str(index),
            "ASSISTANT_MODELS": str(ROOT / "var" / "models"), "ASSISTANT_AUDIT": str(folder / "audit"),
            "ASSISTANT_RECORDS_URL": f"sqlite:///{folder}/records.sqlite",
            "ASSISTANT_QUESTIONS_PER_MINUTE": "100000",
            "ASSISTANT_SECRET": "a secret of this proof, the same for all workers",
        }  # fmt: skip
        command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(self.port), "--no-access-log"]
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log").open("w") as log:
            self._child = subprocess.Popen(
                [*command, "--workers", str(count), "--log-level", "warning"], cwd=ROOT,
                env={**os.environ, **given}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def until_they_answer(self) -> None:
        """Raises AssertionError where they do not."""
        until = time.monotonic() + START_WITHIN_S
        while len(self.pids()) < self._count or any(self.cpu_s(pid) < 0.5 for pid in self.pids()):
            assert time.monotonic() < until, "the workers did not start"
            time.sleep(0.1)
        while True:
            try:
                self.ask("What is this about?", 0)
                return
            except OSError:
                assert time.monotonic() < until, "the workers did not answer"
                time.sleep(0.1)

    def ask(self, question: str, person: int) -> str:
        """The build that answered. Raises OSError, also for what is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"content-type": "application/json", "x-forwarded-user": f"person{person}"}
        try:
            connection.request("POST", "/api/ask", json.dumps({"question": question}), headers)
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{answer.status}: {told[:100]!r}")
        return str(json.loads(told)["trace"]["index_build"])

    def pids(self) -> list[int]:
        """The workers; the helper that looks after shared resources is none."""
        if self._count == 1:
            return [self._child.pid]
        told = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children").read_text().split()
        return [int(pid) for pid in told if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]

    @staticmethod
    def cpu_s(pid: int) -> float:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS_IN_S

    def stop(self) -> None:
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()


@contextmanager
def working(count: int, index: Path, folder: Path) -> Iterator[Workers]:
    workers = Workers(count, index, folder)
    try:
        workers.until_they_answer()
        yield workers
    finally:
        workers.stop()


def prove(short: bool) -> Proof:
    """Publish under two workers, then compare one worker with two."""
    with tempfile.TemporaryDirectory(prefix="workers-") as folder:
        reached, wrong = published(Path(folder) / "published", SHORT_PUBLISHES if short else PUBLISHES)
        told = (
            f"{len(reached)} builds were published under two workers: all answers were of the new one after "
            f"at\nmost {max(reached, default=0):.1f} s (median {statistics.median(reached or [0]):.1f} s)."
        )
        tried = SHORT_PUBLISHES if short else PUBLISHES
        if short:
            return Proof(len(reached) if not wrong else 0, tried, told, tuple(wrong))
        rates, share, failed = compared(Path(folder))
    ratios = [two / one for one, two in rates]
    low, high = interval(ratios)
    if low < LEAST_RATIO:
        failed.append(f"two workers answer only {low:.2f} times as much")
    one, two = (statistics.mean(each) for each in zip(*rates, strict=True))
    told += (
        f" Over 248 papers {ASKERS} programs asked\none worker {one:.1f} and two workers {two:.1f} questions "
        f"a second: {statistics.mean(ratios):.2f} times as many (95 % {low:.2f} to\n{high:.2f}, "
        f"{len(rates)} pairs of rounds of {ROUND_S:g} s); asking them took {share:.0%} of the two cores."
    )
    held = len(reached) * (not wrong) + (not failed)
    return Proof(held, tried + 1, told, (*wrong, *failed))


def compared(folder: Path) -> tuple[list[tuple[float, float]], float, list[str]]:
    """Answers a second of one worker and of two, in turn; the askers' share of all processors; faults."""
    rates: list[tuple[float, float]] = []
    failed: list[str] = []
    used, began = time.process_time(), time.monotonic()
    with ExitStack() as stack:
        one, two = (stack.enter_context(working(n, INDEX, folder / str(n))) for n in (1, 2))
        used, began = time.process_time(), time.monotonic()
        for _ in range(PAIRS):
            rates.append((rate(one, ROUND_S, failed), rate(two, ROUND_S, failed)))
    share = (time.process_time() - used) / (time.monotonic() - began) / (os.cpu_count() or 1)
    return rates, share, failed


def rate(workers: Workers, seconds: float, failed: list[str]) -> float:
    """Answers a second to askers who do not think."""
    until = time.monotonic() + seconds
    asked = questions()
    counts = [0] * ASKERS

    def live(person: int) -> None:
        mine = asked[person::ASKERS]
        while time.monotonic() < until:
            try:
                workers.ask(mine[counts[person] % len(mine)], person)
            except OSError as fault:
                failed.append(str(fault))
                return
            counts[person] += 1

    threads = [threading.Thread(target=live, args=(person,)) for person in range(ASKERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def published(folder: Path, count: int) -> tuple[list[float], list[str]]:
    """Seconds from each publishing until all workers answer from it, and what was wrong."""
    embedder = load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")

    folder.mkdir(parents=True, exist_ok=True)

    def publish(generation: int) -> str:
        write_papers(folder / "corpus", papers(generation))
        return build(folder / "corpus", folder / "index", embedder).build_id

    publish(0)
    reached: list[float] = []
    with working(2, folder / "index", folder / "server") as workers, ThreadPoolExecutor(4) as pool:
        before = [workers.cpu_s(pid) for pid in workers.pids()]
        for generation in range(1, count + 1):
            new, began, last, row = publish(generation), time.monotonic(), 0.0, 0
            while row < REACHED and time.monotonic() < began + WITHIN_S:
                told = list(pool.map(lambda n: workers.ask("Who pays?", n), range(4)))
                row = row + len(told) if set(told) == {new} else 0
                last = last if row else time.monotonic() - began
            if row < REACHED:
                return reached, [f"after {WITHIN_S:.0f} s a worker still answers from an older build"]
            reached.append(last)
        worked = [workers.cpu_s(pid) - at for pid, at in zip(workers.pids(), before, strict=True)]
    return reached, [f"one of two workers answered nothing: {worked} s"] if min(worked) < 0.03 else []


def interval(values: list[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean."""
    chosen = random.Random(SEED)
    means = sorted(statistics.mean(chosen.choices(values, k=len(values))) for _ in range(2000))
    return means[49], means[1949]


if __name__ == "__main__":
    main(prove)
