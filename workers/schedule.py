"""`python -m workers.schedule`: what runs by the clock. Of many such processes one works, by a lock."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.extensions import db
from app.services import account_deletion, account_exports, announcements, holds, run_book, sweeper
from app.services.dead_letters import mass
from app.services.dead_letters.follow import follow
from app.services.emf import EmbeddedMetrics
from app.services.figures import figures
from app.services.nudge import enqueue
from app.services.queries.ledger_check import accounts
from app.services.queries.operations import SCHEDULER_LOCK
from app.services.rollups.fold import wake_folds
from app.settings import Settings
from workers.queues import QUEUES

log = structlog.get_logger()

DAY = timedelta(days=1)
NIGHT_HOUR = 3
"""UTC."""
NIGHTLY_SECONDS = 7200
"""How long a nightly job of one account may take."""


@dataclass(slots=True)
class Task:
    """Something to do every `seconds`; `due` by time.monotonic()."""

    seconds: float
    run: Callable[[], None]
    due: float = 0.0


def tasks(app: Flask) -> list[Task]:
    """The cron table."""
    settings: Settings = app.extensions["settings"]
    retention_days = settings.inbound_event_retention_days
    telling = [Task(60, metrics_teller(app))] if settings.metrics == "emf" else []
    return [
        *telling,
        Task(0.25, holds.hold_unread_orders),
        Task(1, sweeper.wake_due),
        Task(1, mass.step),
        Task(3, wake_folds),
        Task(5, sweeper.sweep),
        Task(5, run_book.follow),
        Task(10, lambda: follow(QUEUES)),
        Task(30, run_book.sum_up_pushes),
        Task(60, _check_webhooks),
        Task(60, account_exports.wake_due),
        Task(60, account_deletion.wake_due),
        Task(60, announcements.count_missed),
        Task(3600, lambda: sweeper.house_keeping(retention_days)),
        Task(DAY.total_seconds(), _nightly, due=time.monotonic() + seconds_until_night(datetime.now(UTC))),
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
    with app.app_context():
        while not stop.is_set():
            try:
                with db.engine.connect() as connection:
                    connection.detach()  # closed when left, which gives the lock back whatever happened
                    _work_while_locked(connection, tasks(app), stop)
            except (SQLAlchemyError, RedisError) as err:
                log.warning("scheduler_interrupted", exc_info=err)
            stop.wait(2)
    return 0


def _work_while_locked(connection: Connection, table: list[Task], stop: threading.Event) -> None:
    """Do what is due while this process holds the lock; a dead holder's lock is free at once."""
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": SCHEDULER_LOCK}).scalar():
        connection.rollback()
        if stop.wait(2):
            return
    connection.commit()
    log.info("scheduler_working")
    while not stop.is_set():
        connection.execute(text("SELECT 1"))  # fails if the session, and with it the lock, is gone
        connection.commit()
        now = time.monotonic()
        for task in table:
            if task.due <= now:
                task.due = now + task.seconds
                _run(task)
        stop.wait(0.1)


def _run(task: Task) -> None:
    """One task's fault keeps no other from running."""
    try:
        task.run()
    except Exception:
        log.exception("task_failed", task=getattr(task.run, "__name__", "task"))


def _check_webhooks() -> None:
    for connection_id in sweeper.webhooks_due():
        enqueue(
            "sync", "ensure_webhooks", connection_id, timeout_seconds=600, job_id=f"webhooks-{connection_id}"
        )


def seconds_until_night(now: datetime) -> float:
    """Until the next NIGHT_HOUR."""
    night = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return (night - now) / timedelta(seconds=1) if night > now else (night + DAY - now) / timedelta(seconds=1)


def _nightly() -> None:
    """What goes through a whole account, while few are at work. A lost job runs the night after."""
    for account_id in accounts():
        for job in ("check_ledger", "catch_up_stock_events", "check_sums"):
            enqueue("reports", job, account_id, timeout_seconds=NIGHTLY_SECONDS, job_id=f"{job}-{account_id}")


if __name__ == "__main__":
    sys.exit(main())
