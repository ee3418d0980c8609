"""A trace goes from a webhook's request to the call of a shop, over a queue and another thread."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import requests
from flask import Flask
from redis import Redis
from rq import Queue

from app import tracing
from app.models import Connection
from app.platforms.http import Http
from app.platforms.sessions import new_session
from app.services import events, nudge
from app.services.nudge import Drain
from app.services.threads import in_this_app
from tests.api import fake_platform
from tests.api.conftest import WEBHOOK_SECRET, rows
from tests.collector import Collector, collector
from tests.runtime.waiting import wait_for
from workers.at_work import at_work


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Tracing is on; where its spans go to."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "120")
    with collector() as made:
        tracing.configure_tracing(replace(app.extensions["settings"], otel_exporter_otlp_endpoint=made.url))
        yield made
        tracing.stop_tracing()


def deliver(base_url: str, made: Connection, body: bytes) -> requests.Response:
    return requests.post(
        f"{base_url}/webhooks/{fake_platform.SLUG}/{made.public_id}?planted=1",
        data=body,
        headers=fake_platform.signed(body, WEBHOOK_SECRET),
        timeout=10,
    )


def run_next(app: Flask, queue: str, client: Redis) -> None:
    """As a worker does: in a thread that knows nothing of the one before."""
    waiting = Queue(queue, connection=client)
    wait_for(lambda: waiting.count, what="a job")
    [job] = waiting.jobs
    waiting.empty()

    def work() -> None:
        with app.app_context():
            at_work(job, lambda: bool(job.perform()) or True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_one_trace_leads_from_the_webhook_to_the_write_and_links_lead_from_the_others(
    app: Flask,
    base_url: str,
    sent: Collector,
    make_connection: Callable[..., Connection],
    clean_redis: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_connection()

    def process(_connection_id: int, _lane: Any) -> None:
        found = rows("SELECT id, headers FROM inbound_events ORDER BY id")
        monkeypatch.setattr(events, "_process_traced", lambda *_: nudge.nudge(Drain.PUSH, made.id))
        events._process(None, found)  # type: ignore[arg-type]  # what it does with them is left out here

    def write(_connection_id: int) -> None:
        http = Http(new_session(allow_private=True), connection_id=made.id)
        call = in_this_app(
            lambda: http.request("POST", f"{sent.url}/write?planted=1", safe=False, expect_json=False)
        )
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    monkeypatch.setattr("workers.jobs.events.drain", process)
    monkeypatch.setattr("workers.jobs.push.drain", write)
    deliver(base_url, made, b"first")
    with Redis.from_url(clean_redis) as client:
        wait_for(lambda: Queue("intake", connection=client).count, what="the nudge")
        deliver(base_url, made, b"second")
        run_next(app, "intake", client)
        run_next(app, "push", client)
    tracing.stop_tracing()
    spans = {(span.name, span.trace_id): span for span in sent.spans()}
    webhooks = [span for span in spans.values() if span.name.startswith("POST /webhooks/")]
    first, second = sorted(webhooks, key=lambda span: span.start_time_unix_nano)
    of_first = {name: span for (name, trace), span in spans.items() if trace == first.trace_id}
    host = sent.url.removeprefix("http://")
    chain = [
        "POST /webhooks/<platform>/<public_id>",
        "job drain_intake",
        "process events",
        "job drain_push",
        f"POST {host}",
    ]
    assert set(chain) == set(of_first)
    for above, below in pairwise(chain):
        assert of_first[below].parent_span_id == of_first[above].span_id, below
    assert second.span_id in {link.span_id for link in of_first["process events"].links}
    assert second.trace_id in {link.trace_id for link in of_first["process events"].links}
    everything = b"".join(body for path, body in sent.requests if path == "/v1/traces")
    assert b"planted" not in everything
    assert fake_platform.signed(b"first", WEBHOOK_SECRET)["X-Fake-Signature"].encode() not in everything


def test_a_fault_is_noted_by_its_type_alone(sent: Collector) -> None:
    with pytest.raises(ValueError, match="Ann"), tracing.span("x"):
        raise ValueError("Ann Buyer")
    tracing.stop_tracing()
    [span] = sent.spans()
    assert (span.status.code, span.status.message) == (2, "ValueError")
    assert b"Ann" not in sent.requests[-1][1]


def test_a_collector_that_hangs_keeps_no_process_from_ending(
    sent: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.1)
    sent.answers.clear()
    with tracing.span("x"):
        pass
    tracing.stop_tracing()
    assert sent.requests == []
    assert not tracing.is_on()
    sent.answers.set()
    wait_for(sent.spans, what="the spans")


@pytest.mark.parametrize(
    "told", [None, "", "nonsense", "00-0-0-01", "00-xx-yy-01", "01-" + "1" * 32 + "-" + "1" * 16 + "-01"]
)
def test_what_is_no_context_begins_a_trace_of_its_own(sent: Collector, told: str | None) -> None:
    with tracing.span("x", parent=told) as span:
        span.link([told])
    tracing.stop_tracing()
    [found] = sent.spans()
    assert found.parent_span_id == b""
    assert not found.links


def test_a_stored_webhook_keeps_no_context_of_its_senders(
    base_url: str, make_connection: Callable[..., Connection]
) -> None:
    made = make_connection()
    foreign = f"00-{'1' * 32}-{'1' * 16}-01"
    headers = {**fake_platform.signed(b"x", WEBHOOK_SECRET), "traceparent": foreign}
    url = f"{base_url}/webhooks/{fake_platform.SLUG}/{made.public_id}"
    assert requests.post(url, data=b"x", headers=headers, timeout=10).status_code == 202
    [stored] = rows("SELECT headers FROM inbound_events")
    assert "traceparent" not in stored.headers


def test_where_nothing_is_traced_nothing_of_it_is_loaded() -> None:
    """Nor Sentry's SDK, nor Prometheus' client: each costs memory in every worker. (redis-py by itself loads
    OpenTelemetry's API where that is installed.)"""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, workers.run, workers.schedule, admin.web;"
            "unwanted = ('opentelemetry.sdk.trace', 'opentelemetry.exporter', 'sentry_sdk', 'prometheus');"
            "print([name for name in sys.modules if name.startswith(unwanted)])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
