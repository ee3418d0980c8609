"""Webhook deliveries: queued with the state, sent by threads of their own, faulty when told to be."""

import heapq
import select
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from sandbox.core.events import EventLog
from sandbox.core.faults import Faults
from sandbox.core.shop import Delivery, Outgoing, Shop
from sandbox.core.store import Store

HOLD_LIMIT_S = 3.0
"""A delivery held back for reordering goes out after this long even if nothing overtakes it."""


class Poster:
    """One worker's kept-alive connections, one per address: POSTs go out without a general client's cost,
    which was two thirds of a busy shop's time."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._connections: dict[tuple[str, str], HTTPConnection] = {}

    def post(self, outgoing: Outgoing) -> int | None:
        """The answer's status; None when no answer came in time. Redirects are not followed."""
        connection = None
        try:
            target = urlsplit(outgoing.url)
            connection = self._connection(target.scheme, target.netloc)
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.request("POST", path, outgoing.body, dict(outgoing.headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException, ValueError):  # ValueError: an address that is none
            if connection is not None:
                connection.close()
            return None
        return answer.status

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def _connection(self, scheme: str, netloc: str) -> HTTPConnection:
        found = self._connections.get((scheme, netloc))
        if found is None:
            kind = HTTPSConnection if scheme == "https" else HTTPConnection
            found = self._connections[(scheme, netloc)] = kind(netloc, timeout=self._timeout_s)
        # Readable between two requests means that the other side has closed: the next request opens anew.
        if found.sock is not None and select.select([found.sock], [], [], 0)[0]:
            found.close()
        return found


class Dispatcher:
    """Sends queued deliveries, by ``shop.webhook_workers`` threads.

    Lock order: the state lock, then the queue's; a thread never waits for state while it holds the queue.
    """

    def __init__(self, store: Store, events: EventLog, faults: Faults) -> None:
        self._store = store
        self._events = events
        self._faults = faults
        self._records = store.table("deliveries")
        self._wake = threading.Condition()
        self._due: list[tuple[float, int]] = []
        self._waiting: dict[int, Delivery] = {}
        self._pending: dict[tuple[int, int | str], int] = {}
        self._held: list[int] = []
        self._stopping = False
        self._shop: Shop | None = None

    def enqueue(self, delivery: Delivery) -> int:
        """Queue a delivery (inside ``store.transaction()``), through the fault script; return its id."""
        delivery.delivery_id = self._store.next_id("deliveries")
        self._log(delivery, "queued")
        fate = self._faults.next_webhook()
        if fate == "drop":
            self._log(delivery, "dropped")
            return delivery.delivery_id
        delivery.due_at = time.time()
        if fate == "delay":
            delivery.due_at += self._faults.delay_s()
            self._log(delivery, "delayed")
        elif fate == "reorder":
            delivery.due_at += HOLD_LIMIT_S
            self._log(delivery, "delayed")
        self._put(delivery, on_the_wire=fate in ("delay", "reorder"))
        if fate == "reorder":
            with self._wake:
                self._held.append(delivery.delivery_id)
        if fate == "double":
            twin = Delivery(**delivery.as_document())
            twin.delivery_id = self._store.next_id("deliveries")
            self._log(delivery, "doubled")
            self._put(twin)
        return delivery.delivery_id

    def is_waiting(self, subscription_id: int, resource_id: int | str) -> bool:
        """Whether a delivery for this resource is queued and not yet being sent. One that the fault script
        holds up counts as sent: it is on the wire, not in the shop's queue."""
        with self._wake:
            return (subscription_id, resource_id) in self._pending

    def start(self, shop: Shop) -> None:
        """Take up what an earlier run left queued, and start sending."""
        self._shop = shop
        with self._wake:
            for document in self._records.values():
                self._schedule(Delivery(**document))
        for number in range(shop.webhook_workers):
            threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True).start()

    def stop(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()

    def _put(self, delivery: Delivery, *, on_the_wire: bool = False) -> None:
        self._records.put(delivery.delivery_id, delivery.as_document())
        with self._wake:
            self._schedule(delivery)
            if not on_the_wire and delivery.attempt == 0:
                self._pending[(delivery.subscription_id, delivery.resource_id)] = delivery.delivery_id
            self._wake.notify()

    def _schedule(self, delivery: Delivery) -> None:
        self._waiting[delivery.delivery_id] = delivery
        heapq.heappush(self._due, (delivery.due_at, delivery.delivery_id))

    def _work(self) -> None:
        shop = self._shop
        if shop is None:
            raise RuntimeError("the dispatcher was not started")
        poster = Poster(shop.webhook_timeout_s)
        with closing(poster):
            while (delivery := self._next()) is not None:
                self._send(shop, poster, delivery)
                self._release_held(delivery.delivery_id)

    def _next(self) -> Delivery | None:
        """Wait for a delivery that is due; None when stopping."""
        with self._wake:
            while not self._stopping:
                now = time.time()
                if self._due and self._due[0][0] <= now:
                    delivery = self._waiting.pop(heapq.heappop(self._due)[1], None)
                    if delivery is not None:
                        self._forget(delivery)
                        return delivery
                    continue
                self._wake.wait(self._due[0][0] - now if self._due else None)
        return None

    def _forget(self, delivery: Delivery) -> None:
        key = (delivery.subscription_id, delivery.resource_id)
        if self._pending.get(key) == delivery.delivery_id:
            del self._pending[key]
        if delivery.delivery_id in self._held:
            self._held.remove(delivery.delivery_id)

    def _release_held(self, sent_id: int) -> None:
        """A delivery has gone out: those queued before it and held back follow now."""
        with self._wake:
            overtaken = [held_id for held_id in self._held if held_id < sent_id]
            for held_id in overtaken:
                self._held.remove(held_id)
                # The entry under the old time finds nothing waiting by then, and is skipped.
                heapq.heappush(self._due, (0.0, held_id))
            if overtaken:
                self._wake.notify()

    def _send(self, shop: Shop, poster: Poster, delivery: Delivery) -> None:
        with self._store.transaction():
            outgoing = shop.build_delivery(delivery)
            if outgoing is None:
                self._records.pop(delivery.delivery_id, None)
                return
        status = poster.post(outgoing)
        answered_at = time.time()
        with self._store.transaction():
            self._finish(shop, delivery, status, answered_at)

    def _finish(self, shop: Shop, delivery: Delivery, status: int | None, answered_at: float) -> None:
        delivered = status is not None and 200 <= status < 300
        delays = shop.webhook_retry_delays_s
        will_retry = not delivered and delivery.attempt < len(delays)
        self._log(delivery, "delivered" if delivered else "failed", status=status, at=answered_at)
        shop.delivery_done(delivery, status=status, will_retry=will_retry)
        if not will_retry:
            self._records.pop(delivery.delivery_id, None)
            return
        delivery.due_at = answered_at + delays[delivery.attempt] * self._faults.retry_scale
        delivery.attempt += 1
        self._put(delivery)

    def _log(
        self, delivery: Delivery, action: str, *, status: int | None = None, at: float | None = None
    ) -> None:
        fields: dict[str, Any] = {
            "action": action,
            "delivery": delivery.delivery_id,
            "topic": delivery.topic,
            "resource_id": delivery.resource_id,
            "status": status,
        }
        self._events.add("webhook", at=at, **fields)
