"""Connections with what there is to know of them, and their listings."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from app.errors import NotFound
from app.services.cells import OF_LISTING, error_in_words
from app.services.queries.paging import MOST, Page, Row, decode, page, read
from app.services.queries.search import MATCHES, pattern, where
from app.services.turns import LAST_SUCCESS

COUNTED = (
    "listings",
    "linked",
    "unlinked",
    "pending_events",
    "dirty_cells",
    "failed_cells",
    "open_attempts",
    "pending_drifts",
    "reviews",
    "checks_due",
)


def connections(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they were made."""
    after = decode(cursor, int) or [0]
    rows = read(_CONNECTIONS, account_id=account_id, id=None, after=after[0], limit=limit + 1)
    return page([_nested(row) for row in rows], limit, lambda row: [row["id"]])


def connection(account_id: int, connection_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_CONNECTIONS, account_id=account_id, id=connection_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such connection.")
    return _nested(rows[0])


def all_connections() -> list[Row]:
    """Those of all accounts, for operators."""
    rows = read(_CONNECTIONS, account_id=None, id=None, after=0, limit=None)
    return [_nested(row) for row in rows]


def listings(
    account_id: int, connection_id: int, *, linked: bool | None, limit: int, cursor: str | None = None
) -> Page:
    """A connection's listings, linked to a variant or not. Raises NotFound."""
    require_connection(account_id, connection_id)
    after = decode(cursor, int) or [0]
    rows = read(
        _LISTINGS,
        account_id=account_id,
        connection_id=connection_id,
        linked=linked,
        after=after[0],
        limit=limit + 1,
    )
    return page(_told(rows), limit, lambda row: [row["id"]])


def require_connection(account_id: int, connection_id: int) -> None:
    """Raises NotFound unless the account has it."""
    if not read(_EXISTS, account_id=account_id, id=connection_id):
        raise NotFound("There is no such connection.")


def listing(account_id: int, listing_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_LISTING, account_id=account_id, id=listing_id)
    if not rows:
        raise NotFound("There is no such listing.")
    return _told(rows)[0]


def search_listings(
    account_id: int,
    *,
    connection_id: int | None = None,
    variant_id: int | None = None,
    linked: bool | None = None,
    reason: str | None = None,
    cell_state: str | None = None,
    price_waits: bool | None = None,
    q: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """Those of all connections that match all that is given. `q`: part of SKU, title or barcode, in any
    case. A listing of several cells is `failed` if one is, else `active` if one is."""
    after = decode(cursor, int) or [0]
    text_pattern = pattern(q)
    conditions = [
        "l.account_id = :account_id AND l.id > :after",
        _FROM_ITS_FIRST.format(owner="account_id" if connection_id is None else "connection_id"),
        None if connection_id is None else "l.connection_id = :connection_id",
        None if variant_id is None else "l.variant_id = :variant_id",
        None if linked is None else f"l.variant_id IS {'NOT' if linked else ''} NULL",
        None if reason is None else "l.variant_id IS NULL AND l.unlinked_reason = :reason",
        None if cell_state is None else _BY_CELLS[cell_state],
        None if price_waits is None else f"l.id {'' if price_waits else 'NOT'} IN {_PRICE_WAITS}",
        f"l.{MATCHES}" if text_pattern else None,
    ]
    rows = read(
        text(f"{_PAGE.format(condition=where(conditions))} ORDER BY l.id"),
        account_id=account_id,
        connection_id=connection_id,
        variant_id=variant_id,
        reason=reason,
        pattern=text_pattern,
        after=after[0],
        limit=limit + 1,
    )
    return page(_told(rows), limit, lambda row: [row["id"]])


def listings_of_variant(account_id: int, variant_id: int) -> list[Row]:
    """The first MOST of them."""
    return list(search_listings(account_id, variant_id=variant_id, limit=MOST).items)


def _told(listings: Sequence[Row]) -> list[Row]:
    return [{**row, "error": row["error"] and error_in_words(row["error"])} for row in listings]


def _nested(row: Row) -> Row:
    counts = {name: row.pop(name) for name in COUNTED}
    return {**row, "counts": counts}


_CONNECTIONS = text(
    f"""
    SELECT c.id, c.account_id, c.platform, c.external_shop_id AS shop, c.name, c.currency, c.state,
           c.state_reason AS reason, c.drift_policy, c.share_percent, c.buffer, c.cap, c.brake_percent,
           c.braked_at, c.config,
           c.created_at, c.orders_polled_at, c.levels_swept_at, c.failures, c.backoff_until,
           {LAST_SUCCESS} AS last_success_at,
           c.last_error,
           l.listings, l.linked, l.unlinked, e.pending_events, s.dirty_cells, s.failed_cells,
           s.checks_due, a.open_attempts, d.pending_drifts, d.reviews
    FROM connections c
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(n), 0)::int AS listings,
               coalesce(sum(n) FILTER (WHERE reason IS NULL), 0)::int AS linked,
               coalesce(jsonb_object_agg(reason, n) FILTER (WHERE reason IS NOT NULL), '{{}}') AS unlinked
        FROM (
            SELECT unlinked_reason AS reason, count(*) AS n FROM listings
            WHERE connection_id = c.id GROUP BY unlinked_reason
        ) AS by_reason
    ) AS l
    CROSS JOIN LATERAL (
        SELECT count(*) AS pending_events FROM inbound_events
        WHERE connection_id = c.id AND state IN ('pending', 'retrying')
    ) AS e
    CROSS JOIN LATERAL (
        SELECT (
            SELECT count(*) FROM stock_cells
            WHERE connection_id = c.id AND state = 'active' AND dirty_since IS NOT NULL
        ) AS dirty_cells,
        (SELECT count(*) FROM stock_cells
            WHERE connection_id = c.id AND state = 'failed' AND variant_id IS NOT NULL) AS failed_cells,
        (SELECT count(*) FROM stock_cells WHERE connection_id = c.id AND check_due_at IS NOT NULL)
            AS checks_due
    ) AS s
    CROSS JOIN LATERAL (
        SELECT count(*) AS open_attempts FROM push_attempts
        WHERE connection_id = c.id AND outcome IN ('open', 'unknown')
    ) AS a
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE drifts.state = 'pending') AS pending_drifts,
               count(*) FILTER (WHERE drifts.state = 'review') AS reviews
        FROM drifts JOIN stock_cells ON stock_cells.id = drifts.cell_id
        WHERE drifts.account_id = c.account_id AND drifts.state IN ('pending', 'review')
            AND stock_cells.connection_id = c.id
    ) AS d
    WHERE (CAST(:account_id AS bigint) IS NULL OR c.account_id = CAST(:account_id AS bigint))
      AND c.id > :after AND (CAST(:id AS bigint) IS NULL OR c.id = CAST(:id AS bigint))
    ORDER BY c.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
_EXISTS = text("SELECT 1 AS found FROM connections WHERE account_id = :account_id AND id = :id")
_OF = f"""
    SELECT l.id, l.connection_id, l.external_id, l.external_product_id, l.sku, l.title, l.factor,
           l.variant_id, l.unlinked_reason, s.cell_state, s.expected, s.error,
           l.paused, l.share_percent, l.buffer, l.cap, l.fixed_quantity,
           CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('state', p.state, 'shop_minor', p.shop_minor,
               'override_minor', p.override_minor, 'currency', c.currency, 'problem', p.problem,
               'error', p.error, 'dirty', p.dirty_since IS NOT NULL, 'changed_at', p.changed_at,
               'written_again_at', p.hold_until) END AS price
    FROM {{listings}} l
    JOIN connections c ON c.id = l.connection_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN bool_or(s.state = 'failed') THEN 'failed' ELSE min(s.state) END AS cell_state,
               CAST(sum(CAST(s.account AS bigint) + s.drift) AS bigint) AS expected, max(s.error) AS error
        FROM stock_cells s WHERE {OF_LISTING}
    ) s
    LEFT JOIN listing_prices p ON p.listing_id = l.id
"""  # noqa: S608  (a constant)
_OF_LISTINGS = _OF.format(listings="listings")
# The page first, then what belongs to each listing of it.
_PAGE = _OF.format(listings="(SELECT * FROM listings l WHERE {condition} ORDER BY l.id LIMIT :limit)")
_LISTING = text(f"{_OF_LISTINGS} WHERE l.account_id = :account_id AND l.id = :id")
_LISTINGS = text(
    f"""
    {_OF_LISTINGS}
    WHERE l.account_id = :account_id AND l.connection_id = :connection_id AND l.id > :after
      AND (CAST(:linked AS boolean) IS NULL OR (l.variant_id IS NOT NULL) = CAST(:linked AS boolean))
    ORDER BY l.id LIMIT :limit
    """
)
# A shop's listings lie together, behind those of others: whoever walks by id need not pass these.
_FROM_ITS_FIRST = "l.id >= (SELECT min(id) FROM listings WHERE {owner} = :{owner})"
_WITH_CELLS = """(
    SELECT o.id FROM stock_cells s JOIN listings o ON o.connection_id = s.connection_id
        AND o.external_stock_id = s.external_stock_id
    WHERE s.account_id = :account_id AND s.state = '{state}'
)"""
_HAS_CELL = "EXISTS (SELECT 1 FROM stock_cells s WHERE {of_listing} AND s.state = '{state}')"
# Few cells are not active: their listings are looked up by them.
_BY_CELLS = {
    "failed": f"l.id IN {_WITH_CELLS.format(state='failed')}",
    "waiting": f"l.id IN {_WITH_CELLS.format(state='waiting')}"
    f" AND NOT {_HAS_CELL.format(of_listing=OF_LISTING, state='failed')}"
    f" AND NOT {_HAS_CELL.format(of_listing=OF_LISTING, state='active')}",
    "active": f"{_HAS_CELL.format(of_listing=OF_LISTING, state='active')}"
    f" AND NOT {_HAS_CELL.format(of_listing=OF_LISTING, state='failed')}",
}
_PRICE_WAITS = """(
    SELECT p.listing_id FROM listing_prices p WHERE p.state <> 'active'
        AND p.connection_id IN (SELECT id FROM connections WHERE account_id = :account_id)
)"""
