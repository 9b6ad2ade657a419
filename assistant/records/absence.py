"""A database that made somebody wait in vain: nobody else waits until it answers in the background.

Reading and writing are told apart: SQLite can be read while somebody holds it for writing.
"""

import logging
import os
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from assistant.errors import RecordsUnavailable

SLOW_S = 1.0  # a fault that took this long will take the next one as long
PAUSE_S = 1.0  # between two looks whether it is back

log = logging.getLogger(__name__)


class Absence:
    """What is away, and the thread that looks for it. Safe between threads."""

    def __init__(self, look: Callable[[bool], None]) -> None:
        """`look` uses the database, for writing or not, and raises while it is away."""
        self._look = look
        self._lock = threading.Lock()
        self._away: set[tuple[int, bool]] = set()  # with the process: a fork has no thread of its parent's
        self._over = threading.Event()

    def check(self, writes: bool) -> None:
        """Raises OSError where it is away."""
        with self._lock:
            if (os.getpid(), writes) in self._away:
                raise OSError("no answer a moment ago; questions do not wait for it until it is back")

    def begin(self, writes: bool, waited_s: float) -> None:
        """Somebody waited so long, and in vain."""
        mine = (os.getpid(), writes)
        with self._lock:
            if waited_s < SLOW_S or mine in self._away:
                return
            self._away.add(mine)
            over = self._over
        threading.Thread(target=self._watch, args=(mine, over), name="records-watch", daemon=True).start()

    def end(self) -> None:
        """Stop looking: whoever comes next finds out."""
        with self._lock:
            self._over.set()
            self._over = threading.Event()
            self._away.clear()

    def _watch(self, mine: tuple[int, bool], over: threading.Event) -> None:
        while not over.wait(PAUSE_S):
            try:
                self._look(mine[1])
            except (SQLAlchemyError, OSError, RecordsUnavailable):
                continue
            with self._lock:
                if not over.is_set():
                    self._away.discard(mine)
            log.warning("the records can be %s again", "written" if mine[1] else "read")
            return
