"""Orders that we were told of and cannot read yet: what they mention is kept back from publishing.

A shop that does not answer must not make us publish, minutes after its webhook, what it has sold. The
payload is not booked, as it may be late or wrong; it lowers numbers until the order itself was applied.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, text

from app.platforms.base import OrderChanged
from app.platforms.registry import platform
from app.services import cells as cell_store
from app.services.uow import UnitOfWork, unit_of_work

log = structlog.get_logger()

PATIENCE_SECONDS = 0.25
"""How long an order event may wait before what it mentions is held."""
EVENTS_PER_LOOK = 500


def hold_unread_orders() -> None:
    """Hold what unprocessed events of unknown orders mention; release what needs no hold any more."""
    with unit_of_work() as uow:
        released = uow.session.execute(_RELEASE_DONE).scalars().all()
        _look_at_cells(uow, released)
        uow.commit()
    with unit_of_work() as uow:
        rows = uow.session.execute(_WAITING, {"patience": PATIENCE_SECONDS, "limit": EVENTS_PER_LOOK}).all()
        if not rows:
            return
        params = {"rows": json.dumps(list(_mentioned(rows))), "most": cell_store.MOST_UNITS}
        held = uow.session.execute(_HOLD, params).scalars().all()
        uow.session.execute(
            _LOOKED_AT, {"ids": [r.id for r in rows], "received": [r.received_at for r in rows]}
        )
        _look_at_cells(uow, held)
        uow.commit()
    if held:
        log.warning("unread_orders_held", variants=len(set(held)))


def release(uow: UnitOfWork, connection_id: int, order_ids: Sequence[str]) -> None:
    """The orders were applied: the ledger holds their units now."""
    variants = uow.session.execute(
        _RELEASE, {"connection_id": connection_id, "orders": list(order_ids)}
    ).scalars()
    _look_at_cells(uow, variants.all())


def _mentioned(rows: Iterable[Row[Any]]) -> Iterable[dict[str, object]]:
    for row in rows:
        for order in _orders_of(row):
            for mention in order.mentions:
                if 0 < mention.quantity <= cell_store.MOST_UNITS:
                    yield {
                        "connection_id": row.connection_id,
                        "event_id": row.id,
                        "order_id": order.order_id,
                        "listing_id": mention.listing_external_id,
                        "quantity": mention.quantity,
                    }


def _orders_of(row: Row[Any]) -> list[OrderChanged]:
    try:
        signals = platform(row.platform).parse(row.topic, row.headers, bytes(row.body))
    except Exception:  # a fault of our own in one event; its worker will say so on the event
        log.exception("mentions_not_read", event_id=row.id)
        return []
    return [signal for signal in signals if isinstance(signal, OrderChanged)]


def _look_at_cells(uow: UnitOfWork, variant_ids: Sequence[int]) -> None:
    if not variant_ids:
        return
    locked, at = cell_store.lock_at(uow.session, variant_ids=set(variant_ids))
    cell_store.want(uow, locked.values(), at)


# The orders of a shop that is read anew wait until it was, which takes long.
_WAITING = text(
    """
    SELECT e.id, e.received_at, e.connection_id, e.topic, e.headers, e.body, c.platform
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.state IN ('pending', 'retrying') AND e.lane = 'orders' AND NOT e.held
        AND e.received_at < clock_timestamp() - make_interval(secs => :patience)
        AND (c.state IN ('review', 'active', 'paused')
            OR c.state = 'importing' AND c.orders_cursor IS NOT NULL)
    ORDER BY e.id LIMIT :limit
    """
)
_HOLD = text(
    f"""
    INSERT INTO order_holds (account_id, connection_id, order_external_id, event_id, variant_id,
        location_id, quantity)
    SELECT l.account_id, l.connection_id, r.order_id, min(r.event_id), l.variant_id, s.location_id,
        max(least(CAST(r.quantity AS bigint) * l.factor, :most))
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (connection_id bigint, event_id bigint,
        order_id text, listing_id text, quantity int)
    JOIN listings l ON l.connection_id = r.connection_id AND l.external_id = r.listing_id
    JOIN stock_cells s ON {cell_store.OF_LISTING}
    WHERE l.variant_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM orders o WHERE o.connection_id = r.connection_id AND o.external_id = r.order_id
            AND o.fetch_seq > 0
    )
    GROUP BY l.account_id, l.connection_id, r.order_id, l.variant_id, s.location_id
    ON CONFLICT (connection_id, order_external_id, variant_id, location_id) DO NOTHING
    RETURNING variant_id
    """  # noqa: S608  (a constant)
)
_LOOKED_AT = text(
    """
    UPDATE inbound_events e SET held = true
    FROM unnest(CAST(:ids AS bigint[]), CAST(:received AS timestamptz[])) AS v (id, received_at)
    WHERE e.id = v.id AND e.received_at = v.received_at
    """
)
_RELEASE = text(
    """
    DELETE FROM order_holds
    WHERE connection_id = :connection_id AND order_external_id = ANY(CAST(:orders AS text[]))
    RETURNING variant_id
    """
)
_RELEASE_DONE = text(
    """
    DELETE FROM order_holds h
    WHERE EXISTS (
        SELECT 1 FROM orders o WHERE o.connection_id = h.connection_id
            AND o.external_id = h.order_external_id AND o.fetch_seq > 0
    ) OR NOT EXISTS (
        SELECT 1 FROM inbound_events e WHERE e.id = h.event_id AND e.state IN ('pending', 'retrying', 'dead')
    )
    RETURNING h.variant_id
    """
)
