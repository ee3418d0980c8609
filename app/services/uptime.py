"""Keep whether the service did its work: a row for each minute, and interruptions made of them.

A minute is good if everything worked at one look: while something does not, it is looked at again until the
minute is over. What is mended within its minute, a restart for one, is no interruption. A minute without a
row is one, once a later minute has a row or `app.services.queries.dashboard.uptime` finds none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.services.probes import Seen, look
from app.services.uow import unit_of_work

log = structlog.get_logger()

MINUTE = timedelta(minutes=1)


class Prober:
    """Knows which minute was found good, and need not be looked at again."""

    def __init__(
        self,
        *,
        look: Callable[[], Seen] = look,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._look, self._clock = look, clock
        self._good: datetime | None = None

    def tick(self) -> None:
        """Every few seconds: look, unless this minute is known to be good."""
        now = self._clock()
        if self._good == minute_of(now):
            return
        try:
            seen = self._look()
            record(now, seen)
        except SQLAlchemyError as err:
            log.warning("not_probed", error=type(err).__name__)
            return
        if seen.well:
            self._good = minute_of(now)
        else:
            log.warning("probe_failed", down=list(seen.down), unknown=list(seen.unknown))


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def record(at: datetime, seen: Seen) -> None:
    """Write down what was seen at that moment.

    The minute's last look stands, unless an earlier one found all well. A minute before the newest one is
    over and stays as it is.
    """
    minute = minute_of(at)
    with unit_of_work() as uow:
        uow.session.execute(_TAKE_TURNS)
        last = uow.session.execute(_NEWEST).one_or_none()
        if last is not None and last.minute > minute:
            return
        params = {"minute": minute, "down": list(seen.down), "unknown": list(seen.unknown)}
        uow.session.execute(_KEEP, params)
        if last is not None and last.minute < minute:
            _close(uow.session, last.minute, Seen(tuple(last.down), tuple(last.unknown)), until=minute)
        uow.commit()


def _close(session: Session, minute: datetime, seen: Seen, *, until: datetime) -> None:
    """The minute is over, and so are those after it that nobody saw."""
    begin = minute + MINUTE
    if not seen.well:
        _interrupt(session, minute, begin, "down" if seen.down else "unknown", seen.down or seen.unknown)
    if begin < until:
        _interrupt(session, begin, until, "down", ["scheduler"])


def _interrupt(session: Session, start: datetime, end: datetime, state: str, parts: Sequence[str]) -> None:
    """Lengthen the interruption that ends where this one begins, or begin one."""
    params = {"start": start, "end": end, "state": state, "parts": sorted(parts)}
    if session.execute(_LENGTHEN, params).one_or_none() is None:
        session.execute(_BEGIN, params)


_TAKE_TURNS = text("LOCK TABLE probe_minutes IN SHARE ROW EXCLUSIVE MODE")
_NEWEST = text("SELECT minute, down, unknown FROM probe_minutes ORDER BY minute DESC LIMIT 1")
_KEEP = text(
    """
    INSERT INTO probe_minutes AS p (minute, down, unknown) VALUES (:minute, :down, :unknown)
    ON CONFLICT (minute) DO UPDATE SET down = excluded.down, unknown = excluded.unknown
    WHERE p.down <> '{}' OR p.unknown <> '{}'
    """
)
_LENGTHEN = text(
    """
    UPDATE interruptions SET ended_at = :end, parts = ARRAY(
        SELECT DISTINCT part FROM unnest(parts || CAST(:parts AS varchar[])) AS part ORDER BY part
    )
    WHERE ended_at = :start AND state = :state RETURNING id
    """
)
_BEGIN = text(
    """
    INSERT INTO interruptions (started_at, ended_at, state, parts) VALUES (:start, :end, :state, :parts)
    """
)
PURGES = (
    text(
        """
        DELETE FROM probe_minutes WHERE minute < now() - interval '7 days'
            AND minute > (SELECT min(minute) FROM probe_minutes)
        """
    ),
    text("DELETE FROM interruptions WHERE ended_at < now() - interval '400 days'"),
)
