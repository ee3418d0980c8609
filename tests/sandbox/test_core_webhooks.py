"""The dispatcher with a platform that retries, sends in parallel and keeps the original payload."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.core.events import EventLog
from sandbox.core.faults import Faults
from sandbox.core.shop import Delivery, Outgoing, Shop
from sandbox.core.store import Store
from sandbox.core.webhooks import Dispatcher
from tests.sandbox.support import Receiver, until


class RetryingShop:
    """As much of a shop as the dispatcher sees."""

    webhook_workers = 4
    webhook_timeout_s = 5.0
    webhook_retry_delays_s = (1.0, 2.0, 4.0)

    def __init__(self, url: str) -> None:
        self.url = url
        self.outcomes: list[tuple[int | None, bool]] = []
        self.deleted: set[int] = set()

    def build_delivery(self, delivery: Delivery) -> Outgoing | None:
        if delivery.subscription_id in self.deleted:
            return None
        headers = {"X-Attempt": str(delivery.attempt), "X-Event": str(delivery.context["event"])}
        return Outgoing(self.url, headers, str(delivery.payload).encode())

    def delivery_done(self, delivery: Delivery, *, status: int | None, will_retry: bool) -> None:
        self.outcomes.append((status, will_retry))


class Bench:
    def __init__(self, path: Path, url: str) -> None:
        self.store = Store(path)
        with self.store.transaction():
            self.events = EventLog(self.store)
            self.faults = Faults(self.store)
            self.dispatcher = Dispatcher(self.store, self.events, self.faults)
        self.shop = RetryingShop(url)

    def start(self) -> None:
        self.dispatcher.start(cast(Shop, self.shop))

    def send(self, resource_id: int, *, payload: str = "{}") -> None:
        with self.store.transaction():
            self.dispatcher.enqueue(
                Delivery(1, "orders/create", resource_id, payload, {"event": f"e-{resource_id}"})
            )

    def set_faults(self, **settings: Any) -> None:
        with self.store.transaction():
            self.faults.merge(settings)


@pytest.fixture
def bench(tmp_path: Path, receiver: Receiver) -> Iterator[Bench]:
    bench = Bench(tmp_path / "state.sqlite", receiver.url)
    yield bench
    bench.dispatcher.stop()


def test_a_failed_delivery_is_retried_with_the_original_payload(bench: Bench, receiver: Receiver) -> None:
    bench.set_faults(webhook_retry_scale=0.01)
    receiver.status = 500
    bench.start()
    bench.send(1, payload='{"state":"first"}')
    attempts = receiver.wait(4)
    assert [request.body for request in attempts] == [b'{"state":"first"}'] * 4
    assert [request.headers["X-Attempt"] for request in attempts] == ["0", "1", "2", "3"]
    assert {request.headers["X-Event"] for request in attempts} == {"e-1"}
    until(lambda: len(bench.shop.outcomes) == 4)
    assert bench.shop.outcomes == [(500, True), (500, True), (500, True), (500, False)]


def test_the_delays_between_attempts_grow(bench: Bench, receiver: Receiver) -> None:
    bench.set_faults(webhook_retry_scale=1000)
    receiver.status = 500
    bench.start()
    bench.send(1)
    until(lambda: bench.shop.outcomes)
    with bench.store.transaction():
        (waiting,) = bench.store.table("deliveries").values()
    failed = json.loads(bench.store.read_events(after=0, limit=10)[-1])
    assert failed["action"] == "failed"
    assert waiting["due_at"] - failed["at"] == pytest.approx(1000 * bench.shop.webhook_retry_delays_s[0])


def test_a_success_ends_the_attempts(bench: Bench, receiver: Receiver) -> None:
    bench.set_faults(webhook_retry_scale=0.01)
    receiver.status = 500
    receiver.gate.clear()
    bench.start()
    bench.send(1)
    receiver.wait(1)
    receiver.gate.set()
    receiver.wait(2)
    receiver.status = 200
    until(lambda: (200, False) in bench.shop.outcomes)
    assert not bench.store.table("deliveries")


def test_no_answer_is_a_failure(bench: Bench, receiver: Receiver) -> None:
    bench.shop.url = "http://127.0.0.1:9/nobody"
    bench.set_faults(webhook_retry_scale=0)
    bench.start()
    bench.send(1)
    until(lambda: len(bench.shop.outcomes) == 4)
    assert {status for status, _ in bench.shop.outcomes} == {None}


def test_deliveries_go_out_in_parallel(bench: Bench, receiver: Receiver) -> None:
    receiver.gate.clear()
    bench.start()
    for n in range(4):
        bench.send(n)
    receiver.wait(4)
    receiver.gate.set()


def test_a_deleted_subscription_sends_no_more(bench: Bench, receiver: Receiver) -> None:
    bench.shop.deleted.add(1)
    bench.start()
    bench.send(1)
    until(lambda: not bench.store.table("deliveries"))
    assert receiver.received == []


def test_what_waits_is_known_until_it_is_sent(bench: Bench, receiver: Receiver) -> None:
    bench.send(1)
    assert bench.dispatcher.is_waiting(1, 1)
    assert not bench.dispatcher.is_waiting(1, 2)
    bench.start()
    receiver.wait(1)
    assert not bench.dispatcher.is_waiting(1, 1)
