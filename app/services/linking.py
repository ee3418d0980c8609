"""Which variant a listing is, as people say: linked, unlinked, or made into a variant of its own.

What orders did under an earlier link stays with the variant of that time, and is undone there. The listing's
cell begins anew: it is read once more (app/services/tracking.py), and nothing is written to it before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.services import cells as cell_store
from app.services import drifts
from app.services.audit import audit
from app.services.cells import Cell
from app.services.matching import Seed, bring_back, make_variants, take_turns
from app.services.nudge import Drain, nudge
from app.services.prices import wants as prices
from app.services.prices.told import tell
from app.services.uow import UnitOfWork, unit_of_work

MOST_AT_ONCE = 500
"""Listings that one call makes variants from."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a listing that was to have a variant: the variant, or why it has none."""

    listing_id: int
    variant_id: int | None
    problem: str = ""


def link(account_id: int, listing_id: int, variant_id: int, *, actor: str) -> None:
    """The listing is this variant, whatever it was before. Safe to repeat.

    Orders that waited take effect once its number was read. Raises NotFound, and Conflict where the shop
    keeps no number for it or where the number is also that of listings of another variant.
    """
    with unit_of_work() as uow:
        listing = _locked(uow.session, account_id, [listing_id])[0]
        if problem := problem_of(listing):
            raise Conflict(problem)
        if uow.session.execute(_VARIANT, {"account_id": account_id, "id": variant_id}).first() is None:
            raise NotFound(NO_VARIANT)
        if listing.variant_id != variant_id:
            set_links(uow, account_id, [listing], {listing_id: variant_id}, actor)
            uow.commit()


def unlink(account_id: int, listing_id: int, *, actor: str) -> None:
    """The listing is no variant, and no code of it makes it one again. Safe to repeat. Raises NotFound.

    Nothing is written to its number any more, unless that is another linked listing's too.
    """
    with unit_of_work() as uow:
        listing = _locked(uow.session, account_id, [listing_id])[0]
        set_links(uow, account_id, [listing], {listing_id: None}, actor)
        uow.commit()


def create_variants(account_id: int, listing_ids: Collection[int], *, actor: str) -> list[Made]:
    """Make a variant from each of up to MOST_AT_ONCE listings that is not linked; listings of one number
    share theirs.

    A SKU that a variant has already, or that several of them carry, is not taken over. Safe to repeat: a
    linked listing keeps its variant. Raises NotFound if one of them is not the account's.
    """
    with unit_of_work() as uow:
        listings = _locked(uow.session, account_id, listing_ids)
        waiting = [row for row in listings if row.variant_id is None and not problem_of(row)]
        variants = _variants_for(uow.session, account_id, waiting)
        if variants:
            set_links(uow, account_id, waiting, variants, actor)
        uow.commit()
    return [
        Made(row.id, row.variant_id or variants.get(row.id), "" if row.variant_id else problem_of(row))
        for row in listings
    ]


def _locked(session: Session, account_id: int, listing_ids: Collection[int]) -> Sequence[Row[Any]]:
    """The listings by id, locked; no import links listings of the account meanwhile."""
    take_turns(session, account_id)
    rows = lock_found(session, account_id, listing_ids)
    if len(rows) < len(set(listing_ids)):
        raise NotFound(NO_LISTING)
    return list(rows.values())


def lock_found(session: Session, account_id: int, listing_ids: Collection[int]) -> dict[int, Row[Any]]:
    """Those of the listings that there are, locked in id order."""
    rows = session.execute(_LISTINGS, {"account_id": account_id, "ids": list(listing_ids)})
    return {row.id: row for row in rows}


def problem_of(listing: Row[Any]) -> str:
    """Why it cannot be linked, or ""."""
    if listing.unsyncable is not None or listing.external_stock_id is None:
        return "The shop keeps no number for this listing that could be kept in step."
    return ""


