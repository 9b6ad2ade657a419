"""The web server: the viewer at /documents, the chat at /, and the headers of every answer."""

import errno
import logging
import os
import socket
from collections.abc import Callable, Mapping

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import BadSetting, PortInUse, RecordsUnavailable
from assistant.records import Conversations, Database, FeedbackBook
from assistant.types import Principal
from assistant.web import downloads, texts, viewer
from assistant.web.history import History
from assistant.web.marks import Marks
from assistant.web.translation import Translated

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
# Doors of Gradio that a chat without files has no use for.
CLOSED = ("/gradio_api/upload", "/gradio_api/proxy=", "/gradio_api/file", "/gradio_api/stream", "/monitoring")
STOP_WITHIN_S = 3

log = logging.getLogger(__name__)


class Headers:
    """ASGI middleware: the same headers on every answer, and the doors in CLOSED shut."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["path"].startswith(CLOSED):
            await viewer.absent()(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def create_app(settings: Settings, assistant: Assistant | None = None) -> FastAPI:
    """Make the web application; without an assistant the one of the settings is opened.

    Raises `BadIndex` where there is no build to open.
    """
    quiet_gradio()
    from assistant.web import chat  # 2 s to import, and it must find the environment set

    assistant = assistant or Assistant.open(settings)
    app = FastAPI(title=texts.TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Translated)
    app.add_middleware(Headers)
    app.include_router(viewer.routes(assistant, who, settings.corpus))
    database = Database(settings.records_url.get_secret_value())
    try:
        database.prepare()
    except RecordsUnavailable as fault:  # questions are answered all the same, and each use tries again
        log.error("%s", fault)
    history = History(assistant, Conversations(database))
    marks = Marks(FeedbackBook(database), history)
    app.include_router(downloads.routes(assistant, who, marks.exchange))
    return chat.mount(app, assistant, who, marks, history)


def serve(settings: Settings, ready: Callable[[str], None] | None = None) -> None:
    """Serve until stopped; `ready` is told the address once it answers. Prints nothing itself.

    Raises `PortInUse` before anything is loaded where the address is taken.
    """
    listening = _listen(settings.host, settings.port)
    with listening:
        host, port = listening.getsockname()[:2]
        config = uvicorn.Config(
            create_app(settings),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _Server(config, lambda: ready(address) if ready else None).run(sockets=[listening])


def quiet_gradio() -> None:
    """Switch off, before Gradio is imported, whatever in it or under it would call home."""
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
    )


def who(headers: Mapping[str, str]) -> Principal:
    """Say who asks. There is no sign-on in front of this server yet: everybody's papers."""
    return local_principal()


class _Server(uvicorn.Server):
    """A server that tells when it has started."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address now, so that nobody else can between the check and the start."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortInUse(texts.PORT_IN_USE.format(host=host, port=port)) from None
        raise BadSetting(texts.CANNOT_LISTEN.format(host=host, port=port, reason=error)) from error
    return listening
