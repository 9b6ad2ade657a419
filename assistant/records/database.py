"""The door to the records database: SQLite by default, PostgreSQL by URL.

Nothing is opened before the first use. Whatever goes wrong with the database comes out as
RecordsUnavailable, and the next use tries again: a chat can go on without its records.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from assistant.errors import BadSetting, RecordsUnavailable
from assistant.records import migrate, sqlite_file, taking_over
from assistant.records.absence import Absence

STATEMENT_S = 2
ANSWER_S = 2.5  # of a server to anything; one use may ask twice, when its connection was lost
MIGRATION_S = 60  # of a statement that brings an older database to today's form
_OPENING_LOCK = 0x63742D61  # PostgreSQL's advisory lock while one worker migrates

log = logging.getLogger(__name__)


class Database:
    """One records database, shared by the threads of this process and by other processes."""

    def __init__(self, url: str) -> None:
        """Opens nothing. Raises BadSetting where the address cannot be one."""
        self._url = _address(url)
        self.name = self._url.render_as_string(hide_password=True)
        self.path = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._identity: tuple[int, ...] = ()
        self._absence = Absence(self._look)
        self._log_to_empty = False

    def prepare(self) -> None:
        """Open and migrate now instead of at the first use. Raises RecordsUnavailable."""
        with self._faults(writes=True):
            self._opened()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._faults(), self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: whole, or not at all."""
        with self._faults(writes=True):
            with self._transaction(writes=True) as connection:
                yield connection
            if self._log_to_empty:
                self.erase()

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection that changes nothing: no form of an older program, no damaged file, no log."""
        with self._faults():
            there = self.path  # a server is only asked; a file is opened so that nothing of it changes
            engine = create_engine(sqlite_file.unchanged(there)) if there else self._make(ANSWER_S)
            try:
                with engine.connect() as connection, connection.begin():
                    if self.path is None:
                        connection.execute(text("SET TRANSACTION READ ONLY"))
                    yield connection
            finally:
                engine.dispose()

    def erase(self) -> None:
        """Take what was deleted out of SQLite's files; where a reader is in the way, after the next write.

        A PostgreSQL server reuses the room by itself; its log and backups are its administrator's.
        """
        if self.path is None:
            return
        with self._faults():
            self._log_to_empty = not sqlite_file.empty_log(self._opened())
        if self._log_to_empty:
            log.warning("%s: deleted words leave the log file with the next write", self.name)

    def close(self) -> None:
        """Let go of every connection; the next use opens anew."""
        self._absence.end()
        with self._lock:
            self._drop()

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Connection]:
        engine = self._opened(writes)
        with engine.connect().execution_options(writes=writes) as connection, connection.begin():
            yield connection

    def _look(self, writes: bool) -> None:
        """Use the database for anything at all; raises what the driver does."""
        engine = self._opened()
        with engine.connect().execution_options(writes=writes) as connection, connection.begin():
            connection.execute(text(f"SELECT version_num FROM {migrate.VERSION_TABLE}"))

    @contextmanager
    def _faults(self, writes: bool = False) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            if sqlite_file.is_damage(error):
                self.close()  # looked at, and set aside, when it is opened again
            self._absence.begin(writes, time.monotonic() - began)
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise RecordsUnavailable(
                f"{self.name}: the records cannot be read or written ({_told(reason)}). Mend it or make "
                "room, or name another database in ASSISTANT_RECORDS_URL."
            ) from error

    def _opened(self, writes: bool | None = None) -> Engine:
        """The database, open; with `writes` for somebody who must not wait while it is away."""
        if writes is not None:
            self._absence.check(writes)
        with self._lock:
            if self._engine is not None and self._identity == self._seen():
                return self._engine
            if writes is not None:
                self._absence.check(writes)  # somebody may have waited for it before us
            self._drop()
            began = time.monotonic()
            try:
                self._engine = self._open_file(self.path) if self.path else self._open_server()
            except (SQLAlchemyError, OSError):
                for each in (False, True):
                    self._absence.begin(each, time.monotonic() - began)
                raise
            self._identity = self._seen()
            return self._engine

    def _seen(self) -> tuple[int, ...]:
        """This process and, with SQLite, this file: another one under the name is opened anew."""
        if self.path is None:
            return (os.getpid(),)
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return os.getpid(), status.st_dev, status.st_ino

    def _drop(self) -> None:
        if self._engine is not None:
            forked = bool(self._identity) and self._identity[0] != os.getpid()
            self._engine.dispose(close=not forked)  # a parent's connections are not a child's to close
            self._engine = None

    def _open_file(self, path: Path) -> Engine:
        with sqlite_file.only_opener(path):
            engine = self._make(sqlite_file.BUSY_S)
            if wrong := sqlite_file.damage(engine):
                engine.dispose()
                sqlite_file.set_aside(path, wrong)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                engine = self._make(sqlite_file.BUSY_S)
            try:
                with engine.connect().execution_options(writes=True) as connection, connection.begin():
                    migrate.upgrade(connection, self.name)
                sqlite_file.empty_log(engine)  # a deletion may have been killed before this
                self._take_over(engine, path.parent / taking_over.OLD_FILE)
            except BaseException:
                engine.dispose()
                raise
            return engine

    def _take_over(self, engine: Engine, old: Path) -> None:
        """Take in the marks that an earlier version kept beside this file. No reason not to open."""
        try:
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                taken = taking_over.take_over(connection, old)
            if taken:
                taking_over.remove(old, taken)
        except OSError as error:
            log.error("%s: its marks cannot be taken over (%s)", old, error)

    def _open_server(self) -> Engine:
        engine = self._make(ANSWER_S)
        try:
            with engine.connect() as connection:
                older = not migrate.is_current(connection, self.name)
            if older:
                self._migrate_server()
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _migrate_server(self) -> None:
        """Bring a server's database to today's form, which may take its time."""
        engine = self._make(2 * MIGRATION_S)
        try:
            with engine.connect() as connection, connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = '{MIGRATION_S // 2}s'"))
                connection.execute(text(f"SET LOCAL statement_timeout = '{MIGRATION_S}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _OPENING_LOCK})
                migrate.upgrade(connection, self.name)
        finally:
            engine.dispose()

    def _make(self, answer_s: float) -> Engine:
        """An engine whose statements wait this long: for another writer, or for the server to answer."""
        driver = self._url.get_driver_name()
        told: dict[str, Any] = {"timeout": answer_s}  # of pg8000's socket: also a lost server is noticed
        if driver == "psycopg":  # it has a time for connecting only, in whole seconds from two upwards
            told = {"connect_timeout": max(2, round(answer_s))}
        engine = create_engine(
            self._url, connect_args=told, pool_pre_ping=self.path is None, pool_timeout=ANSWER_S
        )
        if self.path is not None:
            sqlite_file.prepare_connections(engine)
        else:

            @event.listens_for(engine, "connect")
            def connected(connection: Any, _: object) -> None:
                cursor = connection.cursor()
                cursor.execute(f"SET statement_timeout = '{STATEMENT_S}s'")
                cursor.execute(f"SET lock_timeout = '{STATEMENT_S}s'")
                connection.commit()
                cursor.close()

        return engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+pg8000")
        backend = address.get_backend_name()
        address.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise BadSetting(
            "ASSISTANT_RECORDS_URL: not an address of a database. Write sqlite:///FILE, or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    except ImportError as error:
        raise BadSetting(
            f"ASSISTANT_RECORDS_URL: {address.drivername} needs the package {error.name}. For PostgreSQL "
            "install the extra: pip install -e '.[postgres]'."
        ) from error
    if backend not in ("sqlite", "postgresql"):
        raise BadSetting(f"ASSISTANT_RECORDS_URL: {backend} is not known here; SQLite and PostgreSQL are.")
    if backend == "sqlite" and (address.database in (None, "", ":memory:") or address.query):
        raise BadSetting("ASSISTANT_RECORDS_URL: name a file, as in sqlite:///var/records.sqlite.")
    return address


def _told(reason: object) -> str:
    """An error of a driver in a few words; pg8000 gives a mapping."""
    told = getattr(reason, "args", None)
    first = told[0] if isinstance(told, tuple) and told else None
    return str(first["M"]) if isinstance(first, dict) and "M" in first else str(reason)
