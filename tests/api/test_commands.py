"""What the console script says of the books and of the installation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from redis import Redis
from rq import Queue, SimpleWorker

from app.models import Connection
from app.platforms.errors import AuthExpired
from app.services.dead_letters.follow import follow
from app.services.queries.operations import SCHEDULER_LOCK
from syncflow.cli import main
from tests.api.books import keep_books
from tests.api.conftest import execute, rows
from tests.api.fake_platform import FakeChannel
from workers.queues import QUEUES

Run = Callable[..., Result]


@pytest.fixture
def run(environ: dict[str, str], base_url: str) -> Run:
    """Runs `syncflow ...` on the run's services, with the served application as the public address."""

    def invoke(*arguments: str, **variables: str) -> Result:
        env = {**environ, "PUBLIC_URL": base_url, **variables}
        return CliRunner().invoke(main, arguments, env=env, catch_exceptions=False)

    return invoke


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(name="Blue [shop]")


def test_a_right_ledger_is_proved(run: Run, connection: Connection) -> None:
    keep_books(connection, variants=3, orders=2)
    assert run("verify-ledger").output.startswith("The ledger is right: 3 levels")
    answer = run("verify-ledger", "--json")
    right = {"levels": 3, "mismatches": [], "cells": [], "repaired": False}
    assert (answer.exit_code, json.loads(answer.stdout)) == (0, right)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("UPDATE stock_levels SET on_hand = 11", {"on_hand": 11, "on_hand_moved": 10}),
        ("UPDATE stock_levels SET committed = 3", {"committed": 3, "committed_moved": 2}),
        ("UPDATE order_lines SET applied_committed = 1", {"committed": 2, "committed_held": 1}),
        ("UPDATE order_lines SET applied_factor = 6", {"committed": 2, "committed_held": 12}),
    ],
)
def test_a_ledger_that_disagrees_is_listed(
    run: Run, connection: Connection, damage: str, expected: dict[str, int]
) -> None:
    keep_books(connection)
    execute(damage)
    answer = run("verify-ledger", "--json")
    assert answer.exit_code == 1
    (found,) = json.loads(answer.stdout)["mismatches"]
    assert expected.items() <= found.items()
    assert found["sku"] == "CUP-0"
    shown = run("verify-ledger")
    assert shown.exit_code == 1
    assert "CUP-0" in shown.output


def test_what_orders_hold_where_there_is_no_level_is_a_mismatch(run: Run, connection: Connection) -> None:
    keep_books(connection)
    execute(
        "WITH attic AS (INSERT INTO locations (account_id, name) VALUES (:account, 'Attic') RETURNING id)"
        " UPDATE order_lines SET applied_location_id = attic.id FROM attic",
        account=connection.account_id,
    )
    found = json.loads(run("verify-ledger", "--json").stdout)["mismatches"]
    held = {row["location"]: (row["committed"], row["committed_held"]) for row in found}
    assert held == {"Main": (2, 0), "Attic": (0, 2)}


def test_a_ledger_is_only_repaired_when_asked_to(run: Run, connection: Connection) -> None:
    keep_books(connection)
    execute("UPDATE order_lines SET applied_committed = 1")
    execute("UPDATE stock_levels SET on_hand = 11")
    execute("UPDATE stock_cells SET drift = 4")
    dry = run("verify-ledger", COLUMNS="240")
    assert dry.exit_code == 1
    assert "would be done" in dry.output
    assert "set it to its movements: 10 on hand, 2 reserved; book -1 reserved" in dry.output
    assert "its drift (+4) is not the one on record (+0)" in dry.output
    assert rows("SELECT on_hand, committed FROM stock_levels") == [(11, 2)]
    assert rows("SELECT 1 FROM audit_log") == []
    assert rows("SELECT 1 FROM events WHERE kind = 'ledger_mismatch'") == []

    done = run("verify-ledger", "--repair", COLUMNS="240")
    assert done.exit_code == 0
    assert "Repaired" in done.output
    assert rows("SELECT on_hand, committed FROM stock_levels") == [(10, 1)]
    assert run("verify-ledger").output.startswith("The ledger is right")
    assert {row.actor for row in rows("SELECT actor FROM audit_log")} == {"cli"}


def test_repairing_a_right_ledger_does_nothing(run: Run, connection: Connection) -> None:
    keep_books(connection)
    answer = run("verify-ledger", "--repair")
    assert (answer.exit_code, answer.output[:19]) == (0, "The ledger is right")
    assert rows("SELECT 1 FROM audit_log") == []


