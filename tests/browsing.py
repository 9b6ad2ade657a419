"""A real browser and a real server for tests: found, started, waited for and stopped in one place."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
START_WITHIN_S = 60
PATIENCE_MS = 15_000
WIDE = (1366, 768)
Opened = Callable[..., Page]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium found; name one in CHROMIUM")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    more: Mapping[str, str] | None = None,
    within_s: float = START_WITHIN_S,
    path: str = "documents",
) -> Iterator[str]:
    """The address of a server that `command` starts on a port, with more in its environment; it is there
    when it gives `path` to somebody who has not signed on."""
    with subprocess.Popen(command, env={**os.environ, **(more or {})}) as served:
        try:
            wait_for(f"http://127.0.0.1:{port}/{path}", served, within_s)
            yield f"http://127.0.0.1:{port}/"
        finally:
            stop(served)


def records_in(folder: Path) -> dict[str, str]:
    """The setting that puts a server's records into a folder."""
    return {"ASSISTANT_RECORDS_URL": f"sqlite:///{folder}/records.sqlite"}


@contextmanager
def windows(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens a path of a server in a window of its own; at the end nothing may have left the machine
    or failed in any."""
    contexts = []
    asked: list[str] = []
    failed: list[str] = []

    def open_(path: str = "", size: tuple[int, int] = WIDE, **given: object) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, **given)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.on("weberror", lambda error: failed.append(str(error.error)))
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.on("console", lambda said: failed.append(said.text) if is_fault(said) else None)
        page.goto(address + path)
        if not path.startswith("documents"):
            expect(page.locator("#sources .panel")).to_be_visible()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert asked and [url for url in asked if not is_local(url)] == []
    assert failed == [], failed


def is_fault(said: ConsoleMessage) -> bool:
    """Whether a console message tells of a fault; a page that is left with a stream open complains of it."""
    left = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
    return said.type == "error" and not said.text.startswith(left)


def is_local(url: str) -> bool:
    """Whether an address leads to this machine, or into the page itself."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"


def wait_for(url: str, served: "subprocess.Popen[bytes]", within_s: float = START_WITHIN_S) -> None:
    """Wait until a server answers; fails where it stopped or takes too long."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        assert served.poll() is None, f"the server stopped with status {served.returncode}"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url} within {within_s} s")


def stop(served: "subprocess.Popen[bytes]") -> None:
    """Stop a server by its own process, kindly first."""
    served.terminate()
    try:
        served.wait(10)
    except subprocess.TimeoutExpired:
        served.kill()
        served.wait()
