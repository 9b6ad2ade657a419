"""Take the README's picture of the chat: `python docs/take_screenshots.py`.

Serves the published build of `ASSISTANT_INDEX` (var/index) on a free port, asks one question in
Chromium and writes docs/chat.png. Needs the `test` extra and a chromium, in CHROMIUM or on the path.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
QUESTION = "How many beneficiary countries does the Countering Terrorist Travel Programme support?"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE = {"width": 1366, "height": 768}
START_WITHIN_S = 60


def main() -> int:
    """Take the picture; 2 where there is no browser or no server to take it from."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("No chromium found: install it, or name it in CHROMIUM.", file=sys.stderr)
        return 2
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    records = Path(tempfile.mkdtemp()) / "records.sqlite"  # nobody's own conversations are in the picture
    environment = {
        **os.environ,
        "ASSISTANT_HOST": "127.0.0.1",
        "ASSISTANT_PORT": str(port),
        "ASSISTANT_RECORDS_URL": f"sqlite:///{records}",
    }
    with subprocess.Popen([sys.executable, "app.py"], cwd=DOCS.parent, env=environment) as served:
        try:
            if not started(f"http://127.0.0.1:{port}/documents", served):
                return 2
            picture(chromium, f"http://127.0.0.1:{port}/", DOCS / "chat.png")
        finally:
            served.terminate()
    print(f"written: {DOCS / 'chat.png'}")
    return 0


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


def picture(chromium: str, address: str, file: Path) -> None:
    """Ask the question and write what the screen shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)  # type: ignore[arg-type]
        page.goto(address)
        page.wait_for_selector("#sources .panel")
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        page.wait_for_selector("#chat .answer:not(.draft)")
        page.wait_for_timeout(600)  # the sources come a moment after the last word
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
