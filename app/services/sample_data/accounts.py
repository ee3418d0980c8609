"""The sample account: made in one transaction, shown to who asked, and gone without a trace.

It is an account of its own, since movements are never taken out of a ledger that goes on. Its connections are
in a state of their own, `sample`, which no worker, sweep or webhook takes up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import NotFound
from app.platforms.registry import platforms
from app.services import account_deletion, flags, outward
from app.services.audit import audit_subject
from app.services.flags import Flag
from app.services.roles import lock_roles, require_no_less, role_of
from app.services.rollups.fold import wake_folds
from app.services.sample_data import history, store
from app.services.sample_data.story import tell
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

NAME = "Sample shop"
SEED = 7
KEPT_DAYS = 30
DEFAULT_CURRENCY = "EUR"


def make(account_id: int, user_id: int, *, seed: int = SEED, now: datetime | None = None) -> int:
    """The id of an account's sample account, made if there is none; a sample's is itself. The user is a
    member of it from now on. Raises RoleTooLow, SwitchedOff (none is made anew)."""
    with unit_of_work() as uow:
        session = uow.session
        own = _own(session, account_id, user_id)
        sample_id: int | None = session.execute(_SAMPLE, {"own": own.id}).scalar_one_or_none()
        if sample_id is None:
            flags.require(session, Flag.SAMPLE_DATA, own.id)
            sample_id = _fill(session, own, user_id, seed=seed, now=now or datetime.now(UTC))
            uow.after_commit(wake_folds)
        session.execute(_JOIN, {"user_id": user_id, "sample": sample_id})
        uow.commit()
    return sample_id


def remove(account_id: int, user_id: int) -> None:
    """Shut the account's sample account at once, and have a worker remove every row of it. Raises RoleTooLow,
    NotFound."""
    with unit_of_work() as uow:
        session = uow.session
        own = _own(session, account_id, user_id)
        sample_id = session.execute(_GO, {"own": own.id}).scalar_one_or_none()
        if sample_id is None:
            raise NotFound("There is no sample data.")
        session.execute(_SHUT, {"sample": sample_id})
        _write_down(session, own.id, user_id, "sample_data.removed", sample_id)
        uow.after_commit(partial(account_deletion.wake, sample_id))
        uow.commit()


def _own(session: Session, account_id: int, user_id: int) -> Row[Any]:
    """The real account, locked: of two who make or remove its sample one waits for the other."""
    own_id = session.execute(_OWN_ID, {"id": account_id}).scalar_one()
    lock_roles(session, own_id)
    require_no_less(role_of(session, own_id, user_id), "admin")
    return session.execute(_OWN, {"id": own_id}).one()


def _fill(session: Session, own: Row[Any], user_id: int, *, seed: int, now: datetime) -> int:
    currency = own.reporting_currency or DEFAULT_CURRENCY
    story = tell(seed=seed, now=now, zone=ZoneInfo(own.time_zone), platforms=sorted(platforms()))
    params = {"own": own.id, "name": NAME, "time_zone": own.time_zone, "currency": own.reporting_currency}
    sample_id: int = session.execute(_OPEN, params).scalar_one()
    outward.note_subscribed(session, False)
    ids = store.write_shop(session, sample_id, story, currency)
    lines = store.write_orders(session, sample_id, story, ids, currency)
    history.write_ledger(session, sample_id, story, ids, lines, actor=f"user:{user_id}")
    history.write_syncs(session, sample_id, story, ids, seed=seed)
    history.write_conflict(session, sample_id, story, ids)
    _write_down(session, own.id, user_id, "sample_data.made", sample_id)
    log.info("sample_data_made", account_id=own.id, sample_account_id=sample_id)
    return sample_id


def _write_down(session: Session, own_id: int, user_id: int, action: AuditAction, sample_id: int) -> None:
    audit_subject(session, own_id, f"user:{user_id}", action, f"account:{sample_id}")


_OWN_ID = text("SELECT coalesce(sample_of, id) FROM accounts WHERE id = :id")
_OWN = text("SELECT id, time_zone, reporting_currency FROM accounts WHERE id = :id")
_SAMPLE = text("SELECT id FROM accounts WHERE sample_of = :own AND delete_at IS NULL")
_OPEN = text(
    """
    INSERT INTO accounts (name, sample_of, time_zone, reporting_currency)
    VALUES (:name, :own, :time_zone, :currency) RETURNING id
    """
)
_JOIN = text(
    """
    INSERT INTO memberships (account_id, user_id, role) VALUES (:sample, :user_id, 'owner')
    ON CONFLICT (user_id, account_id) DO NOTHING
    """
)
_GO = text("UPDATE accounts SET delete_at = now() WHERE sample_of = :own AND delete_at IS NULL RETURNING id")
_SHUT = text("DELETE FROM memberships WHERE account_id = :sample")
PURGE = text(
    f"""
    UPDATE accounts SET delete_at = now()
    WHERE sample_of IS NOT NULL AND delete_at IS NULL AND created_at < now() - interval '{KEPT_DAYS} days'
    """  # noqa: S608  (a constant)
)
"""Samples that nobody removed; `account_deletion` does the rest."""
