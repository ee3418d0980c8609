"""A ledger that disagrees is told of, and repaired without touching what was booked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import current_app
from sqlalchemy import Row, text

from app.services import ledger_repair, reconcile
from app.services.order_effects import apply_order, begin_fetch
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, new_account, now


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 30)
    shop.stock("B", "OTHER", 30)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    """With an order that holds two of SKU."""
    connection_id = world.connect(shop)
    shop.sell("1", "A", 2, at=now())
    world.take(connection_id, shop.orders["1"])
    world.settle(connection_id, rounds=2)
    assert not ledger_repair.mismatches()
    return connection_id


def repair() -> ledger_repair.Mismatches:
    return ledger_repair.repair(ledger_repair.mismatches(), actor="cli")


def events(world: World) -> list[Row[Any]]:
    return world.rows("SELECT * FROM events WHERE kind = 'ledger_mismatch' ORDER BY id")


def audits(world: World) -> list[Row[Any]]:
    return world.rows("SELECT * FROM audit_log WHERE action = 'ledger.repaired' ORDER BY id")


def test_a_level_is_set_to_the_sum_of_its_movements(world: World, connection: int) -> None:
    before = world.movements("SKU")
    world.sql("UPDATE stock_levels SET on_hand = on_hand + 7, committed = committed - 1 WHERE committed = 2")
    assert [row["sku"] for row in repair().levels] == ["SKU"]
    assert world.level("SKU") == (30, 2)
    assert world.movements("SKU") == before
    assert not ledger_repair.mismatches()
    assert not repair()


def test_what_open_orders_do_not_hold_is_made_up_for_by_a_movement(world: World, connection: int) -> None:
    before = world.movements("SKU")
    world.sql("UPDATE order_lines SET applied_committed = 5")
    repair()
    assert world.level("SKU") == (30, 5)
    assert world.movements("SKU") == [*before, ("adjustment", 0, 3)]
    world.assert_explained()
    assert not ledger_repair.mismatches()


def test_the_same_fault_can_be_repaired_again(world: World, connection: int) -> None:
    for held in (5, 2, 5):
        world.sql("UPDATE order_lines SET applied_committed = :held", held=held)
        repair()
        assert world.level("SKU") == (30, held)
    world.assert_explained()


def test_a_level_that_is_wrong_in_both_ways_is_right_afterwards(world: World, connection: int) -> None:
    world.sql("UPDATE stock_levels SET on_hand = 99, committed = 0")
    world.sql("UPDATE order_lines SET applied_committed = 1")
    assert {row["sku"] for row in repair().levels} == {"SKU", "OTHER"}
    assert (world.level("SKU"), world.level("OTHER")) == ((30, 1), (30, 0))
    world.assert_explained()


def test_orders_that_hold_where_there_is_no_level_get_one(world: World, connection: int) -> None:
    world.sql(
        "WITH attic AS (INSERT INTO locations (account_id, name) VALUES (:a, 'Attic') RETURNING id)"
        " UPDATE order_lines SET applied_location_id = attic.id FROM attic",
        a=world.account_id,
    )
    repair()
    rows = world.rows("SELECT on_hand, committed FROM stock_levels ORDER BY committed, on_hand")
    assert [tuple(row) for row in rows] == [(30, 0), (30, 0), (0, 2)]
    world.assert_explained()
    assert not ledger_repair.mismatches()


def test_a_repair_has_the_channels_follow_and_is_written_down(
    world: World, connection: int, shop: Shop
) -> None:
    world.sql("UPDATE order_lines SET applied_committed = 5")
    repair()
    assert world.cell(connection, "A").dirty
    world.settle(connection)
    assert shop.number("A") == 25
    (event,) = events(world)
    assert event.cleared_at is not None
    assert (event.detail["committed"], event.detail["committed_held"]) == (2, 5)
    (audit,) = audits(world)
    assert (audit.actor, audit.subject) == ("cli", f"variant:{event.variant_id}")


def test_a_repair_that_makes_stock_low_tells_so(world: World, connection: int) -> None:
    world.sql("UPDATE order_lines SET applied_committed = 25")
    repair()
    low = world.rows("SELECT detail FROM events WHERE kind = 'low_stock' AND cleared_at IS NULL")
    assert [row.detail["available"] for row in low] == [5]


def test_stock_that_was_low_by_mistake_is_low_no_more(world: World, connection: int) -> None:
    world.sql("UPDATE stock_levels SET on_hand = 14 WHERE committed = 2")
    at = now()
    world.take(connection, an_order("2", a_line("A", 3, at=at), at=at))
    low = "SELECT cleared_at FROM events WHERE kind = 'low_stock'"
    assert world.one(low).cleared_at is None
    repair()
    assert world.one(low).cleared_at is not None


def test_what_became_right_meanwhile_is_left_alone(world: World, connection: int) -> None:
    world.sql("UPDATE order_lines SET applied_committed = 5")
    world.sql("UPDATE stock_cells SET drift = 3 WHERE variant_id IS NOT NULL")
    found = ledger_repair.mismatches()
    assert (len(found.levels), len(found.cells)) == (1, 2)
    world.sql("UPDATE order_lines SET applied_committed = 2")
    world.sql("UPDATE stock_cells SET drift = 0")
    assert not ledger_repair.repair(found, actor="cli")
    assert audits(world) == events(world) == []
    assert world.level("SKU") == (30, 2)


def test_an_order_that_is_being_applied_is_waited_for(world: World, connection: int) -> None:
    """Its lines and its movements become visible at once: a repair in between must not count it twice."""
    world.sql("UPDATE order_lines SET applied_committed = 5")
    at = now()
    order = an_order("2", a_line("A", 4, at=at), at=at)
    with unit_of_work() as uow:
        assert apply_order(uow, world.scope(connection), order, begin_fetch(), known_at=at)
        repaired = _begin_repairs(world, 1)
        uow.commit()
    assert repaired() == 1
    assert world.level("SKU") == (30, 9)
    world.assert_explained()
    assert not ledger_repair.mismatches()


def test_two_repairs_at_once_repair_once(world: World, connection: int) -> None:
    world.sql("UPDATE order_lines SET applied_committed = 5")
    with unit_of_work() as uow:
        uow.session.execute(text("SELECT 1 FROM stock_levels ORDER BY id FOR NO KEY UPDATE"))
        repaired = _begin_repairs(world, 2)
        uow.commit()
    assert repaired() == 1
    assert world.level("SKU") == (30, 5)
    assert len(audits(world)) == 1


def _begin_repairs(world: World, count: int) -> Callable[[], int]:
    """That many, all waiting for the caller's locks. The result waits for them and counts their repairs."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    found = ledger_repair.mismatches()

    def mend() -> int:
        with app.app_context():
            return len(ledger_repair.repair(found, actor="cli").levels)

    pool = ThreadPoolExecutor(count)
    repairs = [pool.submit(mend) for _ in range(count)]
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up and len(_waiting(world)) < count:
        time.sleep(0.01)

    def repaired() -> int:
        pool.shutdown()
        return sum(repair.result() for repair in repairs)

    return repaired


