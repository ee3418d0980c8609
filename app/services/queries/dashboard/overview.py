"""The first screen, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text

from app.domain.event_log import EventKind
from app.services.queries.dashboard.orders import order_sums, totals
from app.services.queries.dashboard.reporting import reporting, today
from app.services.queries.dashboard.status import shop_status
from app.services.queries.paging import Row, read
from app.services.queries.reviews import ASKED

ACTIONS = {
    "needs_auth": ("reconnect", "/connections/{connection_id}"),
    "failing": ("look", "/connections/{connection_id}"),
    "review": ("approve_first_sync", "/connections/{connection_id}/first-sync"),
    "writes_stopped": ("allow_writes", "/account/allow-writes"),
    "refused": ("look", "/connections/{connection_id}/listings"),
    EventKind.BRAKE: ("release_brake", "/connections/{connection_id}/release-brake"),
    EventKind.PRICE_BRAKE: ("release_price_brake", "/connections/{connection_id}/price-rule/release-brake"),
    EventKind.DRIFT_IN_REVIEW: ("decide", "/reviews"),
    EventKind.LEDGER_MISMATCH: ("look", "/event-log?kind=ledger_mismatch&open=true"),
    EventKind.SYNC_FAILED: ("look", "/connections/{connection_id}/health"),
    EventKind.CREDENTIALS_EXPIRING: ("reconnect", "/connections/{connection_id}"),
    EventKind.WEBHOOKS_MISSED: ("look", "/connections/{connection_id}/webhook-days"),
    EventKind.FULFILLMENT_FAILED: ("retry", "/event-log?kind=fulfillment_failed&open=true"),
    EventKind.PRICES_CHANGED: ("decide", "/connections/{connection_id}/listings"),
    EventKind.PRICES_CONTESTED: ("decide", "/connections/{connection_id}/listings"),
    EventKind.PRICES_REFUSED: ("look", "/connections/{connection_id}/listings"),
    EventKind.OVERSOLD: ("look", "/event-log?kind=oversold&open=true"),
}
"""What there is to do about what needs attention, and the path, below /api/v1, where it is done or seen.
Low stock is shown by itself."""
OF_ACCOUNT = (EventKind.DRIFT_IN_REVIEW, EventKind.LEDGER_MISMATCH, EventKind.FULFILLMENT_FAILED)
"""Decided in one place for all shops."""
OF_STOCK = (EventKind.LOW_STOCK, EventKind.OVERSOLD, EventKind.LEDGER_MISMATCH)
"""True whatever became of a shop; nothing else can be done about a shop that was disconnected."""
OF_SHOP = ("needs_auth", "failing", "review", "refused")
"""Reasons of a light that no open event tells of."""


def overview(account_id: int, *, now: datetime) -> Row:
    """Shops, today's orders by the merchant's clock, low stock, and what needs attention."""
    of = reporting(account_id)
    day = today(of, now)
    status = shop_status(account_id)
    events = read(_OPEN, account_id=account_id, of_stock=[kind.value for kind in OF_STOCK])
    return {
        "time_zone": of.time_zone,
        "today": {
            "date": day.first,
            "start": day.bounds[0],
            "end": day.bounds[-1],
            **totals(of, order_sums(account_id, day)),
        },
        "connections": status,
        "low_stock": _count(events, EventKind.LOW_STOCK),
        "oversold": _count(events, EventKind.OVERSOLD),
        "attention": [
            *_stopped(of.writes_stopped),
            *_of_shops(status),
            *_of_events(events),
        ],
    }


def _count(events: Sequence[Row], kind: EventKind) -> int:
    return sum(row["count"] for row in events if row["kind"] == kind)


def _stopped(is_so: bool) -> Iterable[Row]:
    if is_so:
        yield _item("writes_stopped", None, 1)


def _of_shops(status: Sequence[Row]) -> Iterable[Row]:
    for shop in status:
        for reason in shop["reasons"]:
            if reason in OF_SHOP:
                count = shop["failed_cells"] if reason == "refused" else 1
                yield _item(reason, shop["connection_id"], count)


def _of_events(events: Sequence[Row]) -> Iterable[Row]:
    """One for each kind and shop, however many there are of it."""
    counts: dict[tuple[str, int | None], int] = {}
    for row in events:
        key = row["kind"], None if row["kind"] in OF_ACCOUNT else row["connection_id"]
        counts[key] = counts.get(key, 0) + row["count"]
    for (kind, connection_id), count in counts.items():
        if kind in ACTIONS:
            yield _item(kind, connection_id, count)


def _item(kind: str, connection_id: int | None, count: int) -> Row:
    action, path = ACTIONS[kind]
    return {
        "kind": str(kind),
        "connection_id": connection_id,
        "count": count,
        "action": action,
        "path": path.format(connection_id=connection_id),
    }


_OPEN = text(
    f"""
    SELECT e.kind, e.connection_id, count(*) AS count
    FROM events e LEFT JOIN connections n ON n.id = e.connection_id
    WHERE e.account_id = :account_id AND e.cleared_at IS NULL AND (
        n.state IS DISTINCT FROM 'disconnected' OR e.kind = ANY(CAST(:of_stock AS text[]))
        OR e.kind = 'drift_in_review' AND EXISTS (
            SELECT 1 FROM stock_cells c
            WHERE c.connection_id = n.id AND c.variant_id = e.variant_id AND c.in_review AND {ASKED}
        )
    )
    GROUP BY e.kind, e.connection_id ORDER BY e.kind, e.connection_id
    """  # noqa: S608  (a constant)
)
