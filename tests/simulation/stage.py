"""Puts the services on the machine: its clock, also in PostgreSQL, and its turns between transactions."""

from __future__ import annotations

import base64
import importlib
import pkgutil
import random
import sys
import time
import uuid
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import psycopg
import pytest
import structlog
from flask import Flask
from psycopg import sql
from sqlalchemy import Connection, event

import app.services
from app import close_app, create_app
from app.extensions import db
from app.services import blind_writes, leases, orders, push
from app.services.fair_share import FairShare
from app.settings import Settings
from syncflow import embedded
from syncflow.database import migrate
from tests.simulation.machine import Clock, Futures, Machine, Memory, Threading, dates

ORDER_POLL_SECONDS = 30
LEVEL_SWEEP_SECONDS = 60
SETTLE_SECONDS = 5

_OUR_CLOCK = """
    CREATE SCHEMA sim;
    CREATE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT CAST(current_setting('sim.now') AS timestamptz) $$;
    CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS $$ SELECT CAST(current_setting('sim.now') AS timestamptz) $$;
"""
"""Found before PostgreSQL's own, as `sim` comes first in the search path."""
_DEFAULTS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default = 'now()'
"""


@dataclass
class Stage:
    """A migrated database of the simulation's own, and the application on it."""

    app: Flask
    database_url: str
    tables: list[str]

    def clear(self) -> None:
        """Remove what a history left, and number its rows from one again."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in self.tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute(
                "SELECT setval(oid::regclass, 1, false) FROM pg_class"
                " WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
            )

    @contextmanager
    def on(self, machine: Machine) -> Iterator[None]:
        """The services take their time, their turns and their luck from this machine."""
        patch = pytest.MonkeyPatch()
        luck = random.Random(machine.random.random())
        clock, futures, threads = Clock(machine), Futures(machine), Threading(machine)
        unique = SimpleNamespace(
            uuid4=lambda: uuid.UUID(int=luck.getrandbits(128), version=4), UUID=uuid.UUID
        )
        stand_ins: dict[object, Any] = {time: clock, datetime: dates(machine), random: luck, uuid: unique}
        for module in _services():
            for name, value in list(vars(module).items()):
                if isinstance(value, ModuleType | type) and value in stand_ins:
                    patch.setattr(module, name, stand_ins[value])
        for module in (push, orders, blind_writes):
            patch.setattr(module, "ThreadPoolExecutor", futures.ThreadPoolExecutor)
        for module in (push, orders):
            patch.setattr(module, "wait", futures.wait)
        patch.setattr(orders, "_applying", FairShare(sys.maxsize))  # of its threads one runs at a time anyway
        patch.setattr(leases, "threading", threads)
        patch.setattr(leases.lease.__wrapped__, "__kwdefaults__", {"wait_seconds": 0.0, "sleep": clock.sleep})
        patch.setitem(self.app.extensions, "redis", Memory(machine))
        logged = structlog.get_config()
        structlog.configure(
            processors=[partial(_into_the_trace, machine)], wrapper_class=structlog.BoundLogger
        )

        def begin(connection: Connection) -> None:
            machine.check_alive()
            task = machine.current()
            if task is not None:
                if not task.transactions:
                    machine.pause()
                task.transactions += 1
            driver: Any = connection.connection.driver_connection
            # At once with the transaction's beginning, which psycopg would send by itself otherwise.
            driver.pgconn.exec_(f"BEGIN; SET LOCAL sim.now = '{machine.utc.isoformat()}'".encode())

        def end(_connection: Connection) -> None:
            if (task := machine.current()) is not None:
                task.transactions -= 1

        with self.app.app_context():
            listeners = {"begin": begin, "commit": end, "rollback": end}
            db.engine.pool._pre_ping = False  # it takes a third of the time, and nobody restarts PostgreSQL
            for name, act in listeners.items():
                event.listen(db.engine, name, act)
            try:
                yield
            finally:
                for name, act in listeners.items():
                    event.remove(db.engine, name, act)
                structlog.configure(**logged)
                patch.undo()


@contextmanager
def staged(services: embedded.Services) -> Iterator[Stage]:
    """A stage on a running PostgreSQL."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE simulation")
    url = f"{services.database_url.rpartition('/')[0]}/simulation"
    settings = Settings.from_env(
        {
            "DATABASE_URL": url,
            "REDIS_URL": services.redis_url,
            "SECRET_KEY": "only-for-tests-" * 3,
            "CREDENTIAL_KEYS": base64.urlsafe_b64encode(b"only-for-tests-".ljust(32, b"-")).decode(),
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "ENVIRONMENT": "development",
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "ERROR",
            "ORDER_POLL_SECONDS": str(ORDER_POLL_SECONDS),
            "LEVEL_SWEEP_SECONDS": str(LEVEL_SWEEP_SECONDS),
            "DRIFT_SETTLE_SECONDS": str(SETTLE_SECONDS),
        }
    )
    migrate(settings)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_OUR_CLOCK)
        for table, column in connection.execute(_DEFAULTS).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT sim.now()").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            )
        connection.execute("ALTER DATABASE simulation SET search_path = sim, pg_catalog, public")
        tables = _empty_tables(connection)
    application = create_app(settings)
    try:
        yield Stage(application, url, tables)
    finally:
        close_app(application)


def _empty_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Those that migrations leave empty; partitions through their parents."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    return [
        name
        for (name,) in names
        if connection.execute(
            sql.SQL("SELECT 1 FROM public.{} LIMIT 1").format(sql.Identifier(name))
        ).fetchone()
        is None
    ]


def _into_the_trace(
    machine: Machine, _logger: object, _level: str, said: MutableMapping[str, Any]
) -> NoReturn:
    """What the product logs is part of what happened."""
    name = said.pop("event")
    fault = said.pop("exc_info", None) and sys.exc_info()[1]
    details = " ".join(f"{key}={value}" for key, value in said.items())
    machine.note(f"  {name} {details} {fault!r}" if fault else f"  {name} {details}")
    raise structlog.DropEvent


def _services() -> list[ModuleType]:
    """Every module of the services."""
    found = pkgutil.walk_packages(app.services.__path__, "app.services.")
    return [importlib.import_module(module.name) for module in found]