def _variants_for(session: Session, account_id: int, listings: Sequence[Row[Any]]) -> dict[int, int]:
    """Listing -> the variant that its number has, or that is made for the first listing of that number."""
    firsts = {number_of(row): row for row in reversed(listings) if row.cell_variant_id is None}
    carried = Counter(row.sku for row in firsts.values())
    used = session.execute(_USED_SKUS, {"account_id": account_id, "skus": [s for s in carried if s]})
    taken = set(used.scalars()) | {sku for sku, count in carried.items() if count > 1}
    seeds = [Seed.of(row) for row in firsts.values()]
    seeds = [replace(seed, sku=None) if seed.sku in taken else seed for seed in seeds]
    made = make_variants(session, account_id, seeds)
    return {row.id: row.cell_variant_id or made[firsts[number_of(row)].id] for row in listings}


def number_of(listing: Row[Any]) -> tuple[int, str]:
    return listing.connection_id, listing.external_stock_id


def set_links(
    uow: UnitOfWork,
    account_id: int,
    listings: Sequence[Row[Any]],
    variants: Mapping[int, int | None],
    actor: str,
) -> None:
    """Write the links of locked listings, and have their cells, and those of the variants before, follow."""
    session = uow.session
    session.execute(_SET_LINKS, {"ids": list(variants), "variants": list(variants.values())})
    bring_back(session, {variant_id for variant_id in variants.values() if variant_id is not None})
    before = {row.variant_id for row in listings} - {None}
    cell_ids = set(session.execute(_CELLS, {"ids": [row.id for row in listings]}).scalars())
    locked, at = cell_store.lock_at(session, variant_ids=before, cell_ids=cell_ids)
    moved = _move_cells(session, {i: locked[i] for i in cell_ids}, at)
    # What a fall of the moved ones held is free.
    cell_store.want(uow, [cell for cell in locked.values() if cell.id not in moved], at)
    prices.want(uow, listing_ids=list(variants))
    for connection_id in {row.connection_id for row in listings}:
        done = {row.id: variants[row.id] for row in listings if row.connection_id == connection_id}
        _write_down(session, account_id, actor, connection_id, done)
        tell(session, account_id, connection_id)
        uow.after_commit(partial(nudge, Drain.TRACK, connection_id))


def _move_cells(session: Session, cells: Mapping[int, Cell], at: datetime) -> set[int]:
    """Each cell's variant is that of its listings; a cell that gets another one forgets all it was believed.

    A write under way is given up: it may still land, so the number is read when it cannot any more. Returns
    the ids of the cells that got another variant.
    """
    agreed = {row.id: row for row in session.execute(_LINKS_OF_CELLS, {"ids": list(cells)})}
    if any(row.variants > 1 for row in agreed.values()):
        raise Conflict(SHARED)
    moved = {i: agreed[i] for i, cell in cells.items() if cell.variant_id != agreed[i].variant_id}
    for cell_id, row in moved.items():
        cells[cell_id].variant_id, cells[cell_id].factor = row.variant_id, row.factor
    begin_anew(session, [cells[i] for i in moved], at)
    session.execute(_LOOK_AT_ORDERS, {"ids": list(cells.keys() - moved.keys()), "at": at})
    return set(moved)


def begin_anew(session: Session, cells: Collection[Cell], at: datetime) -> None:
    """Forget all that was believed of locked cells but what they are of. They are read again if they are of a
    variant and of a place that is ours; nothing is written to them before."""
    ids = [cell.id for cell in cells]
    for cell in cells:
        cell.drift = 0
    drifts.note(session, cells, at, timedelta())
    session.execute(_GIVE_UP, {"ids": ids, "at": at})
    session.execute(
        _BEGIN_ANEW,
        {
            "ids": ids,
            "variants": [cell.variant_id for cell in cells],
            "factors": [cell.factor for cell in cells],
            "at": at,
        },
    )


def _write_down(
    session: Session, account_id: int, actor: str, connection_id: int, variants: Mapping[int, int | None]
) -> None:
    linked = any(variant_id is not None for variant_id in variants.values())
    detail = {str(listing_id): variant_id for listing_id, variant_id in variants.items()}
    audit(
        session,
        account_id,
        actor,
        "listings.linked" if linked else "listings.unlinked",
        connection_id,
        {"variants": detail},
    )


