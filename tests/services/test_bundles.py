"""Bundles: what they show, what selling one does, and what undoing it does."""

from __future__ import annotations

import pytest

from app.errors import InvalidInput, NotFound
from app.services import bundles, first_sync, push, reviews, stock_changes, variants
from app.services.queries import reviews as review_queries
from app.services.queries import stock as stock_lists
from tests.services.shop import Shop
from tests.services.world import World, new_account, now


@pytest.fixture
def shop() -> Shop:
    """A shop that sells cups, saucers, and both as a set."""
    shop = Shop()
    shop.stock("CUP", "CUP", 10)
    shop.stock("SAUCER", "SAUCER", 9)
    shop.stock("SET", "SET", 3)
    return shop


@pytest.fixture
def other_shop() -> Shop:
    shop = Shop()
    shop.stock("CUP2", "CUP", 10)
    shop.stock("SET2", "SET", 1)
    return shop


def variant(world: World, sku: str) -> int:
    row = world.one("SELECT id FROM variants WHERE sku = :s AND account_id = :a", s=sku, a=world.account_id)
    return int(row.id)


def make_set(world: World, cups: int = 2, saucers: int = 2) -> None:
    parts = {variant(world, "CUP"): cups, variant(world, "SAUCER"): saucers}
    bundles.define(world.account_id, variant(world, "SET"), parts, actor="cli")
    world.settle()


def numbers(shop: Shop, *listings: str) -> tuple[int, ...]:
    return tuple(shop.number(listing) for listing in listings)


def test_a_bundle_shows_what_its_scarcest_component_allows_for(
    world: World, shop: Shop, other: int, other_shop: Shop
) -> None:
    make_set(world)
    assert numbers(shop, "CUP", "SAUCER", "SET") == (10, 9, 4)
    assert numbers(other_shop, "CUP2", "SET2") == (10, 4)
    assert world.available("SET") == 0
    world.assert_explained()
    world.assert_quiet()


