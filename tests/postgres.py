"""A PostgreSQL server of the tests' own: Debian's binaries, a folder in /tmp, a port of this machine."""

import getpass
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

START_WITHIN_S = 30
ABSENT = "no PostgreSQL found below /usr/lib/postgresql: `apt-get install postgresql` to run this"


def binaries() -> Path | None:
    """The folder of the newest server installed here, if there is one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts)
    return found[-1].parent if found else None


class Server:
    """A running server; it refuses to run as root, so root runs it as the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self._as: dict[str, Any] = {}
        self.user = getpass.getuser()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": folder}
            self.user = "postgres"
        self._binaries = binaries() or folder
        self._folder = folder
        self._numbers = itertools.count()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        made: list[str | Path] = [
            self._binaries / "initdb",
            "-D",
            folder / "data",
            "-A",
            "trust",
            "-U",
            self.user,
        ]
        subprocess.run(
            [*made, "--no-sync", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, **self._as
        )
        self.start()

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "fsync": "off", "max_connections": 50}
        command: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            self._folder / "data",
            "-k",
            self._folder,
        ]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet, **self._as)
        until = time.monotonic() + START_WITHIN_S
        while True:
            try:
                self._run("SELECT 1")
                return
            except (SQLAlchemyError, OSError):
                assert self._process.poll() is None and time.monotonic() < until, "PostgreSQL does not start"
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"records_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}:secret@127.0.0.1:{self.port}/{name}"

    def _run(self, statement: str) -> None:
        url = self.url("postgres").replace("postgresql:", "postgresql+pg8000:")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


def folder() -> Path:
    """An empty folder that another user may be given; pytest's own are closed to others."""
    return Path(tempfile.mkdtemp(prefix="ct-postgres-"))


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
