"""Many prices that change by much, or one that would be 0, stop a shop's price sync: a person has to look.

A slip in a factor, or a base price list with the decimal point in the wrong place, must not reach the shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.prices import Cannot, is_large
from app.services.event_log import Happening, Subject, raise_events
from app.services.prices.plan import BASE_COLUMNS, Sync, sync_of, target_of
from app.services.prices.wants import CLAIMABLE
from app.services.uow import unit_of_work

log = structlog.get_logger()

WINDOW = timedelta(hours=1)
ALWAYS_ALLOWED = 5
"""So few prices are no mass change, however small the shop."""
LISTINGS_AT_A_TIME = 1000


def look_ahead(connection_id: int) -> bool:
    """Whether what waits to be written may be: put the brake on before the first of too many is."""
    with unit_of_work() as uow:
        sync = sync_of(uow.session, connection_id)
        if sync is None or sync.agreed:
            return True
        allowed = _most(uow.session, sync) - len(_recently(uow.session, connection_id))
        large, to_zero = _waiting(uow.session, sync, allowed)
        if not to_zero and (large <= allowed or not large):
            return True
        _brake(uow.session, sync, large, to_zero)
        uow.commit()
    return False


def lets_through(session: Session, sync: Sync, large_ids: Sequence[int], to_zero: int) -> bool:
    """Whether these prices (by the ids of their rows, which are locked) may change by much.

    `to_zero`: how many others would be 0, which are never written, but tell that something is wrong.
    """
    if sync.agreed or not (large_ids or to_zero):
        return True
    changed = len(_recently(session, sync.connection_id) | set(large_ids))
    if changed <= _most(session, sync) and not to_zero:
        return True
    _brake(session, sync, changed, to_zero)
    return False


def _most(session: Session, sync: Sync) -> int:
    listings: int = session.execute(_COUNT, {"connection_id": sync.connection_id}).scalar_one()
    return max(ALWAYS_ALLOWED, listings * sync.brake_percent // 100)


def _recently(session: Session, connection_id: int) -> set[int]:
    """Ids of the prices that were changed by much within the window and nobody has agreed to."""
    return set(session.execute(_LARGE, {"connection_id": connection_id, "window": WINDOW}).scalars())


def _waiting(session: Session, sync: Sync, enough: int) -> tuple[int, int]:
    """How many prices wait to be changed by much, counted to just above `enough`, and how many to 0."""
    after, large, to_zero = 0, 0, 0
    while large <= enough:
        params = {"connection_id": sync.connection_id, "after": after, "limit": LISTINGS_AT_A_TIME}
        rows = session.execute(_DIRTY, params).all()
        for row in rows:
            target = target_of(row, sync.rule)
            if target is Cannot.WOULD_BE_ZERO:
                to_zero += bool(row.shop_minor)
            elif not isinstance(target, Cannot) and row.shop_minor is not None:
                large += is_large(row.shop_minor, target, sync.brake_change_percent)
        if len(rows) < LISTINGS_AT_A_TIME:
            break
        after = rows[-1].id
    return large, to_zero


def _brake(session: Session, sync: Sync, changed: int, to_zero: int) -> None:
    """Put it on. Not where somebody else has the rule just now, who may wait for our prices: what is held
    back stays dirty, and the next drain tries again."""
    if session.execute(_BRAKE, {"connection_id": sync.connection_id}).first() is None:
        return
    detail = {"changed": changed, "to_zero": to_zero, "by_percent": sync.brake_change_percent}
    subject = Subject(sync.account_id, connection_id=sync.connection_id)
    raise_events(session, [Happening(EventKind.PRICE_BRAKE, subject, detail)])
    log.warning("price_brake", connection_id=sync.connection_id, **detail)


_COUNT = text("SELECT count(*) FROM listing_prices WHERE connection_id = :connection_id")
_LARGE = text(
    """
    SELECT DISTINCT t.listing_price_id
    FROM price_attempts t JOIN price_syncs s ON s.connection_id = t.connection_id
    WHERE t.connection_id = :connection_id AND t.large AND t.outcome NOT IN ('not_applied', 'rejected')
        AND t.created_at > greatest(clock_timestamp() - CAST(:window AS interval), s.agreed_until)
    """
)
_DIRTY = text(
    f"""
    SELECT l.id, p.shop_minor, {BASE_COLUMNS}
    FROM price_syncs s CROSS JOIN LATERAL (
        SELECT p.* {CLAIMABLE} AND l.id > :after ORDER BY l.id LIMIT :limit
    ) p
    JOIN listings l ON l.id = p.listing_id
    LEFT JOIN variants v ON v.id = l.variant_id
    WHERE s.connection_id = :connection_id
    ORDER BY l.id
    """  # noqa: S608  (constants)
)
_BRAKE = text(
    """
    UPDATE price_syncs SET braked_at = coalesce(braked_at, clock_timestamp())
    WHERE id = (
        SELECT id FROM price_syncs WHERE connection_id = :connection_id FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING id
    """
)
