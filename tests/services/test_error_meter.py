"""Errors by fingerprint: what is one group, what a storm costs, and what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.errors import SyncFlowError
from app.extensions import db
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import sweeper
from app.services.dead_letters.notes import Failure, note_failures
from app.services.error_meter import MOST_GROUPS, ErrorMeter
from app.services.faults import Fault, fault_of, told
from app.services.queries import errors
from app.services.queries.paging import InvalidCursor, decode
from app.services.uow import unit_of_work
from app.services.work import work_on
from tests.services.world import World

NOON = 1_795_780_800.0


class Clock:
    at = NOON

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(
    world: World, engine_app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ErrorMeter]:
    """The application's. Its timer does not come before the test is over."""
    made = ErrorMeter(engine_app, wait_seconds=3600, clock=clock)
    monkeypatch.setitem(engine_app.extensions, "errors", made)
    yield made
    made.forget()


def groups(world: World, columns: str = "kind, platform, code, error_class, count") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in world.rows(f"SELECT {columns} FROM error_groups ORDER BY id")]


def boom() -> None:
    raise KeyError("jane@example.com")


def fault_at_place() -> Fault:
    try:
        boom()
    except KeyError as err:
        return fault_of(err)
    raise AssertionError


BUSY = told("Transient", "platform_transient", "The shop is busy.")


def test_the_same_fault_is_one_group_with_first_and_last_and_a_count_by_hour(
    world: World, meter: ErrorMeter, clock: Clock, connection: int
) -> None:
    for minutes in (0, 5, 61):
        clock.at = NOON + 60 * minutes
        meter.note("drain_push", BUSY, connection_id=connection)
    meter.flush()
    clock.at = NOON + 7200
    meter.note("drain_push", told("Transient", "platform_transient", "Later."), connection_id=connection)
    meter.flush()
    [row] = world.rows("SELECT count, message, first_seen, last_seen FROM error_groups")
    assert (row.count, row.message) == (4, "Later.")
    assert (row.first_seen, row.last_seen) == tuple(
        datetime.fromtimestamp(NOON + seconds, UTC) for seconds in (0, 7200)
    )
    hours = world.rows("SELECT count FROM error_hours ORDER BY hour")
    assert [hour.count for hour in hours] == [2, 1, 1]


def test_kind_platform_code_and_place_tell_groups_apart_and_a_connection_does_not(
    world: World, meter: ErrorMeter, connection: int, other: int
) -> None:
    meter.note("drain_push", BUSY, connection_id=connection)
    meter.note("drain_push", BUSY, connection_id=other)
    meter.note("reconcile", BUSY, connection_id=connection)
    meter.note("drain_push", BUSY)
    meter.note("drain_push", told("Permanent", "platform_permanent", "No."), connection_id=connection)
    meter.note("drain_push", BUSY, connection_id=10**9)  # gone by now
    meter.flush()
    [of_shops] = world.rows("SELECT platform FROM connections WHERE id = :id", id=connection)
    assert sorted(groups(world)) == [
        ("drain_push", "", "platform_transient", "Transient", 2),
        ("drain_push", of_shops.platform, "platform_permanent", "Permanent", 1),
        ("drain_push", of_shops.platform, "platform_transient", "Transient", 2),
        ("reconcile", of_shops.platform, "platform_transient", "Transient", 1),
    ]


def test_a_group_has_a_place_without_a_line_no_id_and_no_word_of_a_customer(
    world: World, meter: ErrorMeter
) -> None:
    meter.note("event", fault_at_place())
    meter.note("event", told("Refused", "item_4711_refused", "See jane@example.com"))
    meter.note("event", told("Refused", "item_4712_refused", "See jane@example.com"))
    meter.flush()
    [own, shops] = world.rows("SELECT place, code, count, message FROM error_groups ORDER BY code DESC")
    assert (shops.code, shops.count, own.code) == ("internal", 1, "item_#_refused")
    assert own.count == 2
    kept = str(world.rows("SELECT * FROM error_groups"))
    assert "jane" not in kept


def test_a_place_is_the_innermost_of_ours(world: World, meter: ErrorMeter) -> None:
    with pytest.raises(InvalidCursor) as raised:
        decode("?", int)
    meter.note("event", fault_of(raised.value))
    meter.flush()
    assert groups(world, "place") == [("app/services/queries/paging.py:decode",)]


def test_a_storm_costs_no_statement_until_it_is_written_and_then_one(
    world: World, meter: ErrorMeter, connection: int
) -> None:
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for number in range(5000):
            meter.note(f"kind {number % 40}", BUSY, connection_id=connection)
        assert sent == []
        meter.flush()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(sent) == 1
    assert world.one("SELECT sum(count) AS count, count(*) AS groups FROM error_groups")[:] == (5000, 40)


