"""The way in of readers whose intranet page vouches for them, in browsers that keep no cookies in frames.

A visit's pages stand under `/visit/ID/`, and the id, which nobody can guess, is what the browser has
instead of a cookie: all addresses in the pages are relative, so each request brings it along.
"""

import logging
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant import language, sayings
from assistant.access import signed_on_principal
from assistant.errors import RecordsUnavailable
from assistant.records.visits import Visitor, Visits
from assistant.types import Principal
from assistant.web.guard import FRAMING
from assistant.web.sign_on import turned_away, unproved
from assistant.web.translation import language_of

PREFIX = "/visit/"
RENEW = "/renew"
VISIT = "assistant.visit"  # places in a request's scope: the id that the address names,
VISITOR = "assistant.visitor"  # and the principal of a visit that is going on

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visiting:
    """ASGI middleware: takes `/visit/ID` off an address, and lets in who visits.

    A request under an id goes on as its visitor's or not at all, whatever other way in would speak
    for it. Only a renewal goes on for a visit that has ended: its ticket is the proof.
    """

    app: ASGIApp
    visits: Visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            visit_id, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
            scope["path"], scope["raw_path"] = f"/{rest}", f"/{rest}".encode()
            scope["root_path"] = f"{scope.get('root_path', '')}{PREFIX}{visit_id}"
            scope[VISIT] = visit_id
            if scope["path"] != RENEW:
                try:
                    visitor = await run_in_threadpool(self.visits.find, visit_id)
                except RecordsUnavailable as fault:
                    log.error("%s", fault)
                    await unproved(sayings.WENT_WRONG)(scope, receive, send)
                    return
                if visitor is None or not _from_its_page(scope):
                    with language.speaking(language_of(HTTPConnection(scope))):
                        answer = turned_away(HTTPConnection(scope))
                    await answer(scope, receive, send)
                    return
                scope[FRAMING], scope[VISITOR] = (visitor.origin,), principal_of(visitor)
        await self.app(scope, receive, send)


async def visiting(connection: HTTPConnection) -> Principal | None:
    """Whoever visits, as `Visiting` found."""
    visitor: Principal | None = connection.scope.get(VISITOR)
    return visitor


def principal_of(visitor: Visitor) -> Principal:
    """The principal of a visitor: the same person of the same page has one id in every visit. Raises
    NotSignedOn for what is no name."""
    name = f"{visitor.origin} {visitor.person}"
    return signed_on_principal("embed", name, list(visitor.groups), visitor.scope)


def _from_its_page(scope: Scope) -> bool:
    """Whether this is a frame, or comes from within one. Somebody who got hold of an address cannot
    open it in a window, or load from another page what is in it; a source's own tab is opened from
    our page. Browsers tell, programs and unprotected connections do not."""
    headers = Headers(scope=scope)
    within = headers.get("sec-fetch-site", "same-origin") == "same-origin"
    where = headers.get("sec-fetch-dest", "iframe")
    if where == "document":
        return within and scope["path"] != "/"
    return within or where == "iframe"
