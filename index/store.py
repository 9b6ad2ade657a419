"""Vectors to passages by cosine: the only door to Chroma.

A file of vectors a shelf (a distinct set of groups), in which shelves of up to a million passages are
searched: a program that asks one question then loads no database. Beside it, for the smallest shelves
and the largest, a collection of Chroma with the same vectors. A build is written once and never again,
because Chroma's local store loses data when it is killed while writing; a reader works on a copy of
its own, because opening a store changes its files.
"""

import os
import shutil
import struct
import tempfile
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index import remote
from index.chroma import SPACE, StoreServer
from index.copies import PrivateCopy
from index.embedding import Vectors
from index.errors import BadIndex
from index.exact import ExactShelf, write_exact
from index.room import writing
from index.types import document_of

# Chroma's own graph files: their version, and the bytes of one vector's length in `length.bin`.
GRAPH_VERSION = 1
LENGTH_BYTES = 4

FOLDER, EXACT_FOLDER = "vectors", "exact"  # of a build
EXACT = 1_000_000  # passages of a shelf that are all compared
KEPT_TWICE = 100_000  # … of one that Chroma holds although it is not asked: up to 90 s to add it
ONE_BY_ONE = 2_000  # … of one that is asked in a graph, where a search is narrowed to so few


class VectorStore(Protocol):
    """The vectors of one build, wherever they are; safe to share between threads."""

    def search(
        self, vector: Vectors, k: int, shelves: Sequence[int], documents: Collection[str] | None = None
    ) -> dict[str, float]: ...

    def similarities(
        self, vector: Vectors, ids: Collection[str], shelves: Sequence[int]
    ) -> dict[str, float]: ...

    def close(self) -> None: ...


def open_store(build: Path, record: Mapping[str, Any], server: StoreServer | None) -> VectorStore:
    """The vectors of a build whose files are known to be sound. Raises BadIndex."""
    counts = remote.counts_of(record)
    if counts is None:
        return Store(build, len(record["shelves"]))
    return remote.RemoteStore(build, counts, server)


def load_ahead() -> None:
    """Begin to load what vectors are written with, which takes as long as reading a paper does.
    `write_vectors` waits for it."""
    threading.Thread(target=_chroma, name="load").start()


def _chroma() -> Any:
    """Chroma, loaded."""
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    try:
        Path.home()
    except RuntimeError:  # a user without a home: Chroma asks for one when it is loaded, to put nothing there
        os.environ["HOME"] = tempfile.gettempdir()
    import chromadb

    return chromadb


def _client(folder: Path) -> Any:
    return _chroma().PersistentClient(str(folder), _settings().model_copy())


@lru_cache(maxsize=1)
def _settings() -> Any:
    """Chroma's settings, which take longer to make than a small store to open."""
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def write_vectors(build: Path, shelves: dict[int, tuple[list[str], Vectors]]) -> None:
    """Write the vectors of a new build: a file for each shelf, and a collection for the smallest and the
    largest, read back to see that all is there.

    Raises OSError, and BadIndex where a collection does not hold what was given to it.
    """
    from chromadb.errors import ChromaError

    folder = build / FOLDER
    for shelf, (ids, vectors) in shelves.items():
        write_exact(build / EXACT_FOLDER, shelf, ids, vectors)
    graphs = {shelf: given for shelf, given in shelves.items() if _has_graph(len(given[0]))}
    with writing(folder, ChromaError), closing(_client(folder)) as client:
        for shelf, (ids, vectors) in graphs.items():
            collection = client.create_collection(
                _name(shelf), configuration={"hnsw": SPACE}, embedding_function=None
            )
            step = client.get_max_batch_size()
            for first in range(0, len(ids), step):
                part = slice(first, first + step)
                collection.add(
                    ids=ids[part],
                    embeddings=vectors[part],
                    metadatas=[{"document_id": document_of(passage_id)} for passage_id in ids[part]],
                )
            if collection.count() != len(ids):
                raise BadIndex(
                    f"{folder}: the vector store kept {collection.count()} of {len(ids)} passages."
                )
    for header in folder.glob("*/header.bin"):
        _blank_unused(header)


def _blank_unused(header: Path) -> None:
    """Zero the places for vectors not yet there in the graph files of one collection.

    The graph's library writes its whole allocation out without clearing it, and what this process
    freed before stands there: words of papers that were since removed among them.
    """
    version, _, room, count, size = struct.unpack_from("<i4Q", header.read_bytes())
    if version != GRAPH_VERSION:
        raise BadIndex(f"{header}: the vector store is of an unknown version ({version}).")
    for name, each in (("data_level0.bin", size), ("length.bin", LENGTH_BYTES)):
        with open(header.with_name(name), "r+b") as graph:
            graph.truncate(count * each)
            graph.truncate(room * each)


