"""The answers on their way, by window: what ends one can wait until its last step has left."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

# For what is broken off to end. Where that takes longer nothing of it is shown any more: only what was on
# its way when it was broken off has to go first.
ENDED_S = 1.5


class Underway:
    """Which windows an answer is on its way to. Safe between threads."""

    def __init__(self) -> None:
        self._windows: dict[str, list[str]] = {}
        self._changed = Condition()

    @contextmanager
    def to(self, window: str, request: str) -> Iterator[None]:
        """An answer is on its way to this window for as long as it is in here; `request` brought its
        question."""
        with self._changed:
            self._windows.setdefault(window, []).append(request)
        try:
            yield
        finally:
            with self._changed:
                self._windows[window].remove(request)
                if not self._windows[window]:
                    del self._windows[window]
                self._changed.notify_all()

    def requests(self, window: str) -> list[str]:
        """What brought the questions that are being answered to this window."""
        with self._changed:
            return list(self._windows.get(window, []))

    def wait_for_end(self, window: str, at_most_s: float = ENDED_S) -> None:
        """Wait until what is broken off in this window has ended: its last step would be shown over
        what is to be shown now."""
        with self._changed:
            self._changed.wait_for(lambda: window not in self._windows, at_most_s)
