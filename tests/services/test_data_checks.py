"""The nightly compare of a shop: what it finds, what it mends, and what it leaves to people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services import data_checks, reconcile
from app.services.data_checks import MANY_GONE, check_data
from tests.services.shop import Shop
from tests.services.world import World, now

LONG_AGO = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _connected_for_a_week(world: World, connection: int) -> None:
    world.sql("UPDATE connections SET created_at = now() - interval '7 days', state = 'active'")


def last_run(world: World) -> Any:
    return world.rows("SELECT * FROM sync_runs WHERE kind = 'check' ORDER BY id DESC LIMIT 1")[0]


def items(world: World) -> list[tuple[str, str]]:
    return [
        (row.subject, row.outcome)
        for row in world.rows(
            "SELECT i.subject, i.outcome FROM sync_run_items i JOIN sync_runs r ON r.id = i.run_id"
            " WHERE r.kind = 'check' ORDER BY i.id"
        )
    ]


def due(world: World) -> list[str]:
    return [
        row.external_stock_id
        for row in world.rows(
            "SELECT external_stock_id FROM stock_cells WHERE check_due_at <= now() ORDER BY id"
        )
    ]


def test_a_shop_that_agrees_is_looked_at_and_left_alone(world: World, connection: int, shop: Shop) -> None:
    before = world.rows("SELECT count(*) FROM stock_movements")
    check_data(connection)
    run = last_run(world)
    assert (run.state, run.changed, run.failed) == ("succeeded", 0, 0)
    assert run.counts == {"orders_missed": 0, "numbers_differing": 0, "locations_gone": 0}
    assert run.looked_at >= 2
    assert (items(world), due(world)) == ([], [])
    assert world.rows("SELECT count(*) FROM stock_movements") == before


def test_an_order_that_everybody_missed_is_fetched_and_one_that_is_fresh_is_not(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("missed", "A", 2, at=now() - LONG_AGO)
    shop.sell("fresh", "A", 1, at=now())
    world.sql("UPDATE connections SET orders_cursor = now()")  # no poll will ask for it any more
    check_data(connection)
    assert ("missed", "order_fetched") in items(world)
    assert [row.external_id for row in world.rows("SELECT external_id FROM orders")] == ["missed"]
    assert last_run(world).counts["orders_missed"] == 1
    check_data(connection)
    assert last_run(world).counts["orders_missed"] == 0


def test_an_order_that_cannot_be_applied_is_flagged_and_keeps_no_other(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("poison", "A", 1, at=now() - LONG_AGO)
    shop.sell("fine", "A", 1, at=now() - LONG_AGO)
    shop.poisonous_orders["poison"] = ValueError("?")
    world.sql("UPDATE connections SET orders_cursor = now()")
    check_data(connection)
    assert set(items(world)) >= {("poison", "order_missed"), ("fine", "order_fetched")}
    assert last_run(world).state == "partly"


def test_a_number_that_differs_is_read_and_one_that_is_not_listed_any_more_too(
    world: World, connection: int, shop: Shop
) -> None:
    [gone] = [ref for ref in shop.numbers if ref == shop.ref("A")]
    del shop.numbers[gone]
    check_data(connection)
    assert items(world) == [(gone.stock_id, "number_not_listed")]
    assert due(world) == [gone.stock_id]
    assert last_run(world).changed == 1


def test_when_very_many_are_not_listed_nothing_is_done_but_told(
    world: World, connection: int, shop: Shop
) -> None:
    world.sql(
        "INSERT INTO stock_cells (account_id, connection_id, external_stock_id, external_location_id,"
        " location_id, variant_id, state, account)"
        " SELECT account_id, connection_id, 'x' || n, external_location_id, location_id, variant_id,"
        " 'active', 1 FROM stock_cells CROSS JOIN generate_series(1, :many) AS n"
        " WHERE external_stock_id = :id",
        many=MANY_GONE + 1,
        id=shop.ref("A").stock_id,
    )
    check_data(connection)
    assert {outcome for _subject, outcome in items(world)} == {"many_not_listed"}
    assert due(world) == []
    assert last_run(world).state == "partly"


def test_numbers_are_compared_however_many_there_are(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_checks, "CELLS_AT_ONCE", 1)
    listed = {ref.stock_id for ref in shop.numbers}
    shop.numbers.clear()
    check_data(connection)
    assert {subject for subject, _outcome in items(world)} == listed
    assert len(listed) == 2


def test_a_location_that_is_gone_is_told(world: World, connection: int) -> None:
    world.sql("UPDATE connection_locations SET active = false, name = 'Old store'")
    check_data(connection)
    assert ("Old store", "location_gone") in items(world)


def test_a_shop_that_is_not_synced_is_not_looked_at(world: World, connection: int) -> None:
    world.sql("UPDATE connections SET state = 'needs_auth'")
    check_data(connection)
    assert world.rows("SELECT * FROM sync_runs WHERE kind = 'check'") == []


def test_what_the_compare_asks_to_be_read_is_read(world: World, connection: int, shop: Shop) -> None:
    shop.edit("A", 3)
    check_data(connection)
    assert due(world) or world.rows("SELECT 1 FROM stock_cells WHERE reported = 3")
    world.age()
    reconcile.reconcile(connection)
    assert shop.ref("A") in {ref for reading in shop.readings for ref in reading}
