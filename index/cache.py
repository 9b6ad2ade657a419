"""What earlier builds read and embedded, so that nothing is done twice.

Kept beside the builds, keyed by content: a reading by the file's bytes and the reader's code,
a vector by the model and the text. After a build everything it did not use is erased, so
that a withdrawn paper leaves nothing behind.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from index.embedding import Vectors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, value BLOB, used INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS readings (key BLOB PRIMARY KEY, value BLOB, used INTEGER) WITHOUT ROWID;
"""


class Cache:
    """A keyed store of vectors and readings. Any damage empties it: it can be made again."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = self._open(path)
        except sqlite3.DatabaseError:
            path.unlink()
            self._db = self._open(path)

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA secure_delete = ON")  # erased rows are overwritten, not only unlinked
        db.execute("PRAGMA auto_vacuum = FULL")
        db.executescript(_SCHEMA)
        for table in ("vectors", "readings"):
            db.execute(f"UPDATE {table} SET used = 0 WHERE used")
        return db

    def vectors(self, keys: list[bytes]) -> dict[bytes, Vectors]:
        """The vectors known for these keys; they count as used."""
        return {key: np.frombuffer(value, dtype=np.float32) for key, value in self._take("vectors", keys)}

    def reading(self, key: bytes) -> bytes | None:
        """The reading stored under this key, or None; it counts as used."""
        return next((value for _, value in self._take("readings", [key])), None)

    def add_vectors(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        self._add("vectors", ((key, vector.astype(np.float32).tobytes()) for key, vector in vectors))

    def add_reading(self, key: bytes, value: bytes) -> None:
        self._add("readings", [(key, value)])

    def erase_unused(self) -> None:
        """Delete everything that was neither taken nor added since this cache was opened."""
        for table in ("vectors", "readings"):
            self._db.execute(f"DELETE FROM {table} WHERE NOT used")

    def close(self) -> None:
        self._db.close()

    def _take(self, table: str, keys: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        for first in range(0, len(keys), 500):
            part = keys[first : first + 500]
            marks = ",".join("?" * len(part))
            found += self._db.execute(
                f"UPDATE {table} SET used = 1 WHERE key IN ({marks}) RETURNING key, value", part
            ).fetchall()
        return found

    def _add(self, table: str, rows: Iterable[tuple[bytes, bytes]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, 1)", rows)
        self._db.execute("COMMIT")