def test_a_sku_is_explained(run: Run, connection: Connection) -> None:
    keep_books(connection)
    output = run("stock", "CUP-0", COLUMNS="160").output
    assert "10 on hand - 2 reserved = 8 available" in output
    assert "Blue [shop]" in output
    assert "2 units reserved for order #1000" in output
    (variant,) = json.loads(run("stock", "CUP-0", "--json").stdout)["variants"]
    assert [channel["target"] for channel in variant["channels"]] == [8]
    assert len(variant["movements"]) == 2


def test_a_sku_is_case_sensitive_and_an_unknown_one_is_said_to_be(run: Run, connection: Connection) -> None:
    keep_books(connection)
    answer = run("stock", "cup-0")
    assert answer.exit_code == 1
    assert "cup-0" in answer.stderr


def test_connections_are_listed(run: Run, connection: Connection) -> None:
    assert "Blue [shop]" in run("connections", COLUMNS="160").output
    (row,) = json.loads(run("connections", "--json").stdout)["connections"]
    assert (row["state"], row["counts"]["listings"]) == ("active", 0)
    assert "credentials" not in row


@pytest.mark.parametrize("command", [("connections",), ("doctor",), ("why", "CUP-0")])
def test_what_others_wrote_steers_no_terminal(
    run: Run, make_connection: Callable[..., Connection], command: tuple[str, ...]
) -> None:
    shop = make_connection(name="Shop\x1b[2J\x1b]0;owned\x07")
    keep_books(shop)
    execute("UPDATE variants SET title = :title", title="Cup\x1b[2J")
    output = run(*command).output
    assert "Shop" in output
    assert "\x07" not in output
    assert "\x1b[2J" not in output
    assert "\x1b]" not in output


def test_no_connections_are_said_to_be_none(run: Run) -> None:
    assert run("connections").output == "No shop is connected yet.\n"


def test_the_tables_can_be_upgraded_again(run: Run) -> None:
    assert "the newest" in run("db", "upgrade").output


def test_keys_are_rotated_by_command(run: Run, connection: Connection) -> None:
    before = bytes(rows("SELECT credentials FROM connections")[0].credentials)
    run("staff", "add", "sam@syncflow.example", "--generate")
    execute(
        "INSERT INTO staff_factors (staff_user_id, secret) SELECT id, :sealed FROM staff_users", sealed=before
    )
    rotated = run("db", "rotate-keys").output
    assert "1 connections" in rotated
    assert "1 second factors" in rotated
    assert bytes(rows("SELECT credentials FROM connections")[0].credentials) != before
    assert bytes(rows("SELECT secret FROM staff_factors")[0].secret) != before


# ------------------------------------------------------------------------------------------- replay

WEEK = ("replay", "--from", "2026-11-19")


def test_a_buffer_is_tried_on_what_was_recorded(run: Run, connection: Connection) -> None:
    keep_books(connection, variants=2, orders=5)  # ten units, and five orders of two
    answer = run(*WEEK, "--buffer", "3", "--json")
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["concerned"]) == (0, 1)
    assert told["totals"] == {"sold": 10, "oversold": 0, "avoided": 0, "refused": 3, "lost": 3}
    assert [(row["sku"], row["lost"]) for row in told["skus"]] == [("CUP-0", 3)]
    shown = run(*WEEK, "--buffer", "3", COLUMNS="120").output
    assert "Cup 100% no. 0" in shown
    assert "0 of 0 oversold units avoided, 3 good sales lost, of 10 units sold." in shown


def test_settings_as_they_were_change_nothing(run: Run, connection: Connection) -> None:
    keep_books(connection, orders=5)
    assert run(*WEEK).output == "10 units were sold, none oversold, and none would have been lost.\n"


def test_what_was_oversold_is_told_also_where_nothing_would_have_changed(
    run: Run, connection: Connection
) -> None:
    keep_books(connection, orders=6)
    (row,) = json.loads(run(*WEEK, "--latency", "1e6", "--json").stdout)["skus"]
    # the one shop that there is knows of its own sales
    assert (row["oversold"], row["avoided"], row["lost"]) == (2, 2, 0)


@pytest.mark.parametrize(
    ("narrowed", "refused"),
    [
        (("--sku", "CUP-0"), 10),
        (("--sku", "CUP-1"), 0),
        (("--connection", "Blue [shop]"), 10),
        (("--to", "2026-11-19T12:00"), 0),
        (("--share", "0"), 10),
        (("--lines", "1"), 10),
    ],
)
def test_a_replay_is_narrowed(
    run: Run, connection: Connection, narrowed: tuple[str, ...], refused: int
) -> None:
    keep_books(connection, variants=2, orders=5)
    told = json.loads(
        run(*WEEK, "--cap", "0", "--account", str(connection.account_id), *narrowed, "--json").stdout
    )
    assert told["totals"]["refused"] == refused


