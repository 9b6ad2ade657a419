"""A real Chroma server of the tests' own: `chroma run` on a port of this machine, in a folder of its own."""

import itertools
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from index.chroma import StoreServer

START_WITHIN_S = 60


class Server:
    """A running server; `kill` and `start` let it be away and come back with what it kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        binary = Path(sys.executable).with_name("chroma")
        command: list[str | Path] = [binary, "run", "--path", self.folder / "data"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False", "HOME": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log
            )
        until = time.monotonic() + START_WITHIN_S
        while True:
            try:
                httpx.get(f"{self.address}/api/v2/heartbeat", timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                assert self._process.poll() is None and time.monotonic() < until, "Chroma does not start"
                time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)

    def new_database(self) -> StoreServer:
        """An empty database."""
        name = f"database_{next(self._numbers)}"
        place = f"{self.address}/api/v2/tenants/default_tenant/databases"
        httpx.post(place, json={"name": name}, timeout=30).raise_for_status()
        return StoreServer(f"{self.address}/default_tenant/{name}")