NO_LISTING = "There is no such listing."
NO_VARIANT = "There is no such variant."
SHARED = "Its number is also that of a listing that is linked to another variant."
_LISTINGS = text(
    f"""
    SELECT l.id, l.connection_id, l.external_product_id, l.external_stock_id, l.sku, l.title, l.details,
        l.variant_id, l.details ->> 'unsyncable' AS unsyncable, c.variant_id AS cell_variant_id
    FROM listings l {cell_store.FIRST_OF_LISTING}
    WHERE l.account_id = :account_id AND l.id = ANY(CAST(:ids AS bigint[]))
    ORDER BY l.id FOR NO KEY UPDATE OF l
    """  # noqa: S608  (a constant)
)
_CELLS = text(
    f"""
    SELECT DISTINCT s.id FROM listings l JOIN stock_cells s ON {cell_store.OF_LISTING}
    WHERE l.id = ANY(CAST(:ids AS bigint[]))
    """  # noqa: S608  (a constant)
)
_VARIANT = text("SELECT 1 FROM variants WHERE account_id = :account_id AND id = :id")
_USED_SKUS = text(
    "SELECT sku FROM variants WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))"
)
_SET_LINKS = text(
    """
    UPDATE listings l SET variant_id = w.variant_id, kept_apart = w.variant_id IS NULL,
        unlinked_reason = CASE WHEN w.variant_id IS NULL THEN 'by_hand' END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:variants AS bigint[])) AS w (id, variant_id)
    WHERE l.id = w.id
    """
)
_LINKS_OF_CELLS = text(
    """
    SELECT c.id, count(DISTINCT l.variant_id) AS variants, min(l.variant_id) AS variant_id,
        coalesce(min(l.factor), 1) AS factor
    FROM stock_cells c LEFT JOIN listings l ON l.connection_id = c.connection_id
        AND l.external_stock_id = c.external_stock_id AND l.variant_id IS NOT NULL
    WHERE c.id = ANY(CAST(:ids AS bigint[]))
    GROUP BY c.id
    """
)
# What the shop makes of such a write is in the number that the cell begins with.
_GIVE_UP = text(
    """
    UPDATE push_attempts SET outcome = 'not_applied', code = 'linked_anew', closed_at = :at
    WHERE cell_id = ANY(CAST(:ids AS bigint[])) AND outcome IN ('open', 'unknown')
    """
)
_BEGIN_ANEW = text(
    f"""
    UPDATE stock_cells c SET variant_id = r.variant_id, factor = r.factor, state = 'waiting', error = '',
        account = NULL, drift = 0, version = c.version + 1, baseline_at = NULL, opened_level = false,
        read_at = NULL, read_until = NULL, read_quantity = NULL, reported = NULL, check_due_at = NULL,
        checks = 0, stale = false, in_review = false, reversals = 0, synced_version = c.wanted_version,
        dirty_since = NULL, failures = 0,
        next_attempt_at = NULL,
        track_due_at = CASE WHEN r.variant_id IS NOT NULL AND {cell_store.IS_MAPPED} THEN greatest(:at, (
            SELECT a.deadline_at + interval '1 millisecond' FROM push_attempts a WHERE a.cell_id = c.id
            ORDER BY a.id DESC LIMIT 1
        )) END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:variants AS bigint[]), CAST(:factors AS int[]))
        AS r (id, variant_id, factor)
    WHERE c.id = r.id
    """  # noqa: S608  (a constant)
)
_LOOK_AT_ORDERS = text(
    f"""
    UPDATE stock_cells c SET track_due_at = :at
    WHERE c.id = ANY(CAST(:ids AS bigint[])) AND c.variant_id IS NOT NULL AND {cell_store.IS_MAPPED}
    """  # noqa: S608  (a constant)
)
