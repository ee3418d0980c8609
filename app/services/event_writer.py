"""Durable rows for many requests at once: group commit in each process.

A request that finds nobody writing writes its row at once. Those that come meanwhile wait; when it is done,
the first of them writes all of theirs in one statement, and so on. Under load, the one whose turn it is
gathers first: those that were just answered are likely to come again.
"""

from __future__ import annotations

import threading
from _thread import LockType
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import psycopg
import structlog
from psycopg import Connection as Psycopg
from psycopg_pool import ConnectionPool

from app.errors import SyncFlowError
from app.platforms.base import Lane

log = structlog.get_logger(__name__)

LARGEST_BATCH = 64
GATHER_SECONDS = 0.006
"""The longest that one whose turn has come waits for as many as there were before: a transaction costs as
much for one row as for ten. Where webhooks come one by one, nobody waits."""
PATIENCE_SECONDS = 15.0
"""How long a request waits for its row. The platform tries again after that, or a poll finds the event."""


class NotStored(SyncFlowError):
    """The database did not take the event in time. Please send it again."""

    code = "not_stored"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A webhook as it is stored. `headers` is a JSON document."""

    account_id: int
    connection_id: int
    topic: str
    lane: Lane
    dedupe_key: str
    event_id_is_unique: bool
    headers: str
    body: bytes

    @property
    def identity(self) -> tuple[int, str, str]:
        return self.connection_id, self.topic, self.dedupe_key


def _held() -> LockType:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request that waits for its row, or for its turn to write what waits.

    `turn` is held until it is woken: a bare lock wakes a thread in a fraction of the time of an Event.
    """

    row: EventRow
    turn: LockType = field(default_factory=_held)
    writes: bool = False
    settled: bool = False
    stored: bool = False
    fault: Exception | None = None


class EventWriter:
    """One per process. `on_stored` gets the connections and lanes of each batch once it is on disk; it must
    not block."""

    def __init__(
        self,
        pool: Callable[[], ConnectionPool[Psycopg]],
        on_stored: Callable[[Collection[tuple[int, Lane]]], None],
    ) -> None:
        self._pool = pool
        self._on_stored = on_stored
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._somebody_writes = False
        self._expected = 1
        self._enough = threading.Event()

    def write(self, row: EventRow) -> bool:
        """True when the row is on disk; False if an unprocessed or recent one says the same.

        Raises psycopg's error if the database refuses the row, NotStored if it does not answer.
        """
        ticket = _Ticket(row)
        with self._lock:
            self._waiting.append(ticket)
            if not self._somebody_writes:
                self._somebody_writes = ticket.writes = True
            if len(self._waiting) >= self._expected:
                self._enough.set()
        if not ticket.writes and not ticket.turn.acquire(timeout=PATIENCE_SECONDS):
            self._give_up(ticket)
        if ticket.writes:
            self._enough.wait(GATHER_SECONDS)
            self._write_waiting()
        if ticket.fault is not None:
            raise ticket.fault
        return ticket.stored

    def _give_up(self, ticket: _Ticket) -> None:
        """Raises NotStored unless its turn came after all."""
        with self._lock:
            if not ticket.writes and not ticket.settled:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                raise NotStored()
        ticket.turn.acquire()

    def _write_waiting(self) -> None:
        """Write what waits, let the next one go on, and only then wake those whose row it was: the database
        shall not wait for them."""
        with self._lock:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            self._enough.clear()
        try:
            self._write(batch)
        except Exception as fault:  # noqa: BLE001  (each waiting request raises it)
            for ticket in batch:
                ticket.fault = fault
        finally:
            with self._lock:
                self._somebody_writes = bool(self._waiting)
                self._expected = min(len(batch) + len(self._waiting), LARGEST_BATCH)
                if self._waiting:
                    self._waiting[0].writes = True
                    self._waiting[0].turn.release()
            for ticket in batch:
                ticket.settled = True
                ticket.turn.release()

    def _write(self, tickets: Sequence[_Ticket]) -> None:
        first = {ticket.row.identity: ticket for ticket in reversed(tickets)}
        rows = [ticket.row for ticket in first.values()]
        try:
            stored = self._insert(rows)
        except (psycopg.DataError, psycopg.IntegrityError):
            if len(tickets) == 1:
                raise
            self._write_one_by_one(tickets)
            return
        for ticket in tickets:
            identity = ticket.row.identity
            ticket.stored = identity in stored and first[identity] is ticket
        if stored:
            self._on_stored({(row.connection_id, row.lane) for row in rows if row.identity in stored})

    def _write_one_by_one(self, tickets: Sequence[_Ticket]) -> None:
        """One of them cannot be stored, which is no fault of the others."""
        for ticket in tickets:
            try:
                self._write([ticket])
            except psycopg.Error as fault:
                ticket.fault = fault

    def _insert(self, rows: Sequence[EventRow]) -> set[tuple[int, str, str]]:
        """The identities of those that were stored."""
        columns = (
            [row.account_id for row in rows],
            [row.connection_id for row in rows],
            [row.topic for row in rows],
            [row.lane.value for row in rows],
            [row.dedupe_key for row in rows],
            [row.event_id_is_unique for row in rows],
            [row.headers for row in rows],
            [row.body for row in rows],
        )
        with self._pool().connection() as connection:
            return set(connection.execute(_INSERT, columns, prepare=True).fetchall())


# OFFSET 0 keeps the look at earlier rows an index scan per event, whatever the table's statistics say.
_INSERT = """
    INSERT INTO inbound_events (account_id, connection_id, topic, lane, dedupe_key, headers, body)
    SELECT n.account_id, n.connection_id, n.topic, n.lane, n.dedupe_key, CAST(n.headers AS jsonb), n.body
    FROM unnest(
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::text[], %b::bytea[]
    ) AS n (account_id, connection_id, topic, lane, dedupe_key, event_id_is_unique, headers, body)
    WHERE NOT EXISTS (
        SELECT 1 FROM inbound_events e
        WHERE e.connection_id = n.connection_id AND e.dedupe_key = n.dedupe_key AND e.topic = n.topic
          AND (e.state IN ('pending', 'retrying')
               OR (n.event_id_is_unique AND e.received_at > now() - interval '1 hour'))
        OFFSET 0
    )
    RETURNING connection_id, topic, dedupe_key
"""
