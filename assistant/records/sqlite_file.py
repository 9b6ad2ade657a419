"""The file of an SQLite database: made private, opened by one process at a time, set aside when damaged.

Covers: several processes starting at once, a file that is no database or a torn one, words of
deleted rows in the write-ahead log. Does not cover: copies and backups that others make of it.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

BUSY_S = 5.0  # how long a statement waits for another writer
OPENING_S = 30.0  # how long to wait while another process opens or migrates the same file
SIDE_FILES = ("", "-wal", "-shm")
SET_ASIDE = "damaged"
_CORRUPT, _NOT_A_DATABASE = 11, 26  # SQLite's primary result codes

log = logging.getLogger(__name__)


@contextmanager
def only_opener(path: Path) -> Iterator[None]:
    """Hold the right to create, check, migrate or set aside the file. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + OPENING_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
        # SQLite gives its side files the rights of the database: nobody else may read it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        yield
    finally:
        os.close(lock)


def prepare_connections(engine: Engine) -> None:
    """Give every connection of the engine the settings that the records rely on."""

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun by `began`, not by the driver
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",  # readers and a writer do not wait for each other
            "synchronous = FULL",  # what was confirmed outlives a power cut
            "foreign_keys = ON",
            "secure_delete = ON",  # deleted rows are overwritten, not only unlinked
            "temp_store = MEMORY",
            "cache_size = -256",  # KiB, of 2,000: each thread has a connection, and the kernel caches for all
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: object) -> None:
        writes = connection.get_execution_options().get("writes")  # type: ignore[attr-defined]
        # A writer takes its turn at once: a reader that turns writer cannot wait for another.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")  # type: ignore[attr-defined]


def unchanged(path: Path) -> URL:
    """The address of a file that is only looked at. Where no log lies beside it nobody has it open, and
    it is read as it is; else together with its log, which a reader must lock."""
    log_beside = path.with_name(path.name + "-wal").exists()
    query = {"uri": "true", "mode": "ro"} | ({} if log_beside else {"immutable": "1"})
    return URL.create("sqlite", database=f"file:{quote(str(path.absolute()))}", query=query)


def is_damage(error: BaseException | None) -> bool:
    """Whether an error of a statement says that the file is damaged or no database."""
    if isinstance(error, DBAPIError):
        error = error.orig
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (_CORRUPT, _NOT_A_DATABASE)


def damage(opened: Engine | Connection) -> str:
    """What is wrong with the file, or "". Reads all of it: 0.1 s for 50 MB."""
    try:
        with opened.connect() if isinstance(opened, Engine) else nullcontext(opened) as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            return "" if found == "ok" else str(found)
    except DBAPIError as error:
        if is_damage(error):
            return str(error.orig)
        raise


def set_aside(path: Path, reason: str) -> Path:
    """Rename a damaged file and its side files, and tell the log; the new name."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    names = (f"{path.name}.{SET_ASIDE}-{stamp}{again}" for again in ("", *(f"-{n}" for n in range(2, 100))))
    beside = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    for side in reversed(SIDE_FILES):
        if (part := path.with_name(path.name + side)).exists():
            os.replace(part, beside.with_name(beside.name + side))
    log.error("%s: damaged (%s); set aside as %s, and a new one is begun", path, reason, beside.name)
    return beside


def copies_set_aside(path: Path) -> list[Path]:
    """The damaged databases that lie beside this one."""
    return sorted(
        found
        for found in path.parent.glob(f"{path.name}.{SET_ASIDE}-*")
        if not found.name.endswith(SIDE_FILES[1:])
    )


def empty_log(engine: Engine) -> bool:
    """Move the write-ahead log into the file and cut it to nothing; False where a reader is in the way."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        row = cursor.fetchone()
        cursor.close()
        return not row or row[0] == 0
    finally:
        connection.close()
