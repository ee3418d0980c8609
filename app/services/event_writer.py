"""Durable rows for many requests at once: group commit in each process.

One thread writes whatever the request threads brought while the batch before was being committed, in one
statement, and lets each of them go when its row is on disk. A lone event waits for nobody.
"""

from __future__ import annotations

import threading
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


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request that waits for its row."""

    row: EventRow
    done: threading.Event = field(default_factory=threading.Event)
    stored: bool = False
    fault: Exception | None = None

    def settle(self, *, stored: bool = False, fault: Exception | None = None) -> None:
        self.stored, self.fault = stored, fault
        self.done.set()


class EventWriter:
    """One per process; starts its thread with the first row, so that it never crosses a fork.

    `on_stored` gets the connections and lanes of each batch once it is on disk; it must not block.
    """

    def __init__(
        self,
        pool: Callable[[], ConnectionPool[Psycopg]],
        on_stored: Callable[[Collection[tuple[int, Lane]]], None],
    ) -> None:
        self._pool = pool
        self._on_stored = on_stored
        self._waiting: list[_Ticket] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def write(self, row: EventRow) -> bool:
        """True when the row is on disk; False if an unprocessed or recent one says the same.

        Raises psycopg's error if the database refuses the row, NotStored if it does not answer.
        """
        ticket = _Ticket(row)
        with self._changed:
            if self._thread is None:
                self._closed = False
                self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
                self._thread.start()
            self._waiting.append(ticket)
            self._changed.notify()
        if not ticket.done.wait(PATIENCE_SECONDS):
            raise NotStored()
        if ticket.fault is not None:
            raise ticket.fault
        return ticket.stored

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with self._changed:
            thread, self._thread, self._closed = self._thread, None, True
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while tickets := self._next_batch():
            try:
                self._write(tickets)
            except Exception as fault:  # noqa: BLE001  (each waiting request raises it)
                for ticket in tickets:
                    ticket.settle(fault=fault)

    def _next_batch(self) -> list[_Ticket]:
        """What waits; empty when the writer was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            return batch

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
            ticket.settle(stored=identity in stored and first[identity] is ticket)
        if stored:
            self._on_stored({(row.connection_id, row.lane) for row in rows if row.identity in stored})

    def _write_one_by_one(self, tickets: Sequence[_Ticket]) -> None:
        """One of them cannot be stored, which is no fault of the others."""
        for ticket in tickets:
            try:
                self._write([ticket])
            except psycopg.Error as fault:
                ticket.settle(fault=fault)

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
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::text[], %s::bytea[]
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
