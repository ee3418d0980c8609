"""The fixtures that every other test stands on."""

from __future__ import annotations

import socket

import psycopg
import pytest
import redis


@pytest.mark.parametrize("round_", [1, 2])
def test_clean_redis_starts_each_test_empty(clean_redis: str, round_: int) -> None:
    with redis.Redis.from_url(clean_redis) as client:
        assert client.dbsize() == 0
        client.set("left", round_)


@pytest.mark.parametrize("round_", [1, 2])
def test_clean_database_starts_each_test_empty(clean_database: str, round_: int) -> None:
    with psycopg.connect(clean_database) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
        connection.execute("INSERT INTO accounts (name) VALUES (%s)", (f"left {round_}",))


def test_fresh_database_is_migrated_and_not_the_shared_one(
    fresh_database_url: str, database_url: str
) -> None:
    assert fresh_database_url != database_url
    with psycopg.connect(fresh_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_outside_addresses_are_refused() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="outside this machine"):
        outside.connect(("192.0.2.1", 80))
