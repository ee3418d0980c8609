"""What support does for a merchant. Each is on record, with its reason, also in the merchant's audit log,
before it is done: nothing is done that nobody knows of."""

from __future__ import annotations

from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import Conflict, NotFound
from app.platforms.base import Lane
from app.services import connection_care
from app.services.nudge import DRAIN_OF_LANE, nudge
from app.services.queries.support.connections import account_of
from app.services.run_now import Scope, run_now
from app.services.staff.acting import Staff, record_about
from app.services.uow import unit_of_work

LONGEST_BODY = 200_000
"""Characters of a webhook's body that are shown."""


def renew_webhooks(staff: Staff, connection_id: int, reason: str) -> None:
    """Have a shop's webhook subscriptions looked at and repaired, in the background. Raises NotFound,
    Conflict."""
    account_id = account_of(connection_id)
    _ask(staff, "support.webhooks_asked", connection_id, account_id, reason)
    connection_care.renew_webhooks(account_id, connection_id, actor=staff.actor)


def sync_now(staff: Staff, connection_id: int, reason: str) -> int:
    """Have a shop's orders and numbers read, and what differs written. The run's id. Raises NotFound,
    Conflict."""
    account_id = account_of(connection_id)
    _ask(staff, "support.sync_asked", connection_id, account_id, reason)
    return run_now(account_id, Scope(connection_id=connection_id), actor=staff.actor)


def show_body(staff: Staff, event_id: int, reason: str) -> str:
    """The body of a webhook as it came in, with what may name people. Raises NotFound."""
    with unit_of_work() as uow:
        row = uow.session.execute(_BODY, {"id": event_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such webhook.")
        _record(uow.session, staff, "support.event_shown", f"event:{event_id}", row.account_id, reason)
        uow.commit()
    return bytes(row.body).decode(errors="replace")[:LONGEST_BODY]


def process_again(staff: Staff, event_id: int, reason: str) -> None:
    """Have a webhook worked on once more, as if it had just come in. What it tells of is read at the shop, so
    that nothing is booked twice. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        row = uow.session.execute(_AGAIN, {"id": event_id}).one_or_none()
        if row is None:
            if uow.session.execute(_BODY, {"id": event_id}).one_or_none() is None:
                raise NotFound("There is no such webhook.")
            raise Conflict("It waits or is tried again by itself, or is a request about a person's data.")
        _record(
            uow.session, staff, "support.event_processed_again", f"event:{event_id}", row.account_id, reason
        )
        drain = DRAIN_OF_LANE[Lane(row.lane)]
        uow.after_commit(partial(nudge, drain, row.connection_id))
        uow.commit()


def _ask(staff: Staff, action: AuditAction, connection_id: int, account_id: int, reason: str) -> None:
    with unit_of_work() as uow:
        _record(uow.session, staff, action, f"connection:{connection_id}", account_id, reason)
        uow.commit()


def _record(
    session: Session, staff: Staff, action: AuditAction, subject: str, account_id: int, reason: str
) -> None:
    record_about(session, staff, action, subject, account_id=account_id, detail={"reason": reason})


_BODY = text("SELECT account_id, body FROM inbound_events WHERE id = :id")
_AGAIN = text(
    """
    UPDATE inbound_events
    SET state = 'pending', attempts = 0, next_attempt_at = NULL, processed_at = NULL, verdict = ''
    WHERE id = :id AND state IN ('done', 'ignored', 'dead') AND lane <> 'privacy'
    RETURNING account_id, connection_id, lane
    """
)
