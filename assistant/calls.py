"""Calls of language models, in the one event loop of this process, where each can be broken off.

A call that waits in a thread cannot be ended from outside; a task can, and the provider's client then
closes its connection. Covers: whatever a client awaits. Does not cover: a provider whose package
has no asynchronous client of its own (its calls end with their time limits), and the look-up of a
name, which the system ends.
"""

import asyncio
import os
import queue
import threading
from collections.abc import AsyncIterator
from typing import Any

_LOCK = threading.Lock()
_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a fork has no threads of its parent's


class Call:
    """What one call brings. Has to be ended: that closes its connection if it is still open."""

    def __init__(self, chunks: AsyncIterator[Any]) -> None:
        self._arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._task = asyncio.run_coroutine_threadsafe(self._pump(chunks), _loop())

    def next(self, within_s: float) -> Any:
        """The next chunk, or None at the end. Raises queue.Empty where none came in time, and what
        the provider's client raised."""
        chunk = self._arrived.get(timeout=within_s)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def end(self) -> None:
        """Break it off, if it is not over."""
        self._task.cancel()

    async def _pump(self, chunks: AsyncIterator[Any]) -> None:
        try:
            async for chunk in chunks:
                self._arrived.put(chunk)
            self._arrived.put(None)
        except Exception as error:
            self._arrived.put(error)


def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this process, begun with the first call."""
    with _LOCK:
        loop = _LOOPS.get(os.getpid())
        if loop is None:
            loop = _LOOPS[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="model-calls", daemon=True).start()
        return loop
