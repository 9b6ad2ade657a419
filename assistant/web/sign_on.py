"""Who asks, for every request: one of the ways in proves it, `access` makes the Principal.

The principal is put into the request's scope, where no header and no body can reach it, and is read
by `who`. A request that nobody stands behind goes no further.
"""

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant import sayings
from assistant.access import local_principal, signed_on_principal
from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn, RecordsUnavailable, SignOnAway
from assistant.records.keys import Key
from assistant.types import Principal
from assistant.web import texts
from assistant.web.listening import UNIX

PRINCIPAL = "assistant.principal"  # its place in a request's scope
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# A way in: the principal it proves, None where it has nothing to say about this request; raises
# NotSignedOn where it has, and the proof is wrong.
Way = Callable[[HTTPConnection], Awaitable[Principal | None]]
Turned = Callable[[HTTPConnection], Response]  # what somebody sees whom no way lets in


def who(request: Any) -> Principal:
    """Give the principal of a request, or of what the chat's framework wraps around one.

    Raises NotSignedOn where the request did not come through `SignOn`.
    """
    scope = getattr(getattr(request, "request", request), "scope", None)
    principal = scope.get(PRINCIPAL) if isinstance(scope, dict) else None
    if not isinstance(principal, Principal):
        raise NotSignedOn("a request came past the sign-on. Mend the order of the middleware.")
    return principal


