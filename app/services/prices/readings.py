"""Prices that were read at a shop: what we wrote and find again is no news, all else is somebody's change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.prices import MOST_REVERSALS
from app.platforms.base import ExternalProduct
from app.services.cells import now
from app.services.prices.told import tell
from app.services.uow import unit_of_work

HOLD = timedelta(hours=1)
"""How long a price that was changed at the shop stays, before ours is written over it."""
IN_A_ROW = timedelta(days=7)
"""Changes of one price that are further apart have nothing to do with each other."""


def request_time() -> datetime:
    """The database's time, to be taken before prices are asked for."""
    with unit_of_work() as uow:
        return now(uow.session)


def note_products(
    session: Session,
    account_id: int,
    connection_id: int,
    products: Iterable[ExternalProduct],
    requested_at: datetime,
) -> None:
    """`note` of what a product read has shown, told of at once."""
    seen = {one.external_id: one.price_minor for product in products for one in product.listings}
    if note(session, connection_id, seen, requested_at):
        tell(session, account_id, connection_id)


def note(session: Session, connection_id: int, seen: Mapping[str, int | None], requested_at: datetime) -> int:
    """Take in prices by external listing id, asked for at `requested_at` (the database's time).

    One that was asked for before a write of ours was recorded is thrown away: it may be older than the write.
    Where the shop had shown what we wanted and shows something else, somebody has changed it: ours waits for
    HOLD; at the third time in a row it waits for a person. Nothing is noted where price sync is not on.
    Returns how many prices are news.
    """
    rows = [{"external_id": external_id, "price_minor": price} for external_id, price in seen.items()]
    params = {"connection_id": connection_id, "rows": json.dumps(rows)}
    locked = session.execute(_LOCK_NEWS, params).scalars().all()
    if not locked:
        return 0
    params |= {
        "ids": list(locked),
        "requested_at": requested_at,
        "hold": HOLD,
        "in_a_row": IN_A_ROW,
        "most": MOST_REVERSALS,
    }
    return len(session.execute(_NOTE, params).all())


_NEWS = """
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (external_id text, price_minor bigint)
    JOIN listings l ON l.connection_id = :connection_id AND l.external_id = r.external_id
    JOIN listing_prices p ON p.listing_id = l.id
"""
_LOCK_NEWS = text(
    f"""
    SELECT p.id {_NEWS}
    JOIN price_syncs s ON s.connection_id = p.connection_id AND s.state = 'on'
    WHERE l.variant_id IS NOT NULL AND p.shop_minor IS DISTINCT FROM r.price_minor
    ORDER BY p.listing_id FOR NO KEY UPDATE OF p
    """  # noqa: S608  (a constant)
)
# A statement of its own: it sees the attempts that were recorded while the locks were waited for.
_NOTE = text(
    f"""
    WITH news AS (
        SELECT p.id, r.price_minor,
            p.kept_minor IS NOT NULL AND r.price_minor IS DISTINCT FROM p.kept_minor AS is_changed,
            p.shop_minor IS NOT DISTINCT FROM p.kept_minor AS was_ours,
            CASE WHEN p.changed_at > clock_timestamp() - CAST(:in_a_row AS interval)
                THEN p.reversals + 1 ELSE 1 END AS reversals
        {_NEWS}
        WHERE p.id = ANY(CAST(:ids AS bigint[])) AND p.shop_minor IS DISTINCT FROM r.price_minor
            AND NOT EXISTS (
                SELECT 1 FROM price_attempts t WHERE t.listing_price_id = p.id
                    AND (t.outcome IN ('open', 'unknown') OR t.closed_at >= :requested_at)
            )
    )
    UPDATE listing_prices p SET shop_minor = n.price_minor,
        wanted_version = p.wanted_version + 1, dirty_since = coalesce(p.dirty_since, clock_timestamp()),
        state = CASE
            WHEN p.state = 'failed' THEN p.state
            WHEN NOT n.is_changed THEN 'active'
            WHEN p.state = 'contested' OR NOT n.was_ours THEN p.state
            WHEN n.reversals >= :most THEN 'contested'
            ELSE 'changed'
        END,
        hold_until = CASE
            WHEN NOT n.is_changed THEN NULL
            WHEN NOT n.was_ours THEN p.hold_until
            ELSE clock_timestamp() + CAST(:hold AS interval)
        END,
        changed_at = CASE WHEN n.is_changed AND n.was_ours THEN clock_timestamp() ELSE p.changed_at END,
        reversals = CASE WHEN n.is_changed AND n.was_ours THEN n.reversals ELSE p.reversals END
    FROM news n WHERE p.id = n.id
    RETURNING p.id
    """  # noqa: S608  (a constant)
)
