"""The end of a serving process: answers on their way are finished, what only lasts is ended at once.

Covers: an open window's sign of life, which a browser holds for as long as it is open. Does not cover:
an answer that takes longer than the server waits; it is broken off.
"""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LASTING = "/gradio_api/heartbeat/"


class Stopping:
    """ASGI middleware: ends the requests that would last for ever, once `event` is set."""

    def __init__(self, app: ASGIApp, event: asyncio.Event) -> None:
        self.app, self.event = app, event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(LASTING):
            await self.app(scope, receive, send)
            return
        unfinished = False

        async def told(message: Message) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        lasting = asyncio.ensure_future(self.app(scope, receive, told))
        stopped = asyncio.ensure_future(self.event.wait())
        try:
            await asyncio.wait({lasting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            lasting.cancel()
            with suppress(asyncio.CancelledError):
                await lasting
        if unfinished:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