def test_selling_a_bundle_takes_its_components_everywhere(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    make_set(world)
    shop.sell("1", "SET", 2, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert (world.level("CUP"), world.level("SAUCER"), world.available("SET")) == ((10, 4), (9, 4), 0)
    assert numbers(shop, "CUP", "SAUCER", "SET") == (6, 5, 2)
    assert numbers(other_shop, "CUP2", "SET2") == (6, 2)
    world.assert_explained()
    world.assert_quiet()


def test_selling_a_component_lowers_every_bundle_that_needs_it(
    world: World, shop: Shop, other: int, other_shop: Shop
) -> None:
    make_set(world)
    other_shop.sell("1", "CUP2", 7, at=now())
    world.hear(other, ["order", "1"])
    world.settle()
    assert numbers(shop, "CUP", "SAUCER", "SET") == (3, 9, 1)
    assert numbers(other_shop, "CUP2", "SET2") == (3, 1)


def test_a_cancellation_undoes_what_was_applied_although_the_bundle_changed_since(
    world: World, connection: int, shop: Shop, other: int
) -> None:
    make_set(world)
    shop.sell("1", "SET", 1, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    make_set(world, cups=1, saucers=1)
    assert (world.level("CUP"), world.level("SAUCER")) == ((10, 2), (9, 2))
    shop.cancel("1", at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert (world.level("CUP"), world.level("SAUCER")) == ((10, 0), (9, 0))
    assert shop.number("SET") == 9
    world.assert_explained()


def test_an_order_from_before_it_was_a_bundle_keeps_the_effect_it_had(
    world: World, connection: int, shop: Shop, other: int
) -> None:
    shop.sell("1", "SET", 1, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    make_set(world)
    assert (world.level("SET"), world.level("CUP")) == ((1, 1), (10, 0))
    shop.cancel("1", at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert (world.level("CUP"), shop.number("SET")) == ((10, 0), 4)
    world.assert_quiet()


def test_the_same_event_twice_books_a_bundle_once(world: World, connection: int, shop: Shop) -> None:
    make_set(world)
    shop.sell("1", "SET", 1, at=now())
    for _again in range(3):
        world.hear(connection, ["order", "1"])
        world.settle()
    assert world.movements("CUP") == [("import", 10, 0), ("order", 0, 2)]


def test_a_fall_of_a_bundles_number_holds_its_components_and_waits_for_a_person(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    make_set(world)
    shop.edit("SET", 3)
    world.hear(connection, ["level", "SET", 3])
    world.settle()
    assert numbers(other_shop, "CUP2", "SET2") == (8, 3)
    [review] = review_queries.reviews(world.account_id, limit=10).items
    assert review["reason"] == "no_identity"
    for row in stock_lists.stock(world.account_id, limit=10).items:
        # Of the set that it was changed of as well as of all that it is made of, and no number else.
        found = review_queries.reviews(world.account_id, limit=10, variant_id=row["variant_id"]).items
        assert [each["id"] for each in found] == [review["id"]]
        assert [channel["held"] for channel in row["channels"]] == [True] * len(row["channels"])
    reviews.resolve(world.account_id, review["id"], "add", -1, actor="cli")
    world.settle()
    assert (world.level("CUP"), world.level("SAUCER"), world.available("SET")) == ((8, 0), (7, 0), 0)
    assert numbers(shop, "CUP", "SAUCER", "SET") == (8, 7, 3)
    world.assert_explained()
    world.assert_quiet()


def test_a_bundle_that_is_none_any_more_counts_its_own_stock_from_nothing(
    world: World, shop: Shop, other: int
) -> None:
    make_set(world)
    bundles.define(world.account_id, variant(world, "SET"), {}, actor="cli")
    world.settle()
    assert numbers(shop, "CUP", "SET") == (10, 0)
    world.assert_explained()


def test_the_first_sync_tells_of_bundles(world: World, connection: int) -> None:
    make_set(world)
    shop = Shop()
    shop.stock("S3", "SET", 1)
    second = world.connect(shop, syncing=False)
    assert world.available("SET") == 0
    [row] = first_sync.first_sync_diff(world.account_id, second, 0, 10)
    assert (row.channel_quantity, row.target) == (1, 4)
    assert row.causes == ["its components are enough for 4, the shop shows 1"]
    first_sync.start_syncing(second)
    push.drain(second)
    assert shop.number("S3") == 4


def test_a_bundles_own_stock_cannot_be_changed_by_hand(world: World, connection: int) -> None:
    make_set(world)
    both = variant(world, "SET")
    place = world.one("SELECT id FROM locations WHERE account_id = :a", a=world.account_id).id
    with pytest.raises(InvalidInput):
        stock_changes.adjust(world.account_id, both, place, 1, reason="found", actor="cli", key="1")


def test_no_bundle_is_in_a_bundle_and_none_has_anothers_goods(world: World, connection: int) -> None:
    make_set(world)
    cup, saucer, both = (variant(world, sku) for sku in ("CUP", "SAUCER", "SET"))
    for bundle, parts in [(cup, {both: 1}), (cup, {saucer: 1}), (both, {both: 1}), (both, {cup: 0})]:
        with pytest.raises(InvalidInput):
            bundles.define(world.account_id, bundle, parts, actor="cli")
    with pytest.raises(NotFound):
        bundles.define(new_account(), both, {cup: 1}, actor="cli")
    with pytest.raises(NotFound):
        bundles.define(world.account_id, both, {cup: 1, 10**15: 1}, actor="cli")


def test_what_is_archived_goes_into_no_bundle(world: World) -> None:
    box, lid = (variants.create(world.account_id, {"title": it}, actor="cli") for it in ("Box", "Lid"))
    variants.archive(world.account_id, lid, actor="cli")
    with pytest.raises(InvalidInput, match="archived"):
        bundles.define(world.account_id, box, {lid: 1}, actor="cli")
    variants.restore(world.account_id, lid, actor="cli")
    bundles.define(world.account_id, box, {lid: 1}, actor="cli")
    with pytest.raises(variants.VariantInUse):
        variants.archive(world.account_id, lid, actor="cli")