def test_only_so_many_skus_are_listed_and_the_rest_is_said_to_be_there(
    run: Run, connection: Connection
) -> None:
    books = keep_books(connection, variants=2, orders=1)
    execute(
        "INSERT INTO stock_movements (account_id, level_id,"
        " variant_id, location_id, cause, source_key, on_hand_delta, committed_delta, on_hand_after,"
        " committed_after, occurred_at) SELECT account_id, id, variant_id, location_id, 'order',"
        " 'line\\:' || (SELECT id FROM order_lines) || '\\:2', 0, 1, 10, 1, now() FROM stock_levels"
        " WHERE variant_id = :variant",
        variant=books.variant_ids[1],
    )
    shown = run(*WEEK, "--cap", "0", "--lines", "1", COLUMNS="120").output
    assert "CUP-0" in shown
    assert "and 1 more SKUs; --lines lists them" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--sku", "cup-0"), 1, "'cup-0'"),
        (("--connection", "Red shop"), 1, "There is no shop named 'Red shop'."),
        (("--account", "0"), 1, "No account 0 has variants."),
        (("--to", "2026-11-18"), 2, "The period ends before it begins."),
        (("--buffer", "-1"), 2, "--buffer"),
        (("--share", "101"), 2, "--share"),
        (("--latency", "-1"), 2, "--latency"),
        (("--latency", "1e300"), 2, "--latency"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    run: Run, connection: Connection, arguments: tuple[str, ...], code: int, said: str
) -> None:
    keep_books(connection)
    answer = run(*WEEK, *arguments)
    assert (answer.exit_code, said in answer.stderr) == (code, True)


# ------------------------------------------------------------------------------------------- doctor


@pytest.fixture
def at_work(app: Flask, database_url: str) -> Iterator[None]:
    """A worker on every queue, and the scheduler's lock."""
    client = Redis.from_url(app.extensions["settings"].redis_url)
    queues = [Queue(name, connection=client) for name in QUEUES]
    worker = SimpleWorker(queues, connection=client)
    worker.register_birth()
    execute(f"SELECT pg_advisory_lock({SCHEDULER_LOCK})")
    yield
    execute(f"SELECT pg_advisory_unlock({SCHEDULER_LOCK})")
    worker.register_death()
    client.close()


def findings(answer: Result, verdict: str) -> dict[str, dict[str, Any]]:
    listed = json.loads(answer.stdout)["findings"]
    return {finding["subject"]: finding for finding in listed if finding["verdict"] == verdict}


@pytest.mark.usefixtures("at_work", "connection")
def test_a_healthy_installation_is_well(run: Run) -> None:
    answer = run("doctor", "--json")
    assert findings(answer, "wrong") == {}
    assert answer.exit_code == 0
    assert {"settings", "database", "redis", "migrations", "queue push", "scheduler"} <= set(
        findings(answer, "ok")
    )
    assert run("doctor").output.endswith("All is well.\n")


def test_dead_workers_and_scheduler_are_missed(run: Run) -> None:
    answer = run("doctor", "--json")
    assert answer.exit_code == 1
    wrong = findings(answer, "wrong")
    assert "no worker is alive" in wrong["queue intake"]["what"]
    assert "python -m workers.run intake" in wrong["queue intake"]["remedy"]
    assert "python -m workers.schedule" in wrong["scheduler"]["remedy"]


@pytest.mark.usefixtures("at_work")
def test_a_shop_that_refuses_us_is_named_with_its_reason(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_channel: FakeChannel) -> None:
        raise AuthExpired("The keys were revoked.")

    monkeypatch.setattr(FakeChannel, "probe", refuse)
    (subject, finding), *rest = findings(run("doctor", "--json"), "wrong").items()
    assert (f"connection {connection.id}" in subject, rest) == (True, [])
    assert "revoked" in finding["what"]


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        ("UPDATE connections SET state = 'needs_auth', state_reason = 'revoked'", "wrong", "revoked"),
        ("UPDATE connections SET failures = 4, last_error = 'HTML instead of JSON'", "wrong", "HTML instead"),
        ("UPDATE connections SET state = 'paused'", "note", "paused"),
        ("UPDATE connections SET state = 'review'", "note", "approved"),
        ("UPDATE connections SET credentials = 'junk'", "wrong", "CREDENTIAL_KEYS"),
    ],
)
def test_the_state_of_a_shop_is_told(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch, change: str, verdict: str, said: str
) -> None:
    monkeypatch.setattr(FakeChannel, "probe", lambda channel: channel.shop.credentials.current())
    execute(change)
    found = findings(run("doctor", "--json"), verdict)
    (finding,) = [finding for subject, finding in found.items() if subject.startswith("connection")]
    assert said in finding["what"]