class Store:
    """The vectors of one build, open for reading; safe to share between threads.

    A shelf of up to EXACT passages is compared as a whole. Of a larger one Chroma's graph is asked, in a
    private copy that is made when the build is opened.
    """

    def __init__(self, build: Path, shelf_count: int) -> None:
        """Open the store of a build folder whose files are known to be sound. Raises BadIndex."""
        self._shelves = [ExactShelf(build / EXACT_FOLDER, shelf) for shelf in range(shelf_count)]
        self._graphs = _Graphs(build / FOLDER) if any(len(s) > EXACT for s in self._shelves) else None

    def search(
        self, vector: Vectors, k: int, shelves: Sequence[int], documents: Collection[str] | None = None
    ) -> dict[str, float]:
        """Cosine similarity of the `k` passages of each shelf nearest to a unit vector, of those of the
        given documents if there are any given."""
        found: dict[str, float] = {}
        for shelf in shelves:
            own = self._shelves[shelf]
            rows = None if documents is None else own.rows_of(documents)
            if self._graphs is None or len(own) <= EXACT or (rows is not None and len(rows) <= ONE_BY_ONE):
                found |= own.nearest(vector, k, rows)
            elif rows is None or documents is None:
                found |= self._graphs.nearest(shelf, vector, k)
            else:  # as many more as are likely to be dropped
                near = self._graphs.nearest(shelf, vector, 2 * k * len(own) // len(rows))
                found |= {i: cosine for i, cosine in near.items() if document_of(i) in documents}
        return found

    def similarities(self, vector: Vectors, ids: Collection[str], shelves: Sequence[int]) -> dict[str, float]:
        """Cosine similarity of the named passages, exactly, as far as the shelves hold them."""
        found: dict[str, float] = {}
        for shelf in shelves:
            found |= self._shelves[shelf].cosines(vector, ids)
        return found

    def close(self) -> None:
        """Release the private copy, if there is one; the files of the build are let go of with the last
        reader."""
        if self._graphs:
            self._graphs.close()


class _Graphs:
    """Chroma's collections in a private copy of this process."""

    def __init__(self, folder: Path) -> None:
        """Copy and open a store. Raises BadIndex."""
        copy = _copied(folder)
        try:
            client = _client(copy.folder)
            self._collections = {c.name: c for c in client.list_collections()}
            # Asked once: a build never changes, and counting takes longer than searching.
            self._counts = {name: c.count() for name, c in self._collections.items()}
        except Exception as error:
            copy.close()
            raise BadIndex(
                f"{folder}: the vector store does not open ({type(error).__name__}). Build the index again."
            ) from error
        # Freed when the last reader lets go of it, and at the latest when the process ends.
        self._release = weakref.finalize(self, _release, client, copy)

    def nearest(self, shelf: int, vector: Vectors, k: int) -> dict[str, float]:
        name = _name(shelf)
        near = self._collections[name].query(
            query_embeddings=vector[np.newaxis], n_results=min(k, self._counts[name]), include=["distances"]
        )
        pairs = zip(near["ids"][0], near["distances"][0], strict=True)
        return {passage_id: 1.0 - float(distance) for passage_id, distance in pairs}

    def vectors(self, shelf: int) -> dict[str, Vectors]:
        kept = self._collections[_name(shelf)].get(include=["embeddings"])
        return dict(zip(kept["ids"], np.asarray(kept["embeddings"], dtype=np.float32), strict=True))

    def close(self) -> None:
        self._release()


def vectors_of(
    build: Path, record: Mapping[str, Any], server: StoreServer | None
) -> Iterator[dict[str, Vectors]]:
    """All vectors of each shelf by the ids of their passages; where a folder has a collection too, one that
    file and collection do not agree on is left out. Raises BadIndex."""
    shelf_count, counts = len(record["shelves"]), remote.counts_of(record)
    if counts is not None:
        yield from remote.vectors_of(build, counts, server)
        return
    with closing(_Graphs(build / FOLDER)) as graphs:
        for shelf in range(shelf_count):
            exact = ExactShelf(build / EXACT_FOLDER, shelf).vectors()
            kept = graphs.vectors(shelf) if _has_graph(len(exact)) else exact
            same = (i for i in exact.keys() & kept.keys() if np.allclose(exact[i], kept[i], atol=1e-6))
            yield {i: exact[i] for i in same}


def _copied(folder: Path) -> PrivateCopy:
    """A private copy of a store. No links: Chroma may write its graph files anew when it opens them."""
    try:
        copy = PrivateCopy()
        try:
            shutil.copytree(folder, copy.folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
        except OSError:
            copy.close()
            raise
    except OSError as error:
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
        raise BadIndex(
            f"{folder}: cannot be copied to {tempfile.gettempdir()} ({reason}). Make room there, or name "
            "another folder in TMPDIR."
        ) from error
    return copy


def _release(client: Any, copy: PrivateCopy) -> None:
    client.close()
    copy.close()


def _has_graph(passages: int) -> bool:
    """Whether a shelf of so many is in Chroma too."""
    return passages <= KEPT_TWICE or passages > EXACT


def _name(shelf: int) -> str:
    return f"shelf-{shelf}"
