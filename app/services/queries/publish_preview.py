"""What shops would show under other rules, before anything is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.effects import EFFECTS, effect
from app.errors import NotFound
from app.services import cells as cell_store
from app.services import publishing
from app.services.proposals import AS_PROPOSED, Proposal
from app.services.queries import paging
from app.services.queries.paging import decode, page
from app.services.uow import unit_of_work

LISTINGS_AT_A_TIME = 1000
RULES = {
    "safety_stock": "safety stock",
    "share_percent": "share (%)",
    "buffer": "buffer",
    "cap": "cap",
    "fixed_quantity": "fixed quantity",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """A page of the listings that would show another number. `counts`: listings by what would happen to their
    numbers, on the first page; each is in one of them."""

    items: list[paging.Row]
    next: str | None
    counts: dict[str, int] | None


def preview(account_id: int, proposal: Proposal, *, limit: int, cursor: str | None = None) -> Preview:
    """What listings would show if the proposal were saved, by id, at each location. Writes nothing.

    A number that is not written, as it is paused or for any other reason, stays what it is. Raises NotFound,
    InvalidInput.
    """
    publishing.check_proposal(proposal)
    after = decode(cursor, int, int) or [0, 0]
    rows: list[paging.Row] = []
    counts: Counter[str] = Counter()
    with unit_of_work() as uow:
        uow.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        _require(uow.session, account_id, proposal)
        for row in _compared(uow.session, account_id, proposal, after):
            what = effect(row["old"], row["new"])
            counts[what] += 1
            if what != "unchanged" and len(rows) <= limit:
                rows.append(row)
            if cursor is not None and len(rows) > limit:
                break
    found = page(rows, limit, lambda row: [row["listing_id"], row["cell_id"]])
    return Preview(
        items=list(found.items),
        next=found.next,
        counts={what: counts[what] for what in EFFECTS} if cursor is None else None,
    )


def _require(session: Session, account_id: int, proposal: Proposal) -> None:
    """Raises NotFound for what the account does not have."""
    found = session.execute(
        _FOUND,
        {
            "account_id": account_id,
            "connections": list(proposal.connections),
            "listings": list(proposal.listings),
        },
    ).one()
    if found.connections < len(proposal.connections):
        raise NotFound("There is no such connection.")
    if found.listings < len(proposal.listings):
        raise NotFound("There is no such listing.")


def _compared(
    session: Session, account_id: int, proposal: Proposal, after: Sequence[int]
) -> Iterator[paging.Row]:
    """The listings that the proposal may concern, with what they show now and would show."""
    parameters = {
        **proposal.parameters(),
        "account_id": account_id,
        "everything": proposal.safety_stock is not None,
        "connections": list(proposal.connections),
        "cells": list(session.execute(_CELLS, {"listings": list(proposal.listings)}).scalars()),
        "limit": LISTINGS_AT_A_TIME,
    }
    while True:
        parameters |= {"after": after[0], "after_cell": after[1]}
        as_set = session.execute(_LISTINGS, parameters).all()
        as_proposed = session.execute(_LISTINGS_AS_PROPOSED, parameters).all()
        # `targets` reads no more of a cell than these rows have.
        cells = cast("list[cell_store.Cell]", as_set)
        now = cell_store.targets(session, cells)
        then = cell_store.targets(session, cells, proposal=proposal)
        for old, new in zip(as_set, as_proposed, strict=True):
            yield {
                **{name: old._mapping[name] for name in _NAMES},
                "cell_id": old.id,
                "old": _shown(old, now.get(old.id)),
                "new": _shown(new, then.get(new.id)),
                "causes": list(_causes(old, new)),
            }
        if len(as_set) < LISTINGS_AT_A_TIME:
            return
        after = [as_set[-1].listing_id, as_set[-1].id]


def _shown(row: Row[Any], target: int | None) -> int:
    """What the shop shows once everything is written that is to be written."""
    shows: int = max(row.expected, 0)
    if target is None or not row.is_written:
        return shows
    return min(target, shows) if row.in_review else target


def _causes(old: Row[Any], new: Row[Any]) -> Iterator[str]:
    """What of all that makes the number would be different, in words."""
    was_written, is_written = (row.is_written and not row.paused for row in (old, new))
    if was_written and not is_written:
        yield "it is paused: nothing is written"
    if is_written and not was_written:
        yield "it is paused no more"
    for name, words in RULES.items():
        before, after = old._mapping[name], new._mapping[name]
        if before != after:
            yield f"{words}: {_in_words(after)} instead of {_in_words(before)}"


def _in_words(number: int | None) -> str:
    return "none" if number is None else str(number)


_NAMES = ("listing_id", "connection_id", "connection_name", "location", "variant_id", "sku", "title")
_FOUND = text(
    """
    SELECT
        (SELECT count(*) FROM connections
            WHERE account_id = :account_id AND id = ANY(CAST(:connections AS bigint[]))
                AND state <> 'disconnected') AS connections,
        (SELECT count(*) FROM listings
            WHERE account_id = :account_id AND id = ANY(CAST(:listings AS bigint[]))) AS listings
    """
)
_CELLS = text(
    f"""
    SELECT DISTINCT s.id FROM listings l JOIN stock_cells s ON {cell_store.OF_LISTING}
    WHERE l.id = ANY(CAST(:listings AS bigint[]))
    """  # noqa: S608  (a constant)
)
_ROWS = f"""
    SELECT i.id AS listing_id, i.connection_id, n.name AS connection_name, i.variant_id, i.sku, i.title,
        c.id, c.factor, c.account + c.drift AS expected, c.in_review,
        n.state = 'active' AND c.state = 'active' AND a.writes_stopped_at IS NULL AS is_written,
        a.safety_stock, p.name AS location, r.*
    FROM listings i
    JOIN stock_cells c ON c.connection_id = i.connection_id AND c.external_stock_id = i.external_stock_id
    JOIN locations p ON p.id = c.location_id
    JOIN connections n ON n.id = i.connection_id
    JOIN accounts a ON a.id = i.account_id
    {cell_store.RULES}
    WHERE i.account_id = :account_id AND i.id >= :after AND (i.id, c.id) > (:after, :after_cell)
        AND (:everything OR i.connection_id = ANY(CAST(:connections AS bigint[]))
            OR c.id = ANY(CAST(:cells AS bigint[])))
        AND i.variant_id IS NOT NULL AND c.account IS NOT NULL AND n.state <> 'disconnected'
    ORDER BY i.id, c.id LIMIT :limit
"""  # noqa: S608  (a constant)
_LISTINGS = text(_ROWS)
_LISTINGS_AS_PROPOSED = text(f"{AS_PROPOSED} {_ROWS}")
