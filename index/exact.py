"""Every vector of a shelf in one file, compared one by one: exact, without an engine, shared by processes.

The files are read where they lie, through the kernel's cache: a process takes no memory of its own
for them, several that serve one build share it, and opening them costs nothing. A comparison with
all of 100,000 passages takes about ten milliseconds, so a graph pays only for more.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors
from index.errors import BadIndex

Rows = NDArray[np.intp]


def write_exact(folder: Path, shelf: int, ids: Sequence[str], vectors: Vectors) -> None:
    """Write the vectors of one shelf, ordered by the ids of their passages. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.array([identifier.encode() for identifier in ids], dtype=np.bytes_)
    order = np.argsort(names)
    np.save(folder / f"{shelf}.ids.npy", names[order])
    np.save(folder / f"{shelf}.vectors.npy", np.ascontiguousarray(vectors[order], dtype=np.float32))


class ExactShelf:
    """The vectors of one shelf; safe to share between threads."""

    def __init__(self, folder: Path, shelf: int) -> None:
        """Open files that are known to be sound. Raises BadIndex."""
        try:
            self._ids = np.load(folder / f"{shelf}.ids.npy", mmap_mode="r")
            self._vectors = np.load(folder / f"{shelf}.vectors.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise BadIndex(
                f"{folder}: the vectors do not open ({type(error).__name__}). Build the index again."
            ) from error

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, vector: Vectors, k: int, allowed: Collection[str] | None = None) -> dict[str, float]:
        """Cosine similarity of the `k` passages nearest to a unit vector, of those allowed if given."""
        if not len(self):
            return {}
        cosines = self._vectors @ vector
        rows = np.arange(len(cosines)) if allowed is None else self._rows(allowed)
        if k < len(rows):
            rows = rows[np.argpartition(-cosines[rows], k)[:k]]
        return self._told(rows, cosines[rows])

    def cosines(self, vector: Vectors, ids: Collection[str]) -> dict[str, float]:
        """Cosine similarity of the named passages, as far as the shelf holds them."""
        rows = self._rows(ids)
        return self._told(rows, self._vectors[rows] @ vector) if len(rows) else {}

    def vectors(self) -> dict[str, Vectors]:
        """All vectors by the ids of their passages."""
        return dict(zip(self._names(np.arange(len(self))), np.asarray(self._vectors), strict=True))

    def _rows(self, ids: Collection[str]) -> Rows:
        encoded = sorted(identifier.encode() for identifier in ids)
        # Of the file's own width, or all its names would be copied to be compared.
        known = [name for name in encoded if len(name) <= self._ids.dtype.itemsize]
        if not len(self) or not known:
            return np.zeros(0, dtype=np.intp)
        asked = np.array(known, dtype=self._ids.dtype)
        rows: Rows = np.minimum(np.searchsorted(self._ids, asked), len(self) - 1)
        found: Rows = rows[self._ids[rows] == asked]
        return found

    def _names(self, rows: Rows) -> list[str]:
        return [name.decode() for name in self._ids[rows].tolist()]

    def _told(self, rows: Rows, cosines: Vectors) -> dict[str, float]:
        return dict(zip(self._names(rows), map(float, cosines), strict=True))
