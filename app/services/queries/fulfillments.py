"""Shipments entered here, what the shop made of them, and what they wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import text

from app.errors import NotFound
from app.platforms.registry import platforms
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.stock import NEWER_THAN_ANY

NO_PARTS = (
    "{name} cannot show that a part of an order was shipped. Until nothing of the order is left to ship, its"
    " shipments are kept here and told in notes of the order; the one that leaves nothing open completes it."
)


def fulfillments(account_id: int, order_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """Those of an order, newest first. Raises NotFound."""
    if not read(_HAS_ORDER, account_id=account_id, order_id=order_id):
        raise NotFound("There is no such order.")
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_OF_ORDER, account_id=account_id, order_id=order_id, before=before[0], limit=limit + 1)
    found = page(rows, limit, lambda row: [row["id"]])
    return Page(_with_lines(account_id, found.items), found.next)


def fulfillment(account_id: int, fulfillment_id: int) -> Row:
    """One of them. Raises NotFound."""
    rows = read(_ONE, account_id=account_id, id=fulfillment_id)
    if not rows:
        raise NotFound("There is no such shipment.")
    [found] = _with_lines(account_id, rows)
    return found


def _with_lines(account_id: int, rows: Sequence[Row]) -> list[Row]:
    lines: dict[int, list[Row]] = defaultdict(list)
    for line in read(_LINES, account_id=account_id, ids=[row["id"] for row in rows]):
        lines[line.pop("fulfillment_id")].append(line)
    return [{**row, "lines": lines[row["id"]], "remark": _remark(row)} for row in rows]


def _remark(row: Row) -> str | None:
    """What the shop cannot do for it."""
    platform = platforms().get(row["platform"])
    told_whole = row["state"] == "sent" and not row["only_noted"]
    if platform is None or platform.capabilities.partial_fulfillments or told_whole:
        return None
    return NO_PARTS.format(name=platform.name)


_FULFILLMENTS = """
    SELECT f.id, f.order_id, f.connection_id, c.platform, f.state, f.carrier, f.tracking_number,
        f.tracking_url, f.notify_customer, f.only_noted, f.created_at, f.sent_at, f.error_code, f.error,
        coalesce(u.email, f.actor) AS created_by,
        CASE WHEN f.state <> 'sent' THEN NULL WHEN f.only_noted THEN 'note' ELSE 'fulfillment' END AS told_as,
        CASE WHEN f.state IN ('pending', 'sending') THEN f.next_attempt_at END AS next_attempt_at,
        CASE
            WHEN f.state NOT IN ('pending', 'sending') THEN NULL
            WHEN c.state <> 'active' THEN 'connection_' || c.state
            WHEN t.writes_stopped_at IS NOT NULL THEN 'writes_stopped'
            WHEN EXISTS (
                SELECT 1 FROM fulfillments e WHERE e.order_id = f.order_id AND e.id < f.id
                    AND e.state IN ('pending', 'sending')
            ) THEN 'earlier_shipment'
        END AS waits_for
    FROM fulfillments f
    JOIN connections c ON c.id = f.connection_id
    JOIN accounts t ON t.id = f.account_id
    LEFT JOIN users u ON u.id = CASE WHEN f.actor LIKE 'user:%'
        THEN CAST(split_part(f.actor, ':', 2) AS bigint) END
    WHERE f.account_id = :account_id
"""
_HAS_ORDER = text("SELECT id FROM orders WHERE account_id = :account_id AND id = :order_id")
_OF_ORDER = text(
    f"{_FULFILLMENTS} AND f.order_id = :order_id AND f.id < :before ORDER BY f.id DESC LIMIT :limit"
)
_ONE = text(f"{_FULFILLMENTS} AND f.id = :id")
_LINES = text(
    """
    SELECT n.fulfillment_id, n.order_line_id, l.sku, l.title, n.quantity
    FROM fulfillment_lines n JOIN order_lines l ON l.id = n.order_line_id
    WHERE n.account_id = :account_id AND n.fulfillment_id = ANY(CAST(:ids AS bigint[]))
    ORDER BY n.fulfillment_id, l.id
    """
)
