"""The web server: the viewer at /documents, the chat at /, and the row of guards before them."""

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route

from assistant import journal, tracing
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import RecordsUnavailable
from assistant.journal import Journal
from assistant.records import Conversations, Database, FeedbackBook
from assistant.records.health import reach
from assistant.records.keys import Keys
from assistant.records.visits import Visits
from assistant.watching import Watcher
from assistant.web import downloads, framing, logs, protocol, texts, viewer
from assistant.web.api import doors
from assistant.web.api.asking import Desk
from assistant.web.api.leaving import Crossing, Problems
from assistant.web.guard import Answers, Guard, Sessions
from assistant.web.history import History
from assistant.web.lighter import lightened
from assistant.web.listening import address_of, held
from assistant.web.marks import Marks
from assistant.web.metrics import Metrics, State, published
from assistant.web.numbering import Numbered, proxy_of
from assistant.web.reception import Bounds, Reception
from assistant.web.sign_on import (
    LOOPBACK,
    BearerKey,
    SignOn,
    Stripped,
    Way,
    local,
    loopback_only,
    origins,
    trusted_proxy,
    turned_away,
    who,
)
from assistant.web.stopping import Stopping
from assistant.web.translation import Translated
from assistant.web.visits import Visiting, visiting

ARENAS, M_ARENA_MAX = 2, -8  # of memory, for all threads together; the option's number in glibc's malloc.h
STOP_WITHIN_S = 30  # for the answers on their way; then they are broken off

log = logging.getLogger(__name__)


