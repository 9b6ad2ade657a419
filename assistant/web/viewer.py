"""The viewer: the page a citation points at, with the quote marked, and the original file.

Every access asks the index with the reader's groups. What is absent and what is not theirs
to read give the same answer, so an address tells nothing about restricted papers.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from assistant.assistant import Assistant
from assistant.types import Principal
from assistant.web import holdings, sheet, shelf, shipped
from assistant.web.originals import PRIVATE, Originals, handed_over
from assistant.web.sheet import Quote

Who = Callable[[Any], Principal]  # a request, or what stands for one -> who asks

READ = ["GET", "HEAD"]
# Whatever a document holds, its page here loads nothing but what is shipped and the document's
# own file. The chat frames these pages, and nobody else does.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self'; "
    "font-src 'self' data:; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# The list of documents has a form, which asks for the list again.
SHELF_POLICY = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'")


def routes(assistant: Assistant, who: Who, corpus: Path) -> APIRouter:
    """Make the routes under /documents for the papers of one corpus folder, and what they load."""
    router = APIRouter(include_in_schema=False)
    originals = Originals(corpus)

    @router.api_route("/documents", methods=READ)
    def documents(request: Request) -> Response:
        reader, index = who(request), assistant.index
        asked = holdings.View.of(request.query_params)
        found = holdings.shown(holdings.holdings(index, reader.groups, reader.scope), asked)
        unnamed = 0 if reader.scope else index.unnamed
        body = shelf.page(found, unnamed, lambda document: originals.file(document) is not None)
        return _page(body, policy=SHELF_POLICY)

    @router.api_route(f"/{shipped.ADDRESS}/{{stamp}}/{{name:path}}", methods=READ)
    def ship(stamp: str, name: str) -> Response:
        return shipped.answer(stamp, name) or absent()

    @router.api_route("/documents/{document_id}/pages/{number}", methods=READ)
    def page(request: Request, document_id: str, number: str, start: str = "", end: str = "") -> Response:
        groups = who(request).groups
        index = assistant.index
        document = index.document(document_id, groups)
        pages = index.pages(document_id, groups) if document else []
        shown = next((page for page in pages if str(page.number) == number), None)
        if document is None or shown is None:
            return absent()
        quote, state = _quote(start, end), originals.state(document)
        newer = index.successors(document_id, groups)
        return _page(sheet.page(document, pages, shown, quote, state, newer))

    @router.api_route("/documents/{document_id}/file", methods=READ)
    def original(request: Request, document_id: str) -> Response:
        document = assistant.index.document(document_id, who(request).groups)
        file = originals.file(document) if document else None
        return handed_over(file, request.headers.get("if-none-match", "")) if file else absent()

    @router.api_route("/documents/{rest:path}", methods=READ)
    def elsewhere(rest: str) -> Response:
        return absent()

    return router


def absent() -> Response:
    """Give the one page for what is not there and for what is not the reader's to see."""
    return _page(sheet.absent(), status=404)


def _page(body: str, status: int = 200, policy: str = PAGE_POLICY) -> Response:
    headers = {"Content-Security-Policy": policy, **PRIVATE}
    return HTMLResponse(body, status_code=status, headers=headers)


def _quote(start: str, end: str) -> Quote | None:
    """Read the offsets of a quote from an address; anything odd there means no quote."""
    if not (start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
        return None
    if len(start) > 12 or len(end) > 12 or int(start) >= int(end):
        return None
    return Quote(int(start), int(end))
