"""A backup is worth what a restore makes of it: everything, proved, and the work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from flask import Flask
from psycopg import sql

from app import close_app, create_app
from app.services import connections, work
from app.services.credentials import ConnectionCredentials, vault
from app.settings import Settings
from syncflow.backups import back_up
from syncflow.cli import main
from tests.services.shop import Shop
from tests.services.world import SETTLE, World, now

CREDENTIALS = {"token": "t0", "refresh": "r0"}
Run = Callable[..., Result]


@pytest.fixture
def own(settings: Settings, fresh_database_url: str) -> Settings:
    return replace(
        settings,
        database_url=fresh_database_url,
        push_window_ms=0,
        drift_settle_seconds=int(SETTLE.total_seconds()),
    )


@contextmanager
def at_work(settings: Settings) -> Iterator[Flask]:
    """The application on this database, and gone from it afterwards."""
    application = create_app(settings)
    with application.app_context():
        try:
            yield application
        finally:
            close_app(application)


@pytest.fixture
def run(environ: dict[str, str], own: Settings) -> Run:
    def invoke(*arguments: str, **variables: str) -> Result:
        env = {**environ, "DATABASE_URL": own.database_url, **variables}
        return CliRunner().invoke(main, arguments, env=env)

    return invoke


def drop_and_create(url: str) -> None:
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def counted(url: str) -> dict[str, int]:
    """The rows of every table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind = 'r' ORDER BY 1"
        ).fetchall()
        return {
            name: connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            ).fetchone()[0]  # type: ignore[index]
            for (name,) in tables
        }


def a_merchants_past(world: World) -> tuple[Shop, Shop, int]:
    """Two shops with stock, orders, a cancellation and sealed credentials; all is quiet."""
    shop, other = Shop(), Shop()
    shop.stock("A", "SKU", 10)
    shop.stock("A2", "OTHER", 7)
    other.stock("B", "SKU", 10)
    connections = [world.connect(each) for each in (shop, other)]
    for number in range(3):
        shop.sell(f"o{number}", "A", 1, at=now())
        world.settle()
    shop.cancel("o1", at=now())
    other.sell("p", "B", 2, at=now())
    world.settle()
    world.sql("UPDATE connections SET credentials = :sealed", sealed=vault().seal(CREDENTIALS))
    world.assert_quiet()
    assert (shop.number("A"), other.number("B")) == (6, 6)
    return shop, other, connections[0]


def test_a_dropped_database_is_restored_proved_and_worked_with(
    own: Settings, clean_redis: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "monday.backup"
    with redis.Redis.from_url(clean_redis) as client, at_work(own):
        world = World(client)
        monkeypatch.setattr(work, "open_channel", world.open_channel)
        shop, other, connection = a_merchants_past(world)
        answer = run("backup", str(file))
        assert answer.exit_code == 0, answer.output
        assert file.stat().st_mode & 0o777 == 0o600
    before = counted(own.database_url)
    assert before["stock_movements"] > 5

    drop_and_create(own.database_url)
    with redis.Redis.from_url(clean_redis) as client:
        client.flushall()
    answer = run("restore", str(file), "--unpaused")
    assert answer.exit_code == 0, answer.output
    assert "The ledger is right, and all that is sealed can be read." in answer.output
    assert counted(own.database_url) == before
    assert run("verify-ledger").exit_code == 0

    with at_work(own):
        assert ConnectionCredentials(connection).current() == CREDENTIALS
        shop.sell("after", "A", 1, at=now())
        other.cancel("p", at=now())
        world.settle()
        world.assert_quiet()
        world.assert_explained()
        assert (shop.number("A"), other.number("B")) == (7, 7)
    with psycopg.connect(own.database_url) as connection_, pytest.raises(psycopg.errors.RaiseException):
        connection_.execute("DELETE FROM stock_movements")  # the ledger is append-only again


def test_what_happened_since_the_backup_counts_once(
    own: Settings, clean_redis: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restored database does not know of its own writes since; the orders are fetched again."""
    file = tmp_path / "monday.backup"
    with redis.Redis.from_url(clean_redis) as client, at_work(own):
        world = World(client)
        monkeypatch.setattr(work, "open_channel", world.open_channel)
        shop, other, _connection = a_merchants_past(world)
        back_up(own, file)
        shop.sell("since", "A", 2, at=now())
        world.settle()
        assert (shop.number("A"), other.number("B")) == (4, 4)

    drop_and_create(own.database_url)
    answer = run("restore", str(file))
    assert answer.exit_code == 0, answer.output
    assert answer.output.count("its policy was merge") == 2

    with at_work(own):
        world.settle()
        assert (shop.number("A"), other.number("B")) == (4, 4), "nothing is written while paused"
        for connection_id in world.shops:
            connections.resume(world.account_id, connection_id, actor="test")
        world.settle()
        assert (shop.number("A"), other.number("B")) == (4, 4)
        for connection_id in world.shops:
            connections.configure(world.account_id, connection_id, {"drift_policy": "merge"}, actor="test")
        world.settle()
        assert (shop.number("A"), other.number("B")) == (4, 4)
        world.assert_quiet()
        world.assert_explained()


def test_nothing_is_written_over(own: Settings, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    file.write_text("dear")
    assert run("backup", str(file)).exit_code == 2
    assert file.read_text() == "dear"
    whole = tmp_path / "b.backup"
    back_up(own, whole)
    refused = run("restore", str(whole))
    assert refused.exit_code == 3
    assert "The database is not empty" in refused.output
    assert {path.name for path in tmp_path.iterdir()} == {"a.backup", "b.backup"}


def test_a_file_that_is_no_backup_or_a_part_of_one_restores_nothing(
    own: Settings, run: Run, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.backup"
    back_up(own, whole)
    drop_and_create(own.database_url)
    written = whole.read_bytes()
    spoilt = written[:-100] + bytes(100)  # among the rows: what was made before has to be gone again
    for content in (b"dear", written[:2000], written[:-3000], spoilt):
        part = tmp_path / "part.backup"
        part.write_bytes(content)
        assert run("restore", str(part)).exit_code == 3
        assert counted(own.database_url) == {}
    assert run("restore", str(whole)).exit_code == 0


def test_sealed_credentials_without_their_key_are_told_of(
    own: Settings, clean_redis: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    with redis.Redis.from_url(clean_redis) as client, at_work(own):
        World(client).add_connection(Shop())
        World(client).sql("UPDATE connections SET credentials = :sealed", sealed=vault().seal(CREDENTIALS))
        back_up(own, file)
    drop_and_create(own.database_url)
    answer = run("restore", str(file), CREDENTIAL_KEYS=Fernet.generate_key().decode())
    assert answer.exit_code == 1
    assert "1 rows of connections were sealed by a key that CREDENTIAL_KEYS does not hold." in answer.output


def test_a_database_that_cannot_be_reached_leaves_no_file_and_no_password_in_words(
    own: Settings, run: Run, tmp_path: Path
) -> None:
    answer = run("backup", str(tmp_path / "a.backup"), DATABASE_URL="postgresql://u:hush@127.0.0.1:1/x")
    assert answer.exit_code == 3
    assert "pg_dump gave up" in answer.output
    assert "hush" not in answer.output
    assert list(tmp_path.iterdir()) == []
