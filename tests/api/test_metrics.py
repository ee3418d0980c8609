"""/metrics: who may look, what is counted, and what it asks of the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import psycopg
import pytest
import redis
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app.domain.alerts import AlertKind
from app.domain.event_log import EventKind
from app.measures.catalogue import CATALOGUE, COUNTED, Kind
from app.measures.meter import Meter
from app.models import Connection
from app.models.connections import CONNECTION_STATES
from app.platforms.registry import platforms
from app.services import ledger_repair
from app.services.nudge import PAUSED_KEY
from app.services.queries.figures import STATEMENTS
from app.services.queue_states import QUEUES
from tests.api import fake_platform
from tests.api.books import keep_books
from tests.api.conftest import WEBHOOK_SECRET, Caller, execute, rows

TOKEN = "a-token-of-some-length"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def metered(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """The application counts, and /metrics is there."""
    settings = replace(app.extensions["settings"], metrics_token=TOKEN)
    meter = Meter(app.extensions["redis"], on=True, wait_seconds=3600)
    monkeypatch.setitem(app.extensions, "settings", settings)
    monkeypatch.setitem(app.extensions, "meter", meter)
    yield meter
    meter.forget()


@pytest.fixture
def scrape(base_url: str, metered: Meter) -> Callable[[], Samples]:
    def ask() -> Samples:
        metered.add()
        answer = requests.get(f"{base_url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
        assert answer.status_code == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return ask


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


def test_without_a_token_of_its_own_there_is_no_such_page(base_url: str) -> None:
    assert requests.get(f"{base_url}/metrics", timeout=10).status_code == 404
    empty = requests.get(f"{base_url}/metrics", headers={"Authorization": "Bearer "}, timeout=10)
    assert empty.status_code == 404


@pytest.mark.parametrize(
    "told", [None, "", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer \xe9"]
)
def test_who_does_not_know_the_token_sees_nothing(base_url: str, metered: Meter, told: str | None) -> None:
    headers = {} if told is None else {"Authorization": told.encode("latin-1")}
    answer = requests.get(f"{base_url}/metrics", headers=headers, timeout=10)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert "syncflow_" not in answer.text


def test_a_users_token_opens_no_metrics(merchant: Caller, base_url: str, metered: Meter) -> None:
    headers = {"Authorization": f"Bearer {merchant.token}"}
    assert requests.get(f"{base_url}/metrics", headers=headers, timeout=10).status_code == 401


def test_requests_are_counted_by_the_template_of_their_route(
    base_url: str, merchant: Caller, scrape: Callable[[], Samples]
) -> None:
    for number in range(3):
        merchant.call("GET", f"/connections/{10**6 + number}")
    requests.get(f"{base_url}/planted/{number}", timeout=10)
    found = scrape()
    route = "/api/v1/connections/<int:connection_id>"
    assert found[key("syncflow_http_requests_total", method="GET", route=route, status="4xx")] == 3
    assert found[key("syncflow_http_request_duration_seconds_count", method="GET", route=route)] == 3
    assert found[key("syncflow_http_requests_total", method="GET", route="unmatched", status="4xx")] == 1
    assert "planted" not in str(found)


def test_webhooks_are_counted_by_what_became_of_them(
    base_url: str,
    make_connection: Callable[..., Connection],
    scrape: Callable[[], Samples],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_connection()
    url = f"{base_url}/webhooks/{fake_platform.SLUG}/{made.public_id}"
    signed = fake_platform.signed(b"1", WEBHOOK_SECRET)
    for body, headers in ((b"1", signed), (b"1", signed), (b"2", signed)):
        requests.post(url, data=body, headers=headers, timeout=10)
    requests.post(f"{base_url}/webhooks/planted/1", timeout=10)
    requests.post(url, data=b"x" * (3 * 1024 * 1024), headers=signed, timeout=10)
    monkeypatch.setattr("app.services.intake.Intake._store", lambda *_: 1 / 0)
    requests.post(url, data=b"1", headers=signed, timeout=10)
    found = scrape()
    outcomes = {
        (dict(labels)["platform"], dict(labels)["outcome"]): value
        for (name, labels), value in found.items()
        if name == "syncflow_webhooks_total"
    }
    own = fake_platform.SLUG
    assert outcomes == {
        (own, "stored"): 1,
        (own, "duplicate"): 1,
        (own, "invalid_signature"): 1,
        (own, "refused"): 1,
        (own, "failed"): 1,
        ("other", "not_found"): 1,
    }


def test_what_browsers_measured_is_counted_by_what_it_was_and_never_by_page(
    merchant: Caller, scrape: Callable[[], Samples]
) -> None:
    measured = (("LCP", 2400.0), ("LCP", 9000), ("INP", 300), ("CLS", 0.01))
    items = [{"metric": metric, "value": value} for metric, value in measured]
    assert merchant.post("/web-vitals", {"route": "/planted/:id", "items": items}).status_code == 204
    found = scrape()
    for metric, rating in (("LCP", "good"), ("LCP", "poor"), ("INP", "fair"), ("CLS", "good")):
        assert found[key("syncflow_web_vitals_total", metric=metric, rating=rating)] == 1
    assert found[key("syncflow_web_vital_seconds_sum", metric="LCP")] == pytest.approx(11.4)
    assert found[key("syncflow_web_vital_seconds_bucket", metric="LCP", le="2.5")] == 1
    assert key("syncflow_web_vital_seconds_sum", metric="CLS") not in found
    assert "planted" not in str([labels for name, labels in found if "vital" in name])


def test_what_waits_what_is_dead_and_what_is_wrong_is_told(
    app: Flask,
    merchant: Caller,
    make_merchant: Callable[[], Caller],
    make_connection: Callable[..., Connection],
    scrape: Callable[[], Samples],
) -> None:
    shop = make_connection(merchant.account_id)
    make_connection(merchant.account_id, state="needs_auth")
    keep_books(shop)
    execute("UPDATE connections SET failures = 3 WHERE id = :id", id=shop.id)
    for state, lane in (("pending", "orders"), ("retrying", "hints"), ("dead", "orders"), ("done", "orders")):
        execute(
            "INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, body, state,"
            " received_at) VALUES (:account, :id, 't', :lane, :key, '', :state, now() - interval '90 s')",
            account=merchant.account_id,
            id=shop.id,
            lane=lane,
            key=state,
            state=state,
        )
    left_alone = make_connection(make_merchant().account_id)
    execute(
        "UPDATE connections SET backoff_until = now() + interval '1 min' WHERE id = :id", id=left_alone.id
    )
    execute(
        "INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, body, state,"
        " next_attempt_at) SELECT account_id, id, 't', 'orders', 'later', '', 'retrying',"
        " CASE WHEN id = :id THEN now() + interval '1 min' END FROM connections WHERE id IN (:id, :other)",
        id=shop.id,
        other=left_alone.id,
    )
    execute("INSERT INTO alerts (kind, subject, raised_at) VALUES ('queue_late', 'push', now())")
    app.extensions["redis"].sadd(PAUSED_KEY, "push")
    for number, letter in enumerate(("dead", "dead", "trying", "mended")):
        execute(
            "INSERT INTO dead_letters (kind, subject_id, queue, state, error_class, code, message, failed_at)"
            " VALUES ('event', :number, 'retries', :state, '', '', '', now())",
            number=number,
            state=letter,
        )
    execute(
        "INSERT INTO events (account_id, kind, raised_at) VALUES (:account, 'ledger_mismatch', now())",
        account=merchant.account_id,
    )
    execute("UPDATE accounts SET created_at = now() - interval '2 days'")
    before = scrape()
    (now,) = rows("SELECT extract(epoch FROM now()) AS at")
    assert float(now.at) - before[key("syncflow_ledger_proof_oldest_timestamp_seconds")] > 86400
    ledger_repair.report(merchant.account_id)
    found = scrape()
    own = fake_platform.SLUG
    expected = {
        key("syncflow_connections", platform=own, state="active"): 2,
        key("syncflow_connections", platform=own, state="needs_auth"): 1,
        key("syncflow_breaker_open_connections", platform=own): 1,
        key("syncflow_backlog", kind="events_orders"): 1,
        key("syncflow_backlog", kind="events_hints"): 1,
        key("syncflow_backlog", kind="events_privacy"): 0,
        key("syncflow_dead_letters", kind="event"): 2,
        key("syncflow_dead_letters", kind="cell"): None,
        key("syncflow_open_alerts", kind="queue_late"): 1,
        key("syncflow_open_alerts", kind="not_working"): 0,
        key("syncflow_queue_paused", queue="push"): 1,
        key("syncflow_queue_paused", queue="intake"): 0,
        key("syncflow_scheduler_working"): 0,
        key("syncflow_source_up", source="database"): 1,
        key("syncflow_source_up", source="redis"): 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found[key("syncflow_backlog_oldest_age_seconds", kind="events_orders")] >= 90
    assert before[key("syncflow_ledger_mismatches")] == 1
    assert before[key("syncflow_open_events", kind="ledger_mismatch")] == 1
    assert found[key("syncflow_ledger_mismatches")] == len(
        rows("SELECT 1 FROM events WHERE cleared_at IS NULL AND kind = 'ledger_mismatch'")
    )
    (now,) = rows("SELECT extract(epoch FROM now()) AS at")
    assert 0 <= float(now.at) - found[key("syncflow_ledger_proof_oldest_timestamp_seconds")] < 60


@pytest.mark.parametrize(
    ("away", "missing", "there"),
    [
        (
            {"database_url": "postgresql://x:secret@127.0.0.1:1/x"},
            "syncflow_connections",
            "syncflow_queue_depth",
        ),
        ({}, "syncflow_queue_depth", "syncflow_ledger_mismatches"),
    ],
)
def test_what_is_away_leaves_its_figures_out_and_fails_nothing(
    app: Flask,
    metered: Meter,
    monkeypatch: pytest.MonkeyPatch,
    scrape: Callable[[], Samples],
    away: dict[str, str],
    missing: str,
    there: str,
) -> None:
    source = "database" if away else "redis"
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], **away))
    if not away:
        monkeypatch.setitem(app.extensions, "redis", redis.Redis(port=1))
    found = scrape()
    assert found[key("syncflow_source_up", source=source)] == 0
    names = {name for name, _labels in found}
    assert missing not in names
    assert there in names


def test_every_metric_of_the_catalogue_is_exposed_and_no_other(base_url: str, metered: Meter) -> None:
    answer = requests.get(f"{base_url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert set(families) == {name.removesuffix("_total") for name in CATALOGUE}
    for name, metric in CATALOGUE.items():
        family = families[name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind.value, metric.help)


def test_labels_hold_only_what_we_choose_ourselves(
    app: Flask,
    base_url: str,
    merchant: Caller,
    make_connection: Callable[..., Connection],
    scrape: Callable[[], Samples],
) -> None:
    keep_books(make_connection(merchant.account_id))
    merchant.call("GET", "/stock", params={"q": "SKU-1"})
    requests.request("PLANTED", f"{base_url}/planted?x=1", timeout=10)
    requests.post(f"{base_url}/webhooks/planted/planted", timeout=10)
    routes = [re.escape(rule.rule) for rule in app.url_map.iter_rules()]
    waiting = ["events_orders", "events_hints", "events_privacy", "numbers", "event"]
    allowed = {
        "method": re.compile("GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|other"),
        "route": re.compile("|".join([*routes, "unmatched"])),
        "status": re.compile("[1-5]xx"),
        "platform": re.compile("|".join([*platforms(), "other"])),
        "queue": re.compile("|".join(QUEUES)),
        "state": re.compile("|".join(CONNECTION_STATES)),
        "source": re.compile("database|redis"),
        "process": re.compile("|".join([*QUEUES, "web", "scheduler"])),
        "kind": re.compile("|".join([*waiting, *EventKind, *AlertKind])),
        "outcome": re.compile("[a-z_]+"),
        "lane": re.compile("orders|hints|privacy"),
        "le": re.compile(r"[0-9.]+|\+Inf"),
    }
    wrong = {
        (name, label, value)
        for name, labels in scrape()
        for label, value in labels
        if not allowed[label].fullmatch(value)
    }
    assert wrong == set()


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: each.metrics[0].name)
def test_no_scrape_reads_through_a_table_that_grows(settings: Any, statement: Any) -> None:
    """Of such it reads an index of what is not well: a partial one."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {statement.query}"))
        whole = connection.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indpred IS NULL"
        ).fetchall()
    grown = r"(inbound_events\w*|stock_cells|events|orders|stock_movements|push_attempts)"
    assert not re.search(rf"Seq Scan on {grown}\b", plan), plan
    used = set(re.findall(rf"using (\w+) on {grown}\b", plan)) | set(
        re.findall(r"Index Scan on (\w+)()", plan)
    )
    assert {name for name, _table in used} & {
        name for (name,) in whole if re.match(rf"\w*{grown}", name)
    } == set()


