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
    redis: str
    queues: Mapping[str, str]

    @property
    def well(self) -> bool:
        return self.database == self.migrations == self.redis == "ok"

    def as_document(self) -> dict[str, Any]:
        """`status` is "behind" where everything answers and a queue does not get on."""
        behind = set(self.queues.values()) - {queue_states.OK, queue_states.PAUSED}
        status = ("behind" if behind else "ok") if self.well else "unwell"
        return {"status": status, **asdict(self)}


def check(settings: Settings) -> Health:
    """Look at all of them; takes a few seconds at most."""
    database, migrations = _database(settings)
    answers, queues = _redis(settings)
    return Health(database=database, migrations=migrations, redis=answers, queues=queues)


def _database(settings: Settings) -> tuple[str, str]:
    try:
        with psycopg.connect(settings.database_url, connect_timeout=PATIENCE_SECONDS) as connection:
            connection.execute(f"SET statement_timeout = {PATIENCE_SECONDS * 1000}")
            try:
                found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            except psycopg.errors.UndefinedTable:
                return "ok", "the database is empty"
    except psycopg.OperationalError:
        return "does not answer", "unknown"
    applied = found[0] if found else "none"
    newest = newest_migration()
    return "ok", "ok" if applied == newest else f"at {applied}, this release needs {newest}"


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
