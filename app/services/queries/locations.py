"""Where the account keeps stock, and what its places are at the shops."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.connections import require_connection
from app.services.queries.paging import Page, Row, decode, page, read


def locations(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they were made."""
    after = decode(cursor, int) or [0]
    rows = read(_LOCATIONS, account_id=account_id, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def location(account_id: int, location_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_LOCATION, account_id=account_id, id=location_id)
    if not rows:
        raise NotFound("There is no such location.")
    return rows[0]


def shop_locations(account_id: int, connection_id: int) -> list[Row]:
    """A shop's locations, those that are ours first; a shop has few. Raises NotFound."""
    require_connection(account_id, connection_id)
    return read(_SHOP_LOCATIONS, connection_id=connection_id)


_LOCATIONS = text(
    "SELECT id, name FROM locations WHERE account_id = :account_id AND id > :after ORDER BY id LIMIT :limit"
)
_LOCATION = text("SELECT id, name FROM locations WHERE account_id = :account_id AND id = :id")
_SHOP_LOCATIONS = text(
    """
    SELECT m.external_location_id, m.name, m.active, m.location_id, p.name AS location
    FROM connection_locations m LEFT JOIN locations p ON p.id = m.location_id
    WHERE m.connection_id = :connection_id
    ORDER BY m.location_id IS NULL, m.priority, m.id
    """
)
