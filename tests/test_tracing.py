"""Traces: a span for each question, its steps below, no word of anybody, and no answer waits for them."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant import tracing, watching
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import BadSetting
from assistant.types import Answer, Question
from assistant.watching import Errand
from assistant.web.reception import Bounds, Reception
from conftest import ROOT
from index.embedding import Embedder
from scripted_model import ScriptedModel

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra [tracing] is not installed")

BOUNDS = Bounds(per_minute=100, at_once=2, waiting=2, history_turns=20)
MARY = signed_on_principal("proxy", "mary", ["board"])
PAYS = Question("Who pays for the Harbour Programme?", MARY)
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
KEYS = {
    "ct_assistant.door", "ct_assistant.request", "ct_assistant.status", "ct_assistant.reason",
    "ct_assistant.build", "ct_assistant.confidence", "ct_assistant.hits", "ct_assistant.citations",
    "ct_assistant.sentences_removed", "ct_assistant.markers_removed", "ct_assistant.fallback",
    "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
}  # fmt: skip
STEPS = ["wait", "receive", "condense", "search", "select", "gate", "compare", "cite"]


class Collector:
    """An OTLP/HTTP receiver on loopback: keeps the bytes it got, and the spans in them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.paths: list[str] = []

        class Receiving(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:
                self.paths.append(handler.path)
                self.bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])))
                handler.send_response(200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(handler, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        sent = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [scope for one in sent for of in one.resource_spans for scope in of.scope_spans]
        return [span for scope in scopes for span in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join(5)


@contextmanager
def traced(assistant: Assistant, monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[Reception]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    traces = tracing.begin()
    assert traces is not None
    yield Reception(assistant, BOUNDS, watchers=[traces])
    traces.close()


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Assistant:
    return Assistant(Settings(index=small_index), embedder)


def told(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def of(spans: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The one span of a question, and those of its steps in the order in which they began."""
    (root,) = [span for span in spans if span.name == "question"]
    return root, sorted((s for s in spans if s is not root), key=lambda span: span.start_time_unix_nano)


def test_a_question_is_one_span_with_its_steps_below_it(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        with traced(assistant, monkeypatch, collector.url) as desk, watching.on(Errand("request-1", TRACE)):
            answer = desk.ask(PAYS, "api")
        root, steps = of(collector.spans())
    assert set(collector.paths) == {"/v1/traces"}
    assert [step.name for step in steps] == STEPS
    assert root.trace_id == bytes.fromhex("a" * 32) and root.parent_span_id == bytes.fromhex("b" * 16)
    assert {step.trace_id for step in steps} == {root.trace_id}
    assert {step.parent_span_id for step in steps} == {root.span_id}
    for step in steps:
        assert root.start_time_unix_nano <= step.start_time_unix_nano <= step.end_time_unix_nano
        assert step.end_time_unix_nano <= root.end_time_unix_nano + 1_000_000
    gate = next(step for step in steps if step.name == "gate")
    took = (gate.end_time_unix_nano - gate.start_time_unix_nano) / 1e9
    assert took == pytest.approx(answer.trace.seconds["gate"], abs=1e-5), "timed once, told twice"
    assert told(root) | {"ct_assistant.status": "answered", "ct_assistant.request": "request-1"} == told(root)
    assert told(root)["ct_assistant.build"] == answer.trace.index_build


def test_no_word_of_a_question_an_answer_a_paper_or_a_person_leaves(
    small_index: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector, ScriptedModel() as model:
        model.says = "Norway pays for the Harbour Programme [1]."
        settings = Settings(index=small_index, llm="openai:scripted-7b", llm_base_url=model.url)
        with traced(Assistant(settings, embedder), monkeypatch, collector.url) as desk:
            answer = desk.ask(PAYS, "chat")
            desk.look_up(PAYS, "mcp", lambda: None)
            stopped = desk.stream(PAYS)
            next(stopped)
            stopped.close()
        spans, sent = collector.spans(), b"".join(collector.bodies).decode("latin-1").lower()
    assert answer.trace.model and answer.citations
    words = ["norway", "pays", "harbour", "mary", "board", "harbour.md", *answer.hits[0].passage.text.split()]
    assert [word for word in words if len(word) > 4 and word.lower() in sent] == []
    assert {key for span in spans for key in told(span)} <= KEYS
    ends = [told(span) for span in spans if span.name == "question"]
    assert sorted(end["ct_assistant.status"] for end in ends) == ["answered", "looked_up", "stopped"]
    (written,) = [end for end in ends if "gen_ai.request.model" in end]
    assert written["gen_ai.request.model"] == "openai:scripted-7b"
    assert written["gen_ai.usage.input_tokens"] == 120 and written["gen_ai.usage.output_tokens"] == 17


def test_a_step_that_fails_is_the_one_that_is_marked(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the words of mary")

    monkeypatch.setattr("assistant.assistant.found", broken)
    with collecting() as collector:
        with traced(assistant, monkeypatch, collector.url) as desk, pytest.raises(ZeroDivisionError):
            desk.ask(PAYS, "api")
        root, steps = of(collector.spans())
    assert [(step.name, step.status.code) for step in steps][-1] == ("search", 2) and root.status.code == 2
    assert b"mary" not in b"".join(collector.bodies)


def test_the_log_and_the_spans_name_the_same_trace(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def looking(text: str, most_chars: int) -> str:
        seen.append(watching.current().trace)
        return text

    monkeypatch.setattr("assistant.assistant.received", looking)
    with collecting() as collector:
        with traced(assistant, monkeypatch, collector.url) as desk:
            desk.ask(PAYS, "api")
        root, _ = of(collector.spans())
    assert set(seen) == {root.trace_id.hex()} and watching.current().trace == ""


@pytest.mark.parametrize("kind", ["nobody listens", "never answers"])
def test_a_collector_that_is_away_costs_no_answer_its_time(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    import socket

    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setattr(tracing, "CLOSE_S", 0.3)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if kind == "never answers":
            held.listen()
        plain = Reception(assistant, BOUNDS)
        plain.ask(PAYS, "api")
        with traced(assistant, monkeypatch, f"http://127.0.0.1:{held.getsockname()[1]}") as desk:
            slowest: dict[str, float] = {}
            for name, each in (("traced", desk), ("plain", plain)):
                begun = time.perf_counter()
                for _ in range(5):
                    assert each.ask(PAYS, "api").status == "answered"
                slowest[name] = time.perf_counter() - begun
            begun = time.perf_counter()
        assert time.perf_counter() - begun < 2, "nor does stopping wait for it"
    assert slowest["traced"] < 3 * slowest["plain"] + 1


def test_nothing_is_loaded_and_nothing_sent_where_no_endpoint_is_named(small_index: Path) -> None:
    code = (
        "import sys; from assistant.cli import main; "
        f"main(['ask', 'Who pays for the Harbour Programme?', '--index', {str(small_index)!r}]); "
        "import assistant.web.reception, assistant.tracing; assert assistant.tracing.begin() is None; "
        "told = [name for name in sys.modules if name.startswith('opentelemetry.exporter.otlp.proto.http') "
        "or name == 'prometheus_client']; sys.exit(f'loaded: {told}' if told else 0)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "ASSISTANT_MODELS": str(ROOT / "var" / "models")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "Norway" in done.stdout, done.stderr


def test_only_our_spans_are_sent_and_the_process_has_no_provider_for_others(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry import trace

    with collecting() as collector:
        with traced(assistant, monkeypatch, collector.url) as desk:
            with trace.get_tracer("chromadb").start_as_current_span("of another package") as other:
                assert not other.is_recording()
                desk.ask(PAYS, "api")
        names = {span.name for span in collector.spans()}
    assert names == {"question", *STEPS}


def test_an_endpoint_without_the_extra_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadSetting, match=r"\.\[tracing\]"):
        tracing.begin()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert tracing.begin() is None


def test_the_log_does_not_fill_while_a_collector_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(tracing, "CLOSE_S", 0.1)
    traces = tracing.begin()
    assert traces is not None
    traces.close()
    assert not logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").isEnabledFor(30)


def test_a_comparison_is_one_question_with_the_steps_of_both_sides(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.comparison import sides_named

    with collecting() as collector:
        with traced(assistant, monkeypatch, collector.url) as desk:
            answer = desk.ask(Question(PAYS.text, MARY, sides=sides_named("year", "2019", "2021")), "api")
        _, steps = of(collector.spans())
    assert isinstance(answer, Answer) and [step.name for step in steps].count("search") >= 2