class SignOn:
    """ASGI middleware: the first way in that speaks for a request decides it; `open_to_all` are the
    paths that nobody has to sign on for."""

    def __init__(self, app: ASGIApp, ways: Sequence[Way], turned: Turned, open_to_all: Sequence[str]) -> None:
        self.app, self.ways, self.turned = app, tuple(ways), turned
        self.open_to_all = frozenset(open_to_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # there are no web sockets here
        scope.pop(PRINCIPAL, None)
        if scope["path"] in self.open_to_all:
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            principal = await self._principal(connection)
        except NotSignedOn as fault:
            log.warning("%s", fault)
            principal = None
        except RecordsUnavailable as fault:  # nobody can be proved, and nobody is let in unproved
            log.error("%s", fault)
            await unproved(texts.UNEXPECTED)(scope, receive, send)
            return
        except SignOnAway as fault:
            log.error("%s", fault)
            await unproved(fault.for_staff)(scope, receive, send)
            return
        if principal is None:
            await self.turned(connection)(scope, receive, send)
            return
        scope[PRINCIPAL] = principal
        await self.app(scope, receive, send)

    async def _principal(self, connection: HTTPConnection) -> Principal | None:
        for way in self.ways:
            principal = await way(connection)
            if principal is not None:
                return principal
        return None


async def local(connection: HTTPConnection) -> Principal | None:
    """Everybody who reaches a server that only this machine can reach."""
    return local_principal()


def bearer(told: Sequence[str]) -> str | None:
    """The secret of the one Authorization header; None where it holds none, or there are more."""
    kind, _, secret = told[0].partition(" ") if len(told) == 1 else ("", "", "")
    return secret.strip() if kind.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class BearerKey:
    """The way in of programs: `Authorization: Bearer` with a key of ours. `find` gives the key that
    a text is, None where it is none or revoked."""

    find: Callable[[str], Key | None]

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """The principal of the key. Raises NotSignedOn where it opens nothing, RecordsUnavailable."""
        told = connection.headers.getlist("authorization")
        if not told:
            return None
        secret = bearer(told)
        key = await run_in_threadpool(self.find, secret) if secret is not None else None
        if key is None or key.origin:
            raise NotSignedOn("key: an Authorization header came that holds no key in use.")
        return signed_on_principal("key", key.name, list(key.groups))


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    """The way in of a reverse proxy that has signed people on and tells of them in two headers.

    The headers count only where the connection itself comes from the proxy: from a listed address,
    or through a Unix socket, which its file permissions guard.
    """

    networks: tuple[Network, ...]
    through_socket: bool
    user_header: str
    groups_header: str

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """The person that the proxy names. Raises NotSignedOn where it names none, or two."""
        if not self.trusts(connection):
            return None
        users = connection.headers.getlist(self.user_header)
        groups = connection.headers.getlist(self.groups_header)
        if len(users) != 1 or len(groups) > 1:
            raise NotSignedOn(
                f"proxy: {len(users)} {self.user_header} and {len(groups)} {self.groups_header} headers; "
                "one of each is believed. Let the proxy set both and drop what browsers send."
            )
        return signed_on_principal("proxy", users[0], groups[0] if groups else "")

    def trusts(self, connection: HTTPConnection) -> bool:
        """Whether a connection comes from the proxy itself."""
        if connection.client is None:
            return self.through_socket
        try:
            address = ipaddress.ip_address(connection.client.host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


class Stripped:
    """ASGI middleware: takes sign-on headers away from whoever may not send them, and tells the log."""

    def __init__(self, app: ASGIApp, names: Sequence[str], proxy: TrustedProxy | None) -> None:
        self.app, self.names, self.proxy = app, tuple(names), proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not (self.proxy and self.proxy.trusts(HTTPConnection(scope))):
            headers = MutableHeaders(scope=scope)
            for name in self.names:
                if name in headers:
                    peer = scope["client"][0] if scope.get("client") else "a socket"
                    log.warning("%s sent a %s header, which it may not; it was taken away", peer, name)
                    del headers[name]
        await self.app(scope, receive, send)


def trusted_proxy(settings: Settings) -> TrustedProxy:
    """The proxy of the settings. Raises BadSetting for what is no address or network."""
    named = _listed(settings.proxy_addresses)
    through_socket = settings.host.startswith(UNIX)
    if not named and not through_socket:
        raise BadSetting(
            "ASSISTANT_SIGN_ON=proxy: nobody is trusted yet. Set ASSISTANT_PROXY_ADDRESSES to the proxy's "
            "address, or ASSISTANT_HOST to unix:PATH."
        )
    networks: list[Network] = []
    for part in named:
        try:
            networks.append(ipaddress.ip_network(part))
        except ValueError as fault:
            raise BadSetting(
                f"ASSISTANT_PROXY_ADDRESSES={part!r}: {fault}. Name addresses or networks."
            ) from None
    return TrustedProxy(
        tuple(networks), through_socket, settings.proxy_user_header, settings.proxy_groups_header
    )


def loopback_only(settings: Settings) -> None:
    """Refuse to serve others without a sign-on. Raises BadSetting."""
    host = settings.host
    if settings.sign_on != "none" or host == "localhost" or host.startswith(UNIX):
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise BadSetting(
        f"ASSISTANT_HOST={host}: others could ask without a sign-on. Set ASSISTANT_SIGN_ON to proxy or oidc, "
        "or serve on 127.0.0.1."
    )


def origins(settings: Settings) -> list[str]:
    """The origins whose pages may frame the chat and call it. Raises BadSetting for what is none."""
    named = _listed(settings.intranet_origins)
    for origin in named:
        parts = urlsplit(origin)
        if (
            origin != f"{parts.scheme}://{parts.netloc}"
            or parts.scheme not in ("http", "https")
            or "*" in origin
        ):
            raise BadSetting(
                f"ASSISTANT_INTRANET_ORIGINS={origin!r}: not an origin. Write it like "
                "https://intranet.example.org, without a path and without a star."
            )
    return named


def _listed(setting: str) -> list[str]:
    """What a setting names, split at commas."""
    return [part.strip() for part in setting.split(",") if part.strip()]


def unproved(sentence: str) -> Response:
    """What somebody sees whose key or session cannot be looked up just now."""
    return PlainTextResponse(sentence, 503, {"Cache-Control": "no-store", "Retry-After": "5"})


def turned_away(connection: HTTPConnection) -> Response:
    """A sentence, for people and programs alike."""
    return PlainTextResponse(
        sayings.NOT_SIGNED_ON, 401, {"Cache-Control": "no-store", "WWW-Authenticate": "Bearer"}
    )
