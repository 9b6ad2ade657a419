"""The vectors of builds in a Chroma server: a collection for each shelf of each build.

All else of a build stays in its folder, CURRENT too, which readers go by. An alias record on the
server, the description of a small collection, says of each index folder which build it serves and
which builds it has anything of there. It is written before the first vector is sent and before any
is deleted, so that what a killed build left is found again, and nobody deletes what another index
still serves. Readers write nothing to the server.
"""

import logging
import os
import secrets
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from index.chroma import Chroma, Kept, StoreServer
from index.embedding import Vectors
from index.errors import BadIndex, StoreAway, StoreFault

NAME = "STORE"  # the file of an index folder with the name of its alias record
ALIAS = "ct-assistant-"  # begins the name of an alias record
RECORDED = "on_server"  # what it is called in the record of a build
NO_SERVER = (
    "its vectors are on a Chroma server. Set ASSISTANT_STORE_URL to it, or run `ct-assistant build` to have "
    "them here."
)
SERVES, HOLDS = "serves", "holds"  # what it says: one build, and several

log = logging.getLogger(__name__)


class RemoteStore:
    """The vectors of one build on a server; safe to share between threads.

    A server that is away when the build is opened is no damage: it is asked again at each question.
    """

    def __init__(self, build: Path, counts: Sequence[int], server: StoreServer | None) -> None:
        """Look whether all is there; `counts` are the passages of each shelf. Raises BadIndex."""
        if server is None:
            raise StoreFault(f"{build}: {NO_SERVER}")
        self._build, self._counts = build.name, list(counts)
        self._chroma = Chroma(server)
        # Its connections are closed when the last reader lets go of it.
        self._release = weakref.finalize(self, self._chroma.close)
        self._ids: list[str] | None = None
        try:
            self.collections()
        except StoreAway as fault:
            log.warning("%s", fault)
        except StoreFault:
            self.close()
            raise

    def search(
        self, vector: Vectors, k: int, shelves: Sequence[int], documents: Collection[str] | None = None
    ) -> dict[str, float]:
        """Cosine similarity of the `k` passages of each shelf nearest to a unit vector, of those of the
        given documents if there are any given. Raises BadIndex."""
        found: dict[str, float] = {}
        for shelf in shelves:
            collection, count = self.collections()[shelf], self._counts[shelf]
            found |= self._chroma.nearest(collection, vector, min(k, count), documents)
        return found

    def similarities(self, vector: Vectors, ids: Collection[str], shelves: Sequence[int]) -> dict[str, float]:
        """Cosine similarity of the named passages, as far as the shelves hold them. Raises BadIndex."""
        found: dict[str, float] = {}
        for shelf in shelves:
            wanted = [i for i in ids if i not in found]
            kept = self._chroma.vectors(self.collections()[shelf], wanted)
            found |= {i: float(own @ vector) for i, own in kept.items()}
        return found

    def vectors(self, shelf: int) -> dict[str, Vectors]:
        """All vectors of a shelf by the ids of their passages. Raises BadIndex."""
        return self._chroma.everything(self.collections()[shelf])

    def close(self) -> None:
        self._release()

    def collections(self) -> list[str]:
        """The ids of the collections of the shelves, once they were seen to be whole."""
        if self._ids is None:
            self._ids = _whole(self._chroma, self._build, self._counts)
        return self._ids


def counts_of(record: Mapping[str, Any]) -> list[int] | None:
    """How many passages of each shelf a build has on a server; None where its vectors are in its folder."""
    counts = record.get(RECORDED)
    return None if counts is None else [int(count) for count in counts]


def unfit(build: Path, record: Mapping[str, Any], server: StoreServer | None) -> list[str]:
    """What is wrong with what a build has on a server, one sentence each."""
    counts = counts_of(record)
    try:
        if counts is not None:
            with closing(RemoteStore(build, counts, server)) as store:
                store.collections()
    except BadIndex as fault:
        return [str(fault)]
    return []


def indexes(server: StoreServer) -> int:
    """How many indexes have an alias record on the server. Raises BadIndex."""
    with closing(Chroma(server)) as chroma:
        return sum(name.startswith(ALIAS) for name in chroma.collections())


def vectors_of(
    build: Path, counts: Sequence[int], server: StoreServer | None
) -> Iterator[dict[str, Vectors]]:
    """All vectors of each shelf by the ids of their passages. Raises BadIndex."""
    with closing(RemoteStore(build, counts, server)) as store:
        for shelf in range(len(counts)):
            yield store.vectors(shelf)