# ------------------------------------------------------------------------------------------------- lint


def test_names_are_as_prometheus_wants_them() -> None:
    """What `promtool check metrics` looks at, and more."""
    units = re.compile(r"milli|micro|minute|hour|_ms\b|_days?\b|percent|kilo|mega|kb|mb", re.IGNORECASE)
    for name, metric in CATALOGUE.items():
        assert re.fullmatch(r"syncflow_[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert not units.search(name), name
        assert metric.help.endswith((".", ".)")), name
        assert metric.help[0].isupper() or metric.help[0].isdigit(), name
        assert (metric.kind is Kind.COUNTER) == name.endswith("_total"), name
        assert not re.search(r"_(count|sum|bucket|info|gauge|counter|histogram|summary)(_total)?$", name), (
            name
        )
        if metric.kind is Kind.HISTOGRAM:
            assert name.endswith("_seconds"), name
        if re.search(r"(age|duration|delay|wait)_seconds$|propagation", name):
            assert name.endswith("_seconds"), name
        for label, meaning in metric.labels.items():
            assert re.fullmatch(r"[a-z][a-z_]*", label)
            assert label not in ("le", "quantile", "instance", "job"), name
            assert not re.search(r"account|connection|sku|url|user|order|variant|_id$", label), name
            assert meaning


def test_histograms_have_sensible_buckets() -> None:
    for metric in CATALOGUE.values():
        bounds = metric.upper_bounds
        assert bool(bounds) == (metric.kind is Kind.HISTOGRAM), metric.name
        assert list(bounds) == sorted(set(bounds))
        if bounds:
            assert 8 <= len(bounds) <= 14, metric.name
            steps = [high / low for low, high in pairwise(bounds)]
            assert all(1.2 <= step <= 6 for step in steps), metric.name


def test_only_counters_and_histograms_are_summed_over_processes() -> None:
    assert all(metric.kind is not Kind.GAUGE for metric in COUNTED)
