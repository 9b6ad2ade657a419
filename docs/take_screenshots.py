"""Take the pictures of the chat: `python docs/take_screenshots.py [NAME …]`.

Serves the published build of `ASSISTANT_INDEX` (var/index) on a free port, with records of its own,
walks through six states in Chromium and writes docs/NAME.png, all or those named. Needs the `test`
extra, a build over docs_corpus (`make screenshots` makes one) and a chromium, in CHROMIUM or on the path.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).resolve().parent
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESK, TALL, PHONE = (
    {"width": width, "height": height} for width, height in ((1366, 768), (1366, 1000), (390, 844))
)
DENSITY = 1.5
COLOURS = 256
START_WITHIN_S = 60
SETTLED_MS = 800  # the sources, and what to ask next, come a moment after the last word

ANSWERED = "How many beneficiary countries does the Countering Terrorist Travel Programme support?"
IN_A_PDF = "How many recommendations has CTED shared with the Central Asian States since 2019?"
COMPARED = "Compare the papers of 2022 and 2025: how many entities are in the Coordination Compact?"
SILENT = "What is the salary of programme officers?"


@dataclass(frozen=True, slots=True)
class Picture:
    """A state of the pages: where it begins, what is done there, and in what window."""

    path: str
    reach: Callable[[Page], None]
    window: dict[str, Any] = field(default_factory=lambda: {"viewport": DESK})


def main() -> int:
    """Take the pictures; 2 where there is no browser or no server to take them from."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    names = sys.argv[1:] or list(PICTURES)
    if unknown := [name for name in names if name not in PICTURES]:
        print(f"No such picture: {', '.join(unknown)}. There are {', '.join(PICTURES)}.", file=sys.stderr)
        return 2
    if chromium is None:
        print("No chromium found: install it, or name it in CHROMIUM.", file=sys.stderr)
        return 2
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for name in names:
            with served() as address:  # each anew: no conversation of another picture is listed
                if not address:
                    print("The server did not start; its own words stand above.", file=sys.stderr)
                    return 2
                file = DOCS / f"{name}.png"
                file.write_bytes(taken(browser, address, PICTURES[name]))
            print(f"written: {file} ({file.stat().st_size / 1000:.0f} kB)")
        browser.close()
    return 0


@contextmanager
def served() -> Iterator[str]:
    """The address of the server while it runs; "" where it does not start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:  # nobody's own conversations are in the pictures
        environment = {
            **os.environ,
            "ASSISTANT_HOST": "127.0.0.1",
            "ASSISTANT_PORT": str(port),
            "ASSISTANT_RECORDS_URL": f"sqlite:///{folder}/records.sqlite",
        }
        with subprocess.Popen([sys.executable, "app.py"], cwd=DOCS.parent, env=environment) as process:
            try:
                address = f"http://127.0.0.1:{port}/"
                yield address if started(f"{address}documents", process) else ""
            finally:
                process.terminate()


def started(url: str, served: "subprocess.Popen[bytes]") -> bool:
    """Wait until the server answers; False where it stopped, after its own words, or takes too long."""
    deadline = time.monotonic() + START_WITHIN_S
    while served.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


def taken(browser: Browser, address: str, picture: Picture) -> bytes:
    """A state as PNG, in a window of its own; of few colours, which a page of text has anyway."""
    context = browser.new_context(device_scale_factor=DENSITY, **picture.window)
    page = context.new_page()
    page.goto(address + picture.path)
    picture.reach(page)
    page.mouse.move(0, 0)  # nothing is lit because the pointer rests on it
    page.wait_for_timeout(SETTLED_MS)
    shot = page.screenshot()
    context.close()
    small = io.BytesIO()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


# --- how each state is reached -------------------------------------------------------------------


def ask(page: Page, *questions: str) -> None:
    """Ask one after the other, and wait for each answer until it can be marked."""
    page.wait_for_selector("#sources .panel")
    for count, question in enumerate(questions, 1):
        page.fill("#question textarea", question)
        page.keyboard.press("Enter")
        page.wait_for_function(
            "count => document.querySelectorAll('#chat .answer:not(.draft)').length === count", arg=count
        )
        page.wait_for_selector("#marks")


def open_source(page: Page) -> None:
    """Ask what a PDF answers, and open its page beside the answer, with the list folded for room."""
    ask(page, IN_A_PDF)
    page.click("#history-toggle")
    page.click("#chat .answer .marker")
    page.frame_locator("#source-view iframe").locator(".sheet mark").first.wait_for()


def compare(page: Page) -> None:
    """Ask of two years with the list folded for room, and go up to where both columns begin."""
    page.click("#history-toggle")
    ask(page, COMPARED)
    page.wait_for_selector("#next button")  # the last that moves the conversation
    page.locator("#chat .sides").scroll_into_view_if_needed()
    page.locator("#chat .question").scroll_into_view_if_needed()


def list_conversations(page: Page) -> None:
    """Three conversations, the last one open, and the list of all over it."""
    for question in (COMPARED, SILENT, ANSWERED):
        if page.locator("#anew").is_visible():
            page.click("#anew")
            page.wait_for_selector("#chat .example")
        ask(page, question)
    page.click("#history-toggle")
    page.wait_for_selector("#listing .title")
    page.evaluate("scrollTo(0, 0)")


PICTURES = {
    "chat": Picture("", lambda page: ask(page, ANSWERED)),
    "source": Picture("", open_source),
    "comparison": Picture("", compare, {"viewport": TALL}),
    "refusal": Picture("", lambda page: ask(page, SILENT)),
    "documents": Picture("documents", lambda page: page.locator("tbody .name").first.wait_for()),
    "phone": Picture("?lang=ar", list_conversations, {"viewport": PHONE, "color_scheme": "dark"}),
}


if __name__ == "__main__":
    raise SystemExit(main())
