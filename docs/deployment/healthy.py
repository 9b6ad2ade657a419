"""Does the server answer? `python healthy.py`, for a container's health check or a watch: status 0 or 1.

Asks GET /api/health at ASSISTANT_HOST, a Unix socket or an address, with nothing but the standard library.
"""

import os
import socket
import sys
from http.client import HTTPConnection, HTTPException

WITHIN_S = 4
UNIX = "unix:"


class _Through(HTTPConnection):
    """A connection through a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(WITHIN_S)
        self.sock.connect(self._path)


def main() -> int:
    """0 where the server says 200, 1 for anything else."""
    host = os.environ.get("ASSISTANT_HOST", "127.0.0.1")
    port = int(os.environ.get("ASSISTANT_PORT", "7860"))
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    through = host.startswith(UNIX)
    connection = (
        _Through(host.removeprefix(UNIX))
        if through
        else HTTPConnection(everywhere.get(host, host), port, timeout=WITHIN_S)
    )
    try:
        connection.request("GET", "/api/health")
        return int(connection.getresponse().status != 200)
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
