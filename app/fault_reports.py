"""Faults to Sentry, where SENTRY_DSN is set: what is logged as an error, with its ids and no data.

Sentry's own integrations are off: they would take along requests, headers, locals and log lines. What leaves
is the fault's type, our own words about it, where in the code it was, the event's name and the ids of logs.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from sentry_sdk import Client
from sentry_sdk.utils import event_from_exception
from structlog.typing import EventDict, WrappedLogger

from app.logs import cleaner, words_of
from app.settings import Settings

TAGS = ("account_id", "connection_id", "request_id", "woken_by", "job", "job_id", "queue")
KEPT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "logger",
    "exception",
    "logentry",
    "tags",
    "release",
    "sdk",
)
"""Of an event as Sentry's SDK makes it; all else is left here."""
KEPT_OF_FRAME = ("filename", "abs_path", "function", "module", "lineno", "in_app")
FLUSH_SECONDS = 3.0


class FaultReports:
    """A step of the chain of logs."""

    def __init__(self, settings: Settings) -> None:
        self._clean = cleaner(settings)
        self._client = Client(
            dsn=settings.sentry_dsn,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            attach_stacktrace=False,
            traces_sample_rate=None,
            auto_session_tracking=False,
            server_name="",
            before_send=lambda event, _hint: self._stripped(event),
        )

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event.get("level") in ("error", "critical"):
            self._report(event)
        return event

    def _report(self, event: EventDict) -> None:
        fault = _exc_info(event.get("exc_info"))
        found: dict[str, Any] = {"level": "error", "logentry": {"message": str(event.get("event", ""))}}
        if fault is not None:
            made, _hint = event_from_exception(fault, client_options=self._client.options)
            found = dict(made)
            _only_our_words(found, fault[1])
        elif "logger" in event:
            return  # a library's words: what they are about is told by who uses it
        found["tags"] = {name: str(event[name]) for name in TAGS if name in event} | {
            "event": str(event.get("event", ""))
        }
        self._client.capture_event(found)  # type: ignore[arg-type]  # a TypedDict there

    def _stripped(self, event: Any) -> Any:
        kept = {name: event[name] for name in KEPT if name in event}
        for value in kept.get("exception", {}).get("values", ()):
            value["value"] = self._clean(str(value.get("value", "")))
            value.pop("mechanism", None)
            for frame in value.get("stacktrace", {}).get("frames", ()):
                for name in set(frame) - set(KEPT_OF_FRAME):
                    del frame[name]
        return kept

    def flush(self) -> None:
        self._client.flush(timeout=FLUSH_SECONDS)


def _only_our_words(event: dict[str, Any], err: BaseException) -> None:
    """What exceptions of others say may quote anything. The last of the list is the one that was raised."""
    values = event["exception"]["values"]
    for value in values:
        value["value"] = value.get("type", "")
    values[-1]["value"] = words_of(err)


def _exc_info(
    told: object,
) -> tuple[type[BaseException], BaseException, TracebackType | None] | None:
    """Of a log line's `exc_info`, in each of its forms."""
    error = told[1] if isinstance(told, tuple) else sys.exc_info()[1] if told is True else told
    if isinstance(error, BaseException):
        return type(error), error, error.__traceback__
    return None
