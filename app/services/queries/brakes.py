"""Shops whose numbers, or prices, stopped changing by themselves and wait for a person."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.event_log import EventKind
from app.services.queries.paging import Page, decode, page, read

KINDS = {EventKind.BRAKE.value: "stock", EventKind.PRICE_BRAKE.value: "prices"}


def brakes(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """Those that are on, the longest first. `detail` says what would have changed."""
    after = decode(cursor, int) or [0]
    rows = read(_BRAKES, account_id=account_id, kinds=list(KINDS), after=after[0], limit=limit + 1)
    return page([{**row, "kind": KINDS[row["kind"]]} for row in rows], limit, lambda row: [row["id"]])


_BRAKES = text(
    """
    SELECT e.id, e.kind, e.connection_id, c.name AS connection_name, c.platform, e.detail,
        e.raised_at AS braked_at
    FROM events e JOIN connections c ON c.id = e.connection_id
    WHERE e.account_id = :account_id AND e.kind = ANY(CAST(:kinds AS text[])) AND e.cleared_at IS NULL
        AND e.id > :after
    ORDER BY e.id LIMIT :limit
    """
)
