"""Credentials at rest, and their renewal by several processes at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from app.errors import NotFound
from app.models import Connection
from app.platforms.errors import AuthExpired, Transient
from app.services import credentials
from app.services.credentials import ConnectionCredentials, CredentialsUnreadable, Vault, rotate_keys
from tests.api.conftest import execute, rows

STALE = {"token": "t0", "refresh": "r0"}
FRESH = {"token": "t1", "refresh": "r1"}


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection()


def stored(connection: Connection) -> Any:
    return rows("SELECT * FROM connections WHERE id = :id", id=connection.id)[0]


def never(_current: Mapping[str, Any]) -> Mapping[str, Any]:
    raise AssertionError("there was no need to renew")


def test_what_is_stored_shows_nothing_of_the_secret(connection: Connection) -> None:
    assert ConnectionCredentials(connection.id).current() == STALE
    assert b'"r0"' not in bytes(stored(connection).credentials)


def test_new_credentials_are_stored_before_anybody_uses_them(connection: Connection) -> None:
    store = ConnectionCredentials(connection.id)
    assert store.refresh(STALE, lambda _current: FRESH) == FRESH

    assert store.current() == FRESH
    assert ConnectionCredentials(connection.id).current() == FRESH
    assert stored(connection).token_version == 1
    assert stored(connection).token_lease_until is None


def test_who_comes_late_gets_what_another_process_stored(connection: Connection) -> None:
    late = ConnectionCredentials(connection.id)
    assert late.current() == STALE
    ConnectionCredentials(connection.id).refresh(STALE, lambda _current: FRESH)

    assert late.refresh(STALE, never) == FRESH


def test_many_that_find_a_token_stale_renew_it_once(app: Flask, connection: Connection) -> None:
    all_here, calls = threading.Barrier(8), []

    def renew(current: Mapping[str, Any]) -> Mapping[str, Any]:
        calls.append(current)
        return FRESH

    def one() -> Mapping[str, Any]:
        with app.app_context():
            store = ConnectionCredentials(connection.id)
            stale = store.current()
            all_here.wait(10)
            return store.refresh(stale, renew)

    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(one) for _ in range(8)]]

    assert calls == [STALE]
    assert results == [FRESH] * 8


def test_a_renewal_holds_no_lock_on_the_row(connection: Connection) -> None:
    def renew(_current: Mapping[str, Any]) -> Mapping[str, Any]:
        execute(
            "SET lock_timeout = '1s'; UPDATE connections SET failures = 1 WHERE id = " + str(connection.id)
        )
        return FRESH

    ConnectionCredentials(connection.id).refresh(STALE, renew)
    assert stored(connection).failures == 1


def test_a_renewal_that_fails_lets_the_next_one_try(connection: Connection) -> None:
    def broken(_current: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Transient("no answer")

    store = ConnectionCredentials(connection.id)
    with pytest.raises(Transient, match="no answer"):
        store.refresh(STALE, broken)

    assert store.refresh(STALE, lambda _current: FRESH) == FRESH


def test_a_lease_held_for_too_long_ends_the_wait(connection: Connection) -> None:
    execute("UPDATE connections SET token_lease_until = now() + interval '1 hour'")
    waits: list[float] = []
    with pytest.raises(Transient):
        ConnectionCredentials(connection.id, sleep=waits.append).refresh(STALE, never)
    assert sum(waits) == pytest.approx(credentials.WAIT_SECONDS)


def test_the_lease_of_a_dead_process_runs_out(connection: Connection) -> None:
    execute("UPDATE connections SET token_lease_until = now() - interval '1 second'")
    assert ConnectionCredentials(connection.id).refresh(STALE, lambda _current: FRESH) == FRESH


def test_a_winner_whose_lease_ran_out_does_not_overwrite_what_came_after(connection: Connection) -> None:
    other = {"token": "t2", "refresh": "r2"}

    def slow(_current: Mapping[str, Any]) -> Mapping[str, Any]:
        execute("UPDATE connections SET token_lease_until = NULL")
        ConnectionCredentials(connection.id).refresh(STALE, lambda _now: other)
        return FRESH

    assert ConnectionCredentials(connection.id).refresh(STALE, slow) == other
    assert ConnectionCredentials(connection.id).current() == other


def test_a_shop_that_was_disconnected_meanwhile_gets_no_credentials_back(connection: Connection) -> None:
    def meanwhile(_current: Mapping[str, Any]) -> Mapping[str, Any]:
        execute("UPDATE connections SET state = 'disconnected', credentials = NULL")
        return FRESH

    with pytest.raises(AuthExpired):
        ConnectionCredentials(connection.id).refresh(STALE, meanwhile)
    assert stored(connection).credentials is None


def test_no_connection_and_no_credentials_are_told_apart(make_connection: Callable[..., Connection]) -> None:
    with pytest.raises(NotFound):
        ConnectionCredentials(0).current()
    with pytest.raises(AuthExpired):
        ConnectionCredentials(make_connection(credentials=None).id).current()


def test_keys_are_rotated_without_a_pause(
    app: Flask, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    (old,), new = settings.credential_keys, Fernet.generate_key().decode()

    monkeypatch.setitem(app.extensions, "settings", replace(settings, credential_keys=(new, old)))
    assert ConnectionCredentials(connection.id).current() == STALE
    assert rotate_keys() == 1

    assert Vault([new]).open(bytes(stored(connection).credentials)) == STALE
    assert Vault([new]).open_text(bytes(stored(connection).webhook_secret))
    monkeypatch.setitem(app.extensions, "settings", replace(settings, credential_keys=(old,)))
    with pytest.raises(CredentialsUnreadable):
        ConnectionCredentials(connection.id).current()
