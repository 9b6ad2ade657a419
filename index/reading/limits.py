"""Read a document in a child process that cannot take the machine with it.

A small server process is started on the first call. It has loaded the readers and forks a child
for each document, which costs milliseconds and does not import the caller's program again. The
child limits itself, reads, and answers in JSON over a pipe; whoever owns a child by a hostile
file can therefore send wrong text, but no objects.

Covers: memory, processor time, wall time, pages, characters, and a child that dies.
Does not cover: a sandbox. A child that runs an attacker's code runs as the same user.
"""

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from index.errors import IndexFault, UnreadableDocument
from index.reading import MAX_OUTPUT_CHARS, MAX_PAGES, SUPPORTED_SUFFIXES, Reading
from index.reading.exchange import reading_from_json
from index.reading.ocr import DOCUMENT_S
from index.types import OutcomeStatus

__all__ = ["SUPPORTED_SUFFIXES", "Limits", "read_limited"]

_GRACE_S = 5.0
SPLIT = "Split it into smaller files, or set skip=yes in manifest.csv."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may use."""

    memory_bytes: int = 2 * 1024**3
    cpu_s: int = 60
    wall_s: float = 90.0
    max_pages: int = MAX_PAGES
    max_chars: int = MAX_OUTPUT_CHARS
    ocr: str = ""  # languages in which scanned pages are read, as `eng+fra`; "": they are not

    @classmethod
    def with_ocr(cls, languages: str) -> "Limits":
        """The usual ones, and the time that OCR may take where languages are named for it."""
        usual = cls()
        if not languages:
            return usual
        more = int(DOCUMENT_S)
        return cls(cpu_s=usual.cpu_s + more, wall_s=usual.wall_s + 1.5 * more, ocr=languages)


def read_limited(path: Path, document_id: str, limits: Limits | None = None) -> Reading:
    """The same as `index.reading.read`, in a limited child. Safe to call from several threads."""
    limits = limits or Limits()
    request = json.dumps({"path": str(path.absolute()), "id": document_id, "limits": asdict(limits)})
    answer, verdict = _SERVER.ask(request.encode(), limits)
    if not answer.endswith(b"\n"):
        raise _died(verdict, limits)
    return reading_of(answer, document_id)


def reading_of(answer: bytes, document_id: str) -> Reading:
    """Reading from a reader's JSON, nothing in it trusted. Raises UnreadableDocument."""
    try:
        return _reading(answer, document_id)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UnreadableDocument(
            "damaged", "its reader gave an answer that makes no sense.", "Set skip=yes in manifest.csv."
        ) from None


def _reading(answer: bytes, document_id: str) -> Reading:
    told = json.loads(answer)
    if "error" not in told:
        return reading_from_json(answer, document_id)
    status, reason, action = (str(part)[:1000] for part in told["error"])
    for known in get_args(OutcomeStatus):
        if known == status:
            raise UnreadableDocument(known, reason, action)
    raise ValueError(status)


def _died(verdict: str, limits: Limits) -> UnreadableDocument:
    if verdict == "wall":
        return UnreadableDocument("too_large", f"reading it took over {limits.wall_s:g} s.", SPLIT)
    if verdict in (f"-{signal.SIGXCPU.value}", f"-{signal.SIGKILL.value}"):
        return UnreadableDocument("too_large", f"reading it took over {limits.cpu_s} s of computing.", SPLIT)
    if verdict == "memory":
        size = limits.memory_bytes // 1024**2
        return UnreadableDocument("too_large", f"reading it needs more than {size} MB of memory.", SPLIT)
    if verdict == "answer":
        return UnreadableDocument("too_large", "its reader gave back more than can be kept.", SPLIT)
    name = verdict
    if verdict.startswith("-") and verdict[1:].isdigit():
        name = signal.Signals(int(verdict[1:])).name
    return UnreadableDocument(
        "damaged",
        f"its reader was ended by the system ({name or 'no cause given'}).",
        "Open it in the program that made it and save it anew, or set skip=yes in manifest.csv.",
    )


class _Server:
    """The door to the process that forks the children. One for each process that reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: bytes, limits: Limits) -> tuple[bytes, str]:
        """(answer, verdict): the child's bytes, and where they are not whole, how it ended."""
        answer_read, answer_write = os.pipe()
        verdict_read, verdict_write = os.pipe()
        try:
            try:
                self._send(request, [answer_write, verdict_write])
            finally:
                os.close(answer_write)
                os.close(verdict_write)
            deadline = time.monotonic() + limits.wall_s + 2 * _GRACE_S
            # JSON needs at most six bytes for a character; headings repeat some of the text.
            answer, whole = _drain(answer_read, deadline, 8 * limits.max_chars + 1_000_000)
            if not whole:
                return b"", "answer" if time.monotonic() < deadline else "wall"
            if answer.endswith(b"\n"):
                return answer, ""  # how it ended matters only where it did not answer
            return answer, _drain(verdict_read, deadline, 100)[0].decode()
        finally:
            os.close(answer_read)
            os.close(verdict_read)

    def _send(self, request: bytes, fds: Sequence[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                try:
                    self._start()
                    assert self._socket is not None
                    socket.send_fds(self._socket, [request], fds)
                    return
                except OSError as error:
                    self._stop()
                    if attempt == 2:
                        reason = f"The process that reads documents did not start ({error})."
                        raise IndexFault(reason) from error

    def _start(self) -> None:
        if self._socket is not None and self._owner == os.getpid():
            if self._process is not None and self._process.poll() is None:
                return
            self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        paths = [str(Path(__file__).resolve().parents[2]), *sys.path]
        code = f"import sys; sys.path[:0] = {paths!r}; from index.reading.child import serve; serve()"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._socket, self._owner = ours, os.getpid()
        ours.settimeout(60)
        if ours.recv(16) != b"ready":
            raise ConnectionError("no answer from it")
        ours.settimeout(None)

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None and self._owner == os.getpid():
            self._process.terminate()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """End the server; it would end by itself with its caller."""
        if self._owner == os.getpid():
            with self._lock:
                self._stop()


_SERVER = _Server()
atexit.register(_SERVER.close)


def _drain(fd: int, deadline: float, limit_bytes: int) -> tuple[bytes, bool]:
    """All bytes up to the end of a pipe, and whether the end was reached in time and in size."""
    chunks: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while size <= limit_bytes and (left := deadline - time.monotonic()) > 0:
            if selector.select(left):
                chunk = os.read(fd, 1 << 20)
                if not chunk:
                    return b"".join(chunks), True
                chunks.append(chunk)
                size += len(chunk)
    return b"".join(chunks), False
