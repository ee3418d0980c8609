"""`python -m workers.schedule`: what runs by the clock. Of many such processes one works, by a lock.

Each task has a thread of its own, so that one that takes long, or waits for a row that somebody has locked,
holds up no other; it is not begun again before it has ended. All may run twice, and beside each other.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.extensions import db
from app.services import (
    account_deletion,
    account_exports,
    alerts,
    announcements,
    expiry,
    holds,
    queues,
    run_book,
    sweeper,
    uptime,
)
from app.services.dead_letters import mass
from app.services.dead_letters.follow import follow
from app.services.emf import EmbeddedMetrics
from app.services.figures import figures
from app.services.nudge import enqueue
from app.services.queries.ledger_check import accounts
from app.services.queries.operations import SCHEDULER_LOCK, working_shops
from app.services.rollups.fold import wake_folds
from app.services.threads import in_this_app
from app.settings import Settings
from app.tracing import stop_tracing
from workers.queues import QUEUES

log = structlog.get_logger()

SILENT_SECONDS = 10
"""PostgreSQL ends the session of a holder that says nothing for so long, and with it the lock: one that was
stopped or whose machine is gone would else keep all others waiting."""
TURN_SECONDS = 0.1
SLOW_SECONDS = 30.0
"""A task that takes longer is worth a line in the logs."""
STOP_SECONDS = 20.0
"""How long tasks are waited for at the end."""
NIGHT_HOUR, NIGHT_MINUTES = 3, 120
"""When it begins, in UTC, and over how long accounts are spread."""
TAKEN_OVER = timedelta(minutes=3)
"""A scheduler that begins looks back so far: the one before may have died."""
OF_ACCOUNTS = ("check_ledger", "catch_up_stock_events", "check_sums")
NIGHTLY_SECONDS = 7200
"""How long a nightly job of one account may take."""


@dataclass(slots=True)
class Task:
    """Something to do every `seconds`; `due` by time.monotonic()."""

    seconds: float
    run: Callable[[], None]
    what: str
    """In an operator's words."""
    due: float = 0.0
    under_way: Future[None] | None = None


def tasks(app: Flask) -> list[Task]:
    """The cron table. docs/operators/running.md shows it."""
    settings: Settings = app.extensions["settings"]
    retention_days = settings.inbound_event_retention_days
    telling = [Task(60, metrics_teller(app), "tell CloudWatch the figures, with `METRICS=emf`")]
    return [
        Task(0.25, holds.hold_unread_orders, "keep back what orders mention that cannot be read yet"),
        Task(1, sweeper.wake_due, "wake what is due by its time: polls, sweeps, retries, shipments"),
        Task(1, mass.step, "put the next dead letters of a mass replay back to work"),
        Task(1, wake_folds, "have sums folded that have something to fold"),
        Task(5, sweeper.sweep, "wake what lost nudges or dead workers left: events, numbers, imports, mails"),
        Task(5, queues.keep_paused, "tell workers anew which queues are paused"),
        Task(5, run_book.follow, "end the runs that people asked for"),
        Task(5, uptime.Prober().tick, "see whether all of it works, once a minute while it does"),
        Task(10, partial(follow, QUEUES), "keep dead letters and the failed jobs of queues in step"),
        Task(30, run_book.sum_up_pushes, "sum up what was written to shops"),
        Task(60, check_webhooks, "have webhook subscriptions repaired that were not looked at for an hour"),
        Task(60, expiry.wake_due, "have tokens renewed that end within minutes, where nobody calls the shop"),
        Task(60, account_exports.wake_due, "have exports made whose worker died"),
        Task(60, account_deletion.wake_due, "have accounts removed whose time has come"),
        Task(60, announcements.count_missed, "count orders that no webhook told of"),
        Task(60, alerts.Watch().look, "open alerts for what is wrong, close those that are over"),
        *(telling if settings.metrics == "emf" else ()),
        Task(3600, alerts.watch_credentials, "tell of credentials that run out soon"),
        Task(3600, partial(sweeper.house_keeping, retention_days), "make partitions, drop what is old"),
        Task(
            60,
            Nights().look,
            "from 03:00 to 05:00 UTC: check ledgers and sums, compare shops, catch up on events",
        ),
    ]


def metrics_teller(app: Flask) -> Callable[[], None]:
    """A task that tells CloudWatch how things are."""
    emf = EmbeddedMetrics()

    def tell_metrics() -> None:
        emf.tell(figures(app.extensions["settings"], app.extensions["redis"]), time.time())

    return tell_metrics


