"""Counts the calls to shops in each process, and adds them to the rollups a few times a minute.

A call costs no statement. What a dying process has not written yet is lost: it is telemetry, no record.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.models.calls import OUTCOMES
from app.platforms.http import CallRecord
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 10.0
_NO_ANSWER = ("no_connection", "no_answer")


class CallMeter:
    """One per process. Its timer runs only while there is something to write, and so never crosses a fork."""

    def __init__(
        self, app: Flask, *, wait_seconds: float = FLUSH_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._wait_seconds, self._clock = wait_seconds, clock
        self._lock = threading.Lock()
        self._minutes: dict[tuple[int, int], Counter[str]] = {}
        self._timer: threading.Timer | None = None

    def note(self, record: CallRecord) -> None:
        """Count one try of a call. Never blocks, never raises."""
        outcome = outcome_of(record)
        if outcome is None or record.connection_id is None:
            return
        milliseconds = round(record.seconds * 1000)
        minute = int(self._clock() // 60)
        with self._lock:
            counts = self._minutes.setdefault((record.connection_id, minute), Counter())
            counts[outcome] += 1
            counts["total_ms"] += milliseconds
            counts["slowest_ms"] = max(counts["slowest_ms"], milliseconds)
            if self._timer is None:
                self._timer = threading.Timer(self._wait_seconds, self._flush_beside)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Add what was counted since the last time to the rollups; one statement."""
        with self._lock:
            counted, self._minutes = self._minutes, {}
            self._timer = None
        if counted:
            rows = [
                {"connection_id": connection_id, "minute": minute * 60, **counts}
                for (connection_id, minute), counts in counted.items()
            ]
            with unit_of_work() as uow:
                uow.session.execute(_ADD, {"rows": json.dumps(rows)})
                uow.commit()

    def forget(self) -> None:
        """Drop what was not written."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._minutes, self._timer = {}, None

    def _flush_beside(self) -> None:
        try:
            with self._app.app_context():
                self.flush()
        except SQLAlchemyError as err:
            log.warning("calls_not_counted", error=type(err).__name__)


def outcome_of(record: CallRecord) -> str | None:
    """The column that it counts in (`app.models.calls`); None where nothing was sent."""
    status = record.status
    if status is None:
        return "unreachable" if record.fault in _NO_ANSWER else None
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408:
        return "failed"
    if status >= 300:
        return "refused"
    return "failed" if record.fault else "succeeded"


_COLUMNS = (*OUTCOMES, "total_ms")
_UPSERT = f"""
    ON CONFLICT (connection_id, starts_at) DO UPDATE SET
        {", ".join(f"{name} = t.{name} + excluded.{name}" for name in _COLUMNS)},
        slowest_ms = greatest(t.slowest_ms, excluded.slowest_ms)
"""
# In the order of the keys, so that two processes never wait for each other. A connection may be gone by now.
_ADD = text(
    f"""
    WITH counted AS (
        SELECT c.account_id, c.id AS connection_id, to_timestamp(r.minute) AS at,
            {", ".join(f"coalesce(r.{name}, 0) AS {name}" for name in _COLUMNS)},
            coalesce(r.slowest_ms, 0) AS slowest_ms
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (connection_id bigint, minute bigint,
            {", ".join(f"{name} int" for name in _COLUMNS)}, slowest_ms int)
        JOIN connections c ON c.id = r.connection_id
    ), minutes AS (
        INSERT INTO platform_call_minutes AS t (account_id, connection_id, starts_at, slowest_ms,
            {", ".join(_COLUMNS)})
        SELECT account_id, connection_id, at, slowest_ms, {", ".join(_COLUMNS)}
        FROM counted ORDER BY connection_id, at
        {_UPSERT}
    )
    INSERT INTO platform_call_hours AS t (account_id, connection_id, starts_at, slowest_ms,
        {", ".join(_COLUMNS)})
    SELECT account_id, connection_id, date_trunc('hour', at, 'UTC'), max(slowest_ms),
        {", ".join(f"sum({name})" for name in _COLUMNS)}
    FROM counted GROUP BY 1, 2, 3 ORDER BY 2, 3
    {_UPSERT}
    """  # noqa: S608  (names from above)
)
