"""One order, and what each line of it did to the ledger."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.movements import OF_LINES
from app.services.queries.order_lists import ORDER_COLUMNS
from app.services.queries.paging import Row, read
from app.services.shippable import lines_left
from app.services.uow import unit_of_work


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


_ORDER = text(
    f"""
    SELECT {ORDER_COLUMNS} FROM orders o JOIN connections c ON c.id = o.connection_id
    WHERE o.account_id = :account_id AND o.id = :id
    """  # noqa: S608  (a constant)
)
_LINES = text(
    """
    SELECT l.id, l.external_id, l.listing_id, coalesce(l.applied_variant_id, g.variant_id) AS variant_id,
           l.sku, l.title, l.quantity, l.unit_price_minor, l.tax_minor, l.discount_minor
    FROM order_lines l LEFT JOIN listings g ON g.id = l.listing_id
    WHERE l.account_id = :account_id AND l.order_id = :order_id ORDER BY l.id
    """
)
_MOVEMENTS = text(
    f"""
    SELECT l.id AS line_id, m.id, m.created_at AS booked_at, m.cause, m.variant_id, m.location_id,
           m.on_hand_delta, m.committed_delta
    FROM {OF_LINES}
    WHERE l.account_id = :account_id AND l.order_id = :order_id ORDER BY m.id
    """  # noqa: S608  (a constant)
)
