"""How the calls to shops went, in sums by minute and by hour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.platforms.http import CallRecord
from app.services import sweeper
from app.services.call_meter import CallMeter, outcome_of
from tests.services.world import World

NOON = 1_795_780_800.0
COLUMNS = "succeeded, refused, throttled, failed, unreachable, total_ms, slowest_ms"


def a_call(
    connection_id: int | None, *, status: int | None = 200, fault: str = "", seconds: float = 0.1
) -> CallRecord:
    return CallRecord(connection_id, "GET", "shop.example", "orders", status, fault, 1, 1.0, seconds)


class Clock:
    at = NOON

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(engine_app: Flask, clock: Clock) -> Iterator[CallMeter]:
    """Its timer does not come before the test is over."""
    made = CallMeter(engine_app, wait_seconds=3600, clock=clock)
    yield made
    made.forget()


def stored(world: World, grain: str = "minutes") -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in world.rows(
            f"SELECT {COLUMNS} FROM platform_call_{grain} ORDER BY connection_id, starts_at"
        )
    ]


@pytest.mark.parametrize(
    ("status", "fault", "outcome"),
    [
        (200, "", "succeeded"),
        (200, "OutcomeUnknown", "failed"),
        (204, "", "succeeded"),
        (301, "Permanent", "refused"),
        (404, "", "refused"),
        (401, "", "refused"),
        (429, "Transient", "throttled"),
        (408, "OutcomeUnknown", "failed"),
        (503, "OutcomeUnknown", "failed"),
        (None, "no_connection", "unreachable"),
        (None, "no_answer", "unreachable"),
        (None, "Transient", None),  # there was no time left to send it
        (None, "Permanent", None),  # its address cannot be used
    ],
)
def test_each_call_has_one_outcome(status: int | None, fault: str, outcome: str | None) -> None:
    assert outcome_of(a_call(1, status=status, fault=fault)) == outcome


def test_calls_are_added_up_by_minute_and_by_hour(
    world: World, connection: int, other: int, meter: CallMeter, clock: Clock
) -> None:
    meter.note(a_call(connection))
    meter.note(a_call(connection, status=429, fault="Transient", seconds=0.3))
    meter.note(a_call(other, status=None, fault="no_answer", seconds=6))
    clock.at += 60
    meter.note(a_call(connection, status=503, fault="OutcomeUnknown", seconds=0.2))
    meter.flush()
    meter.note(a_call(connection))
    meter.flush()
    assert stored(world) == [
        (1, 0, 1, 0, 0, 400, 300),
        (1, 0, 0, 1, 0, 300, 200),
        (0, 0, 0, 0, 1, 6000, 6000),
    ]
    assert stored(world, "hours") == [(2, 0, 1, 1, 0, 700, 300), (0, 0, 0, 0, 1, 6000, 6000)]


def test_calls_of_nobody_and_of_connections_that_are_gone_are_not_kept(
    world: World, meter: CallMeter
) -> None:
    meter.note(a_call(None))
    meter.note(a_call(2**40))
    meter.flush()
    assert stored(world) == []


def test_processes_that_write_at_once_lose_nothing(
    world: World, connection: int, other: int, engine_app: Flask, clock: Clock
) -> None:
    meters = [CallMeter(engine_app, wait_seconds=3600, clock=clock) for _process in range(4)]
    barrier = threading.Barrier(len(meters))

    def work(meter: CallMeter) -> None:
        with engine_app.app_context():
            for _round in range(10):
                meter.note(a_call(connection))
                meter.note(a_call(other))
                barrier.wait()
                meter.flush()

    threads = [threading.Thread(target=work, args=(meter,)) for meter in meters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row[0] for row in stored(world)] == [40, 40]
    assert [row[0] for row in stored(world, "hours")] == [40, 40]


def test_what_was_counted_is_written_by_itself(
    world: World, connection: int, engine_app: Flask, clock: Clock
) -> None:
    meter = CallMeter(engine_app, wait_seconds=0.01, clock=clock)
    meter.note(a_call(connection))
    timer = meter._timer
    assert timer is not None
    timer.join()
    assert [row[0] for row in stored(world)] == [1]


def test_a_database_that_is_away_fails_no_call(
    engine_app: Flask, world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = CallMeter(engine_app, wait_seconds=3600)
    meter.note(a_call(connection))
    monkeypatch.setattr(
        "app.services.call_meter.unit_of_work",
        lambda: (_ for _ in ()).throw(OperationalError("", {}, Exception())),
    )
    meter._flush_beside()
    meter.note(a_call(connection))
    meter.forget()


def test_minutes_are_kept_for_two_days_and_hours_for_longer(
    world: World, connection: int, meter: CallMeter, clock: Clock
) -> None:
    clock.at = NOON - 10 * 366 * 86400
    meter.note(a_call(connection))
    meter.flush()
    sweeper.house_keeping(30)
    assert stored(world) == stored(world, "hours") == []
