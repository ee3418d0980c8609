"""One worker at a time per connection and kind of work, by a lease that a dead worker loses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from app.services.nudge import Drain, nudge
from app.services.uow import unit_of_work

LEASE_SECONDS = 30.0
SLICE_SECONDS = 1.0
"""A drain that is not done by then makes room for another shop's and is queued anew."""


class Work(StrEnum):
    """What needs to be done by one worker at a time."""

    ORDERS = "orders"
    PUSH = "push"
    RECONCILE = "reconcile"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Lease:
    connection_id: int
    work: Work
    token: uuid.UUID

    def renew(self) -> bool:
        """Another LEASE_SECONDS from now. False if its holder should make room: somebody waits for it, or
        it ran out and somebody took it."""
        with unit_of_work() as uow:
            awaited = uow.session.execute(_RENEW, self._params()).scalar_one_or_none()
            uow.commit()
        return awaited is False

    def release(self) -> None:
        """Give it back; if others came for it, have them come again, as they did not wait."""
        with unit_of_work() as uow:
            wanted = uow.session.execute(_RELEASE, self._params()).scalar()
            uow.commit()
        if wanted:
            nudge(_DRAINS[self.work], self.connection_id)

    def _params(self) -> dict[str, object]:
        return {
            "connection_id": self.connection_id,
            "work": self.work.value,
            "token": self.token,
            "seconds": LEASE_SECONDS,
        }


@contextmanager
def lease(
    work: Work, connection_id: int, *, wait_seconds: float = 0.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Lease | None]:
    """The lease, or None if another worker holds it for longer than `wait_seconds`.

    Whoever left without it may leave for good: the holder has the work looked at again afterwards.
    """
    held = Lease(connection_id, work, uuid.uuid4())
    give_up = time.monotonic() + wait_seconds
    while not (got := _acquire(held, waits=wait_seconds > 0)) and time.monotonic() < give_up:
        sleep(0.02)
    if not got:
        yield None
        return
    try:
        yield held
    finally:
        held.release()


def _acquire(held: Lease, *, waits: bool) -> bool:
    """Take it if it is free or ran out; else leave word that it is wanted."""
    with unit_of_work() as uow:
        token = uow.session.execute(_ACQUIRE, held._params() | {"waits": waits}).scalar_one()
        uow.commit()
    return bool(token == held.token)


_DRAINS = {
    Work.ORDERS: Drain.INTAKE,
    Work.PUSH: Drain.PUSH,
    Work.RECONCILE: Drain.RECONCILE,
    Work.IMPORT: Drain.IMPORT,
}


_ACQUIRE = text(
    """
    INSERT INTO drain_leases AS l (connection_id, kind, token, until)
    VALUES (:connection_id, :work, :token, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (connection_id, kind) DO UPDATE SET
        token = CASE WHEN l.until < clock_timestamp() THEN EXCLUDED.token ELSE l.token END,
        wanted = l.until >= clock_timestamp() AND (l.wanted OR NOT :waits),
        awaited = l.until >= clock_timestamp() AND (l.awaited OR :waits),
        until = CASE WHEN l.until < clock_timestamp() THEN EXCLUDED.until ELSE l.until END
    RETURNING token
    """
)
_RENEW = text(
    """
    UPDATE drain_leases SET until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE connection_id = :connection_id AND kind = :work AND token = :token
    RETURNING awaited
    """
)
_RELEASE = text(
    """
    DELETE FROM drain_leases WHERE connection_id = :connection_id AND kind = :work AND token = :token
    RETURNING wanted
    """
)
