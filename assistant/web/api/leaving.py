"""The last door on the way out to a program: CORS, and every error as a problem document.

Covers: every answer of 400 and above under `problems.PATHS`, also of the guards, which speak in
plain text. Does not cover: a stream that has begun; it ends with a problem as an event.
"""

import json
import logging
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import sayings
from assistant.web.api.problems import (
    KIND,
    Refusal,
    absent,
    answered,
    is_for_programs,
    refusal_of,
    written,
)

log = logging.getLogger(__name__)


class Crossing:
    """ASGI middleware: pages of the listed origins may call the doors for programs, with a key and
    without cookies. Kept from the chat, whose framework looks for CORS and changes its own."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self._across = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "X-Request-Id"],
        )
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        across = self._origins and scope["type"] == "http" and is_for_programs(scope["path"])
        await (self._across if across else self.app)(scope, receive, send)


class Problems:
    """ASGI middleware: at the doors for programs every error leaves as a problem document, and every
    answer is told to be kept by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_for_programs(scope["path"]):
            await self.app(scope, receive, send)
            return
        leaving = _Leaving(send, scope["path"])
        try:
            await self.app(scope, receive, leaving)
        except ClientDisconnect:
            return
        except Exception as fault:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if not leaving.begun:
                await answered(refusal_of(fault), scope["path"])(scope, receive, send)


class _Leaving:
    """Lets an answer pass; an error in another form is held back until it is whole, and rewritten."""

    def __init__(self, send: Send, path: str) -> None:
        self._send, self._path = send, path
        self._held: Message | None = None
        self._body = b""
        self.begun = False  # whether anything has left

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            if message["status"] >= 400 and headers.get("content-type") != KIND:
                self._held = message
                return
        if self._held is None:
            self.begun = True
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._rewritten(self._held)

    async def _rewritten(self, start: Message) -> None:
        self.begun = True
        headers = MutableHeaders(scope=start)
        status: int = start["status"]
        said = "" if status >= 500 else _said(headers.get("content-type", ""), self._body)
        refusal = absent() if status == 404 else Refusal(status, said or sayings.WENT_WRONG)
        body = json.dumps(written(refusal, self._path), ensure_ascii=False).encode()
        headers["Content-Type"], headers["Content-Length"] = KIND, str(len(body))
        del headers["content-security-policy"]  # that of a page
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _said(kind: str, body: bytes) -> str:
    """The sentence of an error in plain text, or in the framework's JSON; else nothing."""
    text = body.decode("utf-8", "replace")
    if kind.startswith("text/plain"):
        return text
    try:
        told = json.loads(text) if kind.startswith("application/json") else {}
    except ValueError:
        told = {}
    detail = told.get("detail") if isinstance(told, dict) else None
    return detail if isinstance(detail, str) else ""
