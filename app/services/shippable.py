"""What of an order is left to ship, by what its shop told last and by the shipments entered here since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.orders import fulfilled_units, open_units
from app.services.order_lines import stored_parts


@dataclass(frozen=True, slots=True)
class LineLeft:
    """A line's units: `fulfilled` by the shop's account, and `left` to ship, those on their way taken off."""

    id: int
    external_id: str
    fulfilled: int
    left: int


def lines_left(session: Session, order_id: int) -> Sequence[LineLeft]:
    """In the order of their ids. Whoever ships by it holds the order's lock."""
    found = []
    for row in session.execute(_LINES, {"order_id": order_id}):
        parts = stored_parts(row)
        left = max(open_units(parts) - row.on_the_way, 0)
        found.append(LineLeft(row.id, row.external_id, fulfilled_units(parts), left))
    return found


# On their way are those that the shop's account cannot speak of yet, or (told by note only) never will. Of a
# shipment that it refused, it may have taken a part.
_LINES = text(
    """
    SELECT l.id, l.external_id, l.parts, coalesce((
        SELECT sum(n.quantity) FROM fulfillment_lines n JOIN fulfillments f ON f.id = n.fulfillment_id
        WHERE n.order_line_id = l.id AND (
            f.state IN ('pending', 'sending')
            OR f.state = 'sent' AND (f.only_noted OR o.fetched_at < f.sent_at)
            OR f.state = 'failed' AND f.order_due AND f.known_before IS NOT NULL
        )
    ), 0) AS on_the_way
    FROM orders o JOIN order_lines l ON l.order_id = o.id
    WHERE o.id = :order_id ORDER BY l.id
    """
)
