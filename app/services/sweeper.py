"""Find the work that a lost nudge, an emptied Redis or a dead worker left behind, and wake it again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.platforms.base import Lane
from app.services import (
    alerts,
    dead_letters,
    error_meter,
    event_log,
    fulfillment_push,
    idempotency,
    mail,
    uptime,
    webhook_delivery,
)
from app.services.imports import wake as imports
from app.services.nudge import DRAIN_OF_LANE, EVERYBODY, Drain, nudge, try_enqueue
from app.services.prices.wants import CLAIMABLE, WRITABLE
from app.services.sample_data import accounts as sample_data
from app.services.staff import sessions as staff_sessions
from app.services.staff import visits
from app.services.turns import POLL_IS_DUE, SWEEP_IS_DUE
from app.services.uow import unit_of_work
from app.services.workplace import web_vitals
from app.settings import Settings

log = structlog.get_logger()

RETRY_SECONDS = 120
RETRIES_AT_ONCE = 300
"""Of a kind, begun in a second: more of them come a second later."""


def wake_due() -> None:
    """Every second: reconciles whose time has come, shops whose back-off ended, retries that are due,
    listings linked by hand, shipments of which a shop is to be told, webhooks to send, and imports that
    stand still."""
    settings: Settings = current_app.extensions["settings"]
    with unit_of_work() as uow:
        session = uow.session
        params = {"poll": settings.order_poll_seconds, "sweep": settings.level_sweep_seconds}
        to_reconcile = session.execute(_TO_RECONCILE, params).scalars().all()
        events = session.execute(_RETRY_EVENTS, {"most": RETRIES_AT_ONCE}).all()
        cells = session.execute(_RETRY_CELLS, {"most": RETRIES_AT_ONCE}).all()
        unanswered = session.execute(_UNANSWERED).scalars().all()
        to_track = session.execute(_TO_TRACK).scalars().all()
        to_fulfill = session.execute(fulfillment_push.WITH_DUE_SHIPMENTS).scalars().all()
        to_work_on = session.execute(imports.DUE).scalars().all()
        uow.commit()
    for connection_id in to_reconcile:
        nudge(Drain.RECONCILE, connection_id)
    for connection_id in unanswered:
        nudge(Drain.PUSH, connection_id)
    for connection_id in to_track:
        nudge(Drain.TRACK, connection_id)
    for connection_id in to_fulfill:
        nudge(Drain.FULFILL, connection_id)
    if webhook_delivery.is_due():
        nudge(Drain.DELIVER, EVERYBODY)
    for import_id in to_work_on:
        imports.wake(import_id)
    for row in events:
        _retry("process_event", f"event-{row.id}-{row.attempts}", row.id)
    for row in cells:
        _retry("push_cell", f"cell-{row.id}-{row.failures}", row.id)


def spread_sweeps() -> None:
    """When the clock begins to run: sweeps that were missed are spread over a third of their interval, so
    that the orders of other shops do not wait for them."""
    settings: Settings = current_app.extensions["settings"]
    with unit_of_work() as uow:
        spread = uow.session.execute(_SPREAD_SWEEPS, {"sweep": settings.level_sweep_seconds}).all()
        uow.commit()
    if spread:
        log.info("sweeps_spread", connections=len(spread))


def sweep() -> None:
    """Every 5 seconds: whatever lies unfinished gets its nudge again.

    Once a day a shop's catalog is read anew: a renamed or repriced listing makes itself heard nowhere else.
    """
    with unit_of_work() as uow:
        waiting = uow.session.execute(_WAITING_EVENTS).all()
        to_push = uow.session.execute(_TO_PUSH).scalars().all()
        to_import = uow.session.execute(_TO_IMPORT).scalars().all()
        to_price = uow.session.execute(_TO_PRICE).scalars().all()
    for row in waiting:
        nudge(DRAIN_OF_LANE[Lane(row.lane)], row.connection_id)
    for connection_id in to_push:
        nudge(Drain.PUSH, connection_id)
    for connection_id in to_import:
        nudge(Drain.IMPORT, connection_id)
    for connection_id in to_price:
        nudge(Drain.PRICES, connection_id)
    mail.wake_due()


def webhooks_due() -> list[int]:
    """Connections whose subscriptions were not looked at for an hour; after a standstill, some of them."""
    with unit_of_work() as uow:
        return list(uow.session.execute(_WEBHOOKS_DUE).scalars())


def house_keeping(retention_days: int) -> None:
    """Hourly: make the coming months' event partitions, drop what is past its retention."""
    today = datetime.now(UTC).date()
    with unit_of_work() as uow:
        first = today.replace(day=1)
        for _month in range(3):
            following = (first + timedelta(days=32)).replace(day=1)
            name = f"inbound_events_{first:%Y_%m}"
            if not uow.session.execute(_HAS_TABLE, {"name": name}).scalar():
                _make_partition(uow.session, name, first, following)
            first = following
        uow.commit()
    for statement in _PURGES:
        _purge(statement, retention_days)


