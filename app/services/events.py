"""Inbound events: what they name is looked at in batches; what fails leaves the batch.

An event never carries truth. It says "look at this order" or "this number may have changed".
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text

from app import tracing
from app.measures.catalogue import EVENT_SECONDS
from app.measures.current import meter
from app.platforms.base import (
    Disconnected,
    Ignored,
    Lane,
    LevelReported,
    OrderChanged,
    PrivacyRequest,
    ProductChanged,
)
from app.platforms.registry import platform
from app.services import cells as cell_store
from app.services import connections, importer, privacy, stopping
from app.services.announcements import note_announced
from app.services.dead_letters.notes import Failure, note_failures
from app.services.faults import Fault, LastAttempt, fault_of
from app.services.leases import SLICE_SECONDS, Work, lease
from app.services.nudge import DRAIN_OF_LANE, Drain, begin, nudge
from app.services.orders import Fetched, fetch_and_apply, not_read_since
from app.services.retries import delay, retries
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()

EVENTS_PER_BATCH = {Lane.ORDERS: 200, Lane.HINTS: 1000, Lane.PRIVACY: 100}
_WORK = {Lane.ORDERS: Work.ORDERS, Lane.HINTS: Work.HINTS}
READY = ("review", "active", "paused")
"""States in which events are processed; before, they wait for the import to finish."""


PATIENCE_SECONDS = 1.5
"""A call that takes longer, while others were answered, is looked for in the next round."""
OLD_NEWS = timedelta(seconds=5)
"""A number seen longer ago says little of what the shop shows now; the next poll asks it."""


class EventFailed(LastAttempt):
    """An event could not be processed after its last attempt; it stays for support to replay."""

    code = "event_failed"


@dataclass(slots=True)
class _Batch:
    """What a batch of events asks for, and each event's verdict."""

    orders: dict[str, list[int]] = field(default_factory=dict)
    told_of_orders: dict[str, datetime] = field(default_factory=dict)
    """When the last of an order's events came in."""
    levels: list[LevelReported] = field(default_factory=list)
    products: dict[str, bool] = field(default_factory=dict)
    product_events: dict[str, list[int]] = field(default_factory=dict)
    disconnected: bool = False
    verdicts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """event id -> (state, words); none for those that have to wait"""
    faults: dict[int, Fault] = field(default_factory=dict)
    """event id -> what went wrong"""

    def fail(self, event_id: int, words: str, fault: Fault) -> None:
        """It is tried again, alone."""
        self.verdicts[event_id] = ("retrying", words)
        self.faults[event_id] = fault


def drain(connection_id: int, lane: Lane) -> None:
    """Process the connection's events of a lane, a slice of time at once. Safe to run at any time and
    twice."""
    this = DRAIN_OF_LANE[lane]
    begin(this, connection_id)
    with work_on(connection_id, states=READY) as job:
        if job is None:
            return
        with lease(_WORK[lane], connection_id) as held:
            if held is None:
                return
            slice_ends = time.monotonic() + SLICE_SECONDS
            while rows := _pending(connection_id, lane):
                if time.monotonic() > slice_ends or stopping.asked() or not held.renew():
                    nudge(this, connection_id)
                    return
                _process(job, rows)
                begin(this, connection_id)


def process_one(event_id: int) -> None:
    """One more attempt at an event that failed in its batch. Raises EventFailed after the last."""
    with unit_of_work() as uow:
        row = uow.session.execute(_ONE, {"id": event_id}).one_or_none()
    if row is None or row.state not in ("retrying", "dead"):
        return
    if row.lane == Lane.PRIVACY:
        _answer(row.connection_id, [row])
    else:
        with (
            work_on(row.connection_id, states=READY) as job,
            lease(_WORK[Lane(row.lane)], row.connection_id, wait_seconds=20) as held,
        ):
            if job is not None and held is not None:
                _process(job, [row])
    with unit_of_work() as uow:
        after = uow.session.execute(_ONE, {"id": event_id}).one()
    if after.state == "dead":
        raise EventFailed(f"Event {event_id} ({after.topic}) failed {after.attempts} times: {after.verdict}")


