"""Whether a shop's webhooks tell us of its orders: counted by what a poll finds that none told of.

A poll is often faster than a webhook, so what it finds waits for a while. An order that a webhook tells of
meanwhile was announced, whoever fetched it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.platforms.base import OrderStamp
from app.services.event_log import Happening, Subject, clear_events, raise_events
from app.services.order_effects import Scope
from app.services.uow import unit_of_work

log = structlog.get_logger()

SETTLE = timedelta(minutes=10)
"""How late a webhook may be."""
FEWEST = 5
"""Fewer orders of a day say nothing of a shop's webhooks."""
MOST_MISSED_PERCENT = 20
"""Of a day's changed orders; more is worth telling."""


def wait_for_webhooks(scope: Scope, found: Sequence[OrderStamp]) -> None:
    """A poll found these orders changed. Those that we do not have in that state wait for their webhook.

    To be called before they are fetched. What changed before the last import is nobody's fault: its
    subscriptions may be new. Idempotent.
    """
    with unit_of_work() as uow:
        uow.session.execute(
            _WAIT,
            {
                "account_id": scope.account_id,
                "connection_id": scope.connection_id,
                "ids": [stamp.external_id for stamp in found],
                "dates": [stamp.updated_at for stamp in found],
            },
        )
        uow.commit()


def note_announced(session: Session, connection_id: int, order_ids: Collection[str]) -> None:
    """Webhooks told of these orders. In the caller's transaction, as its last statement."""
    session.execute(_ANNOUNCED, {"connection_id": connection_id, "ids": sorted(order_ids)})


def count_missed() -> None:
    """Count what waited long enough, and tell of shops whose last day misses too many, or no longer does."""
    with unit_of_work() as uow:
        counted = uow.session.execute(_COUNT_MISSED, {"settle": SETTLE}).scalars().all()
        params = {"counted": sorted(set(counted)), "kind": EventKind.WEBHOOKS_MISSED.value}
        many, few = _judged(uow.session.execute(_LAST_DAYS, params).all())
        raise_events(uow.session, many)
        clear_events(uow.session, few)
        uow.commit()
    if counted:
        log.warning("webhooks_missed", connections=sorted(set(counted)))


def _judged(days: Sequence[Row[Any]]) -> tuple[list[Happening], list[tuple[EventKind, Subject]]]:
    """Shops that miss too many, and those that surely do not."""
    many, few = [], []
    for day in days:
        changed = day.announced + day.missed
        subject = Subject(day.account_id, connection_id=day.connection_id)
        if changed >= FEWEST and day.missed * 100 > MOST_MISSED_PERCENT * changed:
            detail = {"day": day.day.isoformat(), "announced": day.announced, "missed": day.missed}
            many.append(Happening(EventKind.WEBHOOKS_MISSED, subject, detail))
        elif changed >= FEWEST:
            few.append((EventKind.WEBHOOKS_MISSED, subject))
    return many, few


_WAIT = text(
    """
    INSERT INTO unannounced_orders (account_id, connection_id, external_id, changed_at, found_at)
    SELECT :account_id, :connection_id, s.external_id, max(s.updated_at), clock_timestamp()
    FROM unnest(CAST(:ids AS text[]), CAST(:dates AS timestamptz[])) AS s (external_id, updated_at)
    LEFT JOIN orders o ON o.connection_id = :connection_id AND o.external_id = s.external_id
    WHERE coalesce(o.external_updated_at < s.updated_at, true) AND s.updated_at > (
        SELECT r.created_at FROM sync_runs r WHERE r.connection_id = :connection_id AND r.kind = 'import'
        ORDER BY r.id DESC LIMIT 1
    )
    GROUP BY s.external_id
    ORDER BY s.external_id
    ON CONFLICT (connection_id, external_id) DO NOTHING
    """
)
_ANNOUNCED = text(
    """
    WITH waiting AS (
        SELECT id FROM unannounced_orders
        WHERE connection_id = :connection_id AND external_id = ANY(CAST(:ids AS text[]))
        ORDER BY id FOR UPDATE
    ), gone AS (
        DELETE FROM unannounced_orders u USING waiting w WHERE u.id = w.id
    )
    INSERT INTO webhook_days AS d (account_id, connection_id, day, announced)
    SELECT c.account_id, c.id, (now() AT TIME ZONE 'UTC')::date, cardinality(CAST(:ids AS text[]))
    FROM connections c WHERE c.id = :connection_id
    ON CONFLICT (connection_id, day) DO UPDATE SET announced = d.announced + EXCLUDED.announced
    """
)
# Events that came in time and were not processed yet may still tell of it.
_COUNT_MISSED = text(
    """
    WITH waited AS (
        SELECT u.id FROM unannounced_orders u
        WHERE u.found_at < clock_timestamp() - CAST(:settle AS interval) AND NOT EXISTS (
            SELECT 1 FROM inbound_events e
            WHERE e.connection_id = u.connection_id AND e.lane = 'orders'
                AND e.state IN ('pending', 'retrying')
                AND e.received_at < u.found_at + CAST(:settle AS interval)
        )
        ORDER BY u.id FOR UPDATE OF u SKIP LOCKED
    ), missed AS (
        DELETE FROM unannounced_orders u USING waited w WHERE u.id = w.id
        RETURNING u.account_id, u.connection_id, (u.changed_at AT TIME ZONE 'UTC')::date AS day
    )
    INSERT INTO webhook_days AS d (account_id, connection_id, day, missed)
    SELECT account_id, connection_id, day, count(*) FROM missed
    GROUP BY account_id, connection_id, day ORDER BY connection_id, day
    ON CONFLICT (connection_id, day) DO UPDATE SET missed = d.missed + EXCLUDED.missed
    RETURNING connection_id
    """
)
_LAST_DAYS = text(
    """
    SELECT DISTINCT ON (d.connection_id) d.account_id, d.connection_id, d.day, d.announced, d.missed
    FROM webhook_days d
    WHERE d.connection_id IN (
        SELECT unnest(CAST(:counted AS bigint[]))
        UNION SELECT e.connection_id FROM events e WHERE e.kind = :kind AND e.cleared_at IS NULL
    )
    ORDER BY d.connection_id, d.day DESC
    """
)
