"""Figures for Prometheus: what became of questions, how long each step took, and how things stand.

The only door to `prometheus_client`. Labels are words of this program and the id of the build: none
names a person, a group, a question, a path or a document, and a paper that is denied counts like one
that is not there. They are served at an address of their own, which no proxy leads readers to.
"""

import ipaddress
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from assistant.errors import AssistantFault, BadSetting
from assistant.types import Answer, Status
from assistant.watching import Ended, Errand
from assistant.web.listening import listen
from index import generations
from index.errors import IndexFault
from index.search import Index

PATH = "/metrics"
DOORS = ("chat", "api", "openai", "mcp")
OUTCOMES = (*get_args(Status), "looked_up", "refused", "turned_away", "stopped", "failed")
REASONS = ("minute", "person", "queue")
ANSWER_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 90)
STEP_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)
PATIENCE_S = 5  # with a client that asks for the figures and does not go on
_WORD = re.compile(r"[a-z_]{1,24}")


@dataclass(frozen=True, slots=True)
class State:
    """Where to look when the figures are asked for. `busy` gives the answers being made and the
    questions that wait; `reach` raises where the records cannot be reached; `unwritten` counts the
    exchanges that wait to be written."""

    busy: Callable[[], tuple[int, int]]
    index: Callable[[], Index]
    builds: Path
    reach: Callable[[], None]
    unwritten: Callable[[], int]


class Metrics:
    """The figures of one application; it watches its desk. Safe between threads."""

    def __init__(self) -> None:
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each
        self._registry = own = prometheus.CollectorRegistry()
        counter, histogram = prometheus.Counter, prometheus.Histogram
        self._questions = counter(
            named("questions"), "Questions that came to an end, by door and outcome.", ["door", "status"],
            registry=own,
        )  # fmt: skip
        self._refusals = counter(
            named("refusals"), "Answers that said that the documents are silent.", registry=own
        )
        self._turned_away = counter(
            named("turned_away"), "Questions beyond what one person, or this server, can have.", ["reason"],
            registry=own,
        )  # fmt: skip
        self._fallbacks = counter(
            named("fallbacks"), "Answers extracted because the language model failed.", ["reason"],
            registry=own,
        )  # fmt: skip
        self._answer = histogram(
            named("answer_seconds"), "From a question's arrival to its answer.", registry=own,
            buckets=ANSWER_S,
        )  # fmt: skip
        self._step = histogram(
            named("step_seconds"), "Time in one step of a question's path.", ["step"], registry=own,
            buckets=STEP_S,
        )  # fmt: skip
        for door in DOORS:
            for status in OUTCOMES:
                self._questions.labels(door, status)
        for reason in REASONS:
            self._turned_away.labels(reason)
        prometheus.ProcessCollector(registry=self._registry)

    def begin(self, errand: Errand, door: str) -> tuple[Errand, Callable[[Ended], None]]:
        """As `Watcher` has it: everything is counted at the end."""
        return errand, self._count

    def look_at(self, state: State) -> None:
        """Tell how things stand, too, whenever the figures are asked for."""
        self._registry.register(_Standing(state))

    def text(self) -> bytes:
        """The figures of this moment, as Prometheus reads them."""
        return prometheus.generate_latest(self._registry)

    def _count(self, ended: Ended) -> None:
        self._questions.labels(ended.door, ended.status).inc()
        for step in ended.errand.steps or ():
            self._step.labels(step.name).observe(step.seconds)
        if ended.reason:
            self._turned_away.labels(ended.reason).inc()
        if isinstance(ended.outcome, Answer):
            self._answer.observe(ended.seconds)
            if ended.status == "not_in_documents":
                self._refusals.inc()
            if why := ended.outcome.trace.fallback:
                self._fallbacks.labels(why if _WORD.fullmatch(why) else "other").inc()


class _Standing(Collector):
    """How things stand at the moment of asking."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterable[GaugeMetricFamily]:
        answering, waiting = self._state.busy()
        yield _gauge("answers_in_progress", "Answers being made.", answering)
        yield _gauge("questions_waiting", "Questions that wait for their turn.", waiting)
        yield _gauge("records_up", "1 where the records can be reached.", self._reached())
        meaning = "Exchanges that wait to be written into the records."
        yield _gauge("exchanges_waiting", meaning, self._state.unwritten())
        yield from self._build()

    def _reached(self) -> bool:
        try:
            self._state.reach()
        except AssistantFault:
            return False
        return True

    def _build(self) -> Iterator[GaugeMetricFamily]:
        served = ""
        with suppress(IndexFault):
            index = self._state.index()
            served = index.build_id
            family = GaugeMetricFamily(named("build_info"), "The build that is served.", labels=["build"])
            family.add_metric([served], 1)
            yield family
            yield _gauge("build_passages", "Passages in the build that is served.", index.passage_count)
            told = _told(self._state.builds / served)
            yield _gauge("build_documents", "Documents in the build that is served.", told[0])
            yield _gauge("build_published_timestamp_seconds", "When it was begun, since 1970.", told[1])
        current = ""
        with suppress(OSError):
            current = (self._state.builds / generations.CURRENT).read_text("utf-8").strip()
        meaning = "1 where the build that CURRENT names cannot be served."
        yield _gauge("build_refused", meaning, not served or served != current)


@lru_cache(4)
def _told(build: Path) -> tuple[int, float]:
    """How many documents a build holds, and when it was begun. Raises BadIndex."""
    begun = datetime.strptime(build.name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return len(generations.record_of(build).get("documents", ())), begun.timestamp()


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(named(name), meaning, value=float(value))


def named(name: str) -> str:
    """A figure's name as Prometheus knows it."""
    return f"ct_assistant_{name}"


class _Server(HTTPServer):
    """Gives the figures to one client after the other."""

    metrics: Metrics
    loopback: bool


class _Scrape(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """The figures at their one path. On loopback, a name that leads here is no reason to answer: a
        page of another site could have brought it."""
        named = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
        if urlsplit(self.path).path != PATH or (self.server.loopback and not _is_address(named)):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.server.metrics.text()
        self.send_response(200)
        self.send_header("Content-Type", prometheus.CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the client did not wait
            self.wfile.write(body)

    def version_string(self) -> str:
        return "ct-assistant"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line for each look would fill the log."""


@contextmanager
def published(metrics: Metrics, where: str) -> Iterator[str]:
    """Serve the figures at `HOST:PORT` in a thread, until the block ends; gives their address, "" where
    none is named. Raises BadSetting and PortInUse."""
    if not where:
        yield ""
        return
    host, port = address(where)
    with listen(host, port) as listening:
        server = _Server((host, port), _Scrape, bind_and_activate=False)
        server.socket.close()
        server.socket, server.metrics = listening, metrics
        server.loopback = is_loopback(host)
        server.server_activate()
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield f"{host}:{listening.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def address(where: str) -> tuple[str, int]:
    """Host and port of ASSISTANT_METRICS. Raises BadSetting."""
    host, _, port = where.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if host and port.isascii() and port.isdigit() and int(port) <= 65535:
        return host, int(port)
    raise BadSetting(f"ASSISTANT_METRICS={where!r}: not an address. Write it like 127.0.0.1:9464.")


def is_loopback(host: str) -> bool:
    """Whether a host is reached from this machine only."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False
