"""Makes low-stock and oversold events agree with the levels, whatever they missed.

A booking tells only of what it crosses. A threshold that was changed crosses nothing, nor does the rare
booking that waited for a lock while another one opened the variant's first level at some place.
"""

from __future__ import annotations

from sqlalchemy import text

from app.services import ledger
from app.services.uow import unit_of_work

VARIANTS_PER_TRANSACTION = 500


def catch_up(account_id: int) -> None:
    """Look at all variants of the account that have levels. Idempotent."""
    after = 0
    while True:
        with unit_of_work() as uow:
            params = {"account_id": account_id, "after": after, "limit": VARIANTS_PER_TRANSACTION}
            rows = uow.session.execute(_PLACES, params).all()
            if not rows:
                return
            ledger.tell_anew(uow.session, account_id, {(r.variant_id, r.location_id) for r in rows})
            uow.commit()
            after = rows[-1].variant_id


_PLACES = text(
    """
    SELECT l.variant_id, l.location_id
    FROM (
        SELECT v.id FROM variants v
        WHERE v.account_id = :account_id AND v.id > :after
            AND EXISTS (SELECT 1 FROM stock_levels l WHERE l.variant_id = v.id)
        ORDER BY v.id LIMIT :limit
    ) AS page JOIN stock_levels l ON l.variant_id = page.id
    ORDER BY l.variant_id
    """
)
