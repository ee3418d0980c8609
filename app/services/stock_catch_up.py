"""Makes low-stock and oversold events agree with the levels and thresholds, whatever they missed.

A booking tells only of what it crosses. A threshold that was changed crosses nothing, nor does the rare
booking that waited for a lock while another one opened the variant's first level at some place.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import text

from app.errors import InvalidInput, NotFound
from app.models import Account
from app.services import ledger
from app.services.audit import audit_subject
from app.services.cells import MOST_UNITS
from app.services.nudge import try_enqueue
from app.services.stopping import leave_if_asked
from app.services.uow import UnitOfWork, unit_of_work

VARIANTS_PER_TRANSACTION = 500
CATCH_UP_SECONDS = 7200


def catch_up(account_id: int) -> None:
    """Look at all variants of the account that have levels. Idempotent."""
    after = 0
    while True:
        leave_if_asked()
        with unit_of_work() as uow:
            params = {"account_id": account_id, "after": after, "limit": VARIANTS_PER_TRANSACTION}
            rows = uow.session.execute(_PLACES, params).all()
            if not rows:
                return
            ledger.tell_anew(uow.session, account_id, {(r.variant_id, r.location_id) for r in rows})
            uow.commit()
            after = rows[-1].variant_id


def set_low_stock_threshold(account_id: int, variant_id: int, threshold: int | None, *, actor: str) -> None:
    """At how many units, over all locations, a variant is low; None for the account's. What is so by the
    new one is told at once. Raises NotFound, InvalidInput."""
    if threshold is not None:
        _check(threshold)
    with unit_of_work() as uow:
        session = uow.session
        params = {"account_id": account_id, "id": variant_id, "threshold": threshold}
        if session.execute(_SET_THRESHOLD, params).first() is None:
            raise NotFound("There is no such variant.")
        places = session.execute(_PLACES_OF, {"id": variant_id}).all()
        ledger.tell_anew(session, account_id, {(row.variant_id, row.location_id) for row in places})
        detail = {"threshold": threshold}
        audit_subject(session, account_id, actor, "variant.threshold_set", f"variant:{variant_id}", detail)
        uow.commit()


def set_threshold_of_account(uow: UnitOfWork, account: Account, threshold: int, *, actor: str) -> None:
    """At how many units variants of a locked account are low that have no number of their own. A worker tells
    what is so by the new one. Raises InvalidInput."""
    _check(threshold)
    account.low_stock_threshold = threshold
    detail, subject = {"threshold": threshold}, f"account:{account.id}"
    audit_subject(uow.session, account.id, actor, "account.low_stock_threshold", subject, detail)
    uow.after_commit(partial(_wake, account.id))


def _wake(account_id: int) -> None:
    """One that is under way may be past what changed: this one comes after it."""
    try_enqueue("reports", "catch_up_stock_events", account_id, timeout_seconds=CATCH_UP_SECONDS)


def _check(threshold: int) -> None:
    if not 0 <= threshold <= MOST_UNITS:
        raise InvalidInput(f"A threshold is between 0 and {MOST_UNITS} units.")


_SET_THRESHOLD = text(
    """
    UPDATE variants SET low_stock_threshold = :threshold WHERE account_id = :account_id AND id = :id
    RETURNING id
    """
)
_PLACES_OF = text("SELECT variant_id, location_id FROM stock_levels WHERE variant_id = :id ORDER BY id")
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
