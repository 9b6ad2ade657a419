"""Every vector of a shelf in one file, compared one by one: exact, without an engine, shared by processes.

The files are read where they lie, through the kernel's cache: a process takes no memory of its own
for them, several that serve one build share it, and opening them costs nothing. A comparison with
all of 100,000 passages takes about ten milliseconds, with a million seventy: the memory is read once.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors
from index.errors import BadIndex

Rows = NDArray[np.intp]

WRITTEN_AT_ONCE = 10_000  # vectors
GATHERED = 0.25  # of a shelf: comparing all of it is faster than taking more than this out of it


def write_exact(folder: Path, shelf: int, ids: Sequence[str], vectors: Vectors) -> None:
    """Write the vectors of one shelf, ordered by the ids of their passages. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.array([identifier.encode() for identifier in ids], dtype=np.bytes_)
    order = np.argsort(names)
    np.save(folder / f"{shelf}.ids.npy", names[order])
    with open(folder / f"{shelf}.vectors.npy", "wb") as file:  # in parts: no second copy is in memory
        told = {"descr": "<f4", "fortran_order": False, "shape": vectors.shape}
        np.lib.format.write_array_header_1_0(file, told)
        for first in range(0, len(order), WRITTEN_AT_ONCE):
            file.write(vectors[order[first : first + WRITTEN_AT_ONCE]].astype("<f4", copy=False).tobytes())


class ExactShelf:
    """The vectors of one shelf; safe to share between threads."""

    def __init__(self, folder: Path, shelf: int) -> None:
        """Open files that are known to be sound. Raises BadIndex."""
        _one_thread()
        try:
            self._ids = np.load(folder / f"{shelf}.ids.npy", mmap_mode="r")
            self._vectors = np.load(folder / f"{shelf}.vectors.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise BadIndex(
                f"{folder}: the vectors do not open ({type(error).__name__}). Build the index again."
            ) from error

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, vector: Vectors, k: int, rows: Rows | None = None) -> dict[str, float]:
        """Cosine similarity of the `k` passages nearest to a unit vector, of those of the given rows if
        there are any given."""
        if not len(self):
            return {}
        if rows is None:
            cosines = self._vectors @ vector
            best = _highest(cosines, k)
            return self._told(best, cosines[best])
        few = len(rows) < GATHERED * len(self)
        cosines = self._vectors[rows] @ vector if few else (self._vectors @ vector)[rows]
        best = _highest(cosines, k)
        return self._told(rows[best], cosines[best])

    def rows_of(self, documents: Collection[str]) -> Rows:
        """The rows of all passages of these documents."""
        # A passage is called as its document, then a colon: those of one document lie side by side.
        known = sorted(name for d in documents if len(name := d.encode()) < self._ids.dtype.itemsize)
        if not len(self) or not known:
            return np.zeros(0, dtype=np.intp)
        width = self._ids.dtype
        first = np.searchsorted(self._ids, np.array([name + b":" for name in known], dtype=width))
        last = np.searchsorted(self._ids, np.array([name + b";" for name in known], dtype=width))
        found = [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True) if a < b]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.intp)

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


@lru_cache(maxsize=1)
def _one_thread() -> None:
    """Have NumPy multiply in the thread that asks. Its others wait by spinning: 77 ms of processor time
    after each question, which the next one's answer lacks."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")


def _highest(values: Vectors, k: int) -> Rows:
    """Where the `k` highest values are, in no order."""
    if k >= len(values):
        return np.arange(len(values))
    found: Rows = np.argpartition(values, len(values) - k)[len(values) - k :]
    return found
