"""An answer on its way, taken step by step in threads, while its reader may leave at any time.

The assistant blocks while it works, so a coroutine never takes a step itself. Whoever stops walking
closes the walk: then the reader's place at the desk is free. A step that is being taken is waited
for; it cannot be broken off.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from assistant.types import Answer

BEGIN_S = 5.0  # within which a refusal still has a status of its own; then the stream begins
QUIET_S = 10.0  # after which a stream gives a sign of life
LOOK_S = 0.5  # how often it is seen to whether the reader of a whole answer is still there
SIGN_OF_LIFE = b": still at work\n\n"

Part = str | Answer
Steps = Generator[Part, None, None]


class Walk:
    """One answer, taken in steps. Has to be closed, unless `whole` or `Streamed` does."""

    def __init__(self, steps: Steps, threads: CapacityLimiter) -> None:
        self._steps, self._threads = steps, threads
        self._step: asyncio.Task[Part | None] | None = None

    async def next(self, within_s: float) -> Part | None:
        """The next part, None where it takes longer; the last one is the Answer. Raises as the desk does."""
        if self._step is None:
            taking = to_thread.run_sync(next, self._steps, None, limiter=self._threads)
            self._step = asyncio.create_task(taking)
        done, _ = await asyncio.wait({self._step}, timeout=within_s)
        if not done:
            return None
        step, self._step = self._step, None
        part = step.result()
        if part is None:
            raise RuntimeError("Assistant.stream ended without an Answer")
        return part

    async def begin(self) -> Part | None:
        """The first part, or None where it takes its time. What is refused at once is raised."""
        try:
            return await self.next(BEGIN_S)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop walking, after the step that is being taken, if one is."""
        with anyio.CancelScope(shield=True):
            if self._step is not None:
                await asyncio.wait({self._step})
                self._step.exception()  # nobody is there any more to be told
                self._step = None
            await to_thread.run_sync(self._steps.close, limiter=self._threads)


async def whole(walk: Walk, request: Request) -> Answer:
    """The answer as a whole. Raises ClientDisconnect where nobody waits for it any more."""
    try:
        while True:
            part = await walk.next(LOOK_S)
            if isinstance(part, Answer):
                return part
            if await request.is_disconnected():
                raise ClientDisconnect
    finally:
        await walk.close()


async def parts(walk: Walk, first: Part | None) -> AsyncGenerator[Part | None, None]:
    """All parts up to the Answer, `first` being the one that was taken already; None where it is
    time for a sign of life. An empty part says no more than that the assistant is at work."""
    part, told_at = first, time.monotonic()
    while True:
        if part or time.monotonic() >= told_at + QUIET_S:
            told_at = time.monotonic()
            yield part or None
        if isinstance(part, Answer):
            return
        part = await walk.next(QUIET_S)


class Streamed(StreamingResponse):
    """Server-sent events made of a walk, which is closed when the reader has them all, or leaves."""

    media_type = "text/event-stream"

    def __init__(self, walk: Walk, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        self._walk, self._events = walk, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._events.aclose()
                await self._walk.close()