def create_app(settings: Settings, assistant: Assistant | None = None) -> FastAPI:
    """Make the web application; without an assistant the one of the settings is opened.

    Raises `BadIndex` where there is no build to open.
    """
    quiet_gradio()
    with lightened():
        from assistant.web import chat  # 2 s to import, and it must find the environment set

    assistant = assistant or Assistant.open(settings)
    loopback_only(settings)
    app = FastAPI(title=texts.TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    database = app.state.database = Database(settings.records_url.get_secret_value())
    _admit(app, settings, database)
    app.include_router(viewer.routes(assistant, who, settings.corpus))
    try:
        database.prepare()
    except RecordsUnavailable as fault:  # questions are answered all the same, and each use tries again
        log.error("%s", fault)
    history = History(assistant, Conversations(database))
    app.state.settle = history.settle
    marks = Marks(FeedbackBook(database), history)
    app.include_router(downloads.routes(assistant, who, marks.exchange))
    figures, traces = Metrics(), tracing.begin()
    app.state.metrics, app.state.tracing = figures, traces
    desk = reception(settings, assistant, [figures, traces] if traces else [figures])

    def reachable() -> None:
        reach(database)

    figures.look_at(
        State(lambda: desk.in_hand, lambda: desk.index, settings.index, reachable, history.unwritten)
    )
    app.router.routes.append(Route(protocol.PATH, protocol.Door(settings, desk)))
    doors.mount(app, Desk.of(settings, desk, who), reachable)
    return chat.mount(app, desk, who, marks, history)


def _admit(app: FastAPI, settings: Settings, database: Database) -> None:
    """Put whoever stands at the door into a row. What is added last is met first."""
    keys, visits = Keys(database), Visits(database)
    proxy = trusted_proxy(settings) if settings.sign_on == "proxy" else None
    names = (settings.proxy_user_header, settings.proxy_groups_header)
    friends = origins(settings)
    own = [settings.public_url.rstrip("/")] if settings.public_url else []
    app.state.framing, app.state.stopping = friends, asyncio.Event()
    app.add_middleware(Stopping, event=app.state.stopping)
    app.include_router(framing.routes(visits, keys.find, friends))
    app.add_middleware(Sessions)
    ways: list[Way] = [visiting, BearerKey(keys.find)]
    open_to_all = (*framing.OPEN_TO_ALL, *doors.OPEN_TO_ALL)
    if settings.sign_on == "oidc":
        from assistant.web import oidc  # here, because its libraries take 10 MB

        provided = oidc.Oidc(settings)
        app.include_router(oidc.routes(provided))
        known = (*open_to_all, *oidc.OPEN_TO_ALL)
        app.add_middleware(SignOn, ways=[*ways, provided], turned=provided.turned, open_to_all=known)
        app.add_middleware(oidc.NewCookies)
    else:
        app.add_middleware(SignOn, ways=[*ways, proxy or local], turned=turned_away, open_to_all=open_to_all)
    app.add_middleware(Translated)  # before the sign-on: it turns people away in their language
    app.add_middleware(Stripped, names=names, proxy=proxy)
    app.add_middleware(Guard, body_kib=settings.body_kib, own=own, friends=friends)
    app.add_middleware(Visiting, visits=visits)
    if settings.sign_on == "none":
        # A name of another site that leads to this machine is not ours: its pages could read our answers.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, settings.host])
    app.add_middleware(Problems)
    app.add_middleware(Crossing, origins=friends)
    app.add_middleware(Answers, framing=friends)
    app.add_middleware(Numbered, proxy=proxy_of(settings))


def reception(settings: Settings, assistant: Assistant, watchers: Sequence[Watcher] = ()) -> Reception:
    """The one desk that all doors of this server ask at."""
    bounds = Bounds(
        per_minute=settings.questions_per_minute,
        at_once=settings.answers_at_once,
        waiting=settings.answers_waiting,
        history_turns=settings.history_turns,
    )
    kept = journal.Bounds(settings.audit_mib * 1024 * 1024, settings.audit_days, settings.audit_questions)
    return Reception(assistant, bounds, Journal(settings.audit, kept), watchers=watchers)


def serve(
    settings: Settings, ready: Callable[[str], None] | None = None, assistant: Assistant | None = None
) -> None:
    """Serve until stopped; `ready` is told the address once it answers. Prints nothing itself.

    Raises `PortInUse` before anything is loaded where the address is taken.
    """
    logs.begin(settings)
    _few_arenas()
    _stop_in_order()
    with held(settings.host, settings.port) as listening:
        address = address_of(listening)
        app = create_app(settings, assistant)
        config = uvicorn.Config(
            app,
            log_level="warning",
            log_config=None,  # its lines go where ours go
            access_log=False,
            server_header=False,
            proxy_headers=False,  # an address that a header names proves nothing
            timeout_graceful_shutdown=STOP_WITHIN_S,
        )
        try:
            with published(app.state.metrics, settings.metrics):
                _Server(config, app, lambda: ready(address) if ready else None).run(sockets=[listening])
        finally:
            app.state.settle()
            app.state.database.close()  # its log is taken into the file
            if app.state.tracing:
                app.state.tracing.close()


def _few_arenas() -> None:
    """Let glibc's threads share their memory: each of many would keep what a closed build has left in it."""
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # another C library has none
        mallopt(M_ARENA_MAX, ARENAS)


def _stop_in_order() -> None:
    """Let SIGTERM end the process as Ctrl+C does. uvicorn raises it once more when all is answered, and
    by default that kills on the spot: this process's copy of the index would be left behind."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def quiet_gradio() -> None:
    """Switch off, before Gradio is imported, whatever in it or under it would call home or trace, and the
    table of its last 10,000 events, which it goes through after each one for a page that we do not have."""
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_ANALYTICS_MAX_EVENTS="1",
        GRADIO_ANALYTICS_CACHE_FREQUENCY="1000000000",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        FASTAPI_OTEL_AUTO_CONFIGURE="false",  # its spans hold addresses; ours are `tracing`'s
    )


class _Server(uvicorn.Server):
    """A server that tells when it has started, and its app when it is to stop."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._ready = app, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.stopping.set()
        await super().shutdown(sockets)