def main() -> int:
    app = create_app(web=False)
    app.extensions["meter"].process = "scheduler"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    table = tasks(app)
    pool = ThreadPoolExecutor(len(table), thread_name_prefix="task")
    with app.app_context():
        while not stop.is_set():
            try:
                with lock_connection() as connection:
                    work_while_locked(connection, table, stop, pool)
            except (SQLAlchemyError, RedisError) as err:
                log.warning("scheduler_interrupted", exc_info=err)
            stop.wait(2)
    _end(table)
    stop_tracing()
    return 0


def lock_connection() -> Connection:
    """Without transactions: within one PostgreSQL does not count how long a session says nothing."""
    connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # closed when left, which gives the lock back whatever happened
    return connection


def work_while_locked(
    connection: Connection, table: Sequence[Task], stop: threading.Event, pool: ThreadPoolExecutor
) -> None:
    """Do what is due while this process holds the lock. A dead holder's lock is free at once, a silent one's
    after SILENT_SECONDS."""
    connection.execute(text(f"SET idle_session_timeout = '{SILENT_SECONDS}s'"))
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": SCHEDULER_LOCK}).scalar():
        if stop.wait(2):
            return
    log.info("scheduler_working")
    _run(Task(0, sweeper.spread_sweeps, "spread the sweeps that were missed"))
    while not stop.is_set():
        connection.execute(text("SELECT 1"))  # fails if the session, and with it the lock, is gone
        for task in table:
            _begin(task, pool)
        stop.wait(TURN_SECONDS)


def _begin(task: Task, pool: ThreadPoolExecutor) -> None:
    """Have it done if it is due, and not still under way."""
    now = time.monotonic()
    if task.due <= now and (task.under_way is None or task.under_way.done()):
        task.due = now + task.seconds
        task.under_way = pool.submit(in_this_app(partial(_run, task)))


def _run(task: Task) -> None:
    """One task's fault keeps no other from running, nor itself from being run again."""
    began = time.monotonic()
    try:
        task.run()
    except Exception:
        log.exception("task_failed", task=task.what)
    if (seconds := time.monotonic() - began) > SLOW_SECONDS:
        log.warning("task_slow", task=task.what, seconds=round(seconds))


def _end(table: Sequence[Task]) -> None:
    """Wait for what is under way; what takes too long is left, as if this process had died."""
    wait([task.under_way for task in table if task.under_way is not None], timeout=STOP_SECONDS)
    if any(task.under_way is not None and not task.under_way.done() for task in table):
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(0)


def check_webhooks() -> None:
    for connection_id in sweeper.webhooks_due():
        enqueue(
            "sync", "ensure_webhooks", connection_id, timeout_seconds=600, job_id=f"webhooks-{connection_id}"
        )


def at_night(subject_id: int, day: datetime) -> datetime:
    """When an account, or a connection, has its turn in the night of that day."""
    begins = day.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return begins + timedelta(minutes=subject_id % NIGHT_MINUTES)


class Nights:
    """What goes through a whole account or a whole shop, while few are at work; some of them a minute, so
    that what others wait for gets between. A lost job runs the night after."""

    def __init__(self, now: datetime | None = None) -> None:
        self._looked_at = (now or datetime.now(UTC)) - TAKEN_OVER

    def look(self, now: datetime | None = None) -> None:
        """Enqueue the jobs of those whose turn has come since the last look."""
        now = now or datetime.now(UTC)
        self._looked_at = max(self._looked_at, now - TAKEN_OVER)  # it may have waited for the lock for days
        if NIGHT_HOUR <= now.hour <= NIGHT_HOUR + NIGHT_MINUTES // 60:
            for account_id in self._whose_turn_came(accounts(), now):
                for job in OF_ACCOUNTS:
                    _enqueue_nightly("reports", job, account_id)
            for connection_id in self._whose_turn_came(working_shops(), now):
                _enqueue_nightly("sync", "check_data", connection_id)
        self._looked_at = now

    def _whose_turn_came(self, ids: Iterable[int], now: datetime) -> list[int]:
        return [each for each in ids if self._looked_at < at_night(each, now) <= now]


def _enqueue_nightly(queue: str, job: str, subject_id: int) -> None:
    enqueue(queue, job, subject_id, timeout_seconds=NIGHTLY_SECONDS, job_id=f"{job}-{subject_id}")


if __name__ == "__main__":
    sys.exit(main())