def answer_privacy_requests(connection_id: int) -> None:
    """Do what the pending requests ask for, whatever the connection's state: a shop is erased after it was
    disconnected. Needs no call to it. Safe to run at any time and twice."""
    begin(Drain.PRIVACY, connection_id)
    while rows := _pending(connection_id, Lane.PRIVACY):
        _answer(connection_id, rows)
        stopping.leave_if_asked()


def _answer(connection_id: int, rows: Sequence[Row[Any]]) -> None:
    with unit_of_work() as uow:
        connection = uow.session.execute(_CONNECTION, {"id": connection_id}).one()
    batch = _Batch()
    for row in rows:
        try:
            for signal in platform(connection.platform).parse(row.topic, row.headers, bytes(row.body)):
                match signal:
                    case PrivacyRequest():
                        privacy.handle(connection.account_id, connection_id, signal)
                        batch.verdicts[row.id] = ("done", "")
                    case Ignored(reason):
                        batch.verdicts[row.id] = ("ignored", reason)
        except Exception as err:  # a fault of our own, which must not keep the others from being answered
            log.exception("privacy_request_failed", event_id=row.id)
            fault = fault_of(err)
            batch.fail(row.id, f"not answered: {fault}", fault)
        batch.verdicts.setdefault(row.id, ("ignored", "no privacy request"))
    _finish(rows, batch)


def _pending(connection_id: int, lane: Lane) -> Sequence[Row[Any]]:
    with unit_of_work() as uow:
        params = {"id": connection_id, "lane": lane.value, "limit": EVENTS_PER_BATCH[lane]}
        return uow.session.execute(_PENDING, params).all()


def _process(job: Job, rows: Sequence[Row[Any]]) -> None:
    with tracing.span("process events") as span:
        span.set("syncflow.events", len(rows))
        span.link(row.headers.get(tracing.HEADER) for row in rows)
        _process_traced(job, rows)


def _process_traced(job: Job, rows: Sequence[Row[Any]]) -> None:
    batch = _sort(job, rows)
    fetched = Fetched()
    if due := not_read_since(job.scope, batch.told_of_orders):
        fetched = fetch_and_apply(job.scope, job.shop, due, patience_seconds=PATIENCE_SECONDS)
    unread = set(not_read_since(job.scope, batch.told_of_orders)) if fetched.late else set()
    if batch.products:
        for product_id, fault in importer.refresh_products(job, batch.products).items():
            for event_id in batch.product_events[product_id]:
                batch.fail(event_id, f"product not read: {fault}", fault)
    _note_levels(job, batch.levels)
    for order_id, event_ids in batch.orders.items():
        for event_id in event_ids:
            if order_id in unread - fetched.failed.keys() - fetched.missing:
                del batch.verdicts[event_id]  # still pending
            elif order_id in fetched.failed:
                fault = fetched.failed[order_id]
                batch.fail(event_id, f"order not applied: {fault}", fault)
            elif order_id in fetched.missing:
                batch.verdicts[event_id] = ("ignored", "the shop no longer has this order")
    _finish(rows, batch)
    if batch.disconnected:
        connections.mark_needs_auth(job.scope.connection_id, "The shop has removed SyncFlow.")


def _sort(job: Job, rows: Iterable[Row[Any]]) -> _Batch:
    batch = _Batch()
    for row in rows:
        try:
            signals = job.shop.platform.parse(row.topic, row.headers, bytes(row.body))
        except Exception as err:  # a fault of our own, which must not stop the shop
            log.exception("event_not_parsed", event_id=row.id)
            fault = fault_of(err)
            batch.fail(row.id, f"not understood: {fault}", fault)
            continue
        batch.verdicts[row.id] = ("done", "")
        for signal in signals:
            match signal:
                case OrderChanged(order_id):
                    batch.orders.setdefault(order_id, []).append(row.id)
                    earlier = batch.told_of_orders.get(order_id, row.received_at)
                    batch.told_of_orders[order_id] = max(earlier, row.received_at)
                case LevelReported():
                    if row.received_at > datetime.now(UTC) - OLD_NEWS:
                        batch.levels.append(signal)
                case ProductChanged(product_id, deleted):
                    batch.products[product_id] = deleted
                    batch.product_events.setdefault(product_id, []).append(row.id)
                case Disconnected():
                    batch.disconnected = True
                case Ignored(reason):
                    batch.verdicts[row.id] = ("ignored", reason)
    return batch