def _purge(statement: TextClause, retention_days: int) -> None:
    """By itself: what cannot be dropped keeps nothing else from it, and no lock is held for all of them."""
    try:
        with unit_of_work() as uow:
            uow.session.execute(statement, {"days": retention_days})
            uow.commit()
    except SQLAlchemyError:
        log.exception("purge_failed", statement=" ".join(statement.text.split())[:80])


def _make_partition(session: Session, name: str, start: date, end: date) -> None:
    """Rows that the default partition took for that month are moved, or it could not be attached."""
    statements = (
        f"CREATE TABLE {name} (LIKE inbound_events INCLUDING ALL EXCLUDING IDENTITY)",
        f"WITH moved AS (DELETE FROM inbound_events_default WHERE received_at >= '{start}'"  # noqa: S608
        f" AND received_at < '{end}' RETURNING *) INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE inbound_events ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')",
    )
    for statement in statements:
        session.execute(text(statement))


def _retry(job: str, job_id: str, subject_id: int) -> None:
    """A job of its own. The row says when to try again, so that an emptied Redis loses nothing."""
    try_enqueue("retries", job, subject_id, timeout_seconds=RETRY_SECONDS, job_id=job_id)


_TO_RECONCILE = text(
    f"""
    SELECT c.id FROM connections c
    WHERE c.state IN ('active', 'paused') AND coalesce(c.backoff_until <= now(), true) AND (
        {POLL_IS_DUE} OR {SWEEP_IS_DUE}
        OR EXISTS (SELECT 1 FROM stock_cells s WHERE s.connection_id = c.id AND s.check_due_at <= now())
    )
    ORDER BY c.id
    """  # noqa: S608  (constants)
)
_SPREAD_SWEEPS = text(
    """
    WITH missed AS (
        SELECT id FROM connections
        WHERE state IN ('active', 'paused')
            AND levels_swept_at < clock_timestamp() - 1.5 * make_interval(secs => :sweep)
            AND coalesce(sweep_not_before <= clock_timestamp(), true)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE connections c
    SET sweep_not_before = clock_timestamp() + random() * make_interval(secs => :sweep) / 3
    FROM missed WHERE c.id = missed.id RETURNING c.id
    """
)
_RETRY_EVENTS = text(
    """
    WITH due AS (
        SELECT e.id, e.received_at FROM inbound_events e JOIN connections c ON c.id = e.connection_id
        WHERE e.state = 'retrying' AND e.next_attempt_at <= now() AND (
            e.lane = 'privacy'
            OR (c.state IN ('review', 'active', 'paused') AND coalesce(c.backoff_until <= now(), true))
        )
        ORDER BY e.next_attempt_at, e.id LIMIT :most FOR NO KEY UPDATE OF e SKIP LOCKED
    )
    UPDATE inbound_events e SET next_attempt_at = now() + interval '1 minute' FROM due
    WHERE e.id = due.id AND e.received_at = due.received_at RETURNING e.id, e.attempts
    """
)
_RETRY_CELLS = text(
    """
    WITH due AS (
        SELECT s.id FROM stock_cells s JOIN connections c ON c.id = s.connection_id
        WHERE s.state = 'active' AND s.failures > 0 AND s.next_attempt_at <= now()
            AND s.dirty_since IS NOT NULL AND c.state = 'active' AND coalesce(c.backoff_until <= now(), true)
            AND NOT EXISTS (
                SELECT 1 FROM accounts t WHERE t.id = c.account_id AND t.writes_stopped_at IS NOT NULL
            )
        ORDER BY s.next_attempt_at, s.id LIMIT :most FOR NO KEY UPDATE OF s SKIP LOCKED
    )
    UPDATE stock_cells c SET next_attempt_at = now() + interval '1 minute' FROM due WHERE c.id = due.id
    RETURNING c.id, c.failures
    """
)
_UNANSWERED = text(
    """
    SELECT DISTINCT a.connection_id FROM push_attempts a JOIN connections c ON c.id = a.connection_id
    WHERE a.outcome = 'unknown' AND a.code <> 'reading_decides' AND a.deadline_at > now()
        AND c.state = 'active' AND coalesce(c.backoff_until <= now(), true) AND NOT EXISTS (
            SELECT 1 FROM accounts t WHERE t.id = c.account_id AND t.writes_stopped_at IS NOT NULL
        )
    ORDER BY a.connection_id
    """
)
_TO_TRACK = text(
    """
    SELECT c.id FROM connections c
    WHERE c.state IN ('review', 'active', 'paused') AND coalesce(c.backoff_until <= now(), true) AND EXISTS (
        SELECT 1 FROM stock_cells s WHERE s.connection_id = c.id AND s.track_due_at <= now()
    )
    ORDER BY c.id
    """
)
_WAITING_EVENTS = text(
    """
    SELECT DISTINCT e.connection_id, e.lane FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.state = 'pending' AND (
        e.lane = 'privacy'
        OR (c.state IN ('review', 'active', 'paused') AND coalesce(c.backoff_until <= now(), true))
    )
    ORDER BY e.connection_id, e.lane
    """
)
_TO_PUSH = text(
    """
    SELECT c.id FROM connections c
    WHERE c.state = 'active' AND coalesce(c.backoff_until <= now(), true) AND NOT EXISTS (
        SELECT 1 FROM accounts t WHERE t.id = c.account_id AND t.writes_stopped_at IS NOT NULL
    ) AND (
        EXISTS (
            SELECT 1 FROM stock_cells s WHERE s.connection_id = c.id AND s.state = 'active'
                AND s.dirty_since IS NOT NULL AND s.failures = 0
        )
        OR EXISTS (
            SELECT 1 FROM push_attempts a JOIN stock_cells s ON s.id = a.cell_id
            WHERE a.connection_id = c.id AND a.outcome IN ('open', 'unknown') AND a.code <> 'reading_decides'
                AND s.state = 'active'
        )
    )
    ORDER BY c.id
    """
)
_TO_IMPORT = text(
    """
    SELECT id FROM connections c
    WHERE coalesce(backoff_until <= now(), true) AND (
        state = 'importing'
        OR state IN ('active', 'paused') AND NOT EXISTS (
            SELECT 1 FROM sync_runs r WHERE r.connection_id = c.id AND r.kind = 'import'
                AND r.created_at > now() - interval '1 day'
        )
    )
    ORDER BY id
    """
)
_TO_PRICE = text(
    f"""
    SELECT s.connection_id {WRITABLE} AND coalesce(c.backoff_until <= now(), true) AND (
        EXISTS (SELECT 1 {CLAIMABLE})
        OR EXISTS (
            SELECT 1 FROM price_attempts t
            WHERE t.connection_id = s.connection_id AND t.outcome IN ('open', 'unknown')
                AND t.deadline_at <= now()
        )
    )
    ORDER BY s.connection_id
    """  # noqa: S608  (constants)
)
_WEBHOOKS_DUE = text(
    """
    SELECT id FROM connections WHERE state IN ('review', 'active', 'paused')
        AND coalesce(webhooks_checked_at <= now() - interval '1 hour', true)
        AND coalesce(backoff_until <= now(), true)
    ORDER BY webhooks_checked_at NULLS FIRST, id
    LIMIT (SELECT 20 + count(*) / 20 FROM connections)
    """
)
_HAS_TABLE = text("SELECT to_regclass(:name) IS NOT NULL")
_PURGES = (
    text(
        """
        DELETE FROM inbound_events
        WHERE state IN ('done', 'ignored') AND received_at < now() - make_interval(days => :days)
        """
    ),
    text(
        """
        DELETE FROM inbound_events e USING connections c
        WHERE c.id = e.connection_id AND c.state = 'disconnected' AND e.state IN ('pending', 'retrying')
            AND e.lane <> 'privacy' AND e.received_at < now() - make_interval(days => :days)
        """
    ),
    idempotency.PURGE,
    text("DELETE FROM cell_effects WHERE learned_at < now() - interval '1 day'"),
    text("DELETE FROM account_exports WHERE expires_at <= now()"),
    text("DELETE FROM sessions WHERE expires_at <= now()"),
    staff_sessions.PURGE,
    visits.PURGE,
    text("DELETE FROM registrations WHERE expires_at <= now()"),
    text("DELETE FROM password_resets WHERE expires_at <= now()"),
    text(
        """
        DELETE FROM mails
        WHERE state <> 'pending' AND created_at < now() - make_interval(days => :days)
        """
    ),
    text(
        """
        DELETE FROM push_attempts a WHERE a.outcome NOT IN ('open', 'unknown')
            AND a.created_at < now() - make_interval(days => :days)
            AND (a.outcome <> 'applied' OR EXISTS (
                SELECT 1 FROM push_attempts l
                WHERE l.cell_id = a.cell_id AND l.id > a.id AND l.outcome = 'applied'
            ))
        """
    ),
    text(
        """
        DELETE FROM price_attempts
        WHERE outcome NOT IN ('open', 'unknown') AND created_at < now() - make_interval(days => :days)
        """
    ),
    webhook_delivery.PURGE,
    *dead_letters.PURGES,
    sample_data.PURGE,
    *uptime.PURGES,
    *error_meter.PURGES,
    alerts.PURGE,
    event_log.PURGE,
    web_vitals.PURGE,
    text("DELETE FROM platform_call_minutes WHERE starts_at < now() - interval '2 days'"),
    text("DELETE FROM platform_call_hours WHERE starts_at < now() - interval '400 days'"),
    text("DELETE FROM sync_runs WHERE created_at < now() - interval '90 days' AND state <> 'running'"),
    text(
        """
        DELETE FROM csv_imports WHERE state NOT IN ('checking', 'applying') AND (
            created_at < now() - make_interval(days => :days)
            OR state = 'receiving' AND created_at < now() - interval '1 day'
        )
        """
    ),
)
