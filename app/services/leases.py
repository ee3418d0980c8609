"""One worker at a time per connection and kind of work, by a lease that a dead worker loses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

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
        """Another LEASE_SECONDS from now; False if the lease ran out and somebody else took it."""
        with unit_of_work() as uow:
            renewed = uow.session.execute(_RENEW, self._params()).rowcount  # type: ignore[attr-defined]
            uow.commit()
        return bool(renewed)

    def release(self) -> None:
        with unit_of_work() as uow:
            uow.session.execute(_RELEASE, self._params())
            uow.commit()

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
    """The lease, or None if another worker holds it for longer than `wait_seconds`."""
    held = Lease(connection_id, work, uuid.uuid4())
    give_up = time.monotonic() + wait_seconds
    while not (got := _acquire(held)) and time.monotonic() < give_up:
        sleep(0.05)
    if not got:
        yield None
        return
    try:
        yield held
    finally:
        held.release()


def _acquire(held: Lease) -> bool:
    with unit_of_work() as uow:
        got = uow.session.execute(_ACQUIRE, held._params()).first() is not None
        uow.commit()
    return got


_ACQUIRE = text(
    """
    INSERT INTO drain_leases (connection_id, kind, token, until)
    VALUES (:connection_id, :work, :token, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (connection_id, kind) DO UPDATE SET token = EXCLUDED.token, until = EXCLUDED.until
        WHERE drain_leases.until < clock_timestamp()
    RETURNING 1
    """
)
_RENEW = text(
    """
    UPDATE drain_leases SET until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE connection_id = :connection_id AND kind = :work AND token = :token
    """
)
_RELEASE = text(
    "DELETE FROM drain_leases WHERE connection_id = :connection_id AND kind = :work AND token = :token"
)