def _note_levels(job: Job, reports: Sequence[LevelReported]) -> None:
    if not reports:
        return
    with unit_of_work() as uow:
        to_read = cell_store.note_reports(uow.session, job.scope.connection_id, reports)
        uow.commit()
    if to_read:
        log.info("levels_reported", connection_id=job.scope.connection_id, to_read=to_read)


def _finish(rows: Sequence[Row[Any]], batch: _Batch) -> None:
    states, words, delays, failures = [], [], [], []
    orders = {event_id: order_id for order_id, event_ids in batch.orders.items() for event_id in event_ids}
    rows = [row for row in rows if row.id in batch.verdicts]
    for row in rows:
        state, verdict = batch.verdicts[row.id]
        if state == "retrying":
            if row.attempts + 1 >= retries("event").attempts:
                state = "dead"
            failures.append(_failure(row, batch.faults[row.id], is_last=state == "dead"))
        states.append(state)
        words.append(verdict)
        delays.append(delay("event", row.attempts + 1))
    with unit_of_work() as uow:
        uow.session.execute(
            _FINISH,
            {
                "ids": [row.id for row in rows],
                "received": [row.received_at for row in rows],
                "states": states,
                "words": words,
                "delays": delays,
                "orders": [orders.get(row.id) for row in rows],
            },
        )
        note_failures(uow.session, failures)
        if announced := _first_told_of(rows, batch):
            note_announced(uow.session, rows[0].connection_id, announced)
        uow.commit()
    _measure(rows, states)


def _measure(rows: Sequence[Row[Any]], states: Sequence[str]) -> None:
    """How long the events waited that are dealt with."""
    at = datetime.now(UTC)
    for row, state in zip(rows, states, strict=True):
        if state in ("done", "ignored"):
            meter().observe(EVENT_SECONDS, (at - row.received_at).total_seconds(), row.lane)


def _failure(row: Row[Any], fault: Fault, *, is_last: bool) -> Failure:
    return Failure("event", row.id, fault, is_last=is_last, connection_id=row.connection_id)


def _first_told_of(rows: Sequence[Row[Any]], batch: _Batch) -> list[str]:
    """Orders that these events tell of, those left out that were tried before and hence counted."""
    new = {row.id for row in rows if row.attempts == 0}
    return [order_id for order_id, event_ids in batch.orders.items() if new.intersection(event_ids)]


_CONNECTION = text("SELECT account_id, platform FROM connections WHERE id = :id")
_PENDING = text(
    """
    SELECT id, received_at, connection_id, lane, topic, headers, body, state, attempts FROM inbound_events
    WHERE connection_id = :id AND state = 'pending' AND lane = :lane ORDER BY id LIMIT :limit
    """
)
_ONE = text(
    """
    SELECT id, received_at, connection_id, lane, topic, headers, body, state, attempts, verdict
    FROM inbound_events WHERE id = :id
    """
)
_FINISH = text(
    """
    UPDATE inbound_events e SET state = v.state, verdict = v.words,
        attempts = e.attempts + 1, order_external_id = v.order_id,
        processed_at = CASE WHEN v.state IN ('done', 'ignored') THEN clock_timestamp() END,
        next_attempt_at = CASE WHEN v.state = 'retrying'
            THEN clock_timestamp() + make_interval(secs => v.delay) END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:received AS timestamptz[]), CAST(:states AS text[]),
        CAST(:words AS text[]), CAST(:delays AS float8[]), CAST(:orders AS text[]))
        AS v (id, received_at, state, words, delay, order_id)
    WHERE e.id = v.id AND e.received_at = v.received_at
    """
)