@pytest.mark.usefixtures("at_work")
def test_events_that_nobody_processes_are_noticed(run: Run, connection: Connection) -> None:
    execute(
        "INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body, received_at)"
        " VALUES (:account, :connection, 't', 'k', '', now() - interval '10 minutes')",
        account=connection.account_id,
        connection=connection.id,
    )
    assert "has waited" in findings(run("doctor", "--json"), "wrong")["webhooks"]["what"]


@pytest.mark.usefixtures("at_work")
def test_a_public_address_that_leads_elsewhere_is_noticed(run: Run) -> None:
    wrong = findings(run("doctor", "--json", PUBLIC_URL="http://127.0.0.1:1"), "wrong")
    assert set(wrong) == {"PUBLIC_URL"}


def test_missing_services_are_told_one_by_one(run: Run) -> None:
    answer = run(
        "doctor",
        "--json",
        DATABASE_URL="postgresql://user:secret@127.0.0.1:1/x",
        REDIS_URL="redis://:secret@127.0.0.1:1/0",
    )
    assert {"database", "redis"} <= set(findings(answer, "wrong"))
    assert "secret" not in answer.output


def test_wrong_settings_are_told_all_at_once(run: Run) -> None:
    answer = run("doctor", SECRET_KEY="short", PORT="x")
    assert answer.exit_code == 1
    assert "SECRET_KEY" in answer.output
    assert "PORT" in answer.output


def test_what_production_would_refuse_is_told_beforehand(run: Run) -> None:
    assert findings(run("doctor", "--json"), "note")["ENVIRONMENT"]["what"].startswith("development")
    answer = run("doctor", ENVIRONMENT="production")
    assert answer.exit_code == 1
    for name in ("LOG_FORMAT", "SECRET_KEY", "CREDENTIAL_KEYS", "PUBLIC_URL", "ALLOW_PRIVATE_SHOPS"):
        assert f"settings: {name} " in answer.output


def test_staff_are_added_listed_and_disabled(run: Run) -> None:
    assert "Nobody may use the console yet" in run("staff", "list").output
    added = run("staff", "add", "Sam@SyncFlow.example", "--generate")
    assert added.exit_code == 0
    password = added.output.split()[-1]
    assert len(password) >= 20
    assert password not in str(rows("SELECT * FROM staff_users"))
    again = run("staff", "add", "sam@syncflow.example", "--generate")
    assert (again.exit_code, "already" in again.output) == (1, True)
    listed = run("staff", "list").output
    assert "sam@syncflow.example" in listed
    assert "not yet" in listed
    assert run("staff", "disable", "sam@syncflow.example").exit_code == 0
    assert run("staff", "reset-second-factor", "sam@syncflow.example").exit_code == 0
    unknown = run("staff", "disable", "nobody@syncflow.example")
    assert (unknown.exit_code, "Nobody with the address" in unknown.output) == (1, True)
    done = [row.action for row in rows("SELECT action FROM staff_actions ORDER BY id")]
    assert done == ["staff.added", "staff.disabled"]


def test_a_staff_password_is_asked_for_twice_and_not_shown(environ: dict[str, str]) -> None:
    def add(typed: str) -> Result:
        return CliRunner().invoke(main, ["staff", "add", "sam@syncflow.example"], env=environ, input=typed)

    assert add("too short\ntoo short\n").exit_code == 1
    assert add("a long password\nanother password\n").exit_code == 1
    added = add("a long password\na long password\n")
    assert added.exit_code == 0
    assert "a long password" not in added.output


def test_dead_letters_are_listed_told_of_replayed_and_given_up(run: Run, connection: Connection) -> None:
    assert run("dead-letters").output == "Nothing has failed for good.\n"
    execute(
        "INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body, state, verdict)"
        " VALUES (:a, :c, 't', 'k', '', 'dead', 'order not applied')",
        a=connection.account_id,
        c=connection.id,
    )
    follow(QUEUES)
    assert "order not applied" in run("dead-letters", "list", "--kind", "event").output
    [letter] = json.loads(run("dead-letters", "list", "--json").stdout)["dead_letters"]
    number = str(letter["id"])
    assert json.loads(run("dead-letters", "show", number).stdout)["about"]["topic"] == "t"
    assert run("dead-letters", "show", "0").exit_code == 1
    assert run("dead-letters", "discard", number, "--reason", " ").exit_code == 1
    assert run("dead-letters", "discard", number, "--reason", "a test").output == "1 of 1 were given up.\n"
    assert run("dead-letters").output == "Nothing has failed for good.\n"
    assert run("dead-letters", "replay", number).output == "1 of 1 are tried again.\n"
    assert run("dead-letters", "replay", number).output == "0 of 1 are tried again.\n"
    assert run("dead-letters", "replay").exit_code == 2
    assert "has begun" in run("dead-letters", "replay", "--all", "--kind", "event").output
