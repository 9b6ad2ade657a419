"""What earlier builds read and embedded, so that nothing is done twice.

Kept beside the builds, keyed by content: a reading by the file's bytes and the reader's code, its
passages by the model too, a vector by the model and the text. A reading or a vector is on the disk as
soon as it is made, so that a build that was interrupted is gone on with. After a build everything
it did not use is erased, so that a withdrawn paper leaves nothing behind.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from index.embedding import Vectors
from index.room import writing

_SCHEMA = """
CREATE TABLE vectors (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE readings (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE splits (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE builds (source TEXT);
"""
FORM = 3
CHECK_BYTES = 8


class Cache:
    """A keyed store of vectors, readings and splits. Any damage empties it: it can be made again.

    Where it cannot be written NotWritten is raised.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._used: dict[str, set[bytes]] = {"vectors": set(), "readings": set(), "splits": set()}
        with writing(path, sqlite3.Error):
            try:
                self._db = self._open(path)
            except sqlite3.OperationalError:
                raise  # no room or no right to write is no damage
            except sqlite3.DatabaseError:
                for damaged in (path.with_name(f"{path.name}-journal"), path):
                    damaged.unlink(missing_ok=True)
                self._db = self._open(path)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")  # erased rows are overwritten, not only unlinked
            db.execute("PRAGMA auto_vacuum = FULL")
            if db.execute("PRAGMA user_version").fetchone()[0] != FORM:
                if db.execute("SELECT 1 FROM sqlite_master").fetchone():
                    raise sqlite3.DatabaseError("of another form")
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {FORM}; COMMIT")
            elif db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("damaged")
        except BaseException:
            db.close()
            raise
        return db

    def is_of(self, source: str) -> bool:
        """Whether all it holds is what the finished build of this source used, or it holds nothing.

        It is not where a build was interrupted, or another build was served since.
        """
        builds = self._db.execute("SELECT source FROM builds").fetchall()
        return builds == [(source,)] if builds else not self._db.execute("SELECT 1 FROM readings").fetchone()

    def vectors(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        """The vectors known for these keys; they count as used."""
        return {key: np.frombuffer(value, dtype=np.float32) for key, value in self._take("vectors", keys)}

    def reading(self, key: bytes) -> bytes | None:
        """The reading stored under this key, or None; it counts as used."""
        return self._one("readings", key)

    def split(self, key: bytes) -> bytes | None:
        """How a document is split, as stored under this key, or None; it counts as used."""
        return self._one("splits", key)

    def add_vectors(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        self._add("vectors", [(key, vector.astype(np.float32).tobytes()) for key, vector in vectors])

    def add_reading(self, key: bytes, value: bytes) -> None:
        self._add("readings", [(key, value)])

    def add_splits(self, splits: Iterable[tuple[bytes, bytes]]) -> None:
        self._add("splits", list(splits))

    def erase_unused(self, source: str) -> None:
        """Delete everything that was neither taken nor added since this cache was opened: the build
        of this source is finished."""
        with writing(self._path, sqlite3.Error), self._db:
            self._db.execute("BEGIN")
            for table, used in self._used.items():
                keys = self._db.execute(f"SELECT key FROM {table}").fetchall()
                unused = [row for row in keys if row[0] not in used]
                self._db.executemany(f"DELETE FROM {table} WHERE key = ?", unused)
            self._db.execute("DELETE FROM builds")
            self._db.execute("INSERT INTO builds VALUES (?)", [source])

    def close(self) -> None:
        self._db.close()

    def _one(self, table: str, key: bytes) -> bytes | None:
        return next((value for _, value in self._take(table, [key])), None)

    def _take(self, table: str, keys: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        for first in range(0, len(keys), 500):
            part = keys[first : first + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"SELECT key, value FROM {table} WHERE key IN ({marks})", part)
            found += [(key, kept[CHECK_BYTES:]) for key, kept in rows if kept == _checked(kept[CHECK_BYTES:])]
        self._used[table].update(key for key, _ in found)
        return found

    def _add(self, table: str, rows: list[tuple[bytes, bytes]]) -> None:
        with writing(self._path, sqlite3.Error), self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM builds")
            self._db.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", [(key, _checked(v)) for key, v in rows]
            )
        self._used[table].update(key for key, _ in rows)


def _checked(value: bytes) -> bytes:
    """A value with a check before it, so that one with a flipped bit is made again."""
    return hashlib.sha256(value).digest()[:CHECK_BYTES] + value