def upload(
    build: Path, server: StoreServer, shelves: Mapping[int, tuple[list[str], Vectors]]
) -> list[int]:
    """Make the collections of a new build and count them; how many passages each has.

    Raises BadIndex. What a failure leaves there is deleted by the next `settle`.
    """
    with closing(_Alias(build.parent, server)) as alias:
        return alias.upload(build.name, shelves)


def settle(index: Path, server: StoreServer, serves: str, keep: Collection[str]) -> None:
    """Tell the server which build an index serves, and let go of all but those to `keep`: what they have
    there is deleted, unless another index has them in use. Raises BadIndex."""
    with closing(_Alias(index, server)) as alias:
        alias.settle(serves, set(keep))


class _Alias:
    """What an index folder has on a server. For who holds the right to build there."""

    def __init__(self, index: Path, server: StoreServer) -> None:
        """Ask nothing yet. Raises BadIndex where the URL is none."""
        self._index = index
        self._chroma = Chroma(server)

    def close(self) -> None:
        self._chroma.close()

    def upload(self, build: str, shelves: Mapping[int, tuple[list[str], Vectors]]) -> list[int]:
        own, serves, held, _ = self._look()
        self._say(own, serves, held | {build})
        for shelf, (ids, vectors) in shelves.items():
            collection = self._chroma.create(_name(build, shelf))
            self._chroma.add(collection, ids, np.asarray(vectors))
        counts = [len(ids) for ids, _ in shelves.values()]
        _whole(self._chroma, build, counts)
        return counts

    def settle(self, serves: str, keep: set[str]) -> None:
        own, before, held, others = self._look()
        serves = serves if serves and (self._index / serves).is_dir() else ""  # CURRENT may be damaged
        if (before, held) == (serves, keep):
            return
        self._say(own, serves, held | keep)
        gone = held - keep
        for name in self._chroma.collections():
            if name.rpartition("-")[0] in gone - others:
                self._chroma.drop(name)
        if gone:
            self._say(own, serves, keep)

    def _look(self) -> tuple[str, str, set[str], set[str]]:
        """The id of this folder's record, the build served and those held by it, and those held by others.

        A folder without the build that its record serves is a copy of another's folder: it gets a record
        of its own, and leaves the other one alone.
        """
        records = {name: kept for name, kept in self._chroma.collections().items() if name.startswith(ALIAS)}
        file = self._index / NAME
        name = file.read_text("utf-8").strip() if file.is_file() else ""
        serves = _served(records[name]) if name in records else ""
        if not name.startswith(ALIAS) or (serves and not (self._index / serves).is_dir()):
            name, serves = f"{ALIAS}{secrets.token_hex(8)}", ""
            part = file.with_name(f"{NAME}.part")
            part.write_text(name + "\n", "utf-8")
            os.replace(part, file)
        others = {build for other, kept in records.items() if other != name for build in _held(kept)}
        if name not in records:
            return self._chroma.create(name, {SERVES: "", HOLDS: ""}), "", set(), others
        return records[name].id, serves, _held(records[name]), others

    def _say(self, own: str, serves: str, holds: Collection[str]) -> None:
        self._chroma.describe(own, {SERVES: serves, HOLDS: " ".join(sorted(holds))})


def _whole(chroma: Chroma, build: str, counts: Sequence[int]) -> list[str]:
    """The ids of the collections of a build. Raises StoreFault where one is missing or has not as many
    passages as the build's record says."""
    there = chroma.collections()
    names = [_name(build, shelf) for shelf in range(len(counts))]
    missing = [name for name in names if name not in there]
    if missing:
        told = f"{len(missing)} of {len(names)} collections of build {build} are not on the Chroma server"
        raise StoreFault(f"{chroma.told}: {told}. Run `ct-assistant build` again.")
    for name, count in zip(names, counts, strict=True):
        kept = chroma.count(there[name].id)
        if kept != count:
            told = f"the Chroma server has {kept} of {count} passages of {name}"
            raise StoreFault(f"{chroma.told}: {told}. Run `ct-assistant build` again.")
    return [there[name].id for name in names]


def _name(build: str, shelf: int) -> str:
    return f"{build}-{shelf}"


def _served(kept: Kept) -> str:
    return str(kept.metadata.get(SERVES, ""))


def _held(kept: Kept) -> set[str]:
    return set(str(kept.metadata.get(HOLDS, "")).split())
