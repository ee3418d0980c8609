"""Which prices are to be looked at: a version that rises in the transaction of what they follow from."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.nudge import Drain, nudge
from app.services.uow import UnitOfWork


def want(
    uow: UnitOfWork,
    *,
    connection_ids: Collection[int] = (),
    variant_ids: Collection[int] = (),
    listing_ids: Collection[int] = (),
) -> None:
    """What these listings are to show may have changed. Nothing where their price sync is not on.

    Somebody has decided anew: what the shop refused is tried again, and what was changed there waits no
    longer; what is contested goes on waiting for a person. Locks, after any levels and cells: price syncs,
    then prices by listing.
    """
    those = {
        "connections": list(connection_ids),
        "variants": list(variant_ids),
        "listings": list(listing_ids),
    }
    uow.session.execute(_HOLD_SYNCS, those)
    for woken in set(uow.session.execute(_WANT, those).scalars()):
        uow.after_commit(partial(nudge, Drain.PRICES, woken), once=(Drain.PRICES, woken))


def hold_sync(session: Session, listing_id: int) -> None:
    """For who locks the price of a listing before he wants it: its price sync is locked first."""
    session.execute(_HOLD_SYNCS, {"connections": [], "variants": [], "listings": [listing_id]})


def adopt(uow: UnitOfWork, connection_id: int) -> None:
    """Listings that were linked since the price sync was switched on follow it from now on."""
    unheeded = uow.session.execute(_UNHEEDED, {"connection_id": connection_id}).scalars().all()
    if unheeded:
        want(uow, listing_ids=unheeded)


WRITABLE = """
    FROM price_syncs s
    JOIN connections c ON c.id = s.connection_id AND c.state = 'active'
    JOIN accounts a ON a.id = s.account_id AND a.writes_stopped_at IS NULL
    WHERE s.state = 'on' AND s.braked_at IS NULL
"""
"""Price syncs `s`, with their connections `c`, of which nothing keeps prices from being written."""
CLAIMABLE = """
    FROM listing_prices p JOIN listings l ON l.id = p.listing_id
    WHERE p.connection_id = s.connection_id AND p.dirty_since IS NOT NULL AND p.state IN ('active', 'changed')
        AND coalesce(p.hold_until <= clock_timestamp(), true) AND NOT l.paused
        AND l.variant_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM price_attempts t
            WHERE t.listing_price_id = p.id AND t.outcome IN ('open', 'unknown')
        )
"""
"""Prices `p` of a sync `s` that a drain may look at, with their listings `l`."""
_THOSE = """
    l.variant_id IS NOT NULL AND (
        l.connection_id = ANY(CAST(:connections AS bigint[]))
        OR l.variant_id = ANY(CAST(:variants AS bigint[]))
        OR l.id = ANY(CAST(:listings AS bigint[]))
    )
"""
# Who switches price sync on just now is waited for: his look at what follows from it did not see what we are
# about to commit, nor do we see what he is.
_HOLD_SYNCS = text(
    f"""
    SELECT id FROM price_syncs
    WHERE connection_id IN (SELECT l.connection_id FROM listings l WHERE {_THOSE})
    ORDER BY id FOR SHARE
    """  # noqa: S608  (a constant)
)
_WANT = text(
    f"""
    INSERT INTO listing_prices AS p
        (account_id, listing_id, connection_id, shop_minor, wanted_version, dirty_since)
    SELECT l.account_id, l.id, l.connection_id, CAST(l.details ->> 'price_minor' AS bigint), 1,
        clock_timestamp()
    FROM listings l JOIN price_syncs s ON s.connection_id = l.connection_id AND s.state = 'on'
    WHERE {_THOSE}
    ORDER BY l.id
    ON CONFLICT (listing_id) DO UPDATE SET wanted_version = p.wanted_version + 1,
        dirty_since = coalesce(p.dirty_since, clock_timestamp()), hold_until = NULL,
        state = CASE WHEN p.state = 'contested' THEN p.state ELSE 'active' END, error = '', failures = 0
    RETURNING connection_id
    """  # noqa: S608  (a constant)
)
_UNHEEDED = text(
    """
    SELECT l.id FROM listings l JOIN price_syncs s ON s.connection_id = l.connection_id AND s.state = 'on'
    WHERE l.connection_id = :connection_id AND l.variant_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM listing_prices p WHERE p.listing_id = l.id)
    """
)
