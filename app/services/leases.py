"""One worker at a time per connection and kind of work, by a lease that a dead worker loses.

While it is held, a thread of its own keeps it; it runs out seconds after its process died or hangs. What a
lease guards must stay right all the same if two workers do it at once.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.services.nudge import Drain, nudge
from app.services.stopping import leave_if_asked
from app.services.threads import in_this_app
from app.services.uow import unit_of_work

log = structlog.get_logger()

LEASE_SECONDS = 6.0
BEAT_SECONDS = 1.5
"""How often a holder's thread renews it."""
KEPT_SECONDS = 0.5
"""How long a lease given back is kept for those who came for it and left, before those who wait."""
SLICE_SECONDS = 1.0
"""A drain that is not done by then makes room for another shop's and is queued anew."""


_held: set[Lease] = set()
"""By this process, each by a thread of its own."""
NOBODY = uuid.UUID(int=0)
"""The token of a lease that was given back."""


class Work(StrEnum):
    """What needs to be done by one worker at a time."""

    ORDERS = "orders"
    HINTS = "hints"
    PUSH = "push"
    RECONCILE = "reconcile"
    IMPORT = "import"
    PRICES = "prices"
    FULFILL = "fulfill"


@dataclass(frozen=True, slots=True)
class Lease:
    connection_id: int
    work: Work
    token: uuid.UUID

    def renew(self) -> bool:
        """Another LEASE_SECONDS from now. False if its holder should make room: somebody waits for it, or
        it ran out and somebody took it."""
        with db.engine.begin() as connection:
            awaited = connection.execute(_RENEW, self._params()).scalar_one_or_none()
        return awaited is False

    def carry_on(self) -> None:
        """Between two batches of work that takes long: renew it. Raises Stopping if this process shall
        end."""
        leave_if_asked()
        self.renew()

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
            "nobody": NOBODY,
            "kept": KEPT_SECONDS,
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
    _held.add(held)
    try:
        with _kept_alive(held):
            yield held
    finally:
        _held.discard(held)
        held.release()


def give_back_all() -> None:
    """Those that this process holds, right before it ends with work under way: nobody need wait for them to
    run out."""
    for held in list(_held):
        try:
            held.release()
        except SQLAlchemyError as err:  # it runs out
            log.warning("lease_not_given_back", work=held.work.value, error=type(err).__name__)


@contextmanager
def _kept_alive(held: Lease) -> Iterator[None]:
    """Renew it beside the work, which may wait long for a shop."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            try:
                held.renew()
            except SQLAlchemyError as err:  # the next beat may come through
                log.warning("lease_not_renewed", work=held.work.value, error=type(err).__name__)

    thread = threading.Thread(target=in_this_app(beat), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _acquire(held: Lease, *, waits: bool) -> bool:
    """Take it if it is free or ran out; else leave word that it is wanted."""
    with unit_of_work() as uow:
        token = uow.session.execute(_ACQUIRE, held._params() | {"waits": waits}).scalar_one()
        uow.commit()
    return bool(token == held.token)


_DRAINS = {
    Work.ORDERS: Drain.INTAKE,
    Work.HINTS: Drain.HINTS,
    Work.PUSH: Drain.PUSH,
    Work.RECONCILE: Drain.RECONCILE,
    Work.IMPORT: Drain.IMPORT,
    Work.PRICES: Drain.PRICES,
    Work.FULFILL: Drain.FULFILL,
}


# The inserted row's `until` tells the time of the attempt: one clock reading for every comparison.
_ACQUIRE = text(
    """
    INSERT INTO drain_leases AS l (connection_id, kind, token, until)
    VALUES (:connection_id, :work, :token, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (connection_id, kind) DO UPDATE SET (token, until, wanted, awaited) = (
        SELECT CASE WHEN f.free THEN EXCLUDED.token ELSE l.token END,
            CASE WHEN f.free THEN EXCLUDED.until ELSE l.until END,
            NOT f.free AND (l.wanted OR NOT :waits),
            NOT f.free AND (l.awaited OR :waits)
        FROM (
            SELECT l.until < EXCLUDED.until - make_interval(secs => :seconds)
                OR (l.token = :nobody AND NOT :waits) AS free
        ) f
    )
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
    WITH held AS (
        SELECT connection_id, kind, wanted FROM drain_leases
        WHERE connection_id = :connection_id AND kind = :work AND token = :token
        FOR NO KEY UPDATE
    )
    UPDATE drain_leases l SET token = :nobody, wanted = false, awaited = false,
        until = clock_timestamp() + make_interval(secs => CASE WHEN h.wanted THEN :kept ELSE 0 END)
    FROM held h WHERE l.connection_id = h.connection_id AND l.kind = h.kind
    RETURNING h.wanted
    """
)
