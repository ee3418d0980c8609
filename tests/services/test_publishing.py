"""How much of what is available each channel shows, and the switch that stops every write."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidInput, NotFound
from app.services import accounts, connections, first_sync, publishing, push, stock_changes
from app.services.queries.stock import stock_of_sku
from tests.services.shop import Shop
from tests.services.world import World, new_account, now


def listing_id(world: World, connection: int, listing: str) -> int:
    row = world.one(
        "SELECT id FROM listings WHERE connection_id = :c AND external_id = :e", c=connection, e=listing
    )
    return int(row.id)


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ({"buffer": 3}, 7),
        ({"share_percent": 50}, 5),
        ({"cap": 4}, 4),
        ({"share_percent": 0}, 0),
        ({"share_percent": 50, "buffer": 2, "cap": 2}, 2),
    ],
)
def test_a_connections_rules_are_written_at_once_and_taken_back_again(
    world: World, other: int, shop: Shop, other_shop: Shop, rules: dict[str, Any], shown: int
) -> None:
    connections.configure(world.account_id, other, rules, actor="cli")
    push.drain(other)
    assert (shop.number("A"), other_shop.number("B")) == (10, shown)
    connections.configure(
        world.account_id, other, {"buffer": 0, "share_percent": 100, "cap": None}, actor="cli"
    )
    push.drain(other)
    assert other_shop.number("B") == 10


def test_a_listings_own_rules_go_before_its_connections(world: World, connection: int, shop: Shop) -> None:
    connections.configure(world.account_id, connection, {"buffer": 1}, actor="cli")
    number = listing_id(world, connection, "A")
    publishing.configure_listing(world.account_id, number, {"buffer": 6}, actor="cli")
    push.drain(connection)
    assert (shop.number("A"), shop.number("A2")) == (4, 3)
    publishing.configure_listing(world.account_id, number, {"buffer": None}, actor="cli")
    push.drain(connection)
    assert shop.number("A") == 9


def test_of_listings_that_share_a_number_the_most_careful_rule_counts(world: World) -> None:
    shop = Shop()
    shop.stock("P1", "ONE", 10)
    shop.stock("P2", "TWO", 10)
    shop.shared["P2"] = "P1"
    connection = world.connect(shop)
    for listing, rules in {"P1": {"cap": 8}, "P2": {"cap": 5, "fixed_quantity": 9}}.items():
        number = listing_id(world, connection, listing)
        publishing.configure_listing(world.account_id, number, rules, actor="cli")
    push.drain(connection)
    assert shop.number("P1") == 5


def test_a_fixed_quantity_is_shown_whatever_is_available(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    number = listing_id(world, other, "B")
    publishing.configure_listing(world.account_id, number, {"fixed_quantity": 25}, actor="cli")
    shop.sell("1", "A", 10, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert (shop.number("A"), other_shop.number("B")) == (0, 25)
    world.assert_quiet()


def test_safety_stock_is_shown_by_no_channel(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    accounts.configure(world.account_id, {"safety_stock": 4}, actor="cli")
    push.drain(connection)
    push.drain(other)
    assert (shop.number("A"), other_shop.number("B"), shop.number("A2")) == (6, 6, 0)
    assert world.available("SKU") == 10


def test_a_paused_listing_takes_orders_and_is_not_written_until_it_goes_on(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    number = listing_id(world, connection, "A")
    publishing.configure_listing(world.account_id, number, {"paused": True}, actor="cli")
    other_shop.sell("1", "B", 3, at=now())
    world.hear(other, ["order", "1"])
    shop.sell("2", "A", 1, at=now())
    world.hear(connection, ["order", "2"])
    world.settle()
    assert (shop.number("A"), other_shop.number("B"), world.available("SKU")) == (9, 6, 6)
    [stock] = [row for row in stock_of_sku("SKU") if row["account_id"] == world.account_id]
    assert [channel["target"] for channel in stock["channels"]] == [None, 6]
    world.assert_quiet()
    publishing.configure_listing(world.account_id, number, {"paused": False}, actor="cli")
    world.settle()
    assert shop.number("A") == 6


def test_a_listing_that_sells_packs_shows_and_takes_whole_packs(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    number = listing_id(world, other, "B")
    publishing.configure_listing(world.account_id, number, {"factor": 3}, actor="cli")
    world.settle()
    assert (shop.number("A"), other_shop.number("B")) == (10, 3)
    other_shop.sell("1", "B", 2, at=now())
    world.hear(other, ["order", "1"])
    world.settle()
    assert (world.level("SKU"), shop.number("A"), other_shop.number("B")) == ((10, 6), 4, 1)
    publishing.configure_listing(world.account_id, number, {"factor": 2}, actor="cli")
    other_shop.cancel("1", at=now())
    world.hear(other, ["order", "1"])
    world.settle()
    assert (world.level("SKU"), shop.number("A"), other_shop.number("B")) == ((10, 0), 10, 5)
    world.assert_explained()
    world.assert_quiet()


def test_a_pack_is_never_merged(world: World, connection: int, shop: Shop) -> None:
    publishing.configure_listing(
        world.account_id, listing_id(world, connection, "A"), {"factor": 5}, actor="cli"
    )
    world.settle()
    assert shop.number("A") == 2
    shop.edit("A", 1)
    world.hear(connection, ["level", "A", 1])
    world.settle()
    assert world.level("SKU") == (10, 0)
    assert [row.review_reason for row in world.rows("SELECT * FROM drifts WHERE state = 'review'")] == [
        "no_identity"
    ]


def test_the_kill_switch_stops_every_write_and_no_order(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    publishing.stop_writes(world.account_id, actor="cli")
    shop.sell("1", "A", 3, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert (world.available("SKU"), other_shop.number("B")) == (7, 10)
    assert other_shop.writes == []
    publishing.allow_writes(world.account_id, actor="cli")
    world.settle()
    assert other_shop.number("B") == 7
    world.assert_quiet()


def test_the_kill_switch_of_one_merchant_stops_no_other(world: World, other: int, other_shop: Shop) -> None:
    publishing.stop_writes(new_account(), actor="cli")
    connections.configure(world.account_id, other, {"buffer": 3}, actor="cli")
    push.drain(other)
    assert other_shop.number("B") == 7


def test_an_unanswered_write_is_not_sent_again_while_writes_are_stopped(
    world: World, connection: int, shop: Shop
) -> None:
    from tests.services.shop import lose_answer

    connections.configure(world.account_id, connection, {"buffer": 3}, actor="cli")
    shop.next_writes.append(lose_answer)
    push.drain(connection)
    sent = len(shop.writes)
    publishing.stop_writes(world.account_id, actor="cli")
    push.drain(connection)
    assert len(shop.writes) == sent


def test_the_first_sync_shows_what_the_rules_would_write(world: World, connection: int) -> None:
    shop = Shop()
    shop.stock("C", "SKU", 10)
    second = world.connect(shop, syncing=False)
    assert first_sync.first_sync_diff(world.account_id, second, 0, 10) == []
    connections.configure(world.account_id, second, {"buffer": 4}, actor="cli")
    [row] = first_sync.first_sync_diff(world.account_id, second, 0, 10)
    assert (row.channel_quantity, row.target) == (10, 6)
    assert row.causes[-1] == "by the rules for what it shows, 6 are shown"


@pytest.mark.parametrize(
    "rules",
    [
        {"share_percent": 101},
        {"share_percent": -1},
        {"share_percent": None},
        {"buffer": -1},
        {"buffer": None},
        {"cap": -1},
        {"cap": 2_000_000_000},
        {"paused": True},
    ],
)
def test_what_is_no_rule_of_a_connection_is_refused(
    world: World, connection: int, rules: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        connections.configure(world.account_id, connection, rules, actor="cli")


def test_a_listing_of_another_merchant_is_not_there(world: World, connection: int) -> None:
    with pytest.raises(NotFound):
        publishing.configure_listing(
            new_account(), listing_id(world, connection, "A"), {"paused": True}, actor="cli"
        )


def test_who_bought_beyond_what_there_is_comes_first_when_more_comes_in(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    """A shop that allows backorders goes on selling, and its number goes below zero."""
    shop.sell("1", "A", 12, at=now())
    world.hear(connection, ("order", "1"))
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (-2, -2, 0)
    level = world.one(
        """
        SELECT l.variant_id, l.location_id FROM stock_levels l JOIN variants v ON v.id = l.variant_id
        WHERE v.sku = 'SKU' AND v.account_id = :a
        """,
        a=world.account_id,
    )
    stock_changes.receive(
        world.account_id, level.location_id, {level.variant_id: 5}, actor="user:1", key="delivery"
    )
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (3, 3, 3)
    world.assert_explained()
    world.assert_quiet()
