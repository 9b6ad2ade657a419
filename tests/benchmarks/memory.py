"""What one serving process has in memory. Not a program: a part of `bench.py`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from rivals import product
from timed import Ran

from processes import SOMEBODY, Process

if TYPE_CHECKING:
    from bench import Bench

QUESTIONS = 20


def our_memory(work: Path, docs: Path, question: str) -> Ran:
    """The product's own server with its web page, asked twenty questions over an index of the texts."""
    ingested = product().call("inc", work / "index", "--docs", docs)
    work.mkdir(parents=True, exist_ok=True)
    server = Process(work / "index", work)
    server.start()
    try:
        started_s = server.until_it_answers(question)
        page = httpx.get(server.address, headers=SOMEBODY, timeout=60, follow_redirects=True)
        page.raise_for_status()
        for number in range(QUESTIONS):
            body = {"question": f"{question} ({number})"}
            httpx.post(
                f"{server.address}/api/ask", json=body, headers=SOMEBODY, timeout=60
            ).raise_for_status()
        rss_mb = server.memory_bytes() / 2**20
        private_mb, peak_mb = _of_status(server.child.pid, "RssAnon", "VmHWM")
        cpu_s = server.cpu_s()
    finally:
        server.stop()
    report = ingested.report | {"private_mb": private_mb, "page_chars": len(page.text)}
    return Ran(started_s, cpu_s, peak_mb, started_s, rss_mb, report)


def _of_status(pid: int, *names: str) -> list[float]:
    """What the kernel tells of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return [int(told[name].split()[0]) / 1024 for name in names]


def leanest_memory(bench: "Bench", docs: Path) -> str:
    """Measure the peer that takes least to answer; the name of what its figure is over. It serves no page
    and holds what its own quick start holds: over the served texts where they are ingested (--fill, once),
    else over the articles, which are far fewer."""
    least = min(bench.peers, key=lambda peer: bench.figures[("query", peer.name)][0].rss_mb or 1e9)
    index = bench.given.work / f"served-{least.name}"
    if not index.exists() and bench.given.fill:
        bench.note("fill", least.name, least.call("ingest", index, "--docs", docs))
    full = index.exists()
    more: list[str | Path] = [
        "--questions",
        bench.texts.questions,
        "--quality",
        "0",
        "--timed",
        str(QUESTIONS),
    ]
    ran = least.call("query", index if full else bench.index(least), *more)
    bench.note("memory", least.name, replace(ran, report={**ran.report, "full": full}))
    return least.name
