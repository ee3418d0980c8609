"""Counts errors by fingerprint in each process, and adds them to their groups a few times a minute.

An error costs no statement, however many there are: what has the same fingerprint is a number here. What a
dying process has not written yet is lost: the work that failed has its own record.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import get_contextvars

from app.services.faults import Fault
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 10.0
MOST_GROUPS = 500
"""Of a process between two writes; what is different from all of these is not counted."""
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{3,}")
_FRAME = re.compile(r"^  ((?:app|workers|admin)/\S+):\d+ (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Print:
    """What errors of a group have in common, with the connection in the place of its platform, and the hour.
    No ids: a shop's own codes may hold some."""

    kind: str
    connection_id: int | None
    code: str
    error_class: str
    place: str
    hour: int


@dataclass(slots=True)
class _Counted:
    count: int
    first_seen: float
    last_seen: float
    message: str


class ErrorMeter:
    """One per process. Its timer runs only while there is something to write, and so never crosses a fork."""

    def __init__(
        self, app: Flask, *, wait_seconds: float = FLUSH_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._wait_seconds, self._clock = wait_seconds, clock
        self._lock = threading.Lock()
        self._groups: dict[Print, _Counted] = {}
        self._timer: threading.Timer | None = None

    def note(self, kind: str, fault: Fault, *, connection_id: int | None = None) -> None:
        """Count an error. Never blocks, never raises."""
        now = self._clock()
        key = Print(
            kind[:80],
            connection_id,
            _IDS.sub("#", fault.code)[:64],
            fault.error_class[:80],
            place_of(fault)[:160],
            int(now // 3600),
        )
        with self._lock:
            known = self._groups.get(key)
            if known is not None:
                known.count += 1
                known.last_seen, known.message = now, fault.message
            elif len(self._groups) < MOST_GROUPS:
                self._groups[key] = _Counted(1, now, now, fault.message)
            if self._timer is None:
                self._timer = threading.Timer(self._wait_seconds, self._flush_beside)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Add what was counted since the last time to the groups; one statement."""
        with self._lock:
            counted, self._groups = self._groups, {}
            self._timer = None
        if counted:
            rows = [{**asdict(key), **asdict(one)} for key, one in counted.items()]
            with unit_of_work() as uow:
                uow.session.execute(_ADD, {"rows": json.dumps(rows)})
                uow.commit()

    def forget(self) -> None:
        """Drop what was not written."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._groups, self._timer = {}, None

    def _flush_beside(self) -> None:
        try:
            with self._app.app_context():
                self.flush()
        except SQLAlchemyError as err:
            log.warning("errors_not_counted", error=type(err).__name__)


def note_error(fault: Fault, *, kind: str = "", connection_id: int | None = None) -> None:
    """Count an error of this process. Without a kind it is of the job that is under way."""
    meter: ErrorMeter = current_app.extensions["errors"]
    meter.note(kind or str(get_contextvars().get("job", "work")), fault, connection_id=connection_id)


def place_of(fault: Fault) -> str:
    """Where in our code it came up: the innermost module and function of ours; "" where nothing is known."""
    frames = _FRAME.findall(fault.traceback)
    return ":".join(frames[-1]) if frames else ""


# In the order of the keys, so that two processes never wait for each other. A connection may be gone by now.
_ADD = text(
    """
    WITH told AS (
        SELECT r.kind, coalesce(left(c.platform, 32), '') AS platform, r.code, r.error_class, r.place,
            to_timestamp(r.hour * 3600) AS hour, sum(r.count) AS count, max(r.message) AS message,
            to_timestamp(min(r.first_seen)) AS first_seen, to_timestamp(max(r.last_seen)) AS last_seen
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (kind text, connection_id bigint, code text,
            error_class text, place text, hour bigint, count int, first_seen float, last_seen float,
            message text)
        LEFT JOIN connections c ON c.id = r.connection_id
        GROUP BY 1, 2, 3, 4, 5, 6
    ), grouped AS (
        INSERT INTO error_groups AS g (kind, platform, code, error_class, place, first_seen, last_seen,
            count, message)
        SELECT kind, platform, code, error_class, place, min(first_seen), max(last_seen), sum(count),
            max(message)
        FROM told GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (kind, platform, code, error_class, place) DO UPDATE SET
            count = g.count + excluded.count, message = excluded.message,
            last_seen = greatest(g.last_seen, excluded.last_seen)
        RETURNING id, kind, platform, code, error_class, place
    )
    INSERT INTO error_hours AS h (group_id, hour, count)
    SELECT g.id, t.hour, t.count FROM told t JOIN grouped g USING (kind, platform, code, error_class, place)
    ORDER BY 1, 2
    ON CONFLICT (group_id, hour) DO UPDATE SET count = h.count + excluded.count
    """
)
PURGES = (
    text("DELETE FROM error_hours WHERE hour < now() - interval '35 days'"),
    text("DELETE FROM error_groups WHERE last_seen < now() - interval '90 days'"),
)
