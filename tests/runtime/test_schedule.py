"""The scheduler, in real processes: if it dies, stands still or loses its lock another one takes over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import event

from app import close_app, create_app
from app.extensions import db
from app.services.queries.operations import SCHEDULER_LOCK
from app.settings import Settings
from tests.runtime.waiting import wait_for
from workers import schedule

PROJECT = Path(__file__).parents[2]
# The scheduler as it is, with a less patient PostgreSQL.
COMMAND = """
import sys
from workers import schedule
schedule.SILENT_SECONDS = 2
sys.exit(schedule.main())
"""
Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def admin(fresh_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def start(environ: dict[str, str], fresh_database_url: str) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        settings = {
            **os.environ,
            **environ,
            "DATABASE_URL": f"{fresh_database_url}?application_name=s{len(started)}",
        }
        started.append(subprocess.Popen([sys.executable, "-c", COMMAND], cwd=PROJECT, env=settings))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def holder(admin: psycopg.Connection) -> tuple[str, int] | None:
    """Which process holds the lock, by its name, and its session."""
    found = admin.execute(
        "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
        " AND a.datname = current_database()",
        (SCHEDULER_LOCK >> 32, SCHEDULER_LOCK & 0xFFFFFFFF),
    ).fetchone()
    return (found[0], found[1]) if found else None


def works(admin: psycopg.Connection, name: str) -> None:
    """It holds the lock, and goes on holding it."""
    wait_for(lambda: (holder(admin) or ("",))[0] == name, what=f"{name} at work", within_seconds=60)


@pytest.mark.timeout(180)
def test_another_scheduler_takes_over_from_one_that_was_killed(
    admin: psycopg.Connection, start: Start
) -> None:
    first = start()
    works(admin, "s0")
    start()
    first.kill()
    works(admin, "s1")


@pytest.mark.timeout(180)
def test_another_takes_over_from_one_that_stands_still_which_then_waits(
    admin: psycopg.Connection, start: Start
) -> None:
    first = start()
    works(admin, "s0")
    second = start()
    first.send_signal(signal.SIGSTOP)
    works(admin, "s1")
    first.send_signal(signal.SIGCONT)
    second.kill()
    works(admin, "s0")


def test_whenever_it_stands_still_its_session_is_seen_to_be_silent(
    settings: Settings, clean_database: str, clean_redis: str
) -> None:
    app = create_app(settings, web=False)
    stop = threading.Event()
    states = []
    with app.app_context(), ThreadPoolExecutor(1) as pool, schedule.lock_connection() as connection:
        ours = connection.connection.dbapi_connection

        def note(of: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if of.connection.dbapi_connection is ours:
                states.append(ours.info.transaction_status)
                if statement == "SELECT 1":
                    stop.set()

        event.listen(db.engine, "after_cursor_execute", note)
        schedule.work_while_locked(connection, [], stop, pool)
    close_app(app)
    assert len(states) == 3
    assert set(states) == {TransactionStatus.IDLE}


@pytest.mark.timeout(180)
def test_one_whose_session_was_ended_comes_back(admin: psycopg.Connection, start: Start) -> None:
    process = start()
    works(admin, "s0")
    ended = holder(admin)
    assert ended
    admin.execute("SELECT pg_terminate_backend(%s)", (ended[1],))
    wait_for(lambda: (holder(admin) or ended) != ended, what="a new session", within_seconds=60)
    assert process.poll() is None


@pytest.mark.timeout(180)
def test_it_ends_when_told_to_and_gives_the_lock_back(admin: psycopg.Connection, start: Start) -> None:
    process = start()
    works(admin, "s0")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert holder(admin) is None
