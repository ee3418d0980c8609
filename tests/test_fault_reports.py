"""What leaves for Sentry, and what does not."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from app.errors import InvalidInput
from app.fault_reports import FaultReports
from app.logs import configure_logging
from app.settings import Settings
from tests.collector import Collector, collector

PLANTED = ("Ann Buyer", "ann@example.com", "hunter2", "planted")


@pytest.fixture
def sent(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with collector() as made:
        dsn = made.url.replace("http://", "http://0123456789abcdef@") + "/7"
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        configure_logging(replace(settings, sentry_dsn=dsn, log_format="json"))
        yield made
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def flush() -> None:
    [reports] = [step for step in structlog.get_config()["processors"] if isinstance(step, FaultReports)]
    reports.flush()


def fail(error: Exception) -> None:
    address = "Ann Buyer, planted"
    headers = {"Authorization": "Bearer hunter2"}
    if address and headers:
        raise error


@pytest.mark.parametrize("error", [ValueError("Ann Buyer"), InvalidInput("ann@example.com cannot be used")])
def test_a_fault_leaves_with_its_place_and_ids_and_nobodys_data(sent: Collector, error: Exception) -> None:
    with structlog.contextvars.bound_contextvars(account_id=5, request_id="r-17", address="planted"):
        try:
            fail(error)
        except Exception:
            structlog.get_logger().exception("request_failed", body="planted", customer="Ann Buyer")
    flush()
    [event] = sent.faults()
    [value] = event["exception"]["values"]
    assert value["type"] == type(error).__name__
    assert [frame["function"] for frame in value["stacktrace"]["frames"]][-1] == "fail"
    assert event["tags"] == {"account_id": "5", "request_id": "r-17", "event": "request_failed"}
    assert {"request", "user", "extra", "breadcrumbs", "contexts", "modules", "server_name"} & set(
        event
    ) == set()
    assert [word for word in PLANTED if word in json.dumps(event)] == []
    whole = b"".join(body for _path, body in sent.requests)
    assert [word for word in PLANTED if word.encode() in whole] == []


def test_the_cause_of_a_fault_leaves_without_its_words(sent: Collector) -> None:
    try:
        try:
            fail(KeyError("Ann Buyer"))
        except KeyError as err:
            raise InvalidInput("That cannot be used.") from err
    except InvalidInput:
        structlog.get_logger().exception("request_failed")
    flush()
    [event] = sent.faults()
    told = [(value["type"], value["value"]) for value in event["exception"]["values"]]
    assert told == [("KeyError", "KeyError"), ("InvalidInput", "That cannot be used.")]


def test_an_error_without_an_exception_leaves_by_its_name(sent: Collector) -> None:
    structlog.get_logger().error("ledger_mismatch", account_id=5, detail="planted")
    flush()
    [event] = sent.faults()
    assert event["logentry"]["message"] == "ledger_mismatch"
    assert event["tags"] == {"account_id": "5", "event": "ledger_mismatch"}


def test_what_is_no_error_does_not_leave(sent: Collector) -> None:
    structlog.get_logger().warning("connection_backs_off", connection_id=1)
    logging.getLogger("rq.worker").error("Worker x: planted")
    flush()
    assert sent.requests == []


def test_who_cannot_be_reached_fails_nobody(settings: Settings) -> None:
    reports = FaultReports(replace(settings, sentry_dsn="http://key12345@127.0.0.1:1/7"))
    event: Any = {"event": "request_failed", "level": "error"}
    assert reports(None, "error", event) is event
