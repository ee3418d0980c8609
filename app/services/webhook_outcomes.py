"""What becomes of a webhook after an attempt: when it is tried again, and what that says of its receiver."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.backoff import RETRIES
from app.services.audit import audit_subject
from app.services.retries import delay, retries
from app.services.uow import unit_of_work
from app.services.webhook_sender import Fault, Outcome

KEPT_ATTEMPTS = 100
"""Of a delivery that was replayed again and again, the last ones."""
DISABLED_AFTER_DAYS = 5
"""Of failures without a success between them."""
HAS_FAILED = "Every call has failed for days."
IS_GONE = "The receiver answered 410 Gone: it wants no more of these."


def record(row: Row[Any], outcome: Outcome) -> None:
    """Note what came of an attempt, unless its time was over and another worker has the delivery.

    The subscription's row comes first, as for everybody who takes both: who ends all that waits for it would
    otherwise meet those who record one of these.
    """
    with unit_of_work() as uow:
        session = uow.session
        session.execute(_HOLD, {"id": row.subscription_id})
        if session.execute(_RECORD, _columns(row, outcome)).one_or_none() is None:
            return
        if outcome.fault is Fault.NONE:
            session.execute(_SUCCEEDED, {"id": row.subscription_id})
        elif outcome.fault is Fault.GONE:
            _end(session, row)
        else:
            _note_failure(session, row, outcome)
        uow.commit()


def _columns(row: Row[Any], outcome: Outcome) -> dict[str, Any]:
    attempts = row.attempts + 1
    is_last = attempts >= retries("webhook").attempts or outcome.fault is Fault.GONE
    failed_state = "dead" if is_last else "pending"
    return {
        "id": row.id,
        "claim": row.claim,
        "state": "delivered" if outcome.fault is Fault.NONE else failed_state,
        "attempts": attempts,
        "seconds": delay("webhook", attempts, at_least=_asked_for(outcome)),
        "status": outcome.status,
        "fault": outcome.fault.value,
        "answer": outcome.answer,
        "duration_ms": outcome.duration_ms,
        "oldest": f"$[last - {KEPT_ATTEMPTS - 1} to last]",
    }


def _asked_for(outcome: Outcome) -> float:
    """Seconds for which the receiver wants to be left alone; no more than the longest delay of ours."""
    return min(outcome.retry_after or 0.0, RETRIES["webhook"].longest)


def _note_failure(session: Session, row: Row[Any], outcome: Outcome) -> None:
    if seconds := _asked_for(outcome):
        session.execute(_LEAVE_ALONE, {"id": row.subscription_id, "seconds": seconds})
    failing = {"id": row.subscription_id, "days": DISABLED_AFTER_DAYS, "reason": HAS_FAILED}
    if session.execute(_FAILING, failing).scalar_one_or_none():
        _write_down(session, row, HAS_FAILED)


def _end(session: Session, row: Row[Any]) -> None:
    """The receiver unsubscribes: nothing is sent to it any more, nor what waits already."""
    subscription = {"id": row.subscription_id}
    if session.execute(_DISABLE, {**subscription, "reason": IS_GONE}).one_or_none():
        session.execute(_END_WAITING, {**subscription, "fault": Fault.GONE.value})
        _write_down(session, row, IS_GONE)


def _write_down(session: Session, row: Row[Any], reason: str) -> None:
    subject = f"webhook:{row.subscription_id}"
    audit_subject(session, row.account_id, "system", "webhook.disabled", subject, {"reason": reason})


_HOLD = text("SELECT id FROM webhook_subscriptions WHERE id = :id FOR NO KEY UPDATE")
_RECORD = text(
    """
    UPDATE webhook_deliveries SET state = :state, attempts = :attempts, attempted_at = clock_timestamp(),
        next_attempt_at = clock_timestamp() + make_interval(secs => :seconds), answer = :answer,
        status = CAST(:status AS int), fault = CAST(:fault AS text), duration_ms = CAST(:duration_ms AS int),
        history = jsonb_path_query_array(
            history || jsonb_build_object(
                'at', clock_timestamp(), 'status', CAST(:status AS int), 'fault', CAST(:fault AS text),
                'duration_ms', CAST(:duration_ms AS int)
            ),
            CAST(:oldest AS jsonpath)
        )
    WHERE id = :id AND claim = :claim AND state = 'pending'
    RETURNING id
    """
)
_SUCCEEDED = text(
    "UPDATE webhook_subscriptions SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL"
)
_LEAVE_ALONE = text(
    """
    UPDATE webhook_subscriptions
    SET quiet_until = greatest(quiet_until, clock_timestamp() + make_interval(secs => :seconds))
    WHERE id = :id
    """
)
_FAILING = text(
    """
    UPDATE webhook_subscriptions SET failing_since = coalesce(failing_since, clock_timestamp()),
        state = CASE WHEN failing_since < clock_timestamp() - make_interval(days => :days)
            THEN 'disabled' ELSE state END,
        state_reason = CASE WHEN failing_since < clock_timestamp() - make_interval(days => :days)
            THEN :reason ELSE state_reason END
    WHERE id = :id AND state IN ('active', 'paused')
        AND (failing_since IS NULL OR failing_since < clock_timestamp() - make_interval(days => :days))
    RETURNING state = 'disabled'
    """
)
_DISABLE = text(
    """
    UPDATE webhook_subscriptions SET state = 'disabled', state_reason = :reason,
        failing_since = coalesce(failing_since, clock_timestamp())
    WHERE id = :id AND state IN ('active', 'paused')
    RETURNING id
    """
)
# One that another worker sends at this moment ends too: what it has to say is not heard.
_END_WAITING = text(
    """
    WITH waiting AS (
        SELECT id FROM webhook_deliveries WHERE subscription_id = :id AND state = 'pending'
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE webhook_deliveries d SET state = 'dead', fault = :fault FROM waiting WHERE d.id = waiting.id
    """
)