def test_what_is_always_different_takes_no_end_of_memory(world: World, meter: ErrorMeter) -> None:
    for number in range(MOST_GROUPS + 100):
        meter.note(f"kind {number}", BUSY)
    meter.flush()
    assert world.one("SELECT count(*) AS count FROM error_groups").count == MOST_GROUPS


def test_processes_that_write_at_once_lose_none(world: World, engine_app: Flask, clock: Clock) -> None:
    meters = [ErrorMeter(engine_app, wait_seconds=3600, clock=clock) for _process in range(4)]
    barrier = threading.Barrier(4)
    for meter in meters:
        for number in range(20):
            meter.note(f"kind {number}", BUSY)

    def write(meter: ErrorMeter) -> None:
        with engine_app.app_context():
            barrier.wait()
            meter.flush()

    threads = [threading.Thread(target=write, args=(meter,)) for meter in meters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for meter in meters:
        meter.forget()
    assert {row[-1] for row in groups(world)} == {4}
    assert len(groups(world)) == 20


def test_without_the_database_nothing_breaks(
    world: World, engine_app: Flask, logged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = ErrorMeter(engine_app, wait_seconds=0.01)

    def gone() -> None:
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(meter, "flush", gone)
    meter.note("event", BUSY)
    while not any(entry["event"] == "errors_not_counted" for entry in logged):
        threading.Event().wait(0.01)
    meter.forget()


@pytest.mark.parametrize("fault", [Transient("Busy."), Permanent("No."), AuthExpired("Who are you?")])
def test_what_ends_the_work_on_a_shop_counts_for_its_platform(
    world: World, meter: ErrorMeter, connection: int, fault: SyncFlowError
) -> None:
    with work_on(connection, states=("active", "importing", "review")) as job:
        assert job is not None
        raise fault
    meter.flush()
    [(kind, platform, code, error_class, count)] = groups(world)
    assert (kind, code, error_class, count) == ("work", fault.code, type(fault).__name__, 1)
    assert platform != ""


def test_each_attempt_that_fails_counts_by_the_kind_of_its_letter(
    world: World, meter: ErrorMeter, connection: int
) -> None:
    with unit_of_work() as uow:
        for number in range(3):
            note_failures(uow.session, [Failure("event", number, BUSY, True, connection_id=connection)])
        uow.commit()
    meter.flush()
    assert [row[0::4] for row in groups(world)] == [("event", 3)]


def test_groups_are_read_with_a_cause_a_remedy_and_their_rates(
    world: World, meter: ErrorMeter, clock: Clock, connection: int
) -> None:
    clock.at = datetime.now(UTC).timestamp()
    meter.note("drain_push", BUSY, connection_id=connection)
    meter.note("drain_push", BUSY, connection_id=connection)
    clock.at -= 3600
    meter.note("drain_push", BUSY, connection_id=connection)
    meter.note("event", fault_at_place())
    meter.flush()
    found = errors.groups(limit=1, cursor=None)
    more = errors.groups(limit=1, cursor=found.next)
    assert [row["kind"] for row in (*found.items, *more.items)] == ["drain_push", "event"]
    assert more.next is None
    [row] = found.items
    assert (row["of_a_day"], row["count"]) == (3, 3)
    assert row["cause"]
    assert row["remedy"]
    assert [one["id"] for one in errors.groups(limit=9, cursor=None, kind="event").items] == [
        more.items[0]["id"]
    ]
    known = errors.group(row["id"])
    assert known is not None
    assert sorted(known["hours"].values()) == [1, 2]
    busiest = errors.rates(datetime.now(UTC))[0]
    assert (busiest["error_class"], busiest["count"], busiest["hours"][-2:]) == ("Transient", 3, [1, 2])
    assert len(busiest["hours"]) == 24


def test_old_hours_and_groups_are_forgotten(world: World, meter: ErrorMeter) -> None:
    meter.note("old", BUSY)
    meter.note("new", BUSY)
    meter.flush()
    world.sql("UPDATE error_hours SET hour = now() - interval '36 days'")
    world.sql("UPDATE error_groups SET last_seen = now()")
    world.sql("UPDATE error_groups SET last_seen = now() - interval '91 days' WHERE kind = 'old'")
    sweeper.house_keeping(30)
    assert groups(world, "kind") == [("new",)]
    assert world.rows("SELECT * FROM error_hours") == []
