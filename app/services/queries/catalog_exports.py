"""The catalog as rows of files, read a page at a time, each in a transaction of its own."""

from __future__ import annotations

from typing import Any

from app.domain.money import from_minor
from app.services.queries.connections import search_listings
from app.services.queries.exports import PAGE, Rows, table
from app.services.queries.paging import Page, Row
from app.services.queries.variants import variants

VARIANT_COLUMNS = (
    "id",
    "sku",
    "title",
    "barcode",
    "currency",
    "price",
    "unit_cost",
    "low_stock_threshold",
    "product_title",
    "on_hand",
    "committed",
    "available",
    "listing_count",
    "is_bundle",
    "archived_at",
)
LISTING_COLUMNS = (
    "id",
    "connection_id",
    "external_id",
    "external_product_id",
    "sku",
    "title",
    "factor",
    "variant_id",
    "unlinked_reason",
    "cell_state",
    "expected",
    "error",
    "paused",
    "share_percent",
    "buffer",
    "cap",
    "fixed_quantity",
)


def variant_rows(account_id: int, **asked: Any) -> Rows:
    """VARIANT_COLUMNS, then a row for each that `queries.variants.variants` finds; amounts as people write
    them."""

    def some(cursor: str | None) -> Page:
        found = variants(account_id, limit=PAGE, cursor=cursor, **asked)
        return Page([{**row, **_amounts(row)} for row in found.items], found.next)

    return table(VARIANT_COLUMNS, some)


def listing_rows(account_id: int, **asked: Any) -> Rows:
    """LISTING_COLUMNS, then a row for each that `queries.connections.search_listings` finds."""
    return table(
        LISTING_COLUMNS, lambda cursor: search_listings(account_id, limit=PAGE, cursor=cursor, **asked)
    )


def _amounts(row: Row) -> Row:
    names = {"price": "price_minor", "unit_cost": "unit_cost_minor"}
    return {
        name: None if row[column] is None else from_minor(row[column], row["currency"])
        for name, column in names.items()
    }
