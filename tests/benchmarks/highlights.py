"""Is what the viewer marks what was quoted? `python tests/benchmarks/highlights.py RUN INDEX CORPUS`.

RUN is a folder that `eval` wrote, over INDEX, whose documents lie in CORPUS. Every page that a
citation of the run points at is opened in headless Chromium, the marked text is read back from
the page as drawn (a PDF) or as set (all else), and its letters and digits are compared with the
quote's. Prints the share that is equal, with a 95% Wilson interval, and what is not. As a second
opinion, pdfium is asked what is printed under the marks of a drawn page: is it the quote, too, to
95% of its letters (neighbouring letters may touch a mark's edge)?
--blocks N adds N blocks (paragraphs, items, rows) drawn at random from all PDFs of the index:
more kinds of print than the citations of a question set.
"""

import argparse
import json
import math
import os
import random
import shutil
import socket
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright
from rapidfuzz import fuzz

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.web import addresses, blocks, viewer

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# How the page is shown, the marked text, and the marks' boxes in PDF units from its upper left.
MARKED = """() => {
    const shown = document.documentElement.dataset.shown;
    const sheet = document.querySelector(".sheet");
    const found = [...document.querySelectorAll(shown === "drawn" ? ".sheet mark" : ".paper mark")];
    const scale = sheet && Number(sheet.style.getPropertyValue("--total-scale-factor"));
    const from = sheet && sheet.getBoundingClientRect();
    const box = ({ left, right, top, bottom }) =>
        [left - from.left, right - from.left, top - from.top, bottom - from.top].map((at) => at / scale);
    return {
        shown,
        text: found.map((mark) => mark.textContent).join(" "),
        boxes: shown === "drawn" ? found.map((mark) => box(mark.getBoundingClientRect())) : [],
    };
}"""
SIMILAR = 0.95
LEAST_BLOCK_CHARS = 40
SEED = 20261122


@dataclass(frozen=True, slots=True)
class Target:
    """One sentence to be marked: where it is said to be, and what it says."""

    document_id: str
    page: int
    start: int
    end: int
    quote: str
    pdf: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """What was marked: `shown` is `drawn` or `text`, `under` is what pdfium reads under the marks."""

    target: Target
    shown: str
    text: str
    under: str
    seconds: float

    @property
    def equal(self) -> bool:
        return letters(self.text) == letters(self.target.quote)

    @property
    def on_print(self) -> bool:
        return alike(self.under, self.target.quote)


def letters(text: str) -> str:
    """The letters and digits of a text in their plain forms."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).lower() if sign.isalnum())


def cited(run: Path) -> list[Target]:
    """The different citations of a run."""
    lines = (run / "answers.jsonl").read_text("utf-8").splitlines()
    found = [citation for line in lines for citation in json.loads(line)["citations"]]
    return list(dict.fromkeys(_target(citation) for citation in found))


def _target(citation: dict[str, object]) -> Target:
    names = ("document_id", "page", "start", "end", "quote")
    pdf = str(citation["path"]).lower().endswith(".pdf")
    return Target(*[citation[name] for name in names], pdf)  # type: ignore[arg-type, call-arg]


def drawn_at_random(assistant: Assistant, count: int) -> list[Target]:
    """Blocks of text from all PDFs that everybody may read."""
    index, groups = assistant.index, local_principal().groups
    found = []
    for document in index.documents(groups):
        if not document.path.lower().endswith(".pdf"):
            continue
        pages = index.pages(document.id, groups)
        for page in pages:
            offset = blocks.page_start(pages, page.number)
            for block in blocks.blocks(page):
                start, end = block.spans[0][0], block.spans[-1][1]
                if end - start >= LEAST_BLOCK_CHARS:
                    quote = page.text[start:end]
                    found.append(Target(document.id, page.number, offset + start, offset + end, quote, True))
    return random.Random(SEED).sample(found, min(count, len(found)))


@contextmanager
def served(assistant: Assistant, corpus: Path) -> Iterator[str]:
    """The viewer alone, on a free port."""
    app = FastAPI()
    app.include_router(viewer.routes(assistant, lambda headers: local_principal(), corpus))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def marked(page: Page, target: Target, address: str, file: Path) -> Marked:
    """Open the page of a target and read back what is marked on it."""
    started = time.monotonic()
    page.goto(address + addresses.page(target.document_id, target.page, target.start, target.end))
    page.locator("html[data-shown]").wait_for(state="attached", timeout=60_000)
    found = page.evaluate(MARKED)
    seconds = time.monotonic() - started
    under = printed_under(file, target.page, found["boxes"]) if found["boxes"] else ""
    return Marked(target, found["shown"], found["text"], under, seconds)


def printed_under(file: Path, number: int, boxes: list[list[float]]) -> str:
    """What pdfium finds under the middle of each box (left, right, top, bottom from the upper left)."""
    document = pypdfium2.PdfDocument(file)
    try:
        page = document[number - 1]
        x, _, _, y = page.get_cropbox()
        words = page.get_textpage()
        found = []
        for left, right, top, bottom in boxes:
            height = bottom - top
            edges = (x + left, y - bottom + 0.4 * height, x + right, y - top - 0.4 * height)
            found.append(words.get_text_bounded(*edges))
        return " ".join(found)
    finally:
        document.close()


def wilson(good: int, n: int) -> tuple[float, float]:
    """The 95% Wilson interval of a share."""
    if not n:
        return 0.0, 1.0
    z, share = 1.96, good / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def alike(one: str, other: str) -> bool:
    return fuzz.ratio(letters(one), letters(other)) >= 100 * SIMILAR


def share(good: int, n: int) -> str:
    low, high = wilson(good, n)
    return f"{good} of {n}, {good / n:.3f} [{low:.3f}, {high:.3f}]"


def report(name: str, results: list[Marked]) -> None:
    """Print a line for the PDFs and one for the rest, and every miss."""
    for kind, chosen in (("PDF", True), ("other", False)):
        of_kind = [result for result in results if result.target.pdf is chosen]
        if not of_kind:
            continue
        drawn = [result for result in of_kind if result.shown == "drawn"]
        seconds = sorted(result.seconds for result in of_kind)[len(of_kind) // 2]
        print(f"{name}, {kind}: marked as quoted {share(sum(r.equal for r in of_kind), len(of_kind))}")
        print(f"  drawn {len(drawn)}; median {seconds:.2f} s until marked")
        if drawn:
            print(f"  the same by pdfium under the marks {share(sum(r.on_print for r in drawn), len(drawn))}")
    for result in results:
        if not result.equal or (result.shown == "drawn" and not result.on_print):
            target = result.target
            print(f"  {target.document_id} page {target.page} {target.start}-{target.end} ({result.shown})")
            for label, text in (("quote", target.quote), ("marked", result.text), ("print", result.under)):
                print(f"    {label:<7}{' '.join(text.split())}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("run", "index", "corpus"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--blocks", type=int, default=0)
    given = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("No chromium found: install it, or name it in CHROMIUM.", file=sys.stderr)
        return 2
    assistant = Assistant.open(Settings.from_env(index=given.index, corpus=given.corpus))
    sets = {"citations": cited(given.run), "blocks": drawn_at_random(assistant, given.blocks)}
    documents = assistant.index.documents(local_principal().groups)
    files = {document.id: given.corpus / document.path for document in documents}
    with served(assistant, given.corpus) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 560, "height": 700})
        for name, targets in sets.items():
            report(name, [marked(page, target, address, files[target.document_id]) for target in targets])
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
