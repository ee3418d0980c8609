"""A recorded period once more with other settings: what it tells, and that it writes nothing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InternalError

from app.domain.orders import PartKind
from app.errors import InvalidInput, NotFound
from app.extensions import db
from app.services import accounts, bundles, connections
from app.services import replay as service
from app.services.replay import Period, Replayed, WhatIf, replay, variants_counted
from tests.services.shop import Shop, happened
from tests.services.world import World, new_account, now

SECOND = timedelta(seconds=1)
AS_IT_WAS = WhatIf(latency=SECOND)
BUFFER = WhatIf(latency=SECOND, buffer=2)


@pytest.fixture
def shops(world: World) -> tuple[int, int]:
    """Two shops that sell the same five units, and other things."""
    ids = []
    for name in ("Market", "Web"):
        shop = Shop()
        shop.stock("A", "SKU", 5)
        shop.stock("A2", "OTHER", 50)
        ids.append(world.connect(shop))
        world.sql("UPDATE connections SET name = :name WHERE id = :id", name=name, id=ids[-1])
    return ids[0], ids[1]


def sell(world: World, connection: int, order_id: str, quantity: int, *, listing: str = "A") -> datetime:
    """The shop sells and we hear of it. Returns when."""
    at = now()
    world.take(connection, world.shops[connection].sell(order_id, listing, quantity, at=at))
    return at


def sell_the_last_unit_twice(world: World, shops: tuple[int, int]) -> timedelta:
    """Returns the time between the two sales."""
    market, web = shops
    sell(world, market, "m1", 3)
    sell(world, web, "w1", 1)
    return -(sell(world, market, "m2", 1) - sell(world, web, "w2", 1))


def told(world: World, start: datetime, what_if: WhatIf = AS_IT_WAS, sku: str = "SKU") -> Replayed:
    [one] = replay(Period(start, now()), what_if, account_id=world.account_id, sku=sku)
    return one


def numbers(one: Replayed) -> dict[str, int]:
    return {name: getattr(one, name) for name in ("sold", "oversold", "avoided", "refused", "lost")}


def test_a_buffer_of_two_avoids_the_one_that_the_last_week_oversold(
    world: World, shops: tuple[int, int]
) -> None:
    start = now()
    sell_the_last_unit_twice(world, shops)
    assert world.available("SKU") == -1
    assert numbers(told(world, start)) == {"sold": 6, "oversold": 1, "avoided": 0, "refused": 0, "lost": 0}
    buffered = told(world, start, BUFFER)
    assert numbers(buffered) == {"sold": 6, "oversold": 1, "avoided": 1, "refused": 1, "lost": 1}
    assert (buffered.sku, buffered.account_id) == ("SKU", world.account_id)


def test_the_latency_between_the_two_sales_decides(world: World, shops: tuple[int, int]) -> None:
    start = now()
    apart = sell_the_last_unit_twice(world, shops)
    assert told(world, start, WhatIf(latency=apart)).avoided == 1
    assert told(world, start, WhatIf(latency=apart)).lost == 0
    assert told(world, start, WhatIf(latency=apart + SECOND / 1000)).avoided == 0


def test_a_sale_is_of_the_moment_its_order_was_placed_not_of_the_one_we_heard_of_it(
    world: World, shops: tuple[int, int]
) -> None:
    market, web = shops
    start = now()
    early, late = now(), now() + SECOND / 1000
    of_web = world.shops[web].sell("w1", "A", 5, at=late)
    of_market = world.shops[market].sell("m1", "A", 5, at=early)
    while now() <= late:
        pass
    world.take(web, of_web)
    world.take(market, of_market)
    only_market = WhatIf(latency=timedelta(0), buffer=5, connection="Market")
    assert numbers(told(world, start, only_market)) == {
        "sold": 10,
        "oversold": 5,
        "avoided": 5,
        "refused": 5,
        "lost": 5,  # the earlier sale was good; the later one would have been instead of it
    }


def test_settings_of_one_shop_leave_the_other_as_it_was(world: World, shops: tuple[int, int]) -> None:
    start = now()
    sell_the_last_unit_twice(world, shops)
    one_shop = WhatIf(latency=SECOND, buffer=5, connection="Web")
    assert numbers(told(world, start, one_shop)) == {
        "sold": 6,
        "oversold": 1,
        "avoided": 1,
        "refused": 2,
        "lost": 1,
    }


@pytest.mark.parametrize(
    ("what_if", "refused"),
    [
        (WhatIf(latency=SECOND, share_percent=40), 3),
        (WhatIf(latency=SECOND, cap=1), 4),
        (WhatIf(latency=SECOND, cap=0), 5),
        (WhatIf(latency=SECOND, buffer=1, share_percent=100, cap=9), 1),
    ],
)
def test_each_setting_refuses_its_part(
    world: World, shops: tuple[int, int], what_if: WhatIf, refused: int
) -> None:
    start = now()
    sell(world, shops[0], "m1", 5)
    assert told(world, start, what_if).refused == refused


def test_rules_that_are_set_now_count_and_those_to_be_tried_replace_them(
    world: World, shops: tuple[int, int]
) -> None:
    market, _web = shops
    start = now()
    sell(world, market, "m1", 5)
    connections.configure(world.account_id, market, {"buffer": 1, "cap": 3}, actor="cli")
    assert told(world, start).refused == 2
    assert told(world, start, BUFFER).refused == 2
    assert told(world, start, WhatIf(latency=SECOND, buffer=4)).refused == 4
    assert told(world, start, WhatIf(latency=SECOND, cap=9)).refused == 1
    accounts.configure(world.account_id, {"safety_stock": 3}, actor="cli")
    assert told(world, start, WhatIf(latency=SECOND, cap=9)).refused == 4


def test_a_bundles_sale_is_refused_where_its_component_is_kept_back(
    world: World, shops: tuple[int, int]
) -> None:
    market, _web = shops
    sku, other = (row.id for row in world.rows("SELECT id FROM variants ORDER BY sku DESC"))
    bundles.define(world.account_id, other, {sku: 2}, actor="cli")
    start = now()
    sell(world, market, "m1", 2, listing="A2")
    assert world.available("SKU") == 1
    assert numbers(told(world, start, BUFFER))["refused"] == 2  # one of the two bundles


def test_what_was_booked_before_the_period_is_in_its_opening(world: World, shops: tuple[int, int]) -> None:
    market, web = shops
    sell(world, market, "m1", 4)
    start = now()
    sell(world, web, "w1", 1)
    one = told(world, start, WhatIf(latency=SECOND, buffer=1))
    assert numbers(one) == {"sold": 1, "oversold": 0, "avoided": 0, "refused": 1, "lost": 1}


def test_what_was_booked_after_the_period_is_not_in_it(world: World, shops: tuple[int, int]) -> None:
    start = now()
    sell(world, shops[0], "m1", 4)
    end = now()
    sell(world, shops[1], "w1", 1)
    [one] = replay(Period(start, end), AS_IT_WAS, sku="SKU")
    assert one.sold == 4


def test_a_period_that_begins_before_anything_was_counted_opens_with_nothing(
    world: World, shops: tuple[int, int]
) -> None:
    sell(world, shops[0], "m1", 5)
    assert numbers(told(world, now() - timedelta(days=1)))["oversold"] == 0


def test_what_an_order_held_when_counting_began_is_no_sale_and_comes_back_whole(world: World) -> None:
    start = now()
    market, web = Shop(), Shop()
    market.stock("A", "SKU", 5)
    web.stock("A", "SKU", 7)
    web.sell("w1", "A", 2, at=now() - timedelta(hours=1))
    _market, connection = world.connect(market), world.connect(web)
    assert world.level("SKU") == (5, 2)
    world.take(connection, web.cancel("w1", at=now()))
    sell(world, connection, "w2", 5)
    one = told(world, start, WhatIf(latency=timedelta(0)))
    assert numbers(one) == {"sold": 5, "oversold": 0, "avoided": 0, "refused": 0, "lost": 0}


def test_a_shop_whose_clock_is_ahead_sold_before_we_heard_of_it(world: World, shops: tuple[int, int]) -> None:
    market, web = shops
    start = now()
    ahead = now() + timedelta(hours=1)
    world.take(market, world.shops[market].sell("m1", "A", 5, at=ahead))
    sell(world, web, "w1", 1)
    one = told(world, start, WhatIf(latency=timedelta(0), cap=0, connection="Market"))
    assert (one.oversold, one.lost) == (1, 5)


def test_a_sale_that_did_not_happen_takes_its_cancellation_with_it(
    world: World, shops: tuple[int, int]
) -> None:
    market, web = shops
    start = now()
    sell(world, market, "m1", 5)
    world.take(market, world.shops[market].cancel("m1", at=now()))
    sell(world, web, "w1", 5)
    assert world.available("SKU") == 0
    all_refused = told(world, start, WhatIf(latency=timedelta(0), cap=0, connection="Market"))
    assert numbers(all_refused) == {"sold": 10, "oversold": 0, "avoided": 0, "refused": 5, "lost": 5}


def test_what_is_shipped_moves_nothing_and_what_is_returned_comes_back(
    world: World, shops: tuple[int, int]
) -> None:
    market, web = shops
    start = now()
    sell(world, market, "m1", 5)
    order = happened(world.shops[market].orders["m1"], PartKind.FULFILLED, at=now())
    world.take(market, order)
    order = happened(order, PartKind.RETURNED_RESTOCKED, at=now(), quantity=2, channel=2)
    world.take(market, order)
    sell(world, web, "w1", 2)
    one = told(world, start, WhatIf(latency=timedelta(0)))
    assert numbers(one) == {"sold": 7, "oversold": 0, "avoided": 0, "refused": 0, "lost": 0}


def test_an_edit_in_a_shop_counts_in_that_shop_at_once(world: World, shops: tuple[int, int]) -> None:
    market, _web = shops
    start = now()
    world.shops[market].edit("A", 9)
    world.hear(market, ["level", "A", 9])
    world.settle()
    sell(world, market, "m1", 9)
    assert world.movements("SKU")[1][:2] == ("drift", 4)
    assert told(world, start, WhatIf(latency=timedelta(hours=9))).refused == 0


def test_every_variant_is_told_of_by_id_and_another_accounts_never(
    world: World, shops: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "VARIANTS_PER_TRANSACTION", 1)
    start = now()
    sell(world, shops[0], "m1", 2, listing="A2")
    found = list(replay(Period(start, now()), AS_IT_WAS, account_id=world.account_id))
    assert [(one.sku, one.sold) for one in found] == [("SKU", 0), ("OTHER", 2)]
    stranger = new_account("A stranger")
    assert list(replay(Period(start, now()), AS_IT_WAS, account_id=stranger)) == []
    assert (variants_counted(account_id=stranger), variants_counted()) == (0, 2)
    named = WhatIf(latency=SECOND, connection="Web")
    with pytest.raises(NotFound, match="Web"):
        list(replay(Period(start, now()), named, account_id=stranger))


def test_an_empty_period_is_refused(world: World) -> None:
    at = now()
    with pytest.raises(InvalidInput):
        list(replay(Period(at, at), AS_IT_WAS))


@pytest.fixture
def seen_writable() -> Iterator[list[str]]:
    """Statements that ran where PostgreSQL would have let them write."""
    found: list[str] = []

    def look(connection: Any, _cursor: Any, statement: str, *_rest: object) -> None:
        driver: psycopg.Connection[Any] = connection.connection.dbapi_connection
        row = driver.execute("SHOW transaction_read_only").fetchone()
        if row != ("on",) and not statement.startswith("SET TRANSACTION"):
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    yield found
    event.remove(db.engine, "before_cursor_execute", look)


def test_nothing_is_ever_asked_outside_a_read_only_transaction(
    world: World, shops: tuple[int, int], seen_writable: list[str]
) -> None:
    start = now()
    sell_the_last_unit_twice(world, shops)
    assert seen_writable  # the sales themselves
    seen_writable.clear()
    told(world, start, WhatIf(latency=SECOND, buffer=2, connection="Web"))
    variants_counted()
    assert seen_writable == []
    with service._only_reading() as session, pytest.raises(InternalError, match="read-only transaction"):
        session.execute(text("UPDATE stock_levels SET on_hand = 0"))


def test_no_shop_is_asked_and_no_work_is_left(world: World, shops: tuple[int, int]) -> None:
    start = now()
    sell_the_last_unit_twice(world, shops)
    tables = ("stock_levels", "stock_movements", "stock_cells", "push_attempts", "orders", "order_lines")

    def everything() -> list[Any]:
        return [world.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]

    before = everything()
    calls = [(len(s.writes), len(s.readings), len(s.fetches)) for s in world.shops.values()]
    told(world, start, BUFFER)
    assert everything() == before
    assert [(len(s.writes), len(s.readings), len(s.fetches)) for s in world.shops.values()] == calls


# ----------------------------------------------------------------------------------------- much of it

HOT = """
    WITH o AS (
        INSERT INTO orders (account_id, connection_id, external_id, placed_at)
        SELECT :account, :connection, 'hot-' || i, :start + i * CAST(:step AS interval)
        FROM generate_series(1, :count) i RETURNING id
    )
    INSERT INTO order_lines (account_id, order_id, external_id, title, quantity, unit_price_minor, effect_seq,
        applied_variant_id, applied_location_id, applied_cell_id)
    SELECT :account, o.id, '1', 'hot', 1, 100, 1, c.variant_id, c.location_id, c.id
    FROM o JOIN stock_cells c ON c.connection_id = :connection AND c.external_stock_id = 'iA2';
    INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
        on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
    SELECT :account, l.id, l.variant_id, l.location_id, m.cause, concat(m.key, chr(58), n.id, chr(58), 1),
        m.came, m.sold, 50 + l.nth - 1 + m.came, l.nth, l.placed_at + m.later, l.placed_at + m.later
    FROM (
        SELECT n.id AS line_id, o.placed_at, row_number() OVER (ORDER BY n.id) AS nth, l.*
        FROM order_lines n JOIN orders o ON o.id = n.order_id AND o.connection_id = :connection
        JOIN stock_levels l ON l.variant_id = n.applied_variant_id
    ) l
    JOIN order_lines n ON n.id = l.line_id
    CROSS JOIN (VALUES
        ('order', 'line', 0, 1, interval '0'), ('adjustment', 'delivery', 1, 0, interval '1 second')
    ) AS m (cause, key, came, sold, later)
    ORDER BY l.nth, m.later
"""
"""A variant sells one unit every `step`, and one is delivered right after."""


def test_memory_does_not_grow_with_what_happened(world: World, shops: tuple[int, int]) -> None:
    peaks = []
    start = now()
    for connection, count in zip(shops, (1_000, 10_000), strict=True):
        params = {"account": world.account_id, "connection": connection, "step": "24 seconds", "count": count}
        world.sql(HOT, start=start + SECOND, **params)
        end = start + timedelta(days=14)
        tracemalloc.start()
        [one] = replay(Period(start, end), BUFFER, sku="OTHER")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (one.sold, one.refused) == (count, 0)
        start = end
    # One object kept of each of the 9,000 further sales takes more than that.
    assert peaks[1] - peaks[0] < 9_000 * 28
