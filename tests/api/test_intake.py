"""What becomes of webhooks, over real HTTP."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from flask import Flask

from app.models import Connection
from app.platforms.base import Lane
from app.services.event_writer import EventRow, EventWriter
from app.services.nudge import Drain, Origin
from app.services.waker import Waker
from tests.api.conftest import WEBHOOK_SECRET, execute, rows
from tests.api.fake_platform import SLUG, signed

TWO_MB = 2 * 1024 * 1024
BODY = b'{"id": 7, "note": "\\u00dc\\/"}'


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection()


@pytest.fixture
def url(base_url: str, connection: Connection) -> str:
    return f"{base_url}/webhooks/{SLUG}/{connection.public_id}"


def post(url: str, raw: bytes = BODY, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.post(url, data=raw, headers=headers or {}, timeout=10)


def stored() -> list[object]:
    return rows("SELECT * FROM inbound_events ORDER BY id")


def test_a_signed_webhook_is_stored_as_it_came_and_wakes_a_worker(
    url: str, connection: Connection, nudges: list[tuple[int, Lane]]
) -> None:
    answer = post(url, headers=signed(BODY, WEBHOOK_SECRET, topic="orders/create", event_id="e1"))

    assert answer.status_code == 202
    (row,) = rows("SELECT * FROM inbound_events")
    assert bytes(row.body) == BODY
    assert (row.account_id, row.connection_id) == (connection.account_id, connection.id)
    assert (row.topic, row.dedupe_key, row.state) == ("orders/create", "e1", "pending")
    assert row.headers == {"x-fake-topic": "orders/create", "x-fake-event-id": "e1"}
    assert nudges == [(connection.id, Lane.ORDERS)]
    assert row.lane == "orders"


@pytest.mark.parametrize("signature", [None, "", "0" * 64, "half"])
def test_a_wrong_missing_or_truncated_signature_is_refused_and_nothing_stored(
    url: str, signature: str | None
) -> None:
    headers = signed(BODY, WEBHOOK_SECRET)
    right = headers.pop("X-Fake-Signature")
    if signature is not None:
        headers["X-Fake-Signature"] = right[:32] if signature == "half" else signature

    answer = post(url, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_signature"
    assert stored() == []


def test_a_body_changed_on_the_way_is_refused(url: str) -> None:
    assert post(url, BODY + b" ", signed(BODY, WEBHOOK_SECRET)).status_code == 401
    assert stored() == []


def test_the_secret_of_another_connection_does_not_open_this_one(
    url: str, make_connection: Callable[..., Connection]
) -> None:
    assert post(url, headers=signed(BODY, "another secret")).status_code == 401


def test_a_body_over_two_megabytes_is_refused_unread(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.putrequest("POST", urlsplit(url).path)
    connection.putheader("Content-Length", str(TWO_MB + 1))
    connection.endheaders()  # no body follows: the answer must not wait for it

    assert connection.getresponse().status == 413
    connection.close()
    assert stored() == []


def test_a_chunked_body_over_two_megabytes_is_refused(url: str) -> None:
    chunks = (b"x" * 65536 for _ in range(64))
    try:
        status = requests.post(url, data=chunks, timeout=10).status_code
    except requests.ConnectionError:  # refused while we were still sending
        status = 413
    assert status == 413
    assert stored() == []


def test_a_body_of_exactly_two_megabytes_is_taken(url: str) -> None:
    raw = b"x" * TWO_MB
    assert post(url, raw, signed(raw, WEBHOOK_SECRET)).status_code == 202


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\x00 not text", b"[1, 2", b'{"code": "woocommerce_rest_product_invalid_id"}', b"<html>"],
)
@pytest.mark.parametrize("topic", ["orders/updated", "nobody/knows-this", ""])
def test_signed_junk_and_unknown_topics_are_stored_and_taken(url: str, raw: bytes, topic: str) -> None:
    assert post(url, raw, signed(raw, WEBHOOK_SECRET, topic=topic)).status_code == 202
    assert [bytes(row.body) for row in rows("SELECT body FROM inbound_events")] == [raw]


def test_a_ping_is_answered_and_not_stored(url: str) -> None:
    assert post(url, b"ping").status_code == 200
    assert stored() == []


def test_the_real_ping_of_woocommerce_is_answered(
    base_url: str, make_connection: Callable[..., Connection]
) -> None:
    shop = make_connection(platform="woocommerce")
    answer = requests.post(
        f"{base_url}/webhooks/woocommerce/{shop.public_id}", data={"webhook_id": "4"}, timeout=10
    )
    assert answer.status_code == 200
    assert stored() == []


def test_a_repeat_is_dropped_while_its_twin_is_unprocessed(url: str) -> None:
    headers = signed(BODY, WEBHOOK_SECRET)
    assert [post(url, headers=headers).status_code for _ in range(3)] == [202, 202, 202]
    assert len(stored()) == 1


def test_a_number_that_comes_back_is_news_once_its_twin_was_processed(url: str) -> None:
    headers = signed(BODY, WEBHOOK_SECRET)
    post(url, headers=headers)
    execute("UPDATE inbound_events SET state = 'done'")
    post(url, headers=headers)
    assert len(stored()) == 2


def test_a_unique_event_id_is_dropped_for_an_hour_after_it_was_processed(url: str) -> None:
    headers = signed(BODY, WEBHOOK_SECRET, event_id="e1")
    post(url, headers=headers)
    execute("UPDATE inbound_events SET state = 'done'")
    post(url, headers=headers)
    assert len(stored()) == 1

    execute("UPDATE inbound_events SET received_at = now() - interval '61 minutes'")
    post(url, headers=headers)
    assert len(stored()) == 2


def test_the_same_body_under_another_topic_or_connection_is_no_repeat(
    url: str, base_url: str, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection()
    post(url, headers=signed(BODY, WEBHOOK_SECRET, topic="orders/create", event_id="e1"))
    post(url, headers=signed(BODY, WEBHOOK_SECRET, topic="orders/updated", event_id="e1"))
    post(f"{base_url}/webhooks/{SLUG}/{other.public_id}", headers=signed(BODY, WEBHOOK_SECRET, event_id="e1"))
    assert len(stored()) == 3


def test_an_endless_event_id_is_stored_all_the_same(url: str) -> None:
    assert post(url, headers=signed(BODY, WEBHOOK_SECRET, event_id="e" * 4000)).status_code == 202
    assert len(stored()) == 1


@pytest.mark.parametrize("state", ["disconnected", "connecting"])
def test_a_shop_that_is_not_connected_gets_404(
    base_url: str, make_connection: Callable[..., Connection], state: str
) -> None:
    gone = make_connection(state=state)
    answer = post(f"{base_url}/webhooks/{SLUG}/{gone.public_id}", headers=signed(BODY, WEBHOOK_SECRET))
    assert answer.status_code == 404
    assert stored() == []


@pytest.mark.parametrize("state", ["importing", "review", "paused", "needs_auth"])
def test_a_shop_in_any_other_state_is_heard(
    base_url: str, make_connection: Callable[..., Connection], state: str
) -> None:
    shop = make_connection(state=state)
    url = f"{base_url}/webhooks/{SLUG}/{shop.public_id}"
    assert post(url, headers=signed(BODY, WEBHOOK_SECRET)).status_code == 202


@pytest.mark.parametrize(
    "path",
    [
        f"{SLUG}/00000000-0000-4000-8000-000000000000",
        f"{SLUG}/not-a-uuid",
        "nobody/00000000-0000-4000-8000-000000000000",
    ],
)
def test_an_unknown_address_gets_404(base_url: str, path: str) -> None:
    assert post(f"{base_url}/webhooks/{path}", headers=signed(BODY, WEBHOOK_SECRET)).status_code == 404


def test_an_event_for_the_app_reaches_every_connection_to_its_shop(
    base_url: str, make_connection: Callable[..., Connection]
) -> None:
    earlier = make_connection(external_shop_id="a", state="disconnected")
    now = make_connection(external_shop_id="a")
    make_connection(external_shop_id="b")
    headers = signed(BODY, "app-secret", topic="shop/redact", shop="a")

    assert post(f"{base_url}/webhooks/{SLUG}", headers=headers).status_code == 202
    assert [row.connection_id for row in rows("SELECT connection_id FROM inbound_events ORDER BY id")] == [
        earlier.id,
        now.id,
    ]


def test_an_event_for_the_app_must_be_signed_and_may_name_an_unknown_shop(base_url: str) -> None:
    url = f"{base_url}/webhooks/{SLUG}"
    assert post(url, headers=signed(BODY, "wrong", shop="a")).status_code == 401
    assert post(url, headers=signed(BODY, "app-secret", shop="nobody")).status_code == 200
    assert stored() == []


def test_a_platform_without_events_for_the_app_takes_none(base_url: str) -> None:
    assert post(f"{base_url}/webhooks/woocommerce").status_code == 404


def test_a_burst_of_events_costs_few_nudges_and_forgets_none(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_begun, go_on, all_done = threading.Event(), threading.Event(), threading.Event()
    sent: list[tuple[Drain, int]] = []
    hinted, sold, elsewhere = (1, Lane.HINTS), (1, Lane.ORDERS), (2, Lane.ORDERS)

    def slow_nudge(drain: Drain, connection_id: int, *, came_from: Origin) -> None:
        sent.append((drain, connection_id))
        first_begun.set()
        assert go_on.wait(10)
        if len(sent) == 4:
            all_done.set()

    monkeypatch.setattr("app.services.waker.nudge", slow_nudge)
    waker = Waker(app)
    waker.wake({sold})
    assert first_begun.wait(10)
    for _ in range(50):
        waker.wake({sold, hinted})
        waker.wake({sold, elsewhere})
    go_on.set()

    assert all_done.wait(10)
    assert sent[0] == (Drain.INTAKE, 1)
    assert sorted(sent[1:]) == [(Drain.HINTS, 1), (Drain.INTAKE, 1), (Drain.INTAKE, 2)]


@pytest.fixture
def nudges(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Lane]]:
    """The connections and lanes that intake asks a worker to look at."""
    woken: list[tuple[int, Lane]] = []
    monkeypatch.setattr(app.extensions["intake"]._writer, "_on_stored", woken.extend)
    return woken


def test_requests_at_once_are_committed_together_and_each_learns_its_own_outcome(
    url: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = app.extensions["intake"]._writer
    insert, batches, go_on = writer._insert, [], threading.Event()

    def slow_insert(batch: list[EventRow]) -> object:
        batches.append(len(batch))
        assert go_on.wait(10)
        return insert(batch)

    monkeypatch.setattr(writer, "_insert", slow_insert)
    bodies = [b"first", *(b"%d" % (number % 4) for number in range(8)), b"bad"]
    topics = ["t"] * 9 + ["\x00"]
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = []
        for body, topic in zip(bodies, topics, strict=True):
            row = EventRow(*_ids(url), topic, Lane.ORDERS, body.decode(), False, "{}", body)
            answers.append(pool.submit(writer.write, row))
            if body == b"first":
                _until(lambda: batches == [1])
        _until(lambda: len(writer._waiting) == 9)
        go_on.set()
        with pytest.raises(psycopg.DataError):
            answers.pop().result()
        outcomes = [answer.result() for answer in answers]

    assert outcomes.count(True) == 5
    assert len(stored()) == 5
    assert batches[:2] == [1, 5]


def test_under_load_as_many_as_before_are_gathered_and_a_lone_one_never_waits(
    url: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.event_writer.GATHER_SECONDS", 60.0)  # longer than any of it may take
    writer = EventWriter(app.extensions["intake"]._open_pool, lambda _stored: None)
    insert, batches, go_on = writer._insert, [], threading.Event()

    def slow_insert(batch: list[EventRow]) -> object:
        batches.append(len(batch))
        assert go_on.wait(10)
        return insert(batch)

    monkeypatch.setattr(writer, "_insert", slow_insert)
    ids, numbers = _ids(url), itertools.count()

    def write(_: int) -> bool:
        key = str(next(numbers))
        return bool(writer.write(EventRow(*ids, "t", Lane.ORDERS, key, False, "{}", b"")))

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(write, 0)
        _until(lambda: batches == [1])
        together = pool.map(write, range(3))
        _until(lambda: len(writer._waiting) == 3)
        go_on.set()
        assert first.result()
        assert all(together)
        assert all(pool.map(write, range(3)))
        assert batches == [1, 3, 3]

    monkeypatch.setattr("app.services.event_writer.GATHER_SECONDS", 0.0)
    write(0)
    monkeypatch.setattr("app.services.event_writer.GATHER_SECONDS", 60.0)
    assert write(0), "the load is over"
    assert batches == [1, 3, 3, 1, 1]


def _ids(url: str) -> tuple[int, int]:
    (row,) = rows("SELECT account_id, id FROM connections WHERE public_id::text = :id", id=url.split("/")[-1])
    return row.account_id, row.id


def _until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_answer_to_a_fault_of_the_database_is_not_a_success(
    url: str, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    post(url, b"ping")  # the connection is remembered
    execute("ALTER TABLE inbound_events RENAME TO inbound_events_away")
    try:
        answer = post(url, headers=signed(BODY, WEBHOOK_SECRET))
    finally:
        execute("ALTER TABLE inbound_events_away RENAME TO inbound_events")
    assert answer.status_code == 500
    assert json.loads(answer.text)["code"] == "internal"
