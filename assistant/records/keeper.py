"""Exchanges that could not be written yet: held in memory, and written when the database is back.

Covers: a database that is away, locked or full for a while, and a stop of this process in order if
it is back by then. Does not cover: a process that is killed, or stopped while the database is away.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass

from assistant.errors import NoSuchConversation, RecordsUnavailable
from assistant.records.conversations import Conversations
from assistant.records.exchanges import Exchange

MOST_WAITING = 2000  # of all readers together; then the oldest are given up
PAUSE_S = 2.0  # after a failure, no answer is held up by another try for this long
SETTLE_S = 2.5  # before a stop

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    owner: str
    conversation_id: str
    exchange: Exchange
    begin: bool
    replacing: str


class Keeper:
    """Writes exchanges down, at once or as soon as it can be done, in their order. Safe between threads."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._waiting: deque[_Waiting] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()  # of what waits: held for a moment only
        self._writing = threading.Lock()  # of whoever writes, which may take its time
        self._again_at = 0.0

    def __len__(self) -> int:
        """How many exchanges wait. Takes no turn: a write may hold the others up for seconds."""
        return len(self._waiting)

    def keep(
        self, owner: str, conversation_id: str, exchange: Exchange, begin: bool = False, replacing: str = ""
    ) -> bool:
        """Take an exchange; True where it and all before it are written, False where it has to wait.

        Never raises for the database's sake. `begin` makes the conversation where it is the first;
        `replacing` is the id of an exchange that goes when this one is written.
        """
        with self._lock:
            if len(self._waiting) == MOST_WAITING:
                log.error("%d exchanges wait to be written; the oldest is given up", MOST_WAITING)
            mine = _Waiting(owner, conversation_id, exchange, begin, replacing)
            self._waiting.append(mine)
        with self._writing:  # somebody who wrote meanwhile may have written ours as well
            if time.monotonic() < self._again_at:
                with self._lock:
                    return all(each is not mine for each in self._waiting)
            return self._written()

    def retry(self) -> bool:
        """Try to write what waits; True where nothing does any more."""
        with self._writing:
            return self._written()

    def settle(self) -> None:
        """Try once more, for a moment: this process is about to stop, and what waits goes with it."""
        trying = threading.Thread(target=self.retry, daemon=True)
        trying.start()
        trying.join(SETTLE_S)
        with self._lock:
            left = len(self._waiting)
        if left:
            log.error("%d exchanges could not be written before the stop, and are lost", left)

    def waiting(self, owner: str, conversation_id: str) -> list[Exchange]:
        """The exchanges of a conversation that are not written yet, in order."""
        with self._lock:
            return [
                each.exchange
                for each in self._waiting
                if (each.owner, each.conversation_id) == (owner, conversation_id)
            ]

    def replaced(self, owner: str, conversation_id: str) -> set[str]:
        """The ids of the exchanges that go when what waits of a conversation is written."""
        with self._lock:
            return {
                each.replacing
                for each in self._waiting
                if (each.owner, each.conversation_id) == (owner, conversation_id) and each.replacing
            }

    def forget(self, owner: str, conversation_id: str | None = None) -> None:
        """Drop what waits of a conversation, or of all of an owner: it is about to be deleted."""
        with self._writing, self._lock:  # what is being written now is there to be deleted then
            left = [
                each
                for each in self._waiting
                if each.owner != owner or conversation_id not in (None, each.conversation_id)
            ]
            self._waiting = deque(left, maxlen=MOST_WAITING)

    def _written(self) -> bool:
        while first := self._first():
            try:
                self._conversations.append(
                    first.owner, first.conversation_id, first.exchange, first.begin, first.replacing
                )
            except RecordsUnavailable as fault:
                log.error("%s", fault)
                self._again_at = time.monotonic() + PAUSE_S
                return False
            except NoSuchConversation:
                log.info("an exchange is not written: its conversation was deleted")
            with self._lock:
                if self._waiting and self._waiting[0] is first:  # it may have been given up meanwhile
                    self._waiting.popleft()
        return True

    def _first(self) -> _Waiting | None:
        with self._lock:
            return self._waiting[0] if self._waiting else None
