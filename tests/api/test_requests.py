"""What is logged of a request, and by which id it can be found again."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
import requests
from flask import Flask
from redis import Redis
from rq import Queue

from app.models import Connection
from app.services import nudge
from app.services.nudge import Drain
from tests.api import fake_platform
from tests.api.conftest import WEBHOOK_SECRET, Caller
from tests.runtime.waiting import wait_for
from workers.at_work import at_work

Logged = list[MutableMapping[str, Any]]


def of_requests(logged: Logged) -> Logged:
    return [line for line in logged if line["event"] == "request"]


def test_a_request_is_one_line_with_its_route_and_without_what_was_asked(
    merchant: Caller, make_connection: Callable[..., Connection], logged: Logged
) -> None:
    made = make_connection(merchant.account_id)
    merchant.call("GET", f"/connections/{made.id}", params={"q": "planted"})
    [line] = wait_for(lambda: of_requests(logged), what="a line")
    assert line["route"] == "/api/v1/connections/<int:connection_id>"
    assert (line["method"], line["log_level"]) == ("GET", "info")
    assert line["ms"] > 0
    assert "planted" not in str(line)


def test_what_leads_nowhere_has_no_name_of_its_own(base_url: str, logged: Logged) -> None:
    requests.request("PLANTED", f"{base_url}/planted/path", timeout=10)
    [line] = wait_for(lambda: of_requests(logged), what="a line")
    assert (line["method"], line["route"], line["status"]) == ("other", "unmatched", 404)


def test_probes_are_told_of_at_debug_only(base_url: str, logged: Logged) -> None:
    requests.get(f"{base_url}/healthz", timeout=10)
    [line] = wait_for(lambda: of_requests(logged), what="a line")
    assert line["log_level"] == "debug"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("7b1f-trace.of_caller", True),
        (None, False),
        ("short", False),
        ("x" * 65, False),
        ("has space in it", False),
        ("semi;colon-is-long-enough", False),
        ("-begins-with-a-dash", False),
    ],
)
def test_a_callers_id_is_kept_if_it_is_sane(base_url: str, told: str | None, kept: bool) -> None:
    answer = requests.get(f"{base_url}/", headers={"X-Request-ID": told} if told else {}, timeout=10)
    given = answer.headers["X-Request-ID"]
    assert (given == told) is kept
    assert kept or len(given) == 32


def test_refusals_and_bugs_carry_an_id_too(
    base_url: str, merchant: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr("app.api.status.status", broken)
    answers = [
        requests.get(f"{base_url}/nowhere", timeout=10),
        requests.get(f"{base_url}/api/v1/status", timeout=10),
        merchant.call("GET", "/status"),
    ]
    assert [answer.status_code for answer in answers] == [404, 401, 500]
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 3


def test_the_job_that_a_webhook_wakes_names_the_request(
    app: Flask,
    base_url: str,
    make_connection: Callable[..., Connection],
    clean_redis: str,
    logged: Logged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_connection()
    monkeypatch.setattr("app.services.events.drain", lambda *_: nudge.nudge(Drain.PUSH, made.id))
    signed = fake_platform.signed(b"an order", WEBHOOK_SECRET)
    requests.post(
        f"{base_url}/webhooks/{fake_platform.SLUG}/{made.public_id}",
        data=b"an order",
        headers={**signed, "X-Request-ID": "from-the-shop"},
        timeout=10,
    )
    with Redis.from_url(clean_redis) as client:
        queue = Queue("intake", connection=client)
        wait_for(lambda: queue.count, what="the nudge")
        at_work(queue.jobs[0], lambda: bool(queue.jobs[0].perform()) or True)
        [pushed] = Queue("push", connection=client).jobs
    [line] = [line for line in logged if line["event"] == "job"]
    assert (line["outcome"], line["log_level"]) == ("done", "info")
    assert pushed.meta == {"woken_by": "from-the-shop"}
