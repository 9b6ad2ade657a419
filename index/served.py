"""The build that is served: opened as soon as CURRENT names it, freed when its last reader is done."""

import logging
import threading
import time
from pathlib import Path

from index import generations
from index.chroma import StoreServer
from index.embedding import Embedder
from index.errors import BadIndex
from index.search import Index

AGAIN_S = 30.0  # what could not be opened is tried again after this long: a full disk may have room by then

log = logging.getLogger(__name__)


class Served:
    """Follows the builds of one index folder. Safe between threads.

    A damaged build does not take the sound one before it away from its readers, unless it was to
    close a paper to some of them: then nothing is served.
    """

    def __init__(self, folder: Path, embedder: Embedder, server: StoreServer | None = None) -> None:
        """Open the published build or, where it is damaged, the one that it keeps. Raises BadIndex."""
        self._folder = folder
        self._embedder = embedder
        self._server = server
        self._lock = threading.Lock()
        self._refusal: BadIndex | None = None
        self._again_at = 0.0
        self.fault = ""  # why the published build is not the one that is served
        self._index = self._first()

    @property
    def index(self) -> Index:
        """The build to read now; whoever holds the one before may go on reading it.

        While one reader opens a new build the others get the one before, or wait where a paper was
        withdrawn since. Raises BadIndex.
        """
        if self._is_decided() and self._refusal is None:
            return self._index
        if self._lock.acquire(blocking=self._refusal is not None or self._withdraws(self._index.build_id)):
            try:
                while not self._is_decided():
                    self._decide()
            finally:
                self._lock.release()
        if self._refusal:
            raise BadIndex(str(self._refusal))
        return self._index

    def close(self) -> None:
        self._index.close()

    def _is_decided(self) -> bool:
        """Whether CURRENT is what it was, and what failed then need not be tried again yet."""
        waiting = not self.fault or time.monotonic() < self._again_at
        return waiting and generations.named(self._folder) == self._decided_for

    def _decide(self) -> None:
        """Open the build that CURRENT names, or find out what is to be told of it."""
        name, index, fault = generations.named(self._folder), self._index, None
        if name != index.build_id:
            try:
                index = Index(generations.current(self._folder), self._embedder, self._server)
            except BadIndex as error:
                fault = error
        if generations.named(self._folder) != name:
            return  # another was published meanwhile, and this one perhaps deleted: look again
        if fault is None:
            self._refusal, self.fault, self._index = None, "", index
        else:
            self._refusal = fault if self._withdraws(index.build_id) else None
            self._tell(fault, "nothing" if self._refusal else index.build_id)
        self._decided_for = name

    def _first(self) -> Index:
        while True:
            self._decided_for = generations.named(self._folder)
            try:
                return Index(generations.current(self._folder), self._embedder, self._server)
            except BadIndex as fault:
                if generations.named(self._folder) == self._decided_for:  # else another came meanwhile
                    index = self._instead(fault)
                    self._tell(fault, index.build_id)
                    return index

    def _instead(self, fault: BadIndex) -> Index:
        """The sound build to begin with where the published one does not open. Raises the fault where
        there is none, or none that is known to hold nothing withdrawn."""
        try:
            if generations.is_build_name(self._decided_for):
                build = generations.previous(self._folder / self._decided_for)
            else:
                build = generations.head(self._folder)
            if build is not None:
                return Index(build, self._embedder, self._server)
        except BadIndex as error:
            log.error("%s", error)
        raise fault

    def _tell(self, fault: BadIndex, instead: str) -> None:
        self.fault = f"{fault} Until then {instead} is served."
        self._again_at = time.monotonic() + AGAIN_S
        log.error("%s", self.fault)

    def _withdraws(self, before: str) -> bool:
        """Whether the build that CURRENT names holds less, or for fewer, than the one `before` it: then
        it does not keep that one for a rollback. One whose record is damaged may."""
        name = generations.named(self._folder)
        try:
            return (
                generations.is_build_name(name)
                and generations.record_of(self._folder / name)["previous"] != before
            )
        except BadIndex:
            return True
