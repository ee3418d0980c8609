"""Orders of every channel, and what each line did to the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import InvalidCursor, Page, Row, decode, page, read
from app.services.shippable import lines_left
from app.services.uow import unit_of_work


def orders(account_id: int, *, connection_id: int | None, limit: int, cursor: str | None = None) -> Page:
    """Newest first, by when they were placed."""
    placed_before, id_before = _position(cursor)
    rows = read(
        _ORDERS,
        account_id=account_id,
        connection_id=connection_id,
        placed_before=placed_before,
        id_before=id_before,
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: [row["placed_at"].isoformat(), row["id"]])


def order(account_id: int, order_id: int) -> Row:
    """One order with its lines, what is left of each to ship, and their movements, oldest first. Raises
    NotFound."""
    found = read(_ORDER, account_id=account_id, id=order_id)
    if not found:
        raise NotFound("There is no such order.")
    lines = read(_LINES, account_id=account_id, order_id=order_id)
    movements: dict[int, list[Row]] = defaultdict(list)
    for row in read(_MOVEMENTS, account_id=account_id, order_id=order_id):
        movements[row.pop("line_id")].append(row)
    with unit_of_work() as uow:
        left = {line.id: line for line in lines_left(uow.session, order_id)}
    for line in lines:
        line["movements"] = movements[line["id"]]
        line["fulfilled_quantity"], line["open_quantity"] = left[line["id"]].fulfilled, left[line["id"]].left
    return {**found[0], "lines": lines}


def _position(cursor: str | None) -> tuple[datetime | None, int | None]:
    key = decode(cursor, str, int)
    if key is None:
        return None, None
    try:
        return datetime.fromisoformat(key[0]), key[1]
    except ValueError as err:
        raise InvalidCursor() from err


_COLUMNS = """
    SELECT o.id, o.connection_id, c.platform, o.external_id, o.number, o.state, o.payment, o.currency,
           o.total_minor, o.subtotal_minor, o.tax_minor, o.shipping_minor, o.discount_minor,
           o.refunded_minor, o.is_test, o.placed_at, o.external_updated_at AS updated_at, o.review_reason
    FROM orders o JOIN connections c ON c.id = o.connection_id
"""
_ORDERS = text(
    f"""
    {_COLUMNS}
    WHERE o.account_id = :account_id AND o.placed_at IS NOT NULL
      AND (CAST(:connection_id AS bigint) IS NULL OR o.connection_id = CAST(:connection_id AS bigint))
      AND (CAST(:placed_before AS timestamptz) IS NULL
           OR (o.placed_at, o.id) < (CAST(:placed_before AS timestamptz), CAST(:id_before AS bigint)))
    ORDER BY o.placed_at DESC, o.id DESC LIMIT :limit
    """
)
_ORDER = text(f"{_COLUMNS} WHERE o.account_id = :account_id AND o.id = :id")
_LINES = text(
    """
    SELECT l.id, l.external_id, l.listing_id, coalesce(l.applied_variant_id, g.variant_id) AS variant_id,
           l.sku, l.title, l.quantity, l.unit_price_minor, l.tax_minor, l.discount_minor
    FROM order_lines l LEFT JOIN listings g ON g.id = l.listing_id
    WHERE l.account_id = :account_id AND l.order_id = :order_id ORDER BY l.id
    """
)
_MOVEMENTS = text(
    """
    SELECT l.id AS line_id, m.id, m.created_at AS booked_at, m.cause, m.variant_id, m.location_id,
           m.on_hand_delta, m.committed_delta
    FROM order_lines l
    CROSS JOIN LATERAL generate_series(0, l.effect_seq) AS seq
    JOIN stock_movements m
      ON m.account_id = l.account_id AND m.source_key = 'line:' || l.id || ':' || seq
    WHERE l.account_id = :account_id AND l.order_id = :order_id ORDER BY m.id
    """
)
