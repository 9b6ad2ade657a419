"""The chat in pages of the intranet: the script for them, and the doors for tickets and visits.

Nobody signs on for these doors: a ticket is asked for with a key that vouches for readers, a visit
is begun and renewed with a ticket.
"""

import json
from collections.abc import Callable, Collection
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from assistant import language, sayings
from assistant.errors import NotSignedOn, RecordsUnavailable
from assistant.records.keys import Key
from assistant.records.visits import LIFE_S, Visitor, Visits
from assistant.web import texts
from assistant.web.sign_on import bearer, turned_away, unproved
from assistant.web.visits import PREFIX, RENEW, VISIT, principal_of
from index.facets import FIELDS

SCRIPT = "/embed.js"
TICKETS = "/api/embed/tickets"
BEGIN = "/visit"
OPEN_TO_ALL = (SCRIPT, TICKETS, BEGIN, RENEW)
HERE = Path(__file__).parent
BRIEFLY = "public, max-age=300"
TICKET_CHARS = 200

Value = Annotated[str, Field(min_length=1, max_length=500)]
Values = Annotated[list[Value], Field(min_length=1, max_length=200)]


class TicketRequest(BaseModel):
    """What a page's server tells of a reader. A field that is not known is refused: a scope that was
    left out unread would be a wider one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    user: Annotated[str, Field(min_length=1, max_length=200)]
    groups: Annotated[list[Value], Field(max_length=500)] = []
    scope: dict[str, Values] = {}
    language: str = ""


class Refused(Exception):
    """A request for a ticket that is turned down, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def routes(visits: Visits, find_key: Callable[[str], Key | None], framing: Collection[str]) -> APIRouter:
    """Make the routes; `framing` are the origins whose pages may frame the chat."""
    router = APIRouter(include_in_schema=False)

    @router.get(SCRIPT)
    def script() -> Response:
        return Response(_script(), media_type="text/javascript", headers={"Cache-Control": BRIEFLY})

    @router.post(TICKETS)
    async def ticket(request: Request) -> Response:
        body = await request.body()
        told = request.headers.getlist("authorization")
        try:
            visitor = await run_in_threadpool(_vouched, find_key, told, body, framing)
            made = await run_in_threadpool(visits.ticket, visitor)
        except Refused as fault:
            return _problem(fault.status, str(fault))
        except RecordsUnavailable:
            return unproved(sayings.WENT_WRONG)
        answer = {"ticket": made, "expires_in_s": LIFE_S, "language": visitor.language}
        return JSONResponse(answer, 201, {"Cache-Control": "no-store"})

    @router.post(BEGIN)
    async def begin(request: Request) -> Response:
        sent = parse_qs((await request.body()).decode("latin-1"))
        origin = request.headers.get("origin", "null")
        try:
            known = None if origin == "null" else origin  # a page may keep its name to itself
            begun = await run_in_threadpool(visits.begin, _one(sent, "ticket"), known)
        except RecordsUnavailable:
            return unproved(sayings.WENT_WRONG)
        if begun is None:
            return turned_away(request)
        visit_id, visitor = begun
        query = {name: _one(sent, name) for name in (language.PARAMETER, "__theme")}
        query[language.PARAMETER] = query[language.PARAMETER] or visitor.language
        pairs = [(name, value) for name, value in query.items() if value]
        pairs += [("scope", value) for value in sent.get("scope", [])]
        # Relative, so that the whole can stand under a prefix.
        return _no_store(RedirectResponse(f".{PREFIX}{visit_id}/?{urlencode(pairs)}", 303))

    @router.post(RENEW)
    async def renew(request: Request) -> Response:
        visit_id = request.scope.get(VISIT)
        ticket = (await request.body()).decode("latin-1")[:TICKET_CHARS]
        try:
            renewed = visit_id and await run_in_threadpool(visits.renew, visit_id, ticket)
        except RecordsUnavailable:
            return unproved(sayings.WENT_WRONG)
        return _no_store(Response(status_code=204)) if renewed else turned_away(request)

    return router


def _vouched(
    find_key: Callable[[str], Key | None], told: list[str], body: bytes, framing: Collection[str]
) -> Visitor:
    """The reader that a page's server vouches for. Raises Refused."""
    secret = bearer(told)
    key = find_key(secret) if secret is not None else None
    if key is None or not key.origin:
        raise Refused(
            401, "No key in use that vouches for readers. Make one: keys create NAME --vouch-for ORIGIN."
        )
    if key.origin not in framing:
        raise Refused(
            403, f"Pages of {key.origin} may not frame the chat. Name it in ASSISTANT_INTRANET_ORIGINS."
        )
    try:
        asked = TicketRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused(422, f"{where or 'body'}: {first['msg'].lower()}.") from None
    unknown = sorted(set(asked.scope) - set(FIELDS))
    if unknown:
        raise Refused(422, f"scope.{unknown[0]}: not one of {', '.join(FIELDS)}.")
    more = sorted(set(asked.groups) - set(key.groups))
    if more:
        raise Refused(403, f"groups: this key does not vouch for members of {more[0]}.")
    if asked.language and asked.language not in language.LANGUAGES:
        raise Refused(422, f"language: not one of {', '.join(language.LANGUAGES)}.")
    scope = {name: tuple(values) for name, values in asked.scope.items()}
    visitor = Visitor(asked.user, key.origin, tuple(asked.groups), scope, asked.language)
    try:
        principal_of(visitor)
    except NotSignedOn:
        raise Refused(422, "user: not a name that can be used; it is too long or holds odd signs.") from None
    return visitor


@cache
def _script() -> str:
    """The script with its few words in every language."""
    words: dict[str, dict[str, str]] = {}
    for code in language.LANGUAGES:
        with language.speaking(language.Language(code)):
            words[code] = {
                "open": texts.TITLE,
                "close": texts.CLOSE_SOURCE,
                "ended": sayings.NOT_SIGNED_ON,
            }
    told = json.dumps(words, ensure_ascii=True)
    return (HERE / "static/embed.js").read_text("utf-8").replace("__WORDS__", told, 1)


def _one(sent: dict[str, list[str]], name: str) -> str:
    return next(iter(sent.get(name, [])), "")[:TICKET_CHARS]


def _no_store(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _problem(status: int, why: str) -> Response:
    """A problem document (RFC 9457)."""
    told: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, "detail": why}
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return JSONResponse(told, status, headers, media_type="application/problem+json")
