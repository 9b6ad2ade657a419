"""Answers to take away: the routes that hand an answer over as Markdown, Word or PDF.

An id opens its answer to the person who was given it. An id that is not known, one of somebody
else's, and an answer that rests on what this person may not read any more look the same.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from assistant.assistant import Assistant
from assistant.memo import Kind, Memo, memo
from assistant.records import Exchange, reader_of, redacted
from assistant.types import Principal
from assistant.web import scope, texts
from assistant.web.viewer import READ, Who, absent
from index.types import Document

Find = Callable[[Principal, str], Exchange | None]  # by its id, None unless it is this person's

MOST_CHARS = 60_000  # of text, titles and quotes, far more than an answer has; Word counts 20 pages
WRITTEN_AT_ONCE = 2
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


def routes(assistant: Assistant, who: Who, find: Find) -> APIRouter:
    """Make the routes under /answers."""
    router = APIRouter(include_in_schema=False)
    turn = threading.BoundedSemaphore(WRITTEN_AT_ONCE)  # a memo is made in memory and keeps a core busy

    @router.api_route("/answers/{answer_id}/memo.{kind}", methods=READ)
    def take(request: Request, answer_id: str, kind: str) -> Response:
        principal = who(request)
        exchange = find(principal, answer_id)
        known = next((one for one in get_args(Kind) if one == kind), None)
        if exchange is None or known is None:
            return absent()
        shown = redacted(exchange, reader_of(principal, assistant.index))
        if shown.withheld:
            return absent()
        if _chars(shown) > MOST_CHARS:
            return PlainTextResponse(texts.TOO_LONG_TO_TAKE, 413, HEADERS)
        with turn:
            made = _memo(known, shown, assistant.index.documents(principal.groups))
        return _handed_over(known, made)

    @router.api_route("/answers/{rest:path}", methods=READ)
    def elsewhere(rest: str) -> Response:
        return absent()

    return router


def _memo(kind: Kind, exchange: Exchange, documents: list[Document]) -> Memo:
    """Write the memo; it says so where not all documents were asked."""
    answer = exchange.answer
    if exchange.filters:
        only = texts.ONLY_ASKED.format(chosen=scope.chosen_names(documents, exchange.filters))
        answer = replace(answer, notes=(*answer.notes, only))
    return memo(kind, [(exchange.question, answer)], date.today())


def _handed_over(kind: Kind, made: Memo) -> Response:
    """Markdown is shown as the text it is, where it could not be copied; files are saved."""
    how, media_type = (
        ("inline", "text/plain; charset=utf-8") if kind == "md" else ("attachment", made.media_type)
    )
    headers = {**HEADERS, "Content-Disposition": f'{how}; filename="{made.name}"'}
    return Response(made.content, media_type=media_type, headers=headers)


def _chars(exchange: Exchange) -> int:
    quotes = sum(len(cited.quote) + len(cited.title) for cited in exchange.answer.citations)
    return len(exchange.question) + len(exchange.answer.text) + quotes
