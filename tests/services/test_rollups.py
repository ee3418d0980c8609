"""Sums that follow the rows, whatever changes, in whichever order it commits, however often it is folded."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.stock import Movement
from app.platforms.base import OrderState, PaymentState
from app.services import ledger
from app.services.queries.order_filters import OrderFilter
from app.services.queries.order_totals import totals
from app.services.rollups import fold, orders
from app.services.rollups.fold import FOLDS
from app.services.rollups.proof import prove
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RIGHT = {
    "orders": 0,
    "order_sums": 0,
    "order_day_sums": 0,
    "movement_sums": 0,
    "variant_values": 0,
    "stock_values": 0,
}


def fold_all() -> None:
    for rollup_id in FOLDS:
        fold.fold(rollup_id)


def order_sums(world: World) -> list[tuple[datetime, str, int, int, int, int]]:
    """Those that are not zero."""
    return [
        tuple(row)  # type: ignore[misc]
        for row in world.rows(
            """
            SELECT at, currency, orders, cancelled, total_minor, refunded_minor FROM order_sums
            WHERE account_id = :account AND (orders, cancelled, total_minor, refunded_minor) <> (0, 0, 0, 0)
            ORDER BY at, currency
            """,
            account=world.account_id,
        )
    ]


def movement_sums(world: World) -> dict[str, tuple[int, int]]:
    return {
        row.kind: (row.units_in, row.units_out)
        for row in world.rows(
            """
            SELECT kind, sum(units_in) AS units_in, sum(units_out) AS units_out FROM movement_sums
            WHERE account_id = :account GROUP BY kind
            """,
            account=world.account_id,
        )
    }


def stock_values(world: World) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (row.currency, row.basis): (row.variants, row.units, row.value_minor)
        for row in world.rows(
            "SELECT * FROM stock_values WHERE account_id = :account AND (variants, units) <> (0, 0)",
            account=world.account_id,
        )
    }


def test_an_order_counts_in_the_quarter_it_was_placed_in_and_moves_its_sums_when_it_changes(
    world: World, connection: int
) -> None:
    order = replace(
        an_order("1", a_line("A", 1, at=NOON), at=NOON + timedelta(minutes=14, seconds=59)),
        currency="EUR",
        total_minor=2400,
    )
    world.take(connection, order)
    fold_all()
    fold_all()
    assert order_sums(world) == [(NOON, "EUR", 1, 0, 2400, 0)]

    later = replace(order, refunded_minor=400, total_minor=2500, updated_at=NOON + timedelta(hours=1))
    world.take(connection, later)
    fold_all()
    assert order_sums(world) == [(NOON, "EUR", 1, 0, 2500, 400)]

    cancelled = replace(later, state=OrderState.CANCELLED, updated_at=NOON + timedelta(hours=2))
    world.take(connection, cancelled)
    fold_all()
    assert order_sums(world) == [(NOON, "EUR", 0, 1, 0, 0)]

    world.take(connection, replace(later, updated_at=NOON + timedelta(hours=3)))
    fold_all()
    assert order_sums(world) == [(NOON, "EUR", 1, 0, 2500, 400)]
    assert prove(world.account_id) == RIGHT


def test_test_orders_and_failed_payments_are_no_sales_and_currencies_stay_apart(
    world: World, connection: int
) -> None:
    order = replace(an_order("1", a_line("A", 1, at=NOON), at=NOON), total_minor=100, currency="EUR")
    world.take(connection, order)
    world.take(connection, replace(order, external_id="2", is_test=True))
    world.take(connection, replace(order, external_id="3", payment=PaymentState.FAILED))
    world.take(connection, replace(order, external_id="4", currency="JPY"))
    fold_all()
    assert order_sums(world) == [(NOON, "EUR", 1, 1, 100, 0), (NOON, "JPY", 1, 0, 100, 0)]


def test_orders_that_change_while_they_are_folded_are_counted_exactly(
    world: World, connection: int, engine_app: Flask
) -> None:
    """Two folds and two shops' workers at once, each order five times; then whatever is left."""
    dice, started = random.Random(7), threading.Barrier(4)
    base = replace(an_order("0", a_line("A", 1, at=NOON), at=NOON), currency="EUR")
    script = [
        replace(
            base,
            external_id=str(number),
            created_at=NOON + timedelta(minutes=7 * number),
            updated_at=NOON + timedelta(days=1, seconds=step),
            total_minor=dice.randint(1, 10_000),
            refunded_minor=dice.randint(0, 500),
            state=dice.choice([OrderState.OPEN, OrderState.CANCELLED]),
        )
        for step in range(5)
        for number in range(30)
    ]

    def sell(half: int) -> None:
        started.wait(10)
        for order in script:
            if int(order.external_id) % 2 == half:
                world.take(connection, order)

    def keep_folding() -> None:
        started.wait(10)
        for _ in range(40):
            FOLDS[fold.ORDERS]()

    with ThreadPoolExecutor(4) as pool:
        work = [partial(sell, 0), partial(sell, 1), keep_folding, keep_folding]
        for begun in [pool.submit(in_this_app(each)) for each in work]:
            begun.result()
    fold_all()
    last = {order.external_id: order for order in script}.values()
    sales = [order for order in last if order.state is OrderState.OPEN]
    [row] = world.rows(
        "SELECT sum(orders), sum(cancelled), sum(total_minor), sum(refunded_minor) FROM order_sums"
    )
    assert tuple(row) == (
        len(sales),
        len(last) - len(sales),
        sum(order.total_minor for order in sales),
        sum(order.refunded_minor for order in sales),
    )
    assert prove(world.account_id) == RIGHT


