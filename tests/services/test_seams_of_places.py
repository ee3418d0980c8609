"""Where several places meet the other rules: reviews, baselines, holds, imports, and writes under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.orders import PartKind
from app.services import (
    connections,
    first_sync,
    holds,
    importer,
    linking,
    locations,
    push,
    stock_changes,
    tracking,
)
from app.services.locations import Mapped
from tests.services.shop import Shop, a_line, a_platform, an_order, happened
from tests.services.test_locations import NORTH, SOUTH, a_shop_of_two, at, connect, levels, remap, variant
from tests.services.world import World, now


def receive(world: World, place: str, units: int) -> None:
    stock_changes.receive(
        world.account_id,
        location_id=at(world, place),
        quantities={variant(world): units},
        actor="user:1",
        key=f"{place}:{units}",
    )


def a_store(number: int = 10) -> Shop:
    """A shop with one number for all places."""
    store = Shop(compare_and_set=False)
    store.stock("B", "SKU", number)
    return store


# ------------------------------------------------------------------------------------------ mapping anew


def test_what_was_agreed_to_is_written_to_numbers_that_followed_before(world: World) -> None:
    store = a_store()
    connection = connect(world, store, ("", "Main"))
    locations.create_location(world.account_id, "South", actor="user:1")
    receive(world, "South", 7)
    world.settle()
    remap(world, connection, ("", "Main"), ("", "South"))
    [row] = first_sync.first_sync_diff(world.account_id, connection, 0, 10)
    assert (row.channel_quantity, row.target) == (10, 17)
    first_sync.start_syncing(connection)
    world.settle()
    assert store.number("B") == 17


def test_a_push_under_way_writes_nothing_by_a_mapping_that_nobody_agreed_to(world: World) -> None:
    store = a_store()
    connection = connect(world, store, ("", "Main"))
    locations.create_location(world.account_id, "South", actor="user:1")
    receive(world, "South", 7)
    world.settle()
    receive(world, "Main", 1)

    def map_both() -> None:
        both = [Mapped("", at(world, "Main")), Mapped("", at(world, "South"))]
        locations.map_locations(world.account_id, connection, both, actor="user:1")

    store.on_read.append(map_both)
    push.drain(connection)
    assert store.number("B") == 10
    importer.run_import(connection)
    first_sync.start_syncing(connection)
    world.settle()
    assert store.number("B") == 18


def test_a_push_between_two_batches_stops_for_a_new_mapping(world: World) -> None:
    shop = Shop()
    for each in range(260):
        shop.stock(f"L{each}", f"S{each}", 5)
    connection = connect(world, shop, ("", "Main"))
    locations.create_location(world.account_id, "South", actor="user:1")
    ids = [row.id for row in world.rows("SELECT id FROM variants")]
    for place, units in (("South", 7), ("Main", 1)):
        stock_changes.receive(
            world.account_id,
            location_id=at(world, place),
            quantities=dict.fromkeys(ids, units),
            actor="user:1",
            key=place,
        )

    def map_both() -> None:
        both = [Mapped("", at(world, "Main")), Mapped("", at(world, "South"))]
        locations.map_locations(world.account_id, connection, both, actor="user:1")

    shop.before_write.append(map_both)
    push.drain(connection)
    assert set(shop.numbers.values()) <= {5, 6}


def test_a_mapping_that_changes_while_the_shop_is_read_is_followed_before_review(world: World) -> None:
    shop = a_shop_of_two()
    connection = world.connect(shop)
    locations.create_location(world.account_id, "South", actor="user:1")
    receive(world, "South", 30)
    locations.create_location(world.account_id, "West", actor="user:1")
    chosen = [Mapped(NORTH, at(world, "Main")), Mapped(SOUTH, at(world, "South"))]
    shop.after_catalog.append(
        lambda: locations.map_locations(world.account_id, connection, chosen, actor="user:1")
    )
    importer.run_import(connection)
    state = world.one("SELECT state FROM connections WHERE id = :c", c=connection).state
    assert state == "importing"
    importer.run_import(connection)
    assert world.one("SELECT state FROM connections WHERE id = :c", c=connection).state == "review"
    [row] = first_sync.first_sync_diff(world.account_id, connection, 0, 10)
    assert (row.channel_quantity, row.target) == (5, 30)


def test_where_nothing_was_counted_the_number_is_the_beginning_though_the_first_place_is_ours_no_more(
    world: World,
) -> None:
    connection = connect(world, a_shop_of_two(), (NORTH, "Main"))
    locations.create_location(world.account_id, "South", actor="user:1")
    remap(world, connection, (SOUTH, "South"))
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}
    assert first_sync.first_sync_diff(world.account_id, connection, 0, 10) == []


def test_what_a_place_held_is_free_when_it_is_ours_no_more(world: World) -> None:
    store = a_store()
    connection = connect(world, a_shop_of_two(), (NORTH, "Main"), (SOUTH, "South"))
    one = connect(world, store, ("", "Main"), ("", "South"))
    connections.configure(world.account_id, connection, {"drift_policy": "review"}, actor="user:1")
    world.settle()
    before = store.number("B")
    world.shops[connection].edit("A", 2, SOUTH)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle()
    assert store.number("B") == before - 3
    remap(world, connection, (NORTH, "Main"))
    first_sync.start_syncing(connection)
    push.drain(one)
    world.settle()
    assert store.number("B") == before


def test_what_is_sold_while_a_shop_is_read_anew_is_kept_back_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "platform", lambda _slug: a_platform(compare_and_set=True))
    shop, store = a_shop_of_two(), a_store()
    connection = connect(world, shop, (NORTH, "Main"))
    one = connect(world, store, ("", "Main"))
    assert store.number("B") == 10
    locations.create_location(world.account_id, "South", actor="user:1")
    chosen = [Mapped(NORTH, at(world, "Main")), Mapped(SOUTH, at(world, "South"))]
    locations.map_locations(world.account_id, connection, chosen, actor="user:1")
    shop.sell("1", "A", 4, at=now(), place=NORTH)
    world.hear(connection, ("order", "1", {"A": 4}))
    world.sql("UPDATE inbound_events SET received_at = received_at - interval '1 second'")
    holds.hold_unread_orders()
    push.drain(one)
    assert store.number("B") == 6


# ---------------------------------------------------------------------------------------- lines that move


def moved_order(world: World, shop: Shop) -> None:
    """An order of before the baselines goes from north to south."""
    earlier = now() - timedelta(days=2)
    shop.orders["1"] = an_order("1", a_line("A", 2, at=earlier, place=NORTH), at=earlier)


def test_a_line_of_before_the_baseline_that_moves_is_not_on_both_shelves(world: World) -> None:
    shop = a_shop_of_two()
    moved_order(world, shop)
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))
    connections.configure(world.account_id, connection, {"drift_policy": "syncflow_wins"}, actor="user:1")
    assert levels(world) == {"Main": (12, 2), "South": (5, 0)}
    shop.edit("A", 12, NORTH)
    shop.edit("A", 3, SOUTH)
    [line] = shop.orders["1"].lines
    moment = now()
    there = an_order(
        "1", a_line("A", 2, at=line.parts[0].at, place=SOUTH), at=line.parts[0].at, updated_at=moment
    )
    shop.orders["1"] = there
    world.hear(connection, ("order", "1"))
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (12, 3)
    assert levels(world) == {"Main": (12, 0), "South": (5, 2)}
    assert shop.writes == []
    world.assert_explained()
    world.assert_quiet()


def test_a_line_of_before_the_baseline_may_come_back_to_where_it_was(world: World) -> None:
    """Where the number did not open the level nothing would mend it."""
    world.connect(a_store())
    shop = a_shop_of_two()
    moved_order(world, shop)
    connection = connect(world, shop, (NORTH, "Main"))
    locations.create_location(world.account_id, "South", actor="user:1")
    receive(world, "South", 5)
    remap(world, connection, (NORTH, "Main"), (SOUTH, "South"))
    first_sync.start_syncing(connection)
    world.settle(connection)
    assert levels(world) == {"Main": (10, 2), "South": (5, 0)}
    for place, other in ((SOUTH, NORTH), (NORTH, SOUTH)):
        shop.edit("A", shop.number("A", other) + 2, other)
        shop.edit("A", shop.number("A", place) - 2, place)
        line = a_line("A", 2, at=shop.orders["1"].created_at, place=place)
        shop.orders["1"] = replace(shop.orders["1"], lines=(line,), updated_at=now())
        world.hear(connection, ("order", "1"))
        world.sql("UPDATE connections SET levels_swept_at = NULL")
        world.settle(connection)
        taken = 2 if place == NORTH else 0
        assert levels(world) == {"Main": (10, taken), "South": (5, 2 - taken)}
        assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (10 - taken, 3 + taken)
    assert not world.rows("SELECT id FROM drifts WHERE state = 'booked'")


def test_what_was_shipped_before_the_baseline_stays_shipped_wherever_from(world: World) -> None:
    """The shop tells later, or otherwise, where it was."""
    shop = a_shop_of_two()
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))
    earlier = now() - timedelta(days=2)
    line = a_line("A", 2, at=earlier, effects=None)
    old = happened(an_order("1", line, at=earlier), PartKind.FULFILLED, at=earlier)
    world.take(connection, old)
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}
    line = a_line("A", 2, at=earlier, place=NORTH)
    told = happened(an_order("1", line, at=earlier), PartKind.FULFILLED, at=earlier)
    world.take(connection, replace(told, updated_at=now()))
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}


# ------------------------------------------------------------------------------------------------ drifts


def test_half_a_transfer_is_none(world: World) -> None:
    """Whoever keeps putting a number back at one place is asked; nothing goes to the other meanwhile."""
    shop = a_shop_of_two()
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))
    connections.configure(world.account_id, connection, {"drift_policy": "syncflow_wins"}, actor="user:1")
    for _each in range(2):
        shop.edit("A", 7, NORTH)
        world.sql("UPDATE connections SET levels_swept_at = NULL")
        world.settle(connection, step=timedelta(minutes=10))
    world.sql("UPDATE stock_cells SET reversals = 2 WHERE external_location_id = :n", n=NORTH)
    shop.edit("A", 7, NORTH)
    shop.edit("A", 8, SOUTH)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection, step=timedelta(minutes=10))
    total = sum(on_hand for on_hand, _committed in levels(world).values())
    assert total == 15, levels(world)


# ----------------------------------------------------------------------------------------------- linking


def test_a_listing_of_several_places_is_linked_and_unlinked_at_all_of_them(world: World) -> None:
    shop = a_shop_of_two()
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))
    listing = int(world.one("SELECT id FROM listings").id)
    known = variant(world)
    linking.unlink(world.account_id, listing, actor="user:1")
    assert {r.account for r in world.rows("SELECT account FROM stock_cells")} == {None}
    shop.sell("1", "A", 2, at=now(), place=SOUTH)
    world.hear(connection, ("order", "1"))
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}
    linking.link(world.account_id, listing, known, actor="user:1")
    tracking.track_linked(connection)
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (5, 2)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (10, 3)
    world.assert_explained()
    world.assert_quiet()


# ------------------------------------------------------------------------------------------ at some of them


def test_what_is_not_stocked_at_a_place_is_not_asked_for_with_every_other_product(world: World) -> None:
    shop = Shop(places=(NORTH, SOUTH))
    shop.stock("A", "SKU", 10, place=NORTH)
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))
    shop.readings.clear()
    for place in (NORTH, SOUTH):
        shop.stock("B", "OTHER", 3, place=place)
    world.hear(connection, ("product", "B"))
    world.settle(connection)
    assert {ref for refs in shop.readings for ref in refs} == {shop.ref("B", NORTH), shop.ref("B", SOUTH)}
    assert {
        row.account for row in world.rows("SELECT account FROM stock_cells WHERE external_stock_id = 'iB'")
    } == {3}
