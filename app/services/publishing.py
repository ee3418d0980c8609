"""How much of what is available each channel shows, and the switch that stops every write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from sqlalchemy import text

from app.errors import InvalidInput, NotFound
from app.models import Account, Listing
from app.services import versions
from app.services.audit import audit_subject
from app.services.cells import MOST_UNITS
from app.services.nudge import Drain, nudge
from app.services.prices import wants as prices
from app.services.proposals import OF_A_LISTING, Proposal
from app.services.turns import READ_ANEW
from app.services.uow import UnitOfWork, unit_of_work

LARGEST_PACK = 10_000
LISTING_SETTINGS = ("paused", "factor", *OF_A_LISTING)
UNITS = frozenset({"buffer", "cap", "fixed_quantity", "safety_stock"})


def configure_listing(
    account_id: int,
    listing_id: int,
    changes: Mapping[str, Any],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Change what one listing shows; None takes the connection's rule again. `paused` stops its writes.
    `factor`: it sells packs of so many units, as do all listings that share its number; orders that took
    effect keep theirs.

    Raises NotFound, InvalidInput, Outdated. A listing that is paused no more is read before it is written.
    """
    if unknown := changes.keys() - set(LISTING_SETTINGS):
        raise InvalidInput(f"{', '.join(sorted(unknown))} cannot be changed.")
    if changes.get("factor", 1) is None or changes.get("paused", False) is None:
        raise InvalidInput("A listing sells packs of some size, and is paused or not.")
    check({name: value for name, value in changes.items() if value is not None})
    with unit_of_work() as uow:
        listing = uow.session.get(Listing, listing_id, with_for_update={"key_share": True})
        if listing is None or listing.account_id != account_id:
            raise NotFound("There is no such listing.")
        versions.require(seen, versions.version_of(listing, LISTING_SETTINGS))
        for name, value in changes.items():
            setattr(listing, name, value)
        audit_subject(uow.session, account_id, actor, "listing.configured", f"listing:{listing_id}", changes)
        uow.session.flush()
        if "factor" in changes:
            uow.session.execute(_SHARED_FACTOR, {"id": listing_id, "factor": changes["factor"]})
        cells = uow.session.execute(_CELLS_OF, {"id": listing_id, "factor": changes.get("factor")}).scalars()
        wake(uow, cell_ids=cells.all(), read_first=changes.get("paused") is False)
        if "factor" in changes:
            prices.want(uow, listing_ids=_sharing(uow, listing))
        uow.commit()


def keep_back(uow: UnitOfWork, account: Account, units: int, actor: str) -> None:
    """Keep so many units of each variant of a locked account back from all channels. Raises InvalidInput."""
    check({"safety_stock": units})
    account.safety_stock = units
    subject = f"account:{account.id}"
    audit_subject(uow.session, account.id, actor, "account.safety_stock", subject, {"units": units})
    uow.session.flush()
    wake(uow, connection_ids=_connections(uow, account.id))


def stop_writes(account_id: int, *, actor: str) -> None:
    """Write nothing more to any shop. Calls under way end within seconds; orders are still taken in."""
    with unit_of_work() as uow:
        uow.session.execute(_STOP, {"id": account_id})
        audit_subject(uow.session, account_id, actor, "account.writes_stopped", f"account:{account_id}")
        uow.commit()


def allow_writes(account_id: int, *, actor: str) -> None:
    """Write again, after orders and levels were read anew."""
    with unit_of_work() as uow:
        uow.session.execute(_ALLOW, {"id": account_id})
        for connection_id in uow.session.execute(_READ_ANEW, {"account_id": account_id}).scalars():
            for drain in (Drain.RECONCILE, Drain.INTAKE, Drain.PUSH):
                uow.after_commit(partial(nudge, drain, connection_id))
        audit_subject(uow.session, account_id, actor, "account.writes_allowed", f"account:{account_id}")
        uow.commit()


def check_proposal(proposal: Proposal) -> None:
    """Raises InvalidInput for one that could not be saved, or that says nothing."""
    changes = [*proposal.connections.values(), *proposal.listings.values()]
    if proposal.safety_stock is None and not any(changes):
        raise InvalidInput("Say what would be set: a safety stock, or rules of connections or listings.")
    if any(change.get("paused", False) is None for change in changes):
        raise InvalidInput("A connection or a listing is paused or not.")
    if proposal.safety_stock is not None:
        check({"safety_stock": proposal.safety_stock})
    for change in proposal.connections.values():
        check(change)
    for change in proposal.listings.values():
        check({name: value for name, value in change.items() if value is not None})


