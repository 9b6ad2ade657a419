"""The way in of an OpenID provider: /sign-on, /sign-on/back, /sign-off, and the session between them.

The session is a sealed cookie (`sealing.py` says with which attributes): who, until when, and the
provider's tokens. It holds no groups: the provider is asked for them (`standing.py`). Nothing here is
made of the Host header: the reader's way back is ASSISTANT_PUBLIC_URL.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from time import time
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import language
from assistant.access import signed_on_principal
from assistant.config import Settings
from assistant.errors import BadSetting, NotSignedOn, SignOnAway
from assistant.types import Principal
from assistant.web import texts
from assistant.web.provider import Begun, Provider, Tokens, safe
from assistant.web.render import Html, element
from assistant.web.sealing import Jar, TooLarge
from assistant.web.sign_on import turned_away
from assistant.web.standing import Standings

SIGN_ON, BACK, SIGN_OFF = "/sign-on", "/sign-on/back", "/sign-off"
OPEN_TO_ALL = (SIGN_ON, BACK, SIGN_OFF)
NEW_COOKIES = "assistant.new_cookies"  # their place in a request's scope
BEGUN_S = 600  # to end a sign-on that has begun
BEGUN_AT_ONCE = 4  # tabs of a browser that sign on
GOAL_CHARS = 1000
NOT_KEPT = {"Cache-Control": "no-store"}
# With `no-referrer`, which everything else has, a browser would not say that a form is ours.
PAGE_HEADERS = {**NOT_KEPT, "Referrer-Policy": "same-origin"}
STYLE = "body { font: 16px/1.5 system-ui, sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 24px }"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-on: `until` is seconds of the clock on the wall."""

    id: str
    subject: str
    until: float
    tokens: Tokens

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Session":
        """What `kept` has written; the seal has proved that it comes from here."""
        return cls(kept["id"], kept["subject"], kept["until"], Tokens(**kept["tokens"]))


class Oidc:
    """The way in: proves a principal from the session's cookie."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSetting for what is missing; asks the provider nothing."""
        self.home = _home(settings)
        self.provider = Provider(settings, self.home + BACK)
        self.standings = Standings(self.provider)
        self.seconds = int(settings.session_hours * 3600)
        self.sessions = Jar.of(settings, "session", self.seconds, parts=2)
        self.begun = Jar.of(settings, "begun", BEGUN_S)
        self._told_of_claim = False
        if not settings.secret.get_secret_value():
            log.warning(
                "ASSISTANT_SECRET is empty: everybody signs on again after a restart, and several workers "
                "do not know each other's readers. Set it to the output of `openssl rand -hex 32`."
            )

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """The person of the session; None without one. Raises NotSignedOn, SignOnAway."""
        session = self.session(connection)
        if session is None:
            return None
        principal, tokens = await self.person(session)
        if tokens.turn > session.tokens.turn:
            renewed = self.cookies(replace(session, tokens=tokens))
            connection.scope.setdefault(NEW_COOKIES, []).extend(renewed)
        return principal

    async def person(self, session: Session) -> tuple[Principal, Tokens]:
        """Whose session it is, as the provider tells it now, and the newest tokens.

        Raises NotSignedOn, SignOnAway.
        """
        standing = await self.standings.of(session.id, session.tokens)
        if standing.claims.get("sub") != session.subject:
            raise NotSignedOn("oidc: the provider answers for somebody else than it signed on.")
        claim = self.provider.claim
        if claim not in standing.claims and not self._told_of_claim:
            self._told_of_claim = True
            log.warning(
                "oidc: the provider tells no claim %r, so a reader has no groups. Let it put the groups into "
                "userinfo, or set ASSISTANT_OIDC_GROUPS_CLAIM and ASSISTANT_OIDC_SCOPES.",
                claim,
            )
        # The same subject at another provider is somebody else.
        name = f"{session.subject}@{self.provider.issuer.partition('://')[2]}"
        return signed_on_principal("oidc", name, standing.claims.get(claim)), standing.tokens

    def session(self, connection: HTTPConnection) -> Session | None:
        """The session that a browser's cookies hold, if it is not over by our clock."""
        kept = self.sessions.get(connection.cookies, time())
        session = Session.read(kept) if kept else None
        return session if session and time() < session.until else None

    def cookies(self, session: Session) -> list[str]:
        """The session as `Set-Cookie` lines; without the token that renews it, where both are too long.

        Raises NotSignedOn where even that is.
        """
        shorter = replace(session, tokens=replace(session.tokens, refresh=""))
        for each in (session, shorter):
            try:
                return self.sessions.put(asdict(each), time())
            except TooLarge:
                log.warning("oidc: the provider's tokens are too long for cookies. Let it give short ones.")
        raise NotSignedOn("oidc: the access token is too long for cookies. Let the provider give short ones.")

    def turned(self, connection: HTTPConnection) -> Response:
        """Send a reader who opens a page to sign on; tell everybody else in words."""
        headers = connection.headers
        opens = connection.scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        if not opens or headers.get("sec-fetch-mode", "navigate") != "navigate" or "authorization" in headers:
            return turned_away(connection)
        goal = connection.scope.get("raw_path", b"").decode("latin-1") or "/"
        if asked := connection.scope.get("query_string", b"").decode("latin-1"):
            goal += f"?{asked}"
        return RedirectResponse(f"{self.home}{SIGN_ON}?next={quote(goal, safe='')}", 303, NOT_KEPT)


