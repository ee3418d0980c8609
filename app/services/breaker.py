"""The circuit breaker of each connection: a shop that keeps failing is left alone for a growing while.

Its state is the connection's row. After a fault nobody calls the shop until `backoff_until`. From
FAILURES_IN_A_ROW faults on it is *open*: when its time has come one worker, whoever claims it, makes a light
call, and all others leave the shop alone still. If that call is answered everybody may work (`backoff_until`
is NULL); the first work that the shop answers ends it, and the first fault opens it for longer than before.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain import backoff
from app.domain.event_log import EventKind
from app.domain.health import FAILURES_IN_A_ROW
from app.platforms.errors import Permanent, Transient
from app.services.event_log import Happening, Subject, clear_events, raise_events
from app.services.uow import unit_of_work

log = structlog.get_logger()

LONGEST_SECONDS = 120.0
"""Between two tries. A random part of up to a half is left out, so that the shops of a platform that is away
as a whole are not all tried in the same second."""
PROBE_SECONDS = 60.0
"""How long others wait for who tries the shop; if he dies, another one tries."""


def claim_probe(connection_id: int) -> bool:
    """Whether this worker is the one to try a shop whose breaker is open and whose time has come."""
    with unit_of_work() as uow:
        params = {"id": connection_id, "open": FAILURES_IN_A_ROW, "seconds": PROBE_SECONDS}
        claimed = uow.session.execute(_CLAIM_PROBE, params).one_or_none() is not None
        uow.commit()
    return claimed


def let_through(connection_id: int) -> None:
    """The shop answered the one who tried: all may work. What it then answers says whether it is well."""
    with unit_of_work() as uow:
        uow.session.execute(_LET_THROUGH, {"id": connection_id})
        uow.commit()
    log.info("connection_tried", connection_id=connection_id)


def failed(connection_id: int, err: Transient | Permanent, *, began: datetime | None) -> None:
    """Leave the shop alone for a growing while; the scheduler wakes the work again.

    `began`: when the work that failed looked whether it may call the shop; None for who tried it. Several
    that were at it when the shop went away tell of one fault, not of as many.
    """
    at_least = err.retry_after if isinstance(err, Transient) else None
    params = {"id": connection_id, "error": str(err)[:500], "began": began}
    with unit_of_work() as uow:
        row = uow.session.execute(_COUNT_FAILURE, params).one_or_none()
        failures, seconds = 0, at_least or 0.0
        if row is not None:
            failures = row.failures
            seconds = backoff.delay_seconds(
                failures,
                jitter=random.random(),  # noqa: S311  (spreads load, guards nothing)
                base=1.0,
                ceiling=LONGEST_SECONDS,
                at_least=at_least,
            )
        uow.session.execute(_BACK_OFF, {"id": connection_id, "seconds": seconds, "anew": began is None})
        if row is not None and failures >= FAILURES_IN_A_ROW:
            detail: Mapping[str, str] = {"code": err.code, "message": str(err)[:500]}
            subject = Subject(row.account_id, connection_id=connection_id)
            raise_events(uow.session, [Happening(EventKind.SHOP_FAILING, subject, detail)])
        uow.commit()
    log.warning(
        "connection_backs_off",
        connection_id=connection_id,
        seconds=round(seconds, 1),
        error=err.code,
        failures=failures,
    )


def succeeded(connection_id: int, *, seen: int) -> None:
    """The shop answers again: what was held back by failures may go on. Nothing happens if more failures were
    counted than the caller has `seen` when he began: his answers may be older."""
    with unit_of_work() as uow:
        row = uow.session.execute(_SUCCEEDED, {"id": connection_id, "seen": seen}).one_or_none()
        if row is not None and seen >= FAILURES_IN_A_ROW:
            no_longer(uow.session, row.account_id, connection_id)
        uow.commit()
    if row is not None and seen >= FAILURES_IN_A_ROW:
        log.info("connection_recovered", connection_id=connection_id)


def no_longer(session: Session, account_id: int, connection_id: int) -> None:
    """That the shop fails is over, or no longer the point. The caller holds the connection's row."""
    clear_events(session, [(EventKind.SHOP_FAILING, Subject(account_id, connection_id=connection_id))])


_CLAIM_PROBE = text(
    """
    UPDATE connections SET backoff_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND failures >= :open AND backoff_until <= clock_timestamp()
    RETURNING id
    """
)
_LET_THROUGH = text("UPDATE connections SET backoff_until = NULL WHERE id = :id")
_COUNT_FAILURE = text(
    """
    UPDATE connections SET failures = failures + 1, last_error = :error
    WHERE id = :id AND (CAST(:began AS timestamptz) IS NULL OR coalesce(backoff_until <= :began, true))
    RETURNING failures, account_id
    """
)
_BACK_OFF = text(
    """
    UPDATE connections SET backoff_until = greatest(
        CASE WHEN NOT :anew THEN backoff_until END,
        clock_timestamp() + make_interval(secs => :seconds)
    ) WHERE id = :id
    """
)
_SUCCEEDED = text(
    """
    UPDATE connections SET failures = 0, backoff_until = NULL, last_success_at = now()
    WHERE id = :id AND failures = :seen RETURNING account_id
    """
)
