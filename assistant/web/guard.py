"""The guard at the door: what may come in at all, before anybody asks who it is, and the headers of
every answer.

Covers: which paths exist, sizes of bodies, requests that another site makes in a reader's name, the
sessions of the chat's framework, which it does not tie to a person, and files that it would fetch.
Does not cover: who may read what.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.types import Principal
from assistant.web import viewer
from assistant.web.sign_on import PRINCIPAL

# Gradio needs inline scripts and styles; it needs nothing from anywhere else.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FRAMING = "assistant.framing"  # in a request's scope: the origins that may frame its answer, and no others
# What of Gradio's own a chat without files needs. Everything else of it is not there.
CHAT = "/gradio_api/"
CHAT_DOORS = (
    "queue/join",
    "queue/data",
    "run/predict",
    "heartbeat/",
    "cancel",
    "reset",
    "startup-events",
    "theme.css",
    "app_id",  # asked for, again and again, by a page whose server went away
)
GRADIO_ELSEWHERE = (
    "/monitoring", "/login", "/logout", "/token", "/user", "/runs", "/dev/", "/pwa_icon", "/svelte/",
    "/openapi.json", "/docs", "/redoc",
)  # fmt: skip
# A question of the chat brings the conversation on the screen along, for when the records are away.
CHAT_BODY_KIB = 1024
# What proves itself, in the body: a page that keeps its name to itself may send it too.
PROVEN_BY_BODY = ("/visit",)
PATH_BYTES, NAME_BYTES = 2048, 255  # of an address and of each part of it; a file system takes no longer name
SESSIONS = 100_000  # whose person is remembered, the latest
SESSION_CHARS = 64


class Answers:
    """ASGI middleware: the same headers on every answer; `framing` are the origins that may frame us."""

    def __init__(self, app: ASGIApp, framing: Sequence[str] = ()) -> None:
        self.app, self.framing = app, framing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                allowed = " ".join(scope.get(FRAMING, self.framing))
                own = "Content-Security-Policy" in headers
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                policy = headers["Content-Security-Policy"]
                if allowed:  # a page within the chat lies within whatever frames the chat
                    ancestors = "'self'" if own else "'none'"
                    within = f"'self' {allowed}" if own else allowed
                    policy = policy.replace(f"frame-ancestors {ancestors}", f"frame-ancestors {within}")
                headers["Content-Security-Policy"] = policy
                del headers["server"]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Guard:
    """ASGI middleware: turns away what no reader's browser and no program of ours would send."""

    def __init__(
        self, app: ASGIApp, body_kib: int, own: Sequence[str] = (), friends: Sequence[str] = ()
    ) -> None:
        """`own` are the origins this server is reached at (none: whatever the Host header says),
        `friends` those of other sites that may call it."""
        self.app, self.body_kib = app, body_kib
        self.own, self.friends = frozenset(own), frozenset(friends)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await (self._refused(scope) or self.app)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        path, headers = scope["path"], Headers(scope=scope)
        inside = path[len(CHAT) :] if path.startswith(CHAT) else None
        if path.startswith(GRADIO_ELSEWHERE) or (inside is not None and not inside.startswith(CHAT_DOORS)):
            return viewer.absent()
        parts = path.encode("utf-8", "replace")
        if len(parts) > PATH_BYTES or any(len(part) > NAME_BYTES for part in parts.split(b"/")):
            return viewer.absent()
        if "transfer-encoding" in headers:
            return PlainTextResponse("Say the length of the body (Content-Length).", 411)
        most_kib = CHAT_BODY_KIB if inside is not None else self.body_kib
        if int(headers.get("content-length") or 0) > 1024 * most_kib:
            return PlainTextResponse(f"The request is larger than {most_kib} KiB.", 413)
        reading = scope["method"] in ("GET", "HEAD", "OPTIONS")
        if not reading and path not in PROVEN_BY_BODY and not self._from_us(headers):
            return PlainTextResponse("Requests from other sites are not taken.", 403)
        return None

    def _from_us(self, headers: Headers) -> bool:
        """Whether a browser sends this from one of our pages. Programs tell no origin."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
        if origin in self.friends or origin in self.own:
            return True
        return not self.own and urlsplit(origin).netloc == headers.get("host", "")


class Sessions:
    """ASGI middleware: a session of the chat's framework belongs to who used it first.

    The framework tells sessions apart by a name that the browser makes up, and hands what was asked
    in one to whoever names it. Here a name that is another person's is not there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._lock = threading.Lock()
        self._owner: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(CHAT):
            await self.app(scope, receive, send)
            return
        inside = path[len(CHAT) :]
        named: list[Any] = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        if inside.startswith("heartbeat/"):
            named = [*named, inside.removeprefix("heartbeat/")]
        if scope["method"] == "POST":
            body = await _body(receive)
            if body is None:
                return
            told = _told(body)
            if told is None or _names_file(told):
                await PlainTextResponse("This is no question: it is no JSON object, or names a file.", 400)(
                    scope, receive, send
                )
                return
            named = [*named, *([told["session_hash"]] if told.get("session_hash") is not None else [])]
            receive = _replayed(body, receive)
        if all(self._belongs(name, scope[PRINCIPAL]) for name in named):
            await self.app(scope, receive, send)
        else:
            await viewer.absent()(scope, receive, send)

    def _belongs(self, name: object, principal: Principal) -> bool:
        if not isinstance(name, str) or not 0 < len(name) <= SESSION_CHARS:
            return False
        with self._lock:
            owner = self._owner.setdefault(name, principal.id)
            self._owner.move_to_end(name)
            while len(self._owner) > SESSIONS:
                self._owner.popitem(last=False)
        return owner == principal.id


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the reader left before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already, then whatever comes after it."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _told(body: bytes) -> dict[str, Any] | None:
    """What a body says, nothing where it is empty; None where that is no JSON object."""
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _names_file(told: Any) -> bool:
    """Whether a file is named anywhere, as the chat's framework writes one.

    It would fetch the address that stands there, whatever the handler takes.
    """
    left = [told]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            if "path" in each and "meta" in each:
                return True
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
    return False
