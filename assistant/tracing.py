"""OpenTelemetry traces of questions, where OTEL_EXPORTER_OTLP_ENDPOINT says where to send them.

The only door to `opentelemetry`, and nothing of it is loaded otherwise. The provider is our own and
not the process's: what other packages trace goes nowhere. A span tells times, counts and words of this
program; no word of a question, an answer or a paper, and nobody's name. Spans wait in a bounded queue
and leave in a thread of their own, so that a collector that is away costs traces and nothing else.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from assistant.errors import BadSetting
from assistant.types import Answer
from assistant.watching import Ended, Errand

if TYPE_CHECKING:
    from opentelemetry.trace import Span
    from opentelemetry.util.types import AttributeValue

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CLOSE_S = 2.0  # longest wait for what has not left when the server stops


def configured(environment: Mapping[str, str]) -> bool:
    """Whether traces are to be sent, by OpenTelemetry's own environment names."""
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not off and any(environment.get(name, "").strip() for name in ENDPOINTS)


def begin() -> Tracing | None:
    """What sends traces, None where none are wanted. Raises BadSetting where the extra is not installed."""
    return Tracing() if configured(os.environ) else None


class Tracing:
    """Sends one span for each question and one below it for each of its steps. Safe between threads."""

    def __init__(self) -> None:
        """Start the thread that sends; nothing is sent yet. Raises BadSetting."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise BadSetting(
                f"{ENDPOINTS[0]} is set, and the package {error.name} is not installed. Install the extra: "
                "pip install -e '.[tracing]', or unset it."
            ) from error
        name = os.environ.get("OTEL_SERVICE_NAME") or "ct-assistant"
        try:
            exporter = OTLPSpanExporter()
            self._provider = TracerProvider(
                resource=Resource.create({"service.name": name}), shutdown_on_exit=False
            )
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        except ValueError as error:
            raise BadSetting(f"OTEL_…: {error}. Mend it, or unset {ENDPOINTS[0]}.") from error
        self._tracer = self._provider.get_tracer("ct-assistant")
        # A line for each batch that is lost will do; each try would be one, too.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)

    def begin(self, errand: Errand, door: str) -> tuple[Errand, Callable[[Ended], None]]:
        """As `Watcher` has it: the span of a question, below the one its errand came with."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context = TraceContextTextMapPropagator().extract({"traceparent": errand.parent}, Context())
        told = {"ct_assistant.door": door, "ct_assistant.request": errand.request}
        span = self._tracer.start_span("question", context, SpanKind.SERVER, told)
        trace = format(span.get_span_context().trace_id, "032x") if span.is_recording() else ""
        return replace(errand, trace=trace), partial(self._end, span)

    def close(self) -> None:
        """Send what waits, within CLOSE_S."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(CLOSE_S)

    def _end(self, span: Span, ended: Ended) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        if ended.status == "failed":
            span.set_status(Status(StatusCode.ERROR))
        span.set_attributes(attributes(ended))
        within = set_span_in_context(span, Context())
        for step in ended.errand.steps or ():
            part = self._tracer.start_span(step.name, within, start_time=step.begun_ns)
            if not step.sound:
                part.set_status(Status(StatusCode.ERROR))
            part.end(step.begun_ns + int(step.seconds * 1e9))
        span.end()


def attributes(ended: Ended) -> dict[str, AttributeValue]:
    """What a question's span tells of it, beside its times."""
    told: dict[str, AttributeValue] = {"ct_assistant.status": ended.status}
    if ended.reason:
        told["ct_assistant.reason"] = ended.reason
    if isinstance(ended.outcome, Answer):
        answer, trace = ended.outcome, ended.outcome.trace
        told |= {
            "ct_assistant.build": trace.index_build,
            "ct_assistant.confidence": trace.confidence,
            "ct_assistant.hits": len(answer.hits),
            "ct_assistant.citations": len(answer.citations),
            "ct_assistant.sentences_removed": trace.sentences_removed,
            "ct_assistant.markers_removed": trace.markers_removed,
        }
        if trace.fallback:
            told["ct_assistant.fallback"] = trace.fallback
        if trace.model:
            told["gen_ai.request.model"] = trace.model
        told |= {f"gen_ai.usage.{way}_tokens": count for way, count in trace.tokens.items()}
    return told
