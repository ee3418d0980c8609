"""Whether the parts that everything needs are there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from alembic.script import ScriptDirectory
from flask import current_app

from app.services import queue_states
from app.services.queries.operations import SCHEDULER_LOCK, held_lock
from app.settings import Settings

PATIENCE_SECONDS = 3
OPEN_DATABASE = (
    "DATABASE_URL leads to a server that lets anybody in, whatever the password: in its pg_hba.conf replace"
    " trust by scram-sha-256, and reload it."
)


@dataclass(frozen=True, slots=True)
class Health:
    """Each is "ok" or says what is wrong, without secrets; `queues` by name, none where Redis is away."""

    database: str
    migrations: str
    scheduler: str
    redis: str
    queues: Mapping[str, str]

    @property
    def well(self) -> bool:
        return self.database == self.migrations == self.redis == "ok"

    def as_document(self) -> dict[str, Any]:
        """`status` is "behind" where all answers, and a queue does not get on or no scheduler works."""
        behind = {*self.queues.values(), self.scheduler} - {queue_states.OK, queue_states.PAUSED}
        status = ("behind" if behind else "ok") if self.well else "unwell"
        return {"status": status, **asdict(self)}


def check(settings: Settings) -> Health:
    """Look at all of them; takes a few seconds at most."""
    database, migrations, scheduler = _database(settings)
    answers, queues = _redis(settings)
    return Health(database=database, migrations=migrations, scheduler=scheduler, redis=answers, queues=queues)


def _database(settings: Settings) -> tuple[str, str, str]:
    try:
        with psycopg.connect(settings.database_url, connect_timeout=PATIENCE_SECONDS) as connection:
            connection.execute(f"SET statement_timeout = {PATIENCE_SECONDS * 1000}")
            row = connection.execute(_WRITES_AND_SCHEDULER).fetchone()
            assert row is not None  # it asks no table
            database, scheduler = row
            try:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except psycopg.errors.UndefinedTable:
                return database, "the database is empty", scheduler
    except psycopg.OperationalError:
        return "does not answer", "unknown", "unknown"
    applied = found[0] if found else "none"
    newest = newest_migration()
    migrations = "ok" if applied == newest else f"at {applied}, this release needs {newest}"
    return database, migrations, scheduler


def admits_anybody(settings: Settings) -> bool:
    """Whether the database takes a connection with a wrong password; False where it does not answer."""
    parts = urlsplit(settings.database_url)
    if not parts.hostname or "password=" in parts.query:
        return False  # A socket asks who the process is; nothing to find out by a password.
    try:
        psycopg.connect(
            settings.database_url, password=secrets.token_urlsafe(), connect_timeout=PATIENCE_SECONDS
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis(settings: Settings) -> tuple[str, Mapping[str, str]]:
    try:
        with redis.Redis.from_url(
            settings.redis_url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        ) as client:
            return "ok", {
                name: state.words(name) for name, state in queue_states.queue_states(client).items()
            }
    except redis.RedisError:
        return "does not answer", {}


def newest_migration() -> str:
    """The revision that this release's tables are at."""
    return _newest_in(current_app.extensions["migrate"].directory)


@cache
def _newest_in(directory: str) -> str:
    head = ScriptDirectory(Path(directory)).get_current_head()
    assert head is not None, "there are no migrations"
    return head


_WRITES_AND_SCHEDULER = f"""
    SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 'takes no writes' ELSE 'ok' END,
        CASE WHEN {held_lock(str(SCHEDULER_LOCK))} THEN 'ok' ELSE 'none works' END
"""
"""A standby, and a server whose disk is full and that its host made read-only, answer all the same."""
