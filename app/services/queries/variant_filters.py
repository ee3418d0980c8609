"""Which variants a list has, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import text

from app.services.queries.available import available_of
from app.services.queries.paging import InvalidCursor, Page, Row, decode, page, read
from app.services.queries.search import MATCHES, pattern, where

Sort = Literal["id", "-id", "sku", "-sku", "title", "-title"]
SORTS: tuple[Sort, ...] = ("id", "-id", "sku", "-sku", "title", "-title")
"""By what a list is sorted; with a minus the other way round. SKUs and titles in any case."""
_LOW_ONES = """
    SELECT variant_id FROM events
    WHERE account_id = :account_id AND kind = 'low_stock' AND cleared_at IS NULL
"""
_LEFT = available_of("v.id")
_DIFFERING = """
    FROM stock_cells s JOIN connections c ON c.id = s.connection_id
    WHERE s.account_id = :account_id AND c.state <> 'disconnected'
        AND (s.state <> 'active' OR s.dirty_since IS NOT NULL OR s.drift <> 0)
"""
"""Numbers at shops that are not known to be what they should be (ix_stock_cells_differs)."""
FILTERS: Mapping[str, tuple[str, str]] = {
    "has_listings": (
        # Not as EXISTS, for which all listings would be read and compared with all variants.
        "(SELECT l.id FROM listings l WHERE l.variant_id = v.id LIMIT 1) IS NOT NULL",
        "(SELECT l.id FROM listings l WHERE l.variant_id = v.id LIMIT 1) IS NULL",
    ),
    "is_bundle": (
        "v.id IN (SELECT bundle_id FROM bundle_components WHERE account_id = :account_id)",
        "NOT EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = v.id)",
    ),
    "low_stock": (
        f"v.id IN ({_LOW_ONES})",
        """NOT EXISTS (
            SELECT 1 FROM events e WHERE e.account_id = :account_id AND e.kind = 'low_stock'
                AND e.variant_id = v.id AND e.cleared_at IS NULL
        )""",
    ),
    "out_of_stock": (
        # Where none is left, it is low by any threshold; but what bundles are is not told by events.
        f"""v.id IN (
            {_LOW_ONES} UNION ALL SELECT bundle_id FROM bundle_components WHERE account_id = :account_id
        ) AND {_LEFT} <= 0""",  # noqa: S608  (constants)
        f"{_LEFT} > 0",
    ),
    "differs": (
        f"v.id IN (SELECT s.variant_id {_DIFFERING})",
        f"""(
            SELECT s.id {_DIFFERING} AND s.variant_id = v.id LIMIT 1
        ) IS NULL""",
    ),
    "archived": ("v.archived_at IS NOT NULL", "v.archived_at IS NULL"),
}
"""What may be asked for, and its opposite. Low is what the open events say is low: never a bundle, but what
it is made of. Of what is left of bundles there is no index: each is looked at."""
MOST_COUNTED = 100_000
Conditions = Sequence[str | None]


def chosen(
    account_id: int,
    *,
    q: str | None = None,
    sku: str | None = None,
    connection_id: int | None = None,
    location_id: int | None = None,
    variant_ids: Sequence[int] = (),
    **asked: bool | None,
) -> tuple[Conditions, Row]:
    """Conditions on `variants v`, and their parameters, of those that match all of `asked` (FILTERS, None for
    either way), `q` (part of SKU, title or barcode, in any case), `sku` (letter for letter), a number at a
    connection, a level at a location, and `variant_ids` where some are named."""
    text_pattern = pattern(q)
    conditions = [
        "v.account_id = :account_id",
        *(FILTERS[name][0 if wanted else 1] for name, wanted in asked.items() if wanted is not None),
        MATCHES if text_pattern else None,
        "v.sku = :sku" if sku is not None else None,
        _SHOWN_AT if connection_id is not None else None,
        _KEPT_AT if location_id is not None else None,
        "v.id = ANY(CAST(:variant_ids AS bigint[]))" if variant_ids else None,
    ]
    return conditions, {
        "account_id": account_id,
        "pattern": text_pattern,
        "sku": sku,
        "connection_id": connection_id,
        "location_id": location_id,
        "variant_ids": list(variant_ids),
    }


def sorted_page(
    query: str, conditions: Conditions, parameters: Row, sort: Sort, limit: int, cursor: str | None
) -> Page:
    """A page of `query`, which has room for `condition`, `order` and `limit`, and gives `id`, `sku_key` and
    `title_key`. It goes by the sort's index: a cursor is the sort and the last row's key, whatever came or
    went since. Raises InvalidCursor, also for one of another sort."""
    column = {"sku": "sku_key", "title": "title_key"}.get(sort.lstrip("-"))
    beyond, direction = ("<", "DESC") if sort.startswith("-") else (">", "ASC")
    key = decode(cursor, str, *([int] if column is None else [str, int]))
    after = None
    if key is not None:
        if key.pop(0) != sort:
            raise InvalidCursor()
        after = f"(v.{column}, v.id) {beyond} (:key, :after)" if column else f"v.id {beyond} :after"
        parameters = {**parameters, "after": key[-1], "key": key[0]}
    order = f"v.{column} {direction}, v.id {direction}" if column else f"v.id {direction}"
    found = text(query.format(condition=where([*conditions, after]), order=order, limit="LIMIT :limit"))
    names = ["id"] if column is None else [column, "id"]
    return page(
        read(found, **parameters, limit=limit + 1), limit, lambda row: [sort, *(row[name] for name in names)]
    )


def count(conditions: Conditions, parameters: Row) -> Row:
    """How many there are: `count`, and whether there are more than were counted (`at_least`)."""
    some = f"SELECT 1 FROM variants v WHERE {where(conditions)} LIMIT :most"  # noqa: S608  (constants)
    found = text(f"SELECT count(*) AS n FROM ({some}) AS v")  # noqa: S608
    [row] = read(found, **parameters, most=MOST_COUNTED + 1)
    return {"count": min(row["n"], MOST_COUNTED), "at_least": row["n"] > MOST_COUNTED}


_SHOWN_AT = """(
    SELECT s.id FROM stock_cells s
    WHERE s.variant_id = v.id AND s.account_id = :account_id AND s.connection_id = :connection_id LIMIT 1
) IS NOT NULL"""
_KEPT_AT = """(
    SELECT s.id FROM stock_levels s
    WHERE s.variant_id = v.id AND s.account_id = :account_id AND s.location_id = :location_id LIMIT 1
) IS NOT NULL"""
