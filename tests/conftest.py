"""One embedded PostgreSQL and one Valkey for the whole run; a migrated database; nothing leaves loopback.

- `database_url`, `redis_url`: one migrated database and one Valkey for the session.
- `clean_database`, `clean_redis`: ask for them to have what a test wrote removed after it.
- `fresh_database_url`: a migrated database of the test's own, for tests that start real processes.
- `logged`: what is logged during the test.
- `environ`, `settings`: the environment of a product process on the session's services, and what it reads
  from it. A test that changes one copies it: `{**environ, "PORT": "1"}`.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import logging
import socket
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import psycopg
import pytest
import redis
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from structlog.testing import capture_logs

from app.settings import Settings
from syncflow import embedded
from syncflow.database import migrate

# A machine that is busy is no fault of a test.
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")

MIGRATED = "migrated"
LOCK_TIMEOUT = "10s"


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Refuse connections to anything but this machine: a test that needs the internet is wrong."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    yield
    patch.undo()


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}, which is outside this machine")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def services() -> Iterator[embedded.Services]:
    """The run's PostgreSQL and Valkey. They forget everything on a power cut, which makes them fast."""
    with embedded.throwaway(durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def migrated_template(services: embedded.Services) -> str:
    """The name of a migrated database that others are copied from."""
    url = _create_database(services.database_url, MIGRATED)
    migrate(Settings.from_env(_environ(url, services.redis_url)))
    return MIGRATED


@pytest.fixture(scope="session")
def database_url(services: embedded.Services, migrated_template: str) -> str:
    """A migrated database for the session, as a libpq URL."""
    return _create_database(services.database_url, "shared", template=migrated_template)


@pytest.fixture(scope="session")
def redis_url(services: embedded.Services) -> str:
    return services.redis_url


@pytest.fixture(scope="session")
def environ(database_url: str, redis_url: str) -> dict[str, str]:
    return _environ(database_url, redis_url)


@pytest.fixture(scope="session")
def settings(environ: dict[str, str]) -> Settings:
    return Settings.from_env(environ)


@pytest.fixture(scope="session")
def _cleaner(database_url: str) -> Iterator[Cleaner]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Cleaner(connection)


class Cleaner:
    """Empties the tables that migrations leave empty, partitions through their parents."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        names = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        self.tables = [sql.Identifier(schema, name) for schema, name in names]
        for number in reversed(self._filled()):
            del self.tables[number]
        # Without triggers: neither foreign keys nor the ledger's append-only rule stand in the way.
        connection.execute("SET session_replication_role = replica")
        connection.execute(sql.SQL("SET lock_timeout = {}").format(LOCK_TIMEOUT))

    def clean(self) -> None:
        for number in self._filled():
            self.connection.execute(sql.SQL("DELETE FROM {}").format(self.tables[number]))

    def _filled(self) -> list[int]:
        """The places in `tables` of those that have rows, by one statement."""
        some = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        asked = sql.SQL(" UNION ALL ").join(
            some.format(sql.Literal(number), table) for number, table in enumerate(self.tables)
        )
        return sorted(number for (number,) in self.connection.execute(asked, prepare=True))


@pytest.fixture
def clean_database(database_url: str, _cleaner: Cleaner) -> Iterator[str]:
    """The session's database, emptied of what the test wrote (a few milliseconds; sequences go on).

    A test that leaves a transaction open makes this fail after LOCK_TIMEOUT.
    """
    yield database_url
    _cleaner.clean()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged during the test, at all levels, whatever level the process's last app has set."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with capture_logs() as entries:
        yield entries
    structlog.configure(**before)


@pytest.fixture
def clean_redis(redis_url: str) -> Iterator[str]:
    """The session's Valkey, emptied after the test."""
    yield redis_url
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


@pytest.fixture(scope="session")
def _fresh_names() -> Iterator[str]:
    return (f"fresh_{number}" for number in itertools.count(1))


@pytest.fixture
def fresh_database_url(
    services: embedded.Services, migrated_template: str, _fresh_names: Iterator[str]
) -> Iterator[str]:
    """A migrated database of the test's own; dropped after it, whoever is still connected."""
    name = next(_fresh_names)
    yield _create_database(services.database_url, name, template=migrated_template)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _create_database(server_url: str, name: str, *, template: str = "template1") -> str:
    """Create a database next to the one of `server_url`, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return f"{server_url.rpartition('/')[0]}/{name}"


def _environ(database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "only-for-tests-" * 3,
        "CREDENTIAL_KEYS": base64.urlsafe_b64encode(b"only-for-tests-".ljust(32, b"-")).decode(),
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ENVIRONMENT": "development",
        "LOG_FORMAT": "console",
        "ALLOW_PRIVATE_SHOPS": "true",
    }
