"""The server that forks a limited child for each document, and what such a child does.

It runs in a process of its own (see `index.reading.limits`), loads the readers once, and is told
what to read over a socket. Nothing here is called by the rest of the program.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from index.errors import UnreadableDocument
from index.reading import read
from index.reading.exchange import reading_to_json
from index.reading.limits import SPLIT, Limits

_VENDORS = "pypdfium2 pypdf docx pptx openpyxl bs4 lxml.etree markdown_it charset_normalizer email.policy"
MOST_FILES = 64  # open at a time, by a child
_LOOK_S = 0.02  # how often a child's memory and time are looked at
_NEAR_LIMIT = 0.6  # one more block, as a reader asks for them, would have passed the limit

# How a library in C ends its process when it is given no more memory.
_OUT_OF_MEMORY = (signal.SIGABRT, signal.SIGSEGV, signal.SIGTRAP, signal.SIGILL, signal.SIGBUS)


@dataclass(slots=True)
class _Child:
    """A document being read: the pipe for how it ended, its deadline, the most memory seen."""

    verdict: int
    deadline: float
    memory_bytes: int
    most_bytes: int = 0


def serve() -> None:
    """The server's loop: standard input is a socket that brings requests with two pipes each."""
    import index.cleaning
    import index.reading.markup
    import index.reading.office
    import index.reading.pdf
    import index.reading.text  # noqa: F401  # all loaded once, here, so that a child starts at once

    _preload()
    door = socket.socket(fileno=0)
    door.send(b"ready")
    children: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(door, selectors.EVENT_READ)
        while True:
            if selector.select(_LOOK_S if children else None):
                message, fds, _, _ = socket.recv_fds(door, 1 << 16, 2)
                if not message:
                    break
                answer, verdict = fds
                request = json.loads(message)
                child = os.fork()
                if child == 0:
                    _leave_server([verdict, *(other.verdict for other in children.values())])
                    _answer(request, answer)
                os.close(answer)
                limits = request["limits"]
                deadline = time.monotonic() + limits["wall_s"]
                children[child] = _Child(verdict, deadline, limits["memory_bytes"])
            _reap(children)
    for child in children:
        os.kill(child, signal.SIGKILL)


def _preload() -> None:
    """Vendors' modules, loaded before the first fork."""
    import importlib

    for name in _VENDORS.split():
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # the document that needs it will say so


def _reap(children: dict[int, _Child]) -> None:
    """Note how far the children are; tell of those that ended, and end those over their time."""
    for number, child in list(children.items()):
        child.most_bytes = max(child.most_bytes, _memory_bytes(number))
        done, status, used = os.wait4(number, os.WNOHANG)
        word = ""
        if not done and time.monotonic() > child.deadline:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            word = "wall"
        elif not done:
            continue
        elif status:
            most = max(child.most_bytes, used.ru_maxrss * 1024)
            near = most > _NEAR_LIMIT * child.memory_bytes
            word = (
                "memory" if near and os.WIFSIGNALED(status) and os.WTERMSIG(status) in _OUT_OF_MEMORY else ""
            )
        with contextlib.suppress(BrokenPipeError):  # nobody asks how a child ended that answered
            os.write(child.verdict, (word or str(os.waitstatus_to_exitcode(status))).encode())
        os.close(child.verdict)
        del children[number]


def _memory_bytes(process: int) -> int:
    """The address space of a process now, 0 where it cannot be seen."""
    try:
        with open(f"/proc/{process}/statm", "rb") as stream:
            return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _leave_server(verdicts: Sequence[int]) -> None:
    """Give up what a forked child holds of its server: the door, and the pipes of other children,
    whose ends must close when those children end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.close(nothing)
    for verdict in verdicts:
        os.close(verdict)


def _answer(request: dict[str, Any], fd: int) -> NoReturn:
    """The child: limit, read, answer, end. Never returns to the server's loop."""
    try:
        limits = Limits(**request["limits"])
        _limit(limits)
        try:
            sizes = {"max_pages": limits.max_pages, "max_chars": limits.max_chars}
            reading = read(Path(request["path"]), request["id"], **sizes, ocr=limits.ocr)
            answer = reading_to_json(reading)
        except UnreadableDocument as error:
            answer = json.dumps({"error": (error.status, error.reason, error.action)})
        except MemoryError:
            answer = json.dumps(
                {"error": ("too_large", "its text needs more memory than is allowed.", SPLIT)}
            )
        view = memoryview(answer.encode() + b"\n")
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os._exit(0)


def _limit(limits: Limits) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes no file
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