def _waiting(world: World) -> Sequence[object]:
    return world.rows(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )


# ------------------------------------------------------------------------------------------------ cells


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("UPDATE stock_cells SET drift = 3, account = account - 3", "drift"),
        (
            "INSERT INTO drifts (account_id, cell_id, quantity, seen_at)"
            " SELECT account_id, id, -2, now() FROM stock_cells",
            "drift",
        ),
        ("UPDATE stock_cells SET synced_version = wanted_version + 5", "version"),
        (
            "INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,"
            " from_quantity, to_quantity, wanted_version, outcome, code, started_at, deadline_at)"
            " SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 1, 2, 1, 'unknown',"
            " 'reading_decides', now() - interval '3 hours', now() - interval '2 hours' FROM stock_cells",
            "attempt",
        ),
    ],
)
def test_a_cell_that_disagrees_with_its_records_is_read_again(
    world: World, connection: int, shop: Shop, damage: str, fault: str
) -> None:
    world.sql(damage)
    found = ledger_repair.mismatches()
    assert not found.levels
    assert [row["faults"] for row in found.cells] == [[fault], [fault]]
    assert len(repair().cells) == 2
    assert all(row.check_due_at for row in world.rows("SELECT check_due_at FROM stock_cells"))
    assert [row.cleared_at is not None for row in events(world)] == [True, True]
    world.settle(connection)
    assert not ledger_repair.mismatches()
    world.assert_quiet()
    world.assert_explained()
    for listing, sku in (("A", "SKU"), ("B", "OTHER")):
        assert world.cell(connection, listing).expected == shop.number(listing) == world.available(sku)


def test_a_drift_that_waits_for_its_second_reading_is_right(
    world: World, connection: int, shop: Shop
) -> None:
    shop.edit("A", 20)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    reconcile.reconcile(connection)
    assert world.cell(connection, "A").drift == -8
    assert not ledger_repair.mismatches()


def test_a_write_to_a_number_that_the_shop_no_longer_has_waits_for_its_return(
    world: World, connection: int
) -> None:
    world.sql(
        "INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,"
        " from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at)"
        " SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 1, 2, 1, 'open',"
        " now() - interval '3 hours', now() - interval '2 hours' FROM stock_cells"
    )
    world.sql("UPDATE stock_cells SET state = 'failed', error = 'vanished'")
    assert not ledger_repair.mismatches()
    world.sql("UPDATE stock_cells SET error = 'refused'")
    assert {tuple(row["faults"]) for row in ledger_repair.mismatches().cells} == {("attempt",)}


# ------------------------------------------------------------------------------------------------ nightly


def test_the_nightly_check_tells_once_and_repairs_nothing(world: World, connection: int) -> None:
    world.sql("UPDATE order_lines SET applied_committed = 5")
    world.sql("UPDATE stock_cells SET drift = 3 WHERE external_stock_id = 'iB'")
    for _night in range(2):
        ledger_repair.report(world.account_id)
    level, cell = events(world)
    assert level.connection_id is None
    assert level.cleared_at is cell.cleared_at is None
    assert (cell.connection_id, cell.detail["cells"][0]["faults"]) == (connection, ["drift"])
    assert world.level("SKU") == (30, 2)
    assert audits(world) == []


def test_the_nightly_check_closes_what_is_right_again(world: World, connection: int) -> None:
    world.sql("UPDATE stock_levels SET on_hand = 31")
    ledger_repair.report(world.account_id)
    world.sql("UPDATE stock_levels SET on_hand = 30 WHERE committed = 2")
    ledger_repair.report(world.account_id)
    assert [row.cleared_at is None for row in events(world)] == [False, True]


def test_the_nightly_check_looks_at_its_own_account_only(world: World, connection: int) -> None:
    world.sql("UPDATE stock_levels SET on_hand = 31")
    ledger_repair.report(new_account("A stranger"))
    assert events(world) == []
    ledger_repair.report(world.account_id)
    ledger_repair.report(new_account("Another"))
    assert [row.cleared_at for row in events(world)] == [None, None]
