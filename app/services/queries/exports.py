"""Lists as rows of files: read a page at a time, each in a transaction of its own, so that memory does not
grow with the list. Rows that come or change meanwhile may be in it or not; what stays as it is is in it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.domain.csv_cells import guarded
from app.services.queries.movement_lists import MovementFilter, movements, movements_of
from app.services.queries.order_filters import OrderFilter
from app.services.queries.order_lists import orders
from app.services.queries.paging import Page, Row, read
from app.services.queries.runs import items
from app.services.queries.stock import require_variant

PAGE = 1_000
ORDER_COLUMNS = (
    "id",
    "connection_id",
    "platform",
    "external_id",
    "number",
    "state",
    "payment",
    "currency",
    "total_minor",
    "subtotal_minor",
    "tax_minor",
    "shipping_minor",
    "discount_minor",
    "refunded_minor",
    "is_test",
    "placed_at",
    "updated_at",
    "review_reason",
)
_FIRST_OF_LINE = ("id", "connection_id", "platform", "number", "state", "payment", "placed_at", "currency")
LINE_COLUMNS = (
    *(f"order_{name}" if name == "id" else name for name in _FIRST_OF_LINE),
    "line_id",
    "variant_id",
    "sku",
    "title",
    "quantity",
    "unit_price_minor",
    "line_tax_minor",
    "line_discount_minor",
)
MOVEMENT_COLUMNS = (
    "id",
    "booked_at",
    "occurred_at",
    "variant_id",
    "sku",
    "title",
    "location_id",
    "location",
    "cause",
    "on_hand_delta",
    "committed_delta",
    "on_hand_after",
    "committed_after",
    "order_id",
    "order_number",
    "connection_id",
    "reason",
    "note",
    "made_by",
    "text",
)
STOCK_COLUMNS = (
    "variant_id",
    "sku",
    "title",
    "location_id",
    "location",
    "on_hand",
    "committed",
    "available",
)
RUN_ITEM_COLUMNS = (
    "at",
    "connection_id",
    "connection_name",
    "sku",
    "title",
    "location",
    "from_quantity",
    "to_quantity",
    "outcome",
    "code",
    "error",
)

Rows = Iterator[Sequence[Any]]


def order_rows(account_id: int, asked: OrderFilter) -> Rows:
    """ORDER_COLUMNS, then a row for each order, the newest first."""
    return table(ORDER_COLUMNS, lambda cursor: orders(account_id, asked, limit=PAGE, cursor=cursor))


def order_line_rows(account_id: int, asked: OrderFilter) -> Rows:
    """LINE_COLUMNS, then a row for each line, those of the newest order first."""

    def lines(cursor: str | None) -> Page:
        found = orders(account_id, asked, limit=PAGE, cursor=cursor)
        return Page(_lines_of(account_id, found.items), found.next)

    return table(LINE_COLUMNS, lines)


def movement_rows(account_id: int, asked: MovementFilter, variant_id: int | None = None) -> Rows:
    """MOVEMENT_COLUMNS, then a row for each movement, of one variant if it is given, the newest first.
    Raises NotFound."""
    if variant_id is None:
        return table(MOVEMENT_COLUMNS, lambda cursor: movements(account_id, asked, limit=PAGE, cursor=cursor))
    require_variant(account_id, variant_id)
    return table(
        MOVEMENT_COLUMNS,
        lambda cursor: movements_of(account_id, variant_id, asked, limit=PAGE, cursor=cursor),
    )


def stock_rows(account_id: int, location_id: int | None = None) -> Rows:
    """STOCK_COLUMNS, then a row for each variant and location that it has a level at."""
    return table(STOCK_COLUMNS, lambda cursor: _levels(account_id, location_id, cursor))


def run_item_rows(account_id: int, run_id: int, **filters: Any) -> Rows:
    """RUN_ITEM_COLUMNS, then a row for each item of a run. Raises NotFound."""
    return table(
        RUN_ITEM_COLUMNS, lambda cursor: items(account_id, run_id, limit=PAGE, cursor=cursor, **filters)
    )


def table(columns: Sequence[str], read_page: Callable[[str | None], Page]) -> Rows:
    """The columns' names and a row for each item of all pages."""
    yield columns
    cursor = None
    while True:
        found = read_page(cursor)
        for item in found.items:
            yield [_cell(item.get(name)) for name in columns]
        if found.next is None:
            return
        cursor = found.next


def _cell(value: object) -> object:
    """Text that a spreadsheet would run is guarded; numbers, also negative ones, are none."""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else value


def _lines_of(account_id: int, found: Sequence[Row]) -> list[Row]:
    lines: dict[int, list[Row]] = defaultdict(list)
    for line in read(_LINES, account_id=account_id, orders=[order["id"] for order in found]):
        lines[line.pop("order_id")].append(line)
    return [_with_order(order, line) for order in found for line in lines[order["id"]]]


def _with_order(order: Mapping[str, Any], line: Row) -> Row:
    return {**{name: order[name] for name in _FIRST_OF_LINE}, "order_id": order["id"], **line}


def _levels(account_id: int, location_id: int | None, cursor: str | None) -> Page:
    after = 0 if cursor is None else int(cursor)
    rows = read(_LEVELS, account_id=account_id, location_id=location_id, after=after, limit=PAGE)
    return Page(rows, str(rows[-1]["level_id"]) if len(rows) == PAGE else None)


_LINES = text(
    """
    SELECT l.order_id, l.id AS line_id, coalesce(l.applied_variant_id, g.variant_id) AS variant_id, l.sku,
        l.title, l.quantity, l.unit_price_minor, l.tax_minor AS line_tax_minor,
        l.discount_minor AS line_discount_minor
    FROM order_lines l LEFT JOIN listings g ON g.id = l.listing_id
    WHERE l.account_id = :account_id AND l.order_id = ANY(CAST(:orders AS bigint[]))
    ORDER BY l.order_id, l.id
    """
)
_LEVELS = text(
    """
    SELECT s.id AS level_id, s.variant_id, v.sku, v.title, s.location_id, p.name AS location, s.on_hand,
        s.committed, s.on_hand - s.committed AS available
    FROM (
        SELECT * FROM stock_levels
        WHERE account_id = :account_id AND id > :after
          AND (CAST(:location_id AS bigint) IS NULL OR location_id = CAST(:location_id AS bigint))
        ORDER BY id LIMIT :limit
    ) s
    JOIN variants v ON v.id = s.variant_id
    JOIN locations p ON p.id = s.location_id
    ORDER BY s.id
    """
)
