"""The address that the server listens on: a port, or a Unix socket, taken before anything is loaded."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assistant.errors import BadSetting, PortInUse
from assistant.web import texts

UNIX = "unix:"  # before the path of a socket, in the place of a host
ONLY_US = 0o117  # taken from a socket's permissions: this user and group may connect


def listen(host: str, port: int) -> socket.socket:
    """Take the address now, so that nobody else can between the check and the start.

    Raises PortInUse where another program has it, BadSetting where this machine cannot.
    """
    path = Path(host.removeprefix(UNIX)) if host.startswith(UNIX) else None
    family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if path:
            _bind(listening, path)
        else:
            if os.name == "posix":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        where = str(path) if path else f"http://{host}:{port}"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortInUse(texts.PORT_IN_USE.format(address=where)) from None
        raise BadSetting(texts.CANNOT_LISTEN.format(address=where, reason=error)) from error
    return listening


@contextmanager
def held(host: str, port: int) -> Iterator[socket.socket]:
    """Listen as `listen` does until the block ends. A socket's file goes then, unless it is another's."""
    with listen(host, port) as listening:
        path = Path(host.removeprefix(UNIX)) if host.startswith(UNIX) else None
        ours = path.stat().st_ino if path else 0
        try:
            yield listening
        finally:
            with suppress(FileNotFoundError):
                if path and path.stat().st_ino == ours:
                    path.unlink()


def address_of(listening: socket.socket) -> str:
    """Where the server is found, for people."""
    if listening.family == socket.AF_UNIX:
        return f"{UNIX}{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind(listening: socket.socket, path: Path) -> None:
    """Bind to a socket file; one that a stopped server left behind is replaced, any other file is not."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                path.unlink()
    before = os.umask(ONLY_US)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
