"""Base prices, the price rule of a connection, and what it would change."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

from sqlalchemy import text

from app.errors import NotFound
from app.services.prices import preview
from app.services.prices.preview import Change
from app.services.queries.connections import require_connection
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.search import pattern_of


def base_prices(account_id: int, *, q: str | None, limit: int, cursor: str | None = None) -> Page:
    """Every variant with its base price; `q` is part of a title or the beginning of a SKU."""
    after = decode(cursor, int) or [0]
    rows = read(
        _BASE_PRICES, account_id=account_id, pattern=pattern_of(q), id=None, after=after[0], limit=limit + 1
    )
    return page(rows, limit, lambda row: [row["variant_id"]])


def base_price(account_id: int, variant_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_BASE_PRICES, account_id=account_id, pattern=None, id=variant_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such variant.")
    return rows[0]


def rule(account_id: int, connection_id: int) -> Row:
    """The rule as it was last set; that of a connection without one is off and changes nothing. Raises
    NotFound."""
    require_connection(account_id, connection_id)
    [row] = read(_RULE, id=connection_id)
    return {**row, "factor": _plain(row["factor"])}


def preview_page(
    account_id: int, connection_id: int, *, change: str | None, limit: int, cursor: str | None = None
) -> Page:
    """What becomes of each linked listing's price. Raises NotFound where there is no rule."""
    after = decode(cursor, int) or [0]
    found = preview.preview(
        account_id, connection_id, after[0], limit + 1, change=Change(change) if change else None
    )
    return page([asdict(row) for row in found], limit, lambda row: [row["listing_id"]])


def _plain(number: Decimal) -> str:
    """1.100000 -> '1.1'"""
    return f"{number.normalize():f}"


_BASE_PRICES = text(
    """
    SELECT v.id AS variant_id, v.sku, v.title, v.price_minor, v.currency
    FROM variants v
    WHERE v.account_id = :account_id AND v.id > :after
      AND (CAST(:id AS bigint) IS NULL OR v.id = CAST(:id AS bigint))
      AND (CAST(:pattern AS text) IS NULL OR v.sku ILIKE CAST(:pattern AS text) || '%'
           OR v.title ILIKE '%' || CAST(:pattern AS text) || '%')
    ORDER BY v.id LIMIT :limit
    """
)
_RULE = text(
    """
    SELECT c.id AS connection_id, c.currency, coalesce(s.state, 'off') AS state,
        coalesce(s.version, 0) AS version, coalesce(s.factor, 1) AS factor, coalesce(s.rates, '{}') AS rates,
        coalesce(s.rounding, 'unit') AS rounding, coalesce(s.rounding_minor, 0) AS rounding_minor,
        coalesce(s.direction, 'nearest') AS direction, coalesce(s.brake_percent, 20) AS brake_percent,
        coalesce(s.brake_change_percent, 30) AS brake_change_percent, s.braked_at
    FROM connections c LEFT JOIN price_syncs s ON s.connection_id = c.id
    WHERE c.id = :id
    """
)