def test_a_fold_that_crashed_before_its_commit_has_counted_nothing(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take(connection, replace(an_order("1", a_line("A", 1, at=NOON), at=NOON), total_minor=5))

    def dies(_session: Session) -> None:
        raise RuntimeError("the worker died")

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", dies)
        for rollup_id in (fold.ORDERS, fold.MOVEMENTS, fold.PUSHES, fold.VALUES):
            with pytest.raises(RuntimeError):
                FOLDS[rollup_id]()
    assert order_sums(world) == []
    fold_all()
    assert len(order_sums(world)) == 1
    assert prove(world.account_id) == RIGHT


def test_movements_count_by_what_moved_them(world: World, connection: int) -> None:
    fold_all()
    before = movement_sums(world)
    assert set(before) == {"import"}
    with booked(world, "adjustment", "return", "drift") as uow_session:
        uow_session.commit()
    fold_all()
    after = movement_sums(world)
    assert {kind: after[kind] for kind in ("adjustment", "return", "drift")} == {
        "adjustment": (3, 0),
        "return": (3, 0),
        "drift": (3, 0),
    }
    assert after["import"] == before["import"]
    assert prove(world.account_id) == RIGHT


def test_a_movement_that_commits_after_one_with_a_higher_id_is_counted_once(
    world: World, connection: int, other: int
) -> None:
    """While an older transaction is open, what it may have drawn is waited for."""
    fold_all()
    with booked(world, "adjustment", sku="SKU") as slow:
        with booked(world, "return", sku="OTHER") as quick:
            quick.commit()
        fold_all()
        assert "return" not in movement_sums(world)
        slow.commit()
    fold_all()
    sums = movement_sums(world)
    assert (sums["adjustment"], sums["return"]) == ((3, 0), (3, 0))
    assert prove(world.account_id) == RIGHT


@contextmanager
def booked(world: World, *causes: str, sku: str = "SKU") -> Iterator[Session]:
    """Three units come to the shelf for each cause, in a transaction that is still open."""
    place = world.one(
        """
        SELECT l.variant_id, l.location_id FROM stock_levels l JOIN variants v ON v.id = l.variant_id
        WHERE v.account_id = :account AND v.sku = :sku
        """,
        account=world.account_id,
        sku=sku,
    )
    with unit_of_work() as uow:
        entries = [
            ledger.Entry(*place, Movement(on_hand=3), cause, f"t:{sku}:{cause}", NOON) for cause in causes
        ]
        ledger.book(uow.session, world.account_id, entries)
        yield uow.session


def test_a_write_counts_once_its_outcome_is_known(world: World, connection: int, shop: Shop) -> None:
    fold_all()
    sums = "SELECT sum(applied) AS applied, sum(failed) AS failed FROM push_sums"
    applied = world.one(sums).applied or 0
    world.sql(
        """
        INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
            from_quantity, to_quantity, wanted_version, started_at, deadline_at, outcome)
        SELECT account_id, connection_id, id, gen_random_uuid(), 0, 'set', 1, 2, 1, now(), now(), 'unknown'
        FROM stock_cells WHERE connection_id = :c ORDER BY id LIMIT 1
        """,
        c=connection,
    )
    fold_all()
    fold_all()
    assert (world.one(sums).applied or 0) == applied
    world.sql("UPDATE push_attempts SET outcome = 'applied' WHERE outcome = 'unknown'")
    fold_all()
    fold_all()
    assert world.one(sums).applied == applied + 1
    assert world.rows("SELECT * FROM uncounted_pushes") == []


def test_the_value_of_stock_follows_units_costs_and_prices(world: World, connection: int) -> None:
    world.sql("UPDATE variants SET currency = 'EUR', unit_cost_minor = NULL, price_minor = NULL")
    fold_all()
    assert set(stock_values(world)) == {("EUR", "none")}
    units = world.level("SKU")[0]
    world.sql("UPDATE variants SET price_minor = 500 WHERE sku = 'SKU'")
    fold_all()
    assert stock_values(world)["EUR", "price"] == (1, units, units * 500)
    world.sql("UPDATE variants SET unit_cost_minor = 200 WHERE sku = 'SKU'")
    fold_all()
    values = stock_values(world)
    assert values["EUR", "cost"] == (1, units, units * 200)
    assert ("EUR", "price") not in values
    with booked(world, "adjustment") as session:
        session.commit()
    fold_all()
    assert stock_values(world)["EUR", "cost"] == (1, units + 3, (units + 3) * 200)
    assert prove(world.account_id) == RIGHT


def test_amounts_beyond_reason_stop_no_fold(world: World, connection: int) -> None:
    """One merchant's slip of the hand, or worse, would keep everybody's figures from being counted."""
    cost, largest = 10**12, 2**63 - 1
    world.sql(
        """
        UPDATE stock_levels l SET on_hand = 1000000000 FROM variants v
        WHERE v.id = l.variant_id AND v.account_id = :account AND v.sku = 'SKU'
        """,
        account=world.account_id,
    )
    world.sql("UPDATE variants SET currency = 'EUR', unit_cost_minor = 1000000000000 WHERE sku = 'SKU'")
    for number in ("1", "2"):
        order = an_order(number, a_line("A", 1, at=NOON), at=NOON)
        world.take(connection, replace(order, total_minor=largest))
    fold_all()
    _variants, units, value = stock_values(world)["EUR", "cost"]
    assert units >= 10**9
    assert value == units * cost
    assert order_sums(world) == [(NOON, "EUR", 2, 0, 2 * largest, 0)]
    [revenue] = totals(world.account_id, OrderFilter()).revenue
    assert revenue == {"currency": "EUR", "orders": 2, "total_minor": 2 * largest, "refunded_minor": 0}
    assert prove(world.account_id) == RIGHT


def test_prices_set_in_any_order_neither_wait_for_a_fold_nor_miss_it(
    world: World, connection: int, other: int
) -> None:
    """A merchant's transaction is open on the variants that a fold is about to value."""
    fold_all()
    with unit_of_work() as uow:
        uow.session.execute(text("SET LOCAL lock_timeout = '2s'"))
        for sku in ("OTHER", "SKU"):
            uow.session.execute(text("UPDATE variants SET price_minor = 7 WHERE sku = :sku"), {"sku": sku})
        with booked(world, "adjustment", "return") as session:
            session.commit()
        fold_all()
        uow.commit()
    fold_all()
    assert prove(world.account_id) == RIGHT
    assert {basis for _currency, basis in stock_values(world)} == {"price"}


def test_what_waits_for_its_fold_is_not_taken_for_wrong(world: World, connection: int) -> None:
    fold_all()
    world.take(connection, an_order("1", a_line("A", 1, at=NOON), at=NOON))
    with booked(world, "adjustment") as session:
        session.commit()
    world.sql("UPDATE variants SET price_minor = 9 WHERE sku = 'OTHER'")
    assert prove(world.account_id) == RIGHT


def test_the_nightly_proof_finds_and_mends_wrong_sums(world: World, connection: int) -> None:
    world.take(connection, replace(an_order("1", a_line("A", 1, at=NOON), at=NOON), total_minor=5))
    fold_all()
    right = order_sums(world), movement_sums(world), stock_values(world)
    world.sql(
        """
        UPDATE order_sums SET orders = orders + 7;
        UPDATE order_day_sums SET total_minor = 7;
        UPDATE movement_sums SET units_in = 1;
        UPDATE stock_values SET value_minor = 1, units = units + 1;
        UPDATE variant_values SET units = units + 1;
        UPDATE orders SET counted_total_minor = 1
        """
    )
    found = prove(world.account_id)
    assert all(found.values()), found
    fold_all()
    prove(world.account_id)
    assert (order_sums(world), movement_sums(world), stock_values(world)) == right
    assert prove(world.account_id) == RIGHT


def test_the_first_order_of_a_new_server_is_counted_where_transactions_count_anew(
    world: World, connection: int
) -> None:
    """A restored database brings numbers of transactions that its new server will not reach for years."""
    world.sql("UPDATE rollups SET seen_xid = 4000000000000, seen_id = counted_id + 1000000")
    with booked(world, "adjustment") as session:
        session.commit()
    fold_all()
    assert movement_sums(world)["adjustment"] == (3, 0)


def test_what_has_something_to_fold_is_found_and_asked_for_once(world: World, connection: int) -> None:
    fold_all()
    world.take(connection, an_order("1", a_line("A", 1, at=NOON), at=NOON))
    fold.wake_folds()
    fold.wake_folds()
    queued = world.redis.lrange("rq:queue:reports", 0, -1)
    assert len(queued) == 2  # its order and its movement
    fold_all()
    world.redis.flushall()
    fold.wake_folds()
    assert world.redis.lrange("rq:queue:reports", 0, -1) == []


def test_folds_read_by_index(world: World, connection: int) -> None:
    """Where few of many orders are to be counted, as is usual."""
    fold_all()
    explained = text(f"EXPLAIN {orders._FOLD}")
    with unit_of_work() as uow:
        uow.session.execute(text("ANALYZE orders"))
        plan = "\n".join(uow.session.execute(explained, {"limit": orders.ORDERS_AT_ONCE}).scalars())
    assert "ix_orders_uncounted" in plan
