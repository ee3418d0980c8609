"""What came in from the shops, without the bodies."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.paging import Page, decode, page, read

NEWER_THAN_ANY = 2**62


def events(account_id: int, *, state: str | None, limit: int, cursor: str | None = None) -> Page:
    """Newest first."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_EVENTS, account_id=account_id, state=state, before=before[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


_EVENTS = text(
    """
    SELECT e.id, e.connection_id, c.platform, e.topic, e.state, e.verdict, e.attempts, e.received_at,
           e.next_attempt_at, e.processed_at
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.account_id = :account_id AND e.id < :before
      AND (CAST(:state AS text) IS NULL OR e.state = CAST(:state AS text))
    ORDER BY e.id DESC LIMIT :limit
    """
)
