"""Who does the two steps that take nearly all of a build's time, reading and embedding: the threads of
this machine, or a cluster (`index.ray_engine`). Both give the same readings and the same vectors."""

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from index.embedding import Embedder, Vectors
from index.errors import UnreadableDocument
from index.reading import Reading
from index.reading.limits import Limits, read_limited
from index.weights import sha256_of

T = TypeVar("T")
Results = Generator[T, None, None]  # closed by who does not want the rest
KEPT_AT_ONCE = 32  # passages embedded before their vectors are put into the cache, one or two seconds' work


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that is to be read: its id, where it lies, and the digest of its bytes."""

    id: str
    path: Path
    sha256: str


class Engine(Protocol):
    """Reads and embeds for a build. Results come in any order, each as soon as it is there, so that
    the builder can put it aside; both end with IndexFault where the work cannot go on."""

    def readings(
        self, documents: Sequence[Unread], ocr: str
    ) -> Results[tuple[str, Reading | UnreadableDocument]]:
        """The id of each document and what reading it gave."""

    def vectors(self, texts: Sequence[str]) -> Results[tuple[range, Vectors]]:
        """The vectors of some of the texts, one row each, and where these stand among the texts."""


class Threads:
    """The engine of one machine: as many readers and texts at a time as there are cores."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def readings(
        self, documents: Sequence[Unread], ocr: str
    ) -> Results[tuple[str, Reading | UnreadableDocument]]:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            waiting = {pool.submit(read_whole, document, ocr): document.id for document in documents}
            try:
                for done in as_completed(waiting):
                    yield waiting.pop(done), done.result()
            finally:
                for unwanted in waiting:  # the build has stopped: nothing more is begun
                    unwanted.cancel()

    def vectors(self, texts: Sequence[str]) -> Results[tuple[range, Vectors]]:
        for part in parts(len(texts), KEPT_AT_ONCE):
            yield part, self._embedder.embed([texts[place] for place in part])


def parts(count: int, size: int) -> Iterator[range]:
    """0 to `count` in parts of `size`, the last one smaller."""
    return (range(first, min(first + size, count)) for first in range(0, count, size))


def read_whole(document: Unread, ocr: str) -> Reading | UnreadableDocument:
    """What reading a document gives, in a limited child; one that changed meanwhile was not read."""
    try:
        reading = read_limited(document.path, document.id, Limits.with_ocr(ocr))
        if sha256_now(document.path) != document.sha256:
            raise UnreadableDocument("damaged", "it was changed while it was read.", "Build again.")
        return reading
    except UnreadableDocument as error:
        return error


def sha256_now(path: Path) -> str:
    """A file's digest as it lies there; "" where it does so no longer."""
    try:
        return sha256_of(path)
    except OSError:
        return ""
