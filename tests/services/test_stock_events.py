"""Low and oversold stock is told once, in the transaction that brings it about, until it clearly is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import current_app
from sqlalchemy import Row, event

from app.domain.stock import Movement
from app.extensions import db
from app.services import ledger, stock_catch_up
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, now


@pytest.fixture
def connection(world: World) -> int:
    shop = Shop()
    shop.stock("A", "SKU", 30)
    return world.connect(shop)


def told(world: World) -> list[Row[Any]]:
    return world.rows("SELECT * FROM events WHERE account_id = :a ORDER BY id", a=world.account_id)


def open_now(world: World) -> list[str]:
    return [row.kind for row in told(world) if row.cleared_at is None]


def place(world: World, location: str = "Main") -> tuple[int, int]:
    """(variant, location); makes the location."""
    world.sql(
        "INSERT INTO locations (account_id, name) VALUES (:a, :name) ON CONFLICT DO NOTHING",
        a=world.account_id,
        name=location,
    )
    row = world.one(
        """
        SELECT v.id AS variant_id, l.id AS location_id FROM variants v JOIN locations l USING (account_id)
        WHERE v.account_id = :a AND v.sku = 'SKU' AND l.name = :name
        """,
        a=world.account_id,
        name=location,
    )
    return row.variant_id, row.location_id


def home(world: World) -> tuple[int, int]:
    """Where the shop's number is counted."""
    row = world.one("SELECT variant_id, location_id FROM stock_cells")
    return row.variant_id, row.location_id


def entry(where: tuple[int, int], units: int) -> ledger.Entry:
    key = f"count:{time.monotonic_ns()}"
    return ledger.Entry(*where, Movement(on_hand=units), "count", key, now())


def book(world: World, where: tuple[int, int], units: int) -> None:
    with unit_of_work() as uow:
        ledger.book(uow.session, world.account_id, [entry(where, units)])
        uow.commit()


def test_fifty_sales_are_low_once_and_oversold_once_and_a_restock_ends_both(
    world: World, connection: int
) -> None:
    for number in range(50):
        at = now()
        world.take(connection, an_order(str(number), a_line("A", 1, at=at), at=at))
    assert world.available("SKU") == -20
    low, oversold = told(world)
    assert (low.kind, low.detail) == ("low_stock", {"available": 10, "threshold": 10})
    assert (oversold.kind, oversold.detail) == ("oversold", {"available": -1})
    assert low.cleared_at is oversold.cleared_at is None
    assert low.variant_id == oversold.variant_id == home(world)[0]

    book(world, home(world), 20)
    assert open_now(world) == ["low_stock"]
    book(world, home(world), 12)
    assert open_now(world) == []
    assert all(row.cleared_at >= row.raised_at for row in told(world))

    book(world, home(world), -2)
    assert [row.kind for row in told(world)] == ["low_stock", "oversold", "low_stock"]


def test_going_up_and_down_around_the_threshold_is_told_once(world: World, connection: int) -> None:
    for units in (-20, -1, 1, -1, 2, -1, -1, 1):
        book(world, home(world), units)
    assert world.available("SKU") == 10
    assert [(row.kind, row.cleared_at) for row in told(world)] == [("low_stock", None)]


def test_a_variant_may_have_a_threshold_of_its_own(world: World, connection: int) -> None:
    world.sql("UPDATE variants SET low_stock_threshold = 100")
    book(world, home(world), 100)
    book(world, home(world), -29)
    assert told(world) == []
    book(world, home(world), -1)
    assert [row.detail for row in told(world)] == [{"available": 100, "threshold": 100}]
    book(world, home(world), 10)
    assert open_now(world) == ["low_stock"]
    book(world, home(world), 1)
    assert open_now(world) == []


def test_stock_that_is_low_when_it_is_first_counted_is_told(world: World) -> None:
    shop = Shop()
    shop.stock("A", "SKU", 3)
    shop.stock("B", "BELOW", -2)
    world.connect(shop)
    assert sorted((row.kind, row.detail["available"]) for row in told(world)) == [
        ("low_stock", -2),
        ("low_stock", 3),
        ("oversold", -2),
    ]


def test_available_is_counted_over_all_locations(world: World, connection: int) -> None:
    attic = place(world, "Attic")
    book(world, attic, 5)
    book(world, home(world), -24)
    assert told(world) == []
    book(world, attic, -1)
    assert [row.detail["available"] for row in told(world)] == [10]
    book(world, attic, -9)
    assert open_now(world) == ["low_stock"]
    book(world, attic, -2)
    assert open_now(world) == ["low_stock", "oversold"]
    book(world, home(world), 30)
    assert open_now(world) == []


def test_what_is_rolled_back_is_not_told(world: World, connection: int) -> None:
    with unit_of_work() as uow:
        ledger.book(uow.session, world.account_id, [entry(home(world), -25)])
    assert told(world) == []


def test_two_bookings_that_cross_at_the_same_time_are_told_once(world: World, connection: int) -> None:
    book(world, home(world), -18)
    for _round in range(5):
        _both_at_once(world, home(world), home(world), -14)
        assert world.available("SKU") == -16
        assert sorted(open_now(world)) == ["low_stock", "oversold"]
        book(world, home(world), 28)
        assert open_now(world) == []


def test_two_bookings_at_two_locations_that_cross_only_together_are_told_of(
    world: World, connection: int
) -> None:
    attic = place(world, "Attic")
    book(world, attic, 10)
    book(world, home(world), -26)
    assert told(world) == []
    _both_at_once(world, attic, home(world), -3)
    assert [row.detail["available"] for row in told(world)] == [8]


def _both_at_once(world: World, one: tuple[int, int], other: tuple[int, int], units: int) -> None:
    """The second booking begins before the first one is committed."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def second() -> None:
        with app.app_context():
            book(world, other, units)

    thread = threading.Thread(target=second)
    with unit_of_work() as uow:
        ledger.book(uow.session, world.account_id, [entry(one, units)])
        thread.start()
        give_up = time.monotonic() + 10
        while thread.is_alive() and not _somebody_waits(world) and time.monotonic() < give_up:
            time.sleep(0.01)
        uow.commit()
    thread.join(timeout=20)
    assert not thread.is_alive()


def _somebody_waits(world: World) -> bool:
    rows = world.rows(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(rows)


def test_a_booking_that_crosses_nothing_costs_no_statement_more(world: World, connection: int) -> None:
    where = home(world)
    with _statements() as seen:
        book(world, where, -1)
    assert len(seen) == 2
    assert not [statement for statement in seen if "events" in statement]


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def see(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", see)
    yield seen
    event.remove(db.engine, "before_cursor_execute", see)


def test_a_changed_threshold_is_told_of_at_night(world: World, connection: int) -> None:
    world.sql("UPDATE variants SET low_stock_threshold = 40")
    stock_catch_up.catch_up(world.account_id)
    stock_catch_up.catch_up(world.account_id)
    assert [(row.kind, row.detail) for row in told(world)] == [
        ("low_stock", {"available": 30, "threshold": 40})
    ]
    world.sql("UPDATE variants SET low_stock_threshold = NULL")
    stock_catch_up.catch_up(world.account_id)
    assert open_now(world) == []


def test_all_variants_are_looked_at_at_night(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_catch_up, "VARIANTS_PER_TRANSACTION", 2)
    shop = Shop()
    for number in range(5):
        shop.stock(str(number), f"SKU-{number}", 50)
    world.connect(shop)
    world.sql("UPDATE variants SET low_stock_threshold = 60")
    stock_catch_up.catch_up(world.account_id)
    assert open_now(world) == ["low_stock"] * 5
