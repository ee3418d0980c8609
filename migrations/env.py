"""Alembic's environment: the migrations run inside the Flask application's context.

Each migration is a transaction of its own: one that fails leaves nothing behind, and those before it stay. Of
several processes that migrate, one does. docs/engineers/migrations.md has the rules for what stands in them.
"""

from __future__ import annotations

import time

from alembic import context
from flask import current_app
from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

import app.models  # noqa: F401  (registers every table)
from app.models import Base
from app.services import health

LOCK_KEY = 7_311_020_002
"""Of the PostgreSQL advisory lock that whoever migrates holds."""
LOCK_TIMEOUT_SECONDS = 5
"""For so long at most others stand behind a migration that waits for a table."""
BLOCKED = (
    f"A migration waited for {LOCK_TIMEOUT_SECONDS} s for a table that something else is using, and gave up,"
    " so that nothing stands behind it. Nothing of it was done, and the release before it can go on. See who"
    " holds the table, by xact_start in pg_stat_activity, or wait; then release again."
)


class Blocked(RuntimeError):
    """A table was in use for too long. Flask-Migrate says the words of a RuntimeError, and ends with 1."""

    def __init__(self) -> None:
        super().__init__(BLOCKED)


def _ignore_partitions(_object: object, name: str | None, type_: str, *_rest: object) -> bool:
    """Monthly partitions are made at run time, not by migrations."""
    return not (type_ == "table" and name is not None and name.startswith("inbound_events_"))


def _wait_for_turn(connection: Connection) -> None:
    """Hold the lock for as long as the connection lives.

    It is asked for again and again: a statement that waited would keep its snapshot, and whoever builds an
    index concurrently waits for that.
    """
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}).scalar():
        connection.rollback()
        time.sleep(0.2)
    connection.commit()


def _run(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        include_object=_ignore_partitions,
        transaction_per_migration=True,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    except OperationalError as err:
        if isinstance(err.orig, LockNotAvailable):
            raise Blocked from err
        raise


def _refuse_open_database() -> None:
    settings = current_app.extensions.get("settings")
    if settings is not None and settings.in_production and health.admits_anybody(settings):
        raise RuntimeError(health.OPEN_DATABASE)


if context.is_offline_mode():
    raise SystemExit("SyncFlow's migrations need a database to run against.")
_refuse_open_database()
with current_app.extensions["migrate"].db.engine.connect() as bind:
    try:
        _wait_for_turn(bind)
        _run(bind)
    finally:
        bind.invalidate()  # closes it, which gives the lock back whatever happened
