"""Whether to ask a language model at all: after failures in a row nobody waits for it for a while."""

import logging
import threading
import time
from collections.abc import Callable

MOST_FAILURES = 3  # in a row; then it is left alone
PAUSE_S = 30.0  # after which one question tries it again

log = logging.getLogger(__name__)


class Breaker:
    """Counts the failures of one model in a row. Of this process only; safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._again_at = 0.0

    @property
    def open(self) -> bool:
        """Whether the model is being left alone."""
        with self._lock:
            return self._failures >= MOST_FAILURES

    def lets_through(self) -> bool:
        """Whether a call may be made. While the model is left alone, one in each pause may try it;
        should its asker leave before it is known how it ended, the next pause brings the next."""
        with self._lock:
            if self._failures < MOST_FAILURES:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + PAUSE_S
            return True

    def succeeded(self) -> None:
        """The model's server answered a call."""
        with self._lock:
            if self._failures >= MOST_FAILURES:
                log.warning("the language model answers again")
            self._failures = 0

    def failed(self, told: str) -> None:
        """A call failed in a way that the next question would meet as well; `told` is for the log."""
        with self._lock:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._again_at = self._clock() + PAUSE_S
            if self._failures == MOST_FAILURES:
                log.warning("%s That was %d times in a row: it is tried once in %.0f s now, and questions "
                            "are answered without it.", told, MOST_FAILURES, PAUSE_S)  # fmt: skip
