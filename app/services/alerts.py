"""Watch the installation once a minute: open alerts for what is wrong, and close those that are over.

What is wrong at two looks one after the other opens an alert, and what is well at two closes it: a restart
does neither. What merchants should know of are events (`event_log.py`); those that follow from a state and
have no moment of their own are kept in step here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import redis
from flask import current_app
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.domain.alerts import Alert, AlertKind
from app.domain.event_log import EventKind
from app.domain.health import FAILURES_IN_A_ROW
from app.services import expiry
from app.services.event_log import Happening, Subject, clear_events, raise_events
from app.services.queue_states import OK, QUEUES, queue_states
from app.services.uow import unit_of_work

MANY_DEAD = 10
"""That died within an hour: more than one thing that went wrong."""
MANY_SHOPS, MANY_SHOPS_PERCENT = 3, 20
"""Of a platform's shops that fail at once, at least both: then it is hardly the shops."""
NOT_WORKING_MINUTES = 3
TOLD_ABOVE = {"redis", *QUEUES}
"""Parts that the probe sees as well, and that have alerts of their own (or were paused by a person)."""
SOON = timedelta(days=7)

Key = tuple[str, str]


class Watch:
    """Remembers what it saw the last time."""

    def __init__(self) -> None:
        self._last: set[Key] = set()

    def look(self) -> None:
        """Once a minute."""
        with unit_of_work() as uow:
            found = {(alert.kind.value, alert.subject): alert for alert in _wrong(uow.session)}
            uow.rollback()
            twice = [alert for key, alert in found.items() if key in self._last]
            _open(uow.session, twice)
            _close(uow.session, keep=self._last | set(found))
            _keep_in_step(uow.session, EventKind.SYNC_FAILED, _SYNC_FAILED)
            _keep_in_step(uow.session, EventKind.RECONNECT_NEEDED, _RECONNECT_NEEDED)
            uow.commit()
        self._last = set(found)


def watch_credentials(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Once an hour: tell of what we sign in with that runs out soon, although we renew it where we can."""
    expiring = expiry.run_out_before(now() + SOON)
    with unit_of_work() as uow:
        happenings = [
            Happening(
                EventKind.CREDENTIALS_EXPIRING,
                Subject(row.account_id, connection_id=row.connection_id),
                {"at": row.at.isoformat()},
            )
            for row in expiring
        ]
        _agree(uow.session, EventKind.CREDENTIALS_EXPIRING, happenings)
        uow.commit()


def _wrong(session: Session) -> Iterator[Alert]:
    """All that is not well now."""
    try:
        for name, state in queue_states(current_app.extensions["redis"]).items():
            if state.paused:
                continue  # a person wanted it so
            if not state.workers:
                yield Alert(AlertKind.QUEUE_WITHOUT_WORKER, name, {"waiting": state.waiting})
            elif state.words(name) != OK:
                detail = {"waiting": state.waiting, "oldest_seconds": round(state.oldest_seconds)}
                yield Alert(AlertKind.QUEUE_LATE, name, detail)
    except redis.RedisError:
        yield Alert(AlertKind.REDIS_AWAY)
    params = {"minutes": NOT_WORKING_MINUTES, "open": FAILURES_IN_A_ROW}
    row = session.execute(_FIGURES, params).one()
    for part in set(row.parts) - TOLD_ABOVE:
        yield Alert(AlertKind.NOT_WORKING, part)
    if row.dead >= MANY_DEAD:
        yield Alert(AlertKind.DEAD_LETTERS_RISING, detail={"within_an_hour": row.dead})
    if row.mismatches:
        yield Alert(AlertKind.LEDGER_MISMATCHES, detail={"accounts": row.mismatches})
    for shops in session.execute(_FAILING_SHOPS, params):
        if shops.failing >= MANY_SHOPS and shops.failing * 100 >= MANY_SHOPS_PERCENT * shops.total:
            detail = {"failing": shops.failing, "shops": shops.total}
            yield Alert(AlertKind.MANY_SHOPS_FAIL, shops.platform[:64], detail)


def _open(session: Session, alerts: Sequence[Alert]) -> None:
    if alerts:
        rows = [{"kind": a.kind.value, "subject": a.subject, "detail": a.detail or {}} for a in alerts]
        session.execute(_OPEN, {"rows": json.dumps(rows)})


def _close(session: Session, *, keep: set[Key]) -> None:
    rows = [{"kind": kind, "subject": subject} for kind, subject in keep]
    session.execute(_CLOSE, {"rows": json.dumps(rows)})


def _keep_in_step(session: Session, kind: EventKind, query: TextClause) -> None:
    """Events of connections that are so for as long as the query names them."""
    found = [
        Happening(kind, Subject(row.account_id, connection_id=row.connection_id), row.detail)
        for row in session.execute(query)
    ]
    _agree(session, kind, found)


def _agree(session: Session, kind: EventKind, found: Sequence[Happening]) -> None:
    """Open those of a kind that are not open, close those that are not found."""
    params = {"kind": kind.value}
    known = {
        Subject(row.account_id, connection_id=row.connection_id)
        for row in session.execute(_OPEN_EVENTS, params)
    }
    raise_events(session, [one for one in found if one.subject not in known])
    over = known - {one.subject for one in found}
    clear_events(session, [(kind, subject) for subject in over])


_FIGURES = text(
    """
    SELECT (
            SELECT count(*) FROM dead_letters
            WHERE state = 'dead' AND failed_at > now() - interval '1 hour'
        ) AS dead,
        (
            SELECT count(DISTINCT account_id) FROM events
            WHERE kind = 'ledger_mismatch' AND cleared_at IS NULL
        ) AS mismatches,
        ARRAY(
            SELECT part FROM probe_minutes CROSS JOIN LATERAL unnest(down) AS part
            WHERE minute > now() - make_interval(mins => :minutes + 1)
            GROUP BY part HAVING count(*) >= :minutes ORDER BY part
        ) AS parts
    """
)
_FAILING_SHOPS = text(
    """
    SELECT platform, count(*) AS total, count(*) FILTER (WHERE failures >= :open) AS failing
    FROM connections WHERE state IN ('importing', 'review', 'active', 'paused')
    GROUP BY platform ORDER BY platform
    """
)
_OPEN = text(
    """
    INSERT INTO alerts (kind, subject, detail, raised_at)
    SELECT r.kind, r.subject, r.detail, clock_timestamp()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (kind text, subject text, detail jsonb)
    ORDER BY r.kind, r.subject
    ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO NOTHING
    """
)
_CLOSE = text(
    """
    UPDATE alerts a SET cleared_at = clock_timestamp()
    WHERE a.cleared_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (kind text, subject text)
        WHERE r.kind = a.kind AND r.subject = a.subject
    )
    """
)
_SYNC_FAILED = text(
    """
    SELECT d.about_account_id AS account_id, d.connection_id,
        jsonb_build_object('failed', count(*), 'kind', min(d.kind), 'code', min(d.code)) AS detail
    FROM dead_letters d
    WHERE d.state = 'dead' AND d.connection_id IS NOT NULL AND d.about_account_id IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)
_RECONNECT_NEEDED = text(
    """
    SELECT account_id, id AS connection_id, jsonb_build_object('reason', state_reason) AS detail
    FROM connections WHERE state = 'needs_auth' ORDER BY id
    """
)
_OPEN_EVENTS = text("SELECT account_id, connection_id FROM events WHERE kind = :kind AND cleared_at IS NULL")
PURGE = text("DELETE FROM alerts WHERE cleared_at < now() - interval '400 days'")
