"""A real browser and a real server for tests: found, started, waited for and stopped in one place."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
START_WITHIN_S = 60

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium found; name one in CHROMIUM")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, more: Mapping[str, str] | None = None, within_s: float = START_WITHIN_S
) -> Iterator[str]:
    """The address of a server that `command` starts on a port, with more in its environment."""
    with tempfile.TemporaryDirectory() as audit:
        calm = {"ASSISTANT_QUESTIONS_PER_MINUTE": "1000", "ASSISTANT_AUDIT": audit}  # tests ask fast
        with _served(command, port, {**calm, **(more or {})}, within_s) as address:
            yield address


@contextmanager
def _served(command: Sequence[str], port: int, more: Mapping[str, str], within_s: float) -> Iterator[str]:
    with subprocess.Popen(command, env={**os.environ, **more}) as served:
        try:
            wait_for(f"http://127.0.0.1:{port}/documents", served, within_s)
            yield f"http://127.0.0.1:{port}/"
        finally:
            stop(served)


def records_in(folder: Path) -> dict[str, str]:
    """The setting that puts a server's records into a folder."""
    return {"ASSISTANT_RECORDS_URL": f"sqlite:///{folder}/records.sqlite"}


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