def check(numbers: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a share that is none, a brake that could not work, and what is no number of
    units."""
    for name, value in numbers.items():
        if name == "brake_percent" and (value is None or not 1 <= value <= 100):
            raise InvalidInput("A brake goes on above 1 to 100 percent of the numbers.")
        if name == "share_percent" and (value is None or not 0 <= value <= 100):
            raise InvalidInput("A share is between 0 and 100 percent.")
        if name == "factor" and not 1 <= value <= LARGEST_PACK:
            raise InvalidInput(f"A pack has 1 to {LARGEST_PACK} units.")
        is_set = name in UNITS and not (value is None and name == "cap")
        if is_set and (value is None or not 0 <= value <= MOST_UNITS):
            raise InvalidInput(f"{name} is a number of units, not negative and not above {MOST_UNITS}.")


def wake(
    uow: UnitOfWork,
    *,
    connection_ids: Collection[int] = (),
    cell_ids: Collection[int] = (),
    read_first: bool = False,
) -> None:
    """Have the cells looked at: what they should show may have changed."""
    woken = uow.session.execute(
        _WAKE, {"connections": list(connection_ids), "cells": list(cell_ids), "read_first": read_first}
    ).scalars()
    for connection_id in set(woken):
        uow.after_commit(partial(nudge, Drain.PUSH, connection_id), once=connection_id)


def account_of(uow: UnitOfWork, account_id: int) -> Account:
    """Locked, for its settings to be changed. Raises NotFound."""
    account = uow.session.get(Account, account_id, with_for_update={"key_share": True})
    if account is None:
        raise NotFound("There is no such account.")
    return account


def _sharing(uow: UnitOfWork, listing: Listing) -> list[int]:
    """The listing and those that share its number, and with it its pack."""
    params = {"connection_id": listing.connection_id, "external_stock_id": listing.external_stock_id}
    return [listing.id, *uow.session.execute(_SHARING, params).scalars()]


def _connections(uow: UnitOfWork, account_id: int) -> list[int]:
    return list(uow.session.execute(_CONNECTIONS, {"account_id": account_id}).scalars())


_SHARING = text(
    """
    SELECT id FROM listings WHERE connection_id = :connection_id AND external_stock_id = :external_stock_id
    """
)
_SHARED_FACTOR = text(
    """
    UPDATE listings o SET factor = :factor FROM listings l
    WHERE l.id = :id AND o.connection_id = l.connection_id AND o.external_stock_id = l.external_stock_id
        AND o.factor <> :factor
    """
)
_CELLS_OF = text(
    """
    WITH those AS (
        SELECT c.id FROM stock_cells c JOIN listings l USING (connection_id, external_stock_id)
        WHERE l.id = :id ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET factor = coalesce(:factor, c.factor) FROM those WHERE c.id = those.id
    RETURNING c.id
    """
)
_STOP = text(
    "UPDATE accounts SET writes_stopped_at = coalesce(writes_stopped_at, clock_timestamp()) WHERE id = :id"
)
_ALLOW = text("UPDATE accounts SET writes_stopped_at = NULL WHERE id = :id")
_READ_ANEW = text(
    f"""
    UPDATE connections SET {READ_ANEW}
    WHERE account_id = :account_id AND state = 'active' RETURNING id
    """  # noqa: S608  (a constant)
)
_CONNECTIONS = text("SELECT id FROM connections WHERE account_id = :account_id AND state <> 'disconnected'")
_WAKE = text(
    """
    WITH those AS (
        SELECT id FROM stock_cells
        WHERE (connection_id = ANY(CAST(:connections AS bigint[])) OR id = ANY(CAST(:cells AS bigint[])))
            AND account IS NOT NULL
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE stock_cells c SET wanted_version = wanted_version + 1,
        dirty_since = coalesce(dirty_since, clock_timestamp()),
        reported = CASE WHEN NOT :read_first THEN reported END,
        check_due_at = CASE WHEN :read_first THEN clock_timestamp() ELSE check_due_at END
    FROM those WHERE c.id = those.id
    RETURNING c.connection_id
    """
)
