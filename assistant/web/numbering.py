"""A number for every request: told in the answer's `X-Request-Id`, in the log and in the audit lines.

An id, and a trace (`traceparent`), that a sender brings along count only from the proxy that is
trusted: else anybody could mix what is written of them with what is written of others.
"""

import re
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import watching
from assistant.config import Settings
from assistant.watching import Errand
from assistant.web.listening import UNIX
from assistant.web.sign_on import TrustedProxy, trusted_proxy

ID = "X-Request-Id"
TRACE = "traceparent"  # of the W3C
ERRAND = "assistant.errand"  # its place in a request's scope
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Numbered:
    """ASGI middleware: gives each request its id; `proxy` may bring one along."""

    def __init__(self, app: ASGIApp, proxy: TrustedProxy | None) -> None:
        self.app, self.proxy = app, proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trusted = self.proxy is not None and self.proxy.trusts(HTTPConnection(scope))
        told = _told(Headers(scope=scope)) if trusted else Errand()
        errand = Errand(told.request or watching.new_id(), told.parent)
        scope[ERRAND] = errand

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[ID] = errand.request
            await send(message)

        with watching.on(errand):
            await self.app(scope, receive, send_with_id)


def proxy_of(settings: Settings) -> TrustedProxy | None:
    """The proxy whose numbers are believed, however people sign on; None where none is named."""
    named = settings.proxy_addresses or settings.host.startswith(UNIX)
    return trusted_proxy(settings) if named else None


def errand_of(request: Any) -> Errand | None:
    """What a request was numbered with, or one that the chat's framework wraps; None for anything else."""
    scope = getattr(getattr(request, "request", request), "scope", None)
    errand = scope.get(ERRAND) if isinstance(scope, dict) else None
    return errand if isinstance(errand, Errand) else None


def _told(headers: Headers) -> Errand:
    """What the headers bring along, as far as it is well-formed and told once."""
    ids, traces = headers.getlist(ID), headers.getlist(TRACE)
    return Errand(
        ids[0] if len(ids) == 1 and _ID.fullmatch(ids[0]) else "",
        traces[0] if len(traces) == 1 and _TRACE.fullmatch(traces[0]) else "",
    )
