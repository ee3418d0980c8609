"""Where the rules meet: bundles, reviews, brakes, counts, and what each takes for granted of the others."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.errors import Conflict
from app.services import (
    brakes,
    bundles,
    count_sheets,
    counts,
    drifts,
    ledger,
    linking,
    order_effects,
    publishing,
    push,
    reviews,
    stock_catch_up,
    stock_changes,
    sweeper,
    tracking,
)
from app.services.count_sheets import InvalidRows
from app.services.order_effects import apply_orders, begin_fetch
from app.services.queries import reviews as queries
from tests.services.shop import Shop, a_line, an_order, lose_request, stocked
from tests.services.test_bundles import make_set, variant
from tests.services.test_reviews import adjust
from tests.services.world import World, now, owe


def edit(world: World, connection: int, shop: Shop, quantity: int, listing: str = "A", **how: Any) -> None:
    shop.edit(listing, quantity)
    world.hear(connection, ["level", listing, quantity])
    world.settle(**how)


def a_shop(letter: str, skus: int = 60) -> Shop:
    shop = Shop()
    for number in range(skus):
        shop.stock(f"{letter}{number}", f"S{number}", 10)
    return shop


def long_connected(world: World, shop: Shop) -> int:
    connection = world.connect(shop)
    world.sql("UPDATE connections SET brakes_off_until = now() - interval '1 day'")
    return connection


def place_of(world: World, sku: str) -> tuple[int, int]:
    number = variant(world, sku)
    row = world.one("SELECT location_id FROM stock_levels WHERE variant_id = :v", v=number)
    return number, row.location_id


def braked(world: World, connection: int) -> bool:
    return world.one("SELECT braked_at FROM connections WHERE id = :c", c=connection).braked_at is not None


def cups_and_sets(world: World) -> tuple[Shop, int]:
    shop = Shop()
    shop.stock("CUP", "CUP", 10)
    shop.stock("SAUCER", "SAUCER", 9)
    shop.stock("SET", "SET", 3)
    return shop, world.connect(shop)


# ------------------------------------------------------------------------------------------------ reviews


def test_who_gives_in_is_written_to_again(world: World, shop: Shop, other_shop: Shop) -> None:
    connection = world.connect(shop)
    other = world.connect(other_shop)
    for number in range(8):
        other_shop.sell(str(number), "B", 1, at=now())
        world.hear(other, ["order", str(number)])
        world.drain(other)
        push.drain(connection)
        edit(world, connection, shop, 10, step=timedelta(seconds=10))
    assert world.cell(connection, "A").in_review
    edit(world, connection, shop, world.cell(connection, "A").account)
    assert queries.reviews(world.account_id, limit=10).items == []
    other_shop.sell("last", "B", 1, at=now())
    world.hear(other, ["order", "last"])
    world.settle()
    assert shop.number("A") == world.available("SKU")


def test_a_rise_that_is_typed_again_and_again_stays_what_it_was(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    for _again in range(6):
        edit(world, connection, shop, 14)
    [row] = queries.reviews(world.account_id, limit=10).items
    assert row["quantity"] == 4
    assert len(shop.writes) <= 3
    reviews.resolve(world.account_id, row["id"], "add", 4, actor="user:1")
    world.settle()
    assert (world.available("SKU"), shop.number("A")) == (14, 14)


def test_a_decision_does_not_forget_the_reading_that_an_unanswered_write_waits_for(world: World) -> None:
    shop = stocked(Shop(compare_and_set=False))
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 7)
    [row] = queries.reviews(world.account_id, limit=10).items
    owe(world, connection, 5)
    shop.next_writes.append(lose_request)
    push.drain(connection)
    push.drain(connection)  # leaves it to a reading
    reviews.resolve(world.account_id, row["id"], "add", -3, actor="user:1")
    world.settle(rounds=12)
    assert shop.number("A") == world.available("SKU") == 2
    world.assert_quiet()


def test_of_two_numbers_of_one_variant_that_wait_deciding_one_leaves_the_other_told(world: World) -> None:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    shop.stock("B", "OTHER", 10)
    connection = world.connect(shop, drift_policy="review")
    second = world.one("SELECT id FROM listings WHERE external_id = 'B'").id
    linking.link(world.account_id, second, variant(world, "SKU"), actor="user:1")
    tracking.track_linked(connection)
    world.settle()
    edit(world, connection, shop, 14, listing="A")
    edit(world, connection, shop, 15, listing="B")
    first, last = queries.reviews(world.account_id, limit=5).items
    told = "SELECT 1 FROM events WHERE kind = 'drift_in_review' AND cleared_at IS NULL"
    reviews.resolve(world.account_id, first["id"], "overwrite", first["quantity"], actor="user:1")
    assert world.rows(told)
    reviews.resolve(world.account_id, last["id"], "overwrite", last["quantity"], actor="user:1")
    assert not world.rows(told)


# ------------------------------------------------------------------------------------------- last write wins


def test_what_was_written_long_ago_was_heard_although_its_record_is_old(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="last_write_wins")
    world.sql("UPDATE stock_cells SET baseline_at = now() - interval '60 days'")
    adjust(world, 50, ago=timedelta(days=40))
    world.settle()
    assert shop.number("A") == 60
    world.sql("UPDATE push_attempts SET created_at = now() - interval '31 days'")
    sweeper.house_keeping(30)
    world.sql("UPDATE push_attempts SET created_at = now() + interval '1 day'")  # the movement is of today
    edit(world, connection, shop, 61)
    assert world.available("SKU") == 61


def between_looking_and_locking(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """`act` happens in `drifts.settle` before it holds any lock."""
    lock_levels, settle = ledger.lock_levels, drifts.settle
    done: list[bool] = []

    def racing(*args: Any) -> ledger.Locked:
        if not done:
            done.append(True)
            act()
        return lock_levels(*args)

    def settling(*args: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(drifts.ledger, "lock_levels", racing)
            return settle(*args)

    monkeypatch.setattr(drifts, "settle", settling)


def test_an_adjustment_while_a_change_settles_comes_before_or_after_it(
    world: World, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = world.connect(shop, drift_policy="last_write_wins")
    between_looking_and_locking(monkeypatch, lambda: adjust(world, 5))
    edit(world, connection, shop, 7)
    assert world.available("SKU") in (15, 7)


def test_what_becomes_a_bundle_while_a_change_of_it_settles_is_no_plain_stock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, connection = cups_and_sets(world)
    parts = {variant(world, "CUP"): 2, variant(world, "SAUCER"): 2}
    both = variant(world, "SET")
    between_looking_and_locking(
        monkeypatch, lambda: bundles.define(world.account_id, both, parts, actor="cli")
    )
    edit(world, connection, shop, 5, listing="SET")
    assert world.available("SET") == 0


# ------------------------------------------------------------------------------------------------- bundles


def test_no_bundle_is_defined_while_orders_are_applied_that_know_of_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "TRIES", 1)
    _shop, connection = cups_and_sets(world)
    apply_order, refused = order_effects.apply_order, []

    def applying(*args: Any, **more: Any) -> bool:
        try:
            bundles.define(world.account_id, variant(world, "SET"), {variant(world, "CUP"): 2}, actor="cli")
        except Conflict:
            refused.append(True)
        return apply_order(*args, **more)

    monkeypatch.setattr(order_effects, "apply_order", applying)
    at = now()
    orders = [an_order("1", a_line("CUP", 1, at=at), at=at), an_order("2", a_line("SET", 1, at=at), at=at)]
    assert apply_orders(world.scope(connection), orders, begin_fetch()) == {}
    assert refused == [True, True]
    make_set(world)
    assert world.level("SET") == (1, 1)


def test_an_old_order_of_what_became_a_bundle_brings_no_components(world: World) -> None:
    _shop, connection = cups_and_sets(world)
    make_set(world)
    at = world.cell(connection, "SET").baseline_at - timedelta(minutes=10)
    world.take(connection, an_order("old", a_line("SET", 1, at=at), at=at))
    assert world.level("CUP") == (10, 2)


def test_a_bundle_is_never_low_on_stock_of_its_own(world: World) -> None:
    shop = Shop()
    for listing, quantity in (("CUP", 100), ("SAUCER", 100), ("SET", 40)):
        shop.stock(listing, listing, quantity)
    world.connect(shop)
    make_set(world)
    stock_catch_up.catch_up(world.account_id)
    assert not world.rows("SELECT kind FROM events WHERE cleared_at IS NULL")


def test_a_bundle_is_not_counted(world: World) -> None:
    cups_and_sets(world)
    number, place = place_of(world, "SET")
    early = counts.begin(world.account_id, place, actor="user:1", key="early")
    counts.record(world.account_id, early, {number: 7}, at=now(), actor="user:1")
    make_set(world)
    counts.finish(world.account_id, early, actor="user:1")
    late = counts.begin(world.account_id, place, actor="user:1", key="late")
    sheet = io.BytesIO(b"sku,counted\nSET,7\n")
    with pytest.raises(InvalidRows) as caught:
        count_sheets.record_sheet(world.account_id, late, sheet, at=now(), actor="user:1")
    assert "bundle" in caught.value.errors["2"]
    assert world.available("SET") == 0


# -------------------------------------------------------------------------------------------------- brakes


def test_a_sale_that_follows_a_change_by_hand_is_not_held_by_the_brake(world: World) -> None:
    shop, other_shop = a_shop("A"), a_shop("B")
    connection, other = long_connected(world, shop), long_connected(world, other_shop)
    number, place = place_of(world, "S59")
    for sku in range(30):
        shop.edit(f"A{sku}", 25)
        world.hear(connection, ["level", f"A{sku}", 25])
    world.settle()
    assert braked(world, other)
    stock_changes.adjust(world.account_id, number, place, -1, reason="damaged", actor="user:1", key="k")
    push.drain(other)
    push.drain(connection)
    assert other_shop.number("B59") == 9
    world.sql("UPDATE push_attempts SET created_at = now() + interval '1 minute'")  # after the adjustment
    shop.sell("1", "A59", 9, at=now())
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    push.drain(other)
    assert other_shop.number("B59") == 0


def test_a_shop_that_wipes_its_bundles_wipes_no_components_elsewhere(world: World) -> None:
    shop, other_shop = a_shop("A"), a_shop("B")
    for number in range(60):
        shop.stock(f"K{number}", f"K{number}", 1)
    connection, other = long_connected(world, shop), long_connected(world, other_shop)
    for number in range(60):
        parts = {variant(world, f"S{number}"): 1}
        bundles.define(world.account_id, variant(world, f"K{number}"), parts, actor="cli")
    world.sql("UPDATE connections SET brakes_off_until = now() + interval '1 day'")
    world.settle()
    world.sql("UPDATE connections SET brakes_off_until = now() - interval '1 day', braked_at = NULL")
    world.sql("UPDATE push_attempts SET unexplained = false")
    for number in range(60):
        shop.edit(f"K{number}", 0)
        world.hear(connection, ["level", f"K{number}", 0])
    world.settle()
    assert sum(other_shop.number(f"B{number}") == 0 for number in range(60)) <= brakes.ALWAYS_ALLOWED
    assert braked(world, other)


def test_an_unanswered_write_is_not_looked_after_every_second_while_writes_are_stopped(
    world: World, shop: Shop
) -> None:
    connection = world.connect(shop)
    owe(world, connection, 3)
    shop.next_writes.append(lose_request)
    push.drain(connection)
    publishing.stop_writes(world.account_id, actor="user:1")
    shop.edit("A", 12)
    world.hear(connection, ["level", "A", 12])
    world.settle(rounds=60, step=timedelta(seconds=2))
    assert len(shop.readings) < 12
    publishing.allow_writes(world.account_id, actor="user:1")
    world.settle()
    assert shop.number("A") == world.available("SKU")
