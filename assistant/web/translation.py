"""The language of each request, and the words in what is laid out once for all readers.

The chat's framework lays its page out when the server starts, and its own translation covers
some labels and no buttons. So the page is laid out with placeholders (`language.placeholders`),
and the words are put in as it is sent: the first paint is right, and nothing flashes by.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import language, sayings, watching
from assistant.language import Language
from assistant.web import numbering, render, texts

LAID_OUT_ONCE = ("/", "/config")
_AND = r"(?:&|\\u0026)"  # as it stands in HTML, and in JSON within HTML
_PLACEHOLDER = re.compile(rf"\ue000((?:[A-Z0-9_]|{_AND}#95;)+)(\.|{_AND}#46;)\ue001")
_ROOT = re.compile(r"<html\s+lang=\"en\"")


class Translated:
    """ASGI middleware: decides the language of every request, and translates the chat's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(language.PARAMETER, [""])
        with language.speaking(language.choose(asked[0], headers.get("accept-language", ""))):
            if scope["path"] in LAID_OUT_ONCE:
                plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
                await self.app({**scope, "headers": plain}, receive, _Filling(send))
            else:
                await self.app(scope, receive, send)


class _Filling:
    """Holds an answer back until it is whole, and sends it with the words in."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body") or self._start is None:
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith(("text/html", "application/json")) and self._body:
            self._body = filled(self._body.decode("utf-8"), language.current()).encode("utf-8")
            headers["content-length"] = str(len(self._body))
            headers["content-language"] = language.current().code
            headers.add_vary_header("Accept-Language")
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


def filled(page: str, spoken: Language) -> str:
    """Put the words of a language into a page or its JSON, and tell the browser which they are.

    The chat's framework reads the language of its own few words from the navigator.
    """

    def word(found: re.Match[str]) -> str:
        name = re.sub(rf"{_AND}#95;", "_", found[1])
        said: str = getattr(texts, name, None) or getattr(sayings, name)
        return said if found[2] == "." else render.escape(said)

    with language.speaking(spoken):
        page = _PLACEHOLDER.sub(word, page)
    told = f"{{get: () => '{spoken.code}'}}"
    script = f"<script>Object.defineProperty(navigator, 'language', {told});</script>"
    page = _ROOT.sub(f'<html lang="{spoken.code}" dir="{spoken.direction}"', page, count=1)
    return page.replace("<head>", f"<head>{script}", 1) if page.startswith("<!doctype") else page


def spoken(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Let a handler of the chat speak the reader's language, found in the request it is given, and be
    at work for that request.

    A handler that walks in steps is resumed in a fresh context for each: it gets one of its own.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def steps(*args: Any, **given: Any) -> Iterator[Any]:
            with language.speaking(_of(args)), watching.on(_errand(args)):
                own = copy_context()
            walk = handler(*args, **given)
            end = object()
            try:
                while (step := own.run(next, walk, end)) is not end:
                    yield step
            finally:
                own.run(walk.close)

        return steps

    @functools.wraps(handler)
    def once(*args: Any, **given: Any) -> Any:
        with language.speaking(_of(args)), watching.on(_errand(args)):
            return handler(*args, **given)

    return once


def _of(args: tuple[Any, ...]) -> Language:
    """Find the request among a handler's arguments, and its language; English where there is none."""
    for request in args:
        if hasattr(request, "headers") and hasattr(request, "query_params"):
            return language_of(request)
    return Language()


def _errand(args: tuple[Any, ...]) -> watching.Errand:
    """Find what the request among a handler's arguments was numbered with."""
    return next(filter(None, (numbering.errand_of(each) for each in args)), watching.current())


def language_of(request: Any) -> Language:
    """The language that a request asks for, in its address or its headers."""
    asked = str(request.query_params.get(language.PARAMETER, ""))
    return language.choose(asked, request.headers.get("accept-language", ""))
