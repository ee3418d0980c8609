"""Bundles: variants that have no stock of their own, as they are made of others."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.stock import Movement
from app.errors import Conflict, InvalidInput, NotFound
from app.services import cells as cell_store
from app.services import ledger, versions
from app.services.audit import audit_subject
from app.services.event_log import Subject, clear_events
from app.services.uow import UnitOfWork, unit_of_work

MOST_COMPONENTS = 100
MOST_OF_ONE = 10_000
TRIES = 50
PAUSE_SECONDS = 0.1


def define(
    account_id: int,
    variant_id: int,
    components: Mapping[int, int],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Make a variant a bundle of others: variant -> units for one of it. None at all makes it a plain one.

    What was counted of the bundle itself is written off, as its components are what is on the shelf. Lines of
    orders that took effect before keep the effect they had. Raises NotFound for a variant that the account
    does not have, InvalidInput for a bundle in a bundle, an archived component or a number that is none,
    Outdated.
    """
    if len(components) > MOST_COMPONENTS or not all(0 < n <= MOST_OF_ONE for n in components.values()):
        raise InvalidInput(
            f"A bundle has up to {MOST_COMPONENTS} components, and from 1 to {MOST_OF_ONE} units of each."
        )
    with unit_of_work() as uow:
        session = uow.session
        session.execute(text("SELECT pg_advisory_xact_lock(:account_id)"), {"account_id": account_id})
        _wait_for_orders(session, account_id)
        _require(session, account_id, variant_id, components)
        session.execute(_KEEP_LISTINGS, {"bundle": variant_id})
        before = parts_of(session, variant_id)
        versions.require(seen, version_of({} if set(before) == {variant_id} else before))
        if components:
            _write_off(session, account_id, variant_id)
        session.execute(_REMOVE, {"account_id": account_id, "bundle": variant_id})
        session.execute(
            _ADD,
            {
                "account_id": account_id,
                "bundle": variant_id,
                "components": list(components),
                "quantities": list(components.values()),
            },
        )
        locked, at = cell_store.lock_at(session, variant_ids={variant_id, *before, *components})
        session.execute(_NEW_VERSION, {"bundle": variant_id})
        cell_store.want(uow, locked.values(), at)
        subject = Subject(account_id, variant_id=variant_id)
        clear_events(session, [(kind, subject) for kind in (EventKind.LOW_STOCK, EventKind.OVERSOLD)])
        detail = {"components": {str(k): n for k, n in components.items()}}
        audit_subject(session, account_id, actor, "bundle.defined", f"variant:{variant_id}", detail)
        uow.commit()


def version_of(components: Mapping[int, int]) -> str:
    """Of a bundle's components, none for a plain variant."""
    return versions.version_of({"components": sorted(components.items())}, ("components",))


@contextmanager
def unchanged(uow: UnitOfWork, account_id: int) -> Iterator[None]:
    """No bundle of the account is defined meanwhile, over all of the unit's transactions: what was read of
    them stays true."""
    uow.session.execute(_SHARE, {"key": -account_id})
    uow.commit()
    try:
        yield
    finally:
        uow.rollback()
        uow.session.execute(_LEAVE, {"key": -account_id})
        uow.commit()


def _wait_for_orders(session: Session, account_id: int) -> None:
    """Until no batch of orders is under way that has read the bundles before. Raises Conflict."""
    for _try in range(TRIES):
        if session.execute(_ALONE, {"key": -account_id}).scalar_one():
            return
        time.sleep(PAUSE_SECONDS)
    raise Conflict("Orders are being taken in. Please try again in a moment.")


def parts_of(session: Session, variant_id: int) -> dict[int, int]:
    """variant -> units of it for one unit: a bundle's components, or the variant itself."""
    rows = session.execute(_PARTS, {"bundle": variant_id}).all()
    return {row.component_id: row.quantity for row in rows} or {variant_id: 1}


def related(session: Session, variant_ids: Collection[int]) -> set[int]:
    """These variants, what they are made of, and the bundles that need any of it: one change concerns all."""
    rows = session.execute(_RELATED, {"variants": list(variant_ids)}).scalars()
    return set(rows) if variant_ids else set()


def _require(session: Session, account_id: int, variant_id: int, components: Mapping[int, int]) -> None:
    ids = {variant_id, *components}
    row = session.execute(
        _CHECK,
        {"account_id": account_id, "all": list(ids), "bundle": variant_id, "components": list(components)},
    ).one()
    if row.found < len(ids):
        raise NotFound("There is no such variant.")
    if variant_id in components or row.bundles_inside or (components and row.is_inside):
        raise InvalidInput("A bundle is made of plain variants only, and is no part of another.")
    if row.archived_inside:
        raise InvalidInput("A component is archived. Restore it first.")


def _write_off(session: Session, account_id: int, variant_id: int) -> None:
    """Its own stock, down to what open orders hold of it."""
    rows = session.execute(_LEVELS, {"account_id": account_id, "variant": variant_id}).all()
    locked = ledger.lock_levels(session, account_id, [(variant_id, row.location_id) for row in rows])
    at = cell_store.now(session)
    ledger.book(
        session,
        account_id,
        [
            ledger.Entry(
                variant_id=variant_id,
                location_id=location_id,
                movement=Movement(on_hand=-level.available),
                cause="adjustment",
                source_key=f"bundle:{variant_id}:{location_id}:{at.isoformat()}",
                occurred_at=at,
            )
            for (_variant, location_id), level in locked.levels.items()
        ],
    )


_RELATED = text(cell_store.RELATED)
_SHARE = text("SELECT pg_advisory_lock_shared(:key)")
_LEAVE = text("SELECT pg_advisory_unlock_shared(:key)")
_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
# Who reads a listing's components to book by them keeps the listing.
_KEEP_LISTINGS = text("SELECT id FROM listings WHERE variant_id = :bundle ORDER BY id FOR NO KEY UPDATE")
# What was read of its numbers before is to be looked at again: they are no plain ones now, or again.
_NEW_VERSION = text("UPDATE stock_cells SET version = version + 1 WHERE variant_id = :bundle")
_PARTS = text(
    "SELECT component_id, quantity FROM bundle_components WHERE bundle_id = :bundle ORDER BY component_id"
)
_CHECK = text(
    """
    SELECT
        (SELECT count(*) FROM variants
            WHERE account_id = :account_id AND id = ANY(CAST(:all AS bigint[]))) AS found,
        EXISTS (SELECT 1 FROM bundle_components
            WHERE bundle_id = ANY(CAST(:components AS bigint[]))) AS bundles_inside,
        EXISTS (SELECT 1 FROM variants
            WHERE id = ANY(CAST(:components AS bigint[])) AND archived_at IS NOT NULL) AS archived_inside,
        EXISTS (SELECT 1 FROM bundle_components WHERE component_id = :bundle) AS is_inside
    """
)
_LEVELS = text(
    """
    SELECT location_id FROM stock_levels WHERE account_id = :account_id AND variant_id = :variant ORDER BY id
    """
)
_REMOVE = text("DELETE FROM bundle_components WHERE account_id = :account_id AND bundle_id = :bundle")
_ADD = text(
    """
    INSERT INTO bundle_components (account_id, bundle_id, component_id, quantity)
    SELECT :account_id, :bundle, v.component_id, v.quantity
    FROM unnest(CAST(:components AS bigint[]), CAST(:quantities AS int[])) AS v (component_id, quantity)
    """
)
