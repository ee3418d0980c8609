"""Traces: one for each webhook or request, through the jobs that follow from it, to the writes at shops.

Off, and OpenTelemetry not even imported, unless Settings.otel_exporter_otlp_endpoint is set. Contexts travel
as W3C `traceparent` texts: in a job's meta data, and with a stored webhook's headers. A nudge is shared, so a
job goes on with the trace of the first who nudged; those of the other webhooks that it works on are linked.
Names and attributes of spans are chosen by us: no query, no body, no SKU.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from app.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

HEADER = "traceparent"
STOP_SECONDS = 3.0
"""How long the end of a process may wait for its spans to be sent. The SDK heeds no limit there."""

Attribute = str | int | float | bool


class Spanning(Protocol):
    """A span under way."""

    def set(self, name: str, value: Attribute) -> None: ...

    def link(self, contexts: Iterable[str | None]) -> None:
        """To the spans of these `traceparent` texts; what is none is passed over."""


class _Nothing:
    def set(self, name: str, value: Attribute) -> None: ...

    def link(self, contexts: Iterable[str | None]) -> None: ...


_NOTHING = _Nothing()


class _Running:
    def __init__(self, span: Span) -> None:
        self._span = span

    def set(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, value)

    def link(self, contexts: Iterable[str | None]) -> None:
        for context in dict.fromkeys(contexts):
            span = _span_of(context)
            if span is not None:
                self._span.add_link(span.get_span_context())


class _Traces:
    """The SDK, set up: sends what ended in a thread of its own."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "syncflow"}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
        self.tracer: Tracer = self._provider.get_tracer("syncflow")

    def stop(self) -> None:
        sending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)


_traces: _Traces | None = None


def configure_tracing(settings: Settings) -> None:
    """Trace from now on in this process, if it is asked for. To be called after a fork, not before."""
    global _traces
    if settings.otel_exporter_otlp_endpoint and _traces is None:
        _traces = _Traces(settings.otel_exporter_otlp_endpoint)


def is_on() -> bool:
    """Whether this process traces."""
    return _traces is not None


def stop_tracing() -> None:
    """Send what is left, in STOP_SECONDS at most, and trace no more."""
    global _traces
    if _traces is not None:
        _traces.stop()
        _traces = None


@contextmanager
def span(name: str, *, kind: str = "internal", parent: str | None = None) -> Iterator[Spanning]:
    """A span around what is done within, in this thread and those it starts by `in_this_app`.

    `kind` is OpenTelemetry's: `server`, `consumer`, `client` or `internal`. `parent` is a `traceparent` text;
    without one it belongs to the span that it is within. A fault is noted by its type alone.
    """
    if _traces is None:
        yield _NOTHING
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

    above = _span_of(parent)
    with _traces.tracer.start_as_current_span(
        name,
        context=set_span_in_context(above) if above is not None else None,
        kind=SpanKind[kind.upper()],
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield _Running(made)
        except BaseException as err:
            made.set_status(Status(StatusCode.ERROR, type(err).__name__))
            raise


def current() -> str | None:
    """The `traceparent` of what is under way here; None where nothing is traced."""
    if _traces is None:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _span_of(traceparent: str | None) -> Span | None:
    """What a text stands for, in whatever process that was."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    with suppress(ValueError, AttributeError):
        version, trace_id, span_id, flags = (traceparent or "").split("-")
        context = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
        if version == "00" and context.is_valid:
            return NonRecordingSpan(context)
    return None
