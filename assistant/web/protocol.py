"""The Model Context Protocol: the tools for other programs, over HTTP at /mcp and over stdio.

The only door to `mcp`, which is loaded when it is first used. Over HTTP every request stands alone:
there is no session that could outlive a key or be taken over, and any worker may answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.types import Principal
from assistant.web.reception import Reception
from assistant.web.sign_on import who
from assistant.web.tools import INSTRUCTIONS, TOOLS, Caller, Desk, Outcome, call

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.lowlevel import Server

PATH = "/mcp"
NAME = "ct-assistant"
QUICK = 16  # calls worked on beside the questions that are answered or wait


class Door:
    """ASGI application: one message of the protocol in, its answer out."""

    def __init__(self, settings: Settings, reception: Reception) -> None:
        self._settings, self._reception = settings, reception
        self._lock = threading.Lock()
        self._server: Server[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":  # there is no stream to listen to, and no session to end
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        server = await run_in_threadpool(self._opened) if self._server is None else self._server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        # Hosts and origins are looked at by the guards before us, which know of proxies.
        alone = StreamableHTTPSessionManager(
            server, stateless=True, json_response=True, max_request_body_size=1024 * self._settings.body_kib
        )
        async with alone.run():
            await alone.handle_request(scope, receive, send)

    def _opened(self) -> Server[Any]:
        with self._lock:
            if self._server is None:
                self._server = _server(self._settings, self._reception, self._caller)
            return self._server

    def _caller(self, request: Any) -> Caller:
        """Who sent this very message. Raises NotSignedOn."""
        base = self._settings.public_url or str(request.base_url)
        return Caller(who(request), base)


def serve_stdio(settings: Settings, principal: Principal) -> None:
    """Serve one program over standard input and output until it leaves.

    Raises `BadIndex` where there is no build to open.
    """
    from assistant.web.server import reception

    desk = reception(settings, Assistant.open(settings))
    server = _server(settings, desk, lambda _: Caller(principal, settings.public_url))

    async def serve() -> None:
        from mcp.server.stdio import stdio_server

        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def _server(
    settings: Settings, reception: Reception, caller_of: Callable[[Request | None], Caller]
) -> Server[Any]:
    """The protocol's server over the tools; `caller_of` tells who sent a message."""
    import mcp_types as types
    from mcp.server.lowlevel import Server

    desk = Desk(reception, settings.question_chars)
    # Whoever waits for an answer must not hold a thread that the pages need.
    limiter = anyio.CapacityLimiter(settings.answers_at_once + settings.answers_waiting + QUICK)

    tools = _tools()

    async def offered(context: Any, asked: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def used(context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        caller = caller_of(context.request)
        outcome = await anyio.to_thread.run_sync(
            call, desk, caller, asked.name, asked.arguments or {}, limiter=limiter
        )
        return _result(outcome)

    return Server(NAME, instructions=INSTRUCTIONS, on_list_tools=offered, on_call_tool=used)


def _tools() -> list[types.Tool]:
    import mcp_types as types

    hints = types.ToolAnnotations(read_only_hint=True, open_world_hint=False)
    return [
        types.Tool(
            name=name,
            title=tool.title,
            description=tool.description,
            input_schema=tool.takes.model_json_schema(),
            output_schema=TypeAdapter(tool.gives).json_schema(mode="serialization"),
            annotations=hints,
        )
        for name, tool in TOOLS.items()
    ]


def _result(outcome: Outcome) -> types.CallToolResult:
    """The outcome as the protocol has it: the same object as data, and as text for who reads only text."""
    import mcp_types as types

    if outcome.result is None:
        return types.CallToolResult(content=[types.TextContent(text=outcome.wrong)], is_error=True)
    told = to_jsonable_python(outcome.result)
    text = types.TextContent(text=json.dumps(told, ensure_ascii=False))
    return types.CallToolResult(content=[text], structured_content=told)
