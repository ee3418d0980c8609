"""Dead letters to look at: webhooks of the fake platform that our code cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from app.models import Connection
from app.platforms.base import Lane, Signal
from app.platforms.registry import platforms
from app.services import events
from app.services.dead_letters.follow import follow
from tests.api import fake_platform
from tests.api.conftest import execute, rows
from workers.queues import QUEUES

PERSON = "jane.roe@example.com"


@contextmanager
def unreadable() -> Iterator[None]:
    """The shop's webhooks have another shape than our code knows."""
    platforms()[fake_platform.SLUG] = replace(fake_platform.PLATFORM, parse=_parse)
    try:
        yield
    finally:
        platforms()[fake_platform.SLUG] = fake_platform.PLATFORM


def kill_events(connection: Connection, count: int = 1) -> list[int]:
    """Each is tried five times, as workers do. Returns the events' ids."""
    for number in range(count):
        body = json.dumps({"id": number, "customer": {"email": PERSON}}).encode()
        execute(
            "INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body)"
            " VALUES (:a, :c, 'orders/updated', gen_random_uuid()::text, :body)",
            a=connection.account_id,
            c=connection.id,
            body=body,
        )
    ids = [row.id for row in rows("SELECT id FROM inbound_events WHERE state = 'pending' ORDER BY id")]
    with unreadable():
        events.drain(connection.id, Lane.ORDERS)
        for event_id in ids * 4:
            with suppress(events.EventFailed):
                events.process_one(event_id)
    follow(QUEUES)
    return ids


def letter_of(event_id: int) -> int:
    [row] = rows("SELECT id FROM dead_letters WHERE kind = 'event' AND subject_id = :id", id=event_id)
    return int(row.id)


def _parse(_topic: str, _headers: Mapping[str, str], raw: bytes) -> list[Signal]:
    document: dict[str, Any] = json.loads(raw)
    return [document["order"]["id"]]
