"""What a connection's prices give to tell, as events that are open for as long as it is so."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.services.event_log import Happening, Subject, clear_events, raise_events

KINDS = {
    "changed": EventKind.PRICES_CHANGED,
    "contested": EventKind.PRICES_CONTESTED,
    "failed": EventKind.PRICES_REFUSED,
}
"""By the state of a listing's price."""


def tell(session: Session, account_id: int, connection_id: int) -> None:
    """Open and close the connection's events of prices by what is so now; last in the transaction."""
    subject = Subject(account_id, connection_id=connection_id)
    rows = session.execute(_COUNT, {"connection_id": connection_id})
    found = {KINDS[row.state]: row.listings for row in rows}
    raise_events(session, [Happening(kind, subject, {"listings": n}) for kind, n in found.items()])
    clear_events(session, [(kind, subject) for kind in KINDS.values() if kind not in found])


_COUNT = text(
    """
    SELECT p.state, count(*) AS listings
    FROM listing_prices p JOIN price_syncs s ON s.connection_id = p.connection_id AND s.state = 'on'
    JOIN listings l ON l.id = p.listing_id AND l.variant_id IS NOT NULL
    WHERE p.connection_id = :connection_id AND p.state <> 'active'
    GROUP BY p.state
    """
)