class NewCookies:
    """ASGI middleware: gives the browser the cookies that a way in has made anew."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lines: list[str] = scope.setdefault(NEW_COOKIES, [])

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and lines:
                headers = [*message.get("headers", []), *_headers(lines)]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_cookies)


def routes(oidc: Oidc) -> APIRouter:
    """Make the routes of signing on and off."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_ON)
    async def sign_on(request: Request, next: str = "/") -> Response:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state, nonce, verifier, own_path(next))
        try:
            address = await oidc.provider.address(begun)
        except SignOnAway as fault:
            log.error("%s", fault)
            return _page(fault.for_staff, 503)
        others = oidc.begun.suffixes(request.cookies)
        old = [line for other in others if len(others) >= BEGUN_AT_ONCE for line in oidc.begun.clear(other)]
        lines = oidc.begun.put(asdict(begun), time(), state)
        return _with(RedirectResponse(address, 303, NOT_KEPT), old + lines)

    @router.get(BACK)
    async def back(request: Request) -> Response:
        asked = request.query_params
        state = asked.get("state", "")
        kept = oidc.begun.get(request.cookies, time(), state) if state else None
        if kept is None or kept.get("state") != state:
            return _page(texts.SIGN_ON_STALE, 400, _again())
        used = oidc.begun.clear(state)
        try:
            if "code" not in asked:
                raise NotSignedOn(f"oidc: the provider signs nobody on: {asked.get('error', '')[:100]!r}.")
            subject, tokens = await oidc.provider.exchange(asked["code"], Begun(**kept))
            session = Session(secrets.token_urlsafe(16), subject, time() + oidc.seconds, tokens)
            _, tokens = await oidc.person(session)  # now: a reader let in and turned away goes in circles
            lines = oidc.cookies(replace(session, tokens=tokens))
        except NotSignedOn as fault:
            log.warning("%s", fault)
            return _with(_page(texts.SIGN_ON_REFUSED, 403, _again()), used)
        except SignOnAway as fault:
            log.error("%s", fault)
            return _with(_page(fault.for_staff, 503, _again()), used)
        return _with(RedirectResponse(oidc.home + own_path(kept["goal"]), 303, NOT_KEPT), used + lines)

    @router.api_route(SIGN_OFF, methods=["GET", "POST"])
    async def sign_off(request: Request) -> Response:
        """A link of another site signs nobody off: it is asked about first."""
        if request.method == "GET" and request.headers.get("sec-fetch-site") != "same-origin":
            button = element("button", texts.SIGN_OFF, type="submit")
            return _page(texts.SIGN_OFF_ASKED, 200, element("form", button, method="post", action=SIGN_OFF))
        session = oidc.session(request)
        if session:
            await oidc.provider.revoke(oidc.standings.end(session.id, session.tokens))
        there = await oidc.provider.leaving()
        links = [_again()] + ([element("a", texts.SIGN_OFF_THERE, href=there)] if there else [])
        return _with(_page(texts.SIGNED_OFF, 200, *links), oidc.sessions.clear())

    return router


def own_path(asked: object) -> str:
    """A path of this server that a reader wanted to see, `/` for anything else.

    It is only ever put behind our own address, so it cannot lead elsewhere.
    """
    text = asked if isinstance(asked, str) else ""
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    known = ours and len(text) <= GOAL_CHARS and text.partition("?")[0] not in OPEN_TO_ALL
    return text if known else "/"


def _home(settings: Settings) -> str:
    """The origin that readers see. Raises BadSetting."""
    home = settings.public_url.rstrip("/")
    parts = urlsplit(home)
    if not home:
        raise BadSetting(
            "ASSISTANT_SIGN_ON=oidc needs ASSISTANT_PUBLIC_URL: the address that readers see. Set it, and "
            f"allow that address with {BACK} behind it at the provider."
        )
    if not safe(home) or home != f"{parts.scheme}://{parts.netloc}":
        raise BadSetting(
            f"ASSISTANT_PUBLIC_URL={settings.public_url!r}: signing on needs https and no path. "
            "Write it like https://assistant.example.org."
        )
    return home


def _page(sentence: str, status: int, *parts: Html) -> Response:
    """A page for whoever is not signed on: it loads nothing."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", texts.TITLE),
        element("style", Html(STYLE)),
    )
    body = element("body", element("p", sentence), *(element("p", part) for part in parts))
    spoken = language.current()
    page = element("html", head, body, lang=spoken.code, dir=spoken.direction)
    return HTMLResponse(f"<!doctype html>\n{page}\n", status, PAGE_HEADERS)


def _again() -> Html:
    return element("a", texts.SIGN_ON, href=SIGN_ON)


def _with(response: Response, lines: list[str]) -> Response:
    response.raw_headers.extend(_headers(lines))
    return response


def _headers(lines: list[str]) -> list[tuple[bytes, bytes]]:
    return [(b"set-cookie", line.encode("latin-1")) for line in lines]
