"""Stock in several places: at shops that know locations, and at shops with one number for all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.orders import PartKind
from app.errors import Conflict, InvalidInput, NotFound
from app.services import bundles, connections, first_sync, holds, importer, locations, push, stock_changes
from app.services.locations import Mapped
from tests.services.shop import Shop, a_line, a_platform, an_order, happened
from tests.services.world import World, new_account, now

NORTH, SOUTH = "71", "72"


def a_shop_of_two(north: int = 10, south: int = 5) -> Shop:
    shop = Shop(places=(NORTH, SOUTH))
    shop.stock("A", "SKU", north, place=NORTH)
    shop.stock("A", "SKU", south, place=SOUTH)
    return shop


def at(world: World, name: str) -> int:
    """The id of the account's location of that name."""
    return int(world.one("SELECT id FROM locations WHERE name = :n", n=name).id)


def levels(world: World) -> dict[str, tuple[int, int]]:
    """Location -> (on hand, committed) of SKU."""
    rows = world.rows(
        """
        SELECT p.name, l.on_hand, l.committed FROM stock_levels l JOIN locations p ON p.id = l.location_id
        JOIN variants v ON v.id = l.variant_id WHERE v.sku = 'SKU'
        """
    )
    return {row.name: (row.on_hand, row.committed) for row in rows}


def connect(world: World, shop: Shop, *mapped: tuple[str, str], syncing: bool = True) -> int:
    """Connected, with its locations mapped to those of these names; they are made where there are none."""
    connection = world.connect(shop, syncing=False)
    known = {row.name for row in world.rows("SELECT name FROM locations")}
    for _external, name in mapped:
        if name not in known:
            locations.create_location(world.account_id, name, actor="user:1")
    remap(world, connection, *mapped)
    if syncing:
        first_sync.start_syncing(connection)
        push.drain(connection)
        world.age()
    shop.writes.clear()
    return connection


def remap(world: World, connection: int, *mapped: tuple[str, str]) -> None:
    chosen = [Mapped(external, at(world, name)) for external, name in mapped]
    locations.map_locations(world.account_id, connection, chosen, actor="user:1")
    importer.run_import(connection)


@pytest.fixture
def shop() -> Shop:
    return a_shop_of_two()


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return connect(world, shop, (NORTH, "Main"), (SOUTH, "South"))


def variant(world: World) -> int:
    return int(world.one("SELECT id FROM variants WHERE sku = 'SKU'").id)


# ------------------------------------------------------------------------------- one to one with the shop's


def test_each_place_opens_with_its_own_number(world: World, connection: int) -> None:
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}


def test_what_another_shop_has_counted_already_is_not_counted_once_more(world: World) -> None:
    """The number of the shop that came first may hold what lies at both places: a person has to say."""
    store = Shop(compare_and_set=False)
    store.stock("B", "SKU", 15)
    one_number = world.connect(store)
    shop = a_shop_of_two()
    connection = connect(world, shop, (NORTH, "Main"), (SOUTH, "South"), syncing=False)
    remap(world, one_number, ("", "Main"), ("", "South"))
    first_sync.start_syncing(one_number)
    assert levels(world) == {"Main": (15, 0)}
    rows = first_sync.first_sync_diff(world.account_id, connection, 0, 10)
    assert [(row.channel_quantity, row.target) for row in rows] == [(10, 15), (5, 0)]
    first_sync.start_syncing(connection, source=first_sync.Source.CHANNEL)
    world.settle()
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH), store.number("B")) == (10, 5, 15)


def test_only_the_first_place_is_ours_until_somebody_says_otherwise(world: World, shop: Shop) -> None:
    world.connect(shop)
    assert levels(world) == {"Main": (10, 0)}


def test_a_sale_is_taken_from_the_place_that_the_shop_names(
    world: World, shop: Shop, connection: int
) -> None:
    shop.sell("1", "A", 2, at=now(), place=SOUTH)
    world.hear(connection, ("order", "1"))
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (5, 2)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (10, 3)
    assert shop.writes == []
    world.assert_explained()
    world.assert_quiet()


def test_a_cancellation_comes_back_to_where_it_was_taken_from(
    world: World, shop: Shop, connection: int
) -> None:
    shop.sell("1", "A", 2, at=now(), place=SOUTH)
    world.hear(connection, ("order", "1"))
    world.settle(connection)
    shop.cancel("1", at=now())
    world.hear(connection, ("order", "1"))
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (5, 0)}
    assert shop.writes == []


def test_a_line_that_moves_to_another_place_is_taken_from_there(
    world: World, shop: Shop, connection: int
) -> None:
    """A line at another of the shop's locations is another line: the one before is gone."""
    moment = now()
    world.take(connection, an_order("1", a_line("A", 2, at=moment, place=NORTH), at=moment))
    shop.edit("A", 3, SOUTH)
    later = moment + timedelta(seconds=1)
    line = a_line("A", 2, at=moment, place=SOUTH)
    world.take(connection, an_order("1", line, at=moment, updated_at=later))
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (5, 2)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (10, 3)


def test_a_line_whose_place_is_not_told_is_taken_from_the_first(world: World, connection: int) -> None:
    moment = now()
    world.take(connection, an_order("1", a_line("A", 2, at=moment, effects=()), at=moment))
    assert levels(world) == {"Main": (10, 2), "South": (5, 0)}


def test_a_sale_at_a_place_that_is_not_ours_is_kept_and_takes_effect_when_it_is(world: World) -> None:
    shop = a_shop_of_two()
    connection = world.connect(shop)
    shop.sell("1", "A", 2, at=now(), place=SOUTH)
    world.hear(connection, ("order", "1"))
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0)}
    locations.create_location(world.account_id, "South", actor="user:1")
    remap(world, connection, (NORTH, "Main"), (SOUTH, "South"))
    assert levels(world) == {"Main": (10, 0), "South": (5, 2)}
    first_sync.start_syncing(connection)
    world.settle(connection)
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (10, 3)
    world.assert_explained()


def test_an_edit_at_one_place_changes_that_place_only(world: World, shop: Shop, connection: int) -> None:
    shop.edit("A", 9, SOUTH)
    world.hear(connection, ("level", "A", 9))
    world.age()
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert levels(world) == {"Main": (10, 0), "South": (9, 0)}
    assert shop.writes == []


def test_a_transfer_is_written_to_both_places(world: World, shop: Shop, connection: int) -> None:
    stock_changes.transfer(
        world.account_id,
        from_location_id=at(world, "Main"),
        to_location_id=at(world, "South"),
        quantities={variant(world): 4},
        actor="user:1",
        key="t1",
    )
    world.settle(connection)
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (6, 9)


@pytest.mark.parametrize("policy", ["merge", "review", "syncflow_wins", "last_write_wins"])
def test_what_the_shop_moves_from_place_to_place_moves_here_too(
    world: World, shop: Shop, connection: int, policy: str
) -> None:
    """Whoever carried it: no policy is about that."""
    connections.configure(world.account_id, connection, {"drift_policy": policy}, actor="user:1")
    shop.edit("A", 7, NORTH)
    shop.edit("A", 8, SOUTH)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert levels(world) == {"Main": (7, 0), "South": (8, 0)}
    assert [m for m in world.movements("SKU") if m[0] != "import"] == [
        ("transfer", -3, 0),
        ("transfer", 3, 0),
    ]
    assert shop.writes == []
    world.assert_explained()
    world.assert_quiet()


def test_what_is_short_at_one_place_is_kept_back_at_the_others(
    world: World, shop: Shop, connection: int
) -> None:
    """Two are sold that are nowhere but at the other place: they must not be sold once more there."""
    other = Shop()
    other.stock("B", "SKU", 10)
    one_number = connect(world, other, ("", "Main"))
    moment = now()
    world.take(one_number, an_order("1", a_line("B", 12, at=moment, effects=()), at=moment))
    world.settle(connection, one_number)
    assert levels(world) == {"Main": (10, 12), "South": (5, 0)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH)) == (0, 3)


def test_a_place_that_is_ours_no_more_is_left_alone(world: World, shop: Shop, connection: int) -> None:
    remap(world, connection, (NORTH, "Main"))
    first_sync.start_syncing(connection)
    stock_changes.adjust(
        world.account_id,
        location_id=at(world, "South"),
        variant_id=variant(world),
        delta=-3,
        reason="damaged",
        actor="user:1",
        key="a1",
    )
    shop.edit("A", 1, SOUTH)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert shop.number("A", SOUTH) == 1
    assert levels(world)["South"] == (2, 0)
    assert shop.writes == []
    remap(world, connection, (NORTH, "Main"), (SOUTH, "South"))
    first_sync.start_syncing(connection)
    world.settle(connection)
    assert shop.number("A", SOUTH) == 2, "and once it is ours again it follows the ledger"


def test_nothing_is_written_to_a_new_place_before_its_diff_was_seen(world: World) -> None:
    shop = a_shop_of_two()
    connection = world.connect(shop)
    locations.create_location(world.account_id, "South", actor="user:1")
    stock_changes.receive(
        world.account_id,
        location_id=at(world, "South"),
        quantities={variant(world): 30},
        actor="user:1",
        key="r1",
    )
    world.settle(connection)
    shop.writes.clear()
    remap(world, connection, (NORTH, "Main"), (SOUTH, "South"))
    world.settle(connection)
    assert shop.writes == []
    [row] = first_sync.first_sync_diff(world.account_id, connection, 0, 10)
    assert (row.channel_quantity, row.target) == (5, 30)
    first_sync.start_syncing(connection)
    world.settle(connection)
    assert shop.number("A", SOUTH) == 30


# ----------------------------------------------------------------------- one number for several places


@pytest.fixture
def one_number(world: World, connection: int) -> tuple[int, Shop]:
    """A shop without locations that sells from both places."""
    shop = Shop(compare_and_set=False)
    shop.stock("B", "SKU", 15)
    return connect(world, shop, ("", "Main"), ("", "South")), shop


def test_it_shows_what_there_is_at_all_of_them(world: World, one_number: tuple[int, Shop]) -> None:
    _connection, shop = one_number
    stock_changes.receive(
        world.account_id,
        location_id=at(world, "South"),
        quantities={variant(world): 7},
        actor="user:1",
        key="r1",
    )
    world.settle()
    assert shop.number("B") == 22


def test_what_was_counted_at_another_place_is_not_begun_with_a_second_time(
    world: World, connection: int, shop: Shop
) -> None:
    """A shop with one number does not say where its units are; when it is connected it is our first place."""
    shop.stock("C", "SOUTHERN", 5, place=SOUTH)
    importer.run_import(connection)
    store = Shop()
    store.stock("D", "SOUTHERN", 5)
    store.stock("E", "NEW", 4)
    two = world.connect(store, syncing=False)
    [row] = first_sync.first_sync_diff(world.account_id, two, 0, 10)
    assert (row.sku, row.channel_quantity, row.target) == ("SOUTHERN", 5, 0)
    remap(world, two, ("", "Main"), ("", "South"))
    assert first_sync.first_sync_diff(world.account_id, two, 0, 10) == []
    first_sync.start_syncing(two)
    world.settle()
    assert (store.number("D"), store.number("E"), shop.number("C", SOUTH)) == (5, 4, 5)


@pytest.mark.parametrize(("shown", "main", "south"), [(16, 11, 5), (12, 7, 5), (4, -1, 5)])
def test_a_first_sync_that_follows_one_number_for_all_places_counts_all_of_them(
    world: World, connection: int, shown: int, main: int, south: int
) -> None:
    store = Shop()
    store.stock("B", "SKU", shown)
    two = connect(world, store, ("", "Main"), ("", "South"), syncing=False)
    source = first_sync.Source.CHANNEL
    [row] = first_sync.first_sync_diff(world.account_id, two, 0, 10, source=source)
    assert (row.channel_quantity, row.target, row.stock_change) == (shown, shown, shown - 15)
    assert row.causes[0] == f"the ledger has 15 on hand, the shop shows {shown}"
    first_sync.start_syncing(two, source=source)
    world.settle()
    assert levels(world) == {"Main": (main, 0), "South": (south, 0)}
    assert store.number("B") == shown


def test_a_sale_there_is_taken_from_the_first_place_that_has_it(
    world: World, shop: Shop, one_number: tuple[int, Shop]
) -> None:
    connection, store = one_number
    for order_id, quantity in (("1", 9), ("2", 3), ("3", 1)):
        store.sell(order_id, "B", quantity, at=now())
        world.hear(connection, ("order", order_id))
        world.drain(connection)
    world.settle()
    assert levels(world) == {"Main": (10, 10), "South": (5, 3)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH), store.number("B")) == (0, 2, 2)


def test_orders_of_one_batch_do_not_all_take_the_same_last_units(
    world: World, shop: Shop, one_number: tuple[int, Shop]
) -> None:
    connection, store = one_number
    for number in range(4):
        store.sell(str(number), "B", 3, at=now())
        world.hear(connection, ("order", str(number)))
    world.settle()
    assert levels(world) == {"Main": (10, 9), "South": (5, 3)}


def test_a_return_comes_back_to_the_place_that_it_left(world: World, one_number: tuple[int, Shop]) -> None:
    connection, _store = one_number
    moment = now()
    taken = an_order("1", a_line("B", 12, at=moment), at=moment)
    world.take(connection, an_order("0", a_line("B", 10, at=moment), at=moment))
    world.take(connection, taken)
    shipped = happened(taken, PartKind.FULFILLED, at=moment + timedelta(seconds=1))
    world.take(connection, shipped)
    world.take(connection, happened(shipped, PartKind.RETURNED_RESTOCKED, at=moment + timedelta(seconds=2)))
    assert levels(world) == {"Main": (10, 10), "South": (5, 0)}


def test_more_than_any_place_has_is_short_at_the_first(
    world: World, shop: Shop, one_number: tuple[int, Shop]
) -> None:
    connection, store = one_number
    store.sell("1", "B", 12, at=now())
    world.hear(connection, ("order", "1"))
    world.settle()
    assert levels(world) == {"Main": (10, 12), "South": (5, 0)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH), store.number("B")) == (0, 3, 3)


def test_a_fall_there_is_taken_from_the_first_place_that_has_it(
    world: World, shop: Shop, one_number: tuple[int, Shop]
) -> None:
    connection, store = one_number
    moment = now()
    world.take(connection, an_order("1", a_line("B", 8, at=moment, effects=()), at=moment))
    world.settle()
    store.edit("B", store.number("B") - 4)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle()
    assert levels(world) == {"Main": (10, 8), "South": (1, 0)}
    store.edit("B", store.number("B") + 2)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle()
    assert levels(world) == {"Main": (12, 8), "South": (1, 0)}
    assert (shop.number("A", NORTH), shop.number("A", SOUTH), store.number("B")) == (4, 1, 5)


def test_an_order_that_cannot_be_read_yet_is_held_once(
    world: World, connection: int, one_number: tuple[int, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of the shop's places it is taken from nobody knows yet: each is kept from selling it."""
    store_connection, store = one_number
    monkeypatch.setattr(holds, "platform", lambda _slug: a_platform(compare_and_set=True))
    world.hear(connection, ("order", "9", {"A": 2}))
    world.sql("UPDATE inbound_events SET received_at = received_at - interval '10 seconds'")
    holds.hold_unread_orders()
    push.drain(store_connection)
    assert store.number("B") == 13


def test_a_bundle_is_made_where_all_of_it_is(world: World, connection: int) -> None:
    """Two mugs here and two saucers there are no set."""
    store = Shop()
    store.stock("MUG", "MUG", 0)
    store.stock("SAUCER", "SAUCER", 0)
    store.stock("SET", "SET", 0)
    two = connect(world, store, ("", "Main"), ("", "South"))
    ids = {r.sku: int(r.id) for r in world.rows("SELECT id, sku FROM variants")}
    bundles.define(world.account_id, ids["SET"], {ids["MUG"]: 1, ids["SAUCER"]: 2}, actor="user:1")
    for place, mugs, saucers in (("Main", 4, 1), ("South", 1, 6)):
        stock_changes.receive(
            world.account_id,
            location_id=at(world, place),
            quantities={ids["MUG"]: mugs, ids["SAUCER"]: saucers},
            actor="user:1",
            key=place,
        )
    world.settle(two)
    assert store.number("SET") == 1
    store.sell("1", "SET", 1, at=now())
    world.hear(two, ("order", "1"))
    world.settle(two)
    taken = world.rows(
        """
        SELECT v.sku, p.name, l.committed FROM stock_levels l JOIN variants v ON v.id = l.variant_id
        JOIN locations p ON p.id = l.location_id WHERE l.committed > 0 ORDER BY v.sku
        """
    )
    assert [tuple(row) for row in taken] == [("MUG", "South", 1), ("SAUCER", "South", 2)]
    assert store.number("SET") == 0


def test_a_bundle_made_at_several_places_is_not_made_of_what_one_of_them_owes(
    world: World, connection: int
) -> None:
    """Five mugs here, and four sold that were to come from there: one set is left to sell, and not five."""
    store = Shop()
    store.stock("MUG", "MUG", 0)
    store.stock("SET", "SET", 0)
    two = connect(world, store, ("", "Main"), ("", "South"))
    ids = {r.sku: int(r.id) for r in world.rows("SELECT id, sku FROM variants")}
    bundles.define(world.account_id, ids["SET"], {ids["MUG"]: 1}, actor="user:1")
    stock_changes.receive(
        world.account_id,
        location_id=at(world, "South"),
        quantities={ids["MUG"]: 5},
        actor="user:1",
        key="r1",
    )
    stock_changes.adjust(
        world.account_id,
        location_id=at(world, "Main"),
        variant_id=ids["MUG"],
        delta=-4,
        reason="damaged",
        actor="user:1",
        key="a1",
    )
    world.settle(two)
    assert (store.number("MUG"), store.number("SET")) == (1, 1)


# ------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("mapped", "error"),
    [
        ([], InvalidInput),
        ([("99", "Main")], InvalidInput),
        ([(NORTH, "Main"), (SOUTH, "Main")], InvalidInput),
        ([(NORTH, "Main"), (NORTH, "South")], InvalidInput),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    world: World, connection: int, mapped: list[tuple[str, str]], error: type[Exception]
) -> None:
    chosen = [Mapped(external, at(world, name)) for external, name in mapped]
    with pytest.raises(error):
        locations.map_locations(world.account_id, connection, chosen, actor="user:1")


def test_a_strangers_place_and_a_strangers_shop_are_not_found(world: World, connection: int) -> None:
    stranger = new_account("A stranger")
    theirs = locations.create_location(stranger, "Theirs", actor="user:2")
    with pytest.raises(NotFound):
        locations.map_locations(world.account_id, connection, [Mapped(NORTH, theirs)], actor="user:1")
    with pytest.raises(NotFound):
        locations.map_locations(stranger, connection, [Mapped(NORTH, theirs)], actor="user:2")
    with pytest.raises(NotFound):
        locations.rename_location(world.account_id, theirs, "Mine", actor="user:1")


def test_two_places_cannot_have_one_name(world: World, connection: int) -> None:
    with pytest.raises(Conflict):
        locations.create_location(world.account_id, "Main", actor="user:1")
    with pytest.raises(Conflict):
        locations.rename_location(world.account_id, at(world, "South"), "Main", actor="user:1")


def test_the_same_mapping_again_changes_nothing(world: World, connection: int) -> None:
    chosen = [Mapped(NORTH, at(world, "Main")), Mapped(SOUTH, at(world, "South"))]
    locations.map_locations(world.account_id, connection, chosen, actor="user:1")
    assert world.one("SELECT state FROM connections WHERE id = :c", c=connection).state == "active"


def test_a_new_place_of_the_shop_is_seen_and_left_alone(world: World, shop: Shop, connection: int) -> None:
    shop.places = (NORTH, SOUTH, "73")
    importer.ensure_webhooks(connection)
    rows = world.rows(
        "SELECT external_location_id, name, location_id IS NULL AS ours FROM connection_locations ORDER BY id"
    )
    assert [row.external_location_id for row in rows] == [NORTH, SOUTH, "73"]
    assert rows[-1].ours
    shop.places = (NORTH,)
    importer.ensure_webhooks(connection)
    gone = world.rows("SELECT external_location_id FROM connection_locations WHERE NOT active ORDER BY id")
    assert [row.external_location_id for row in gone] == [SOUTH, "73"]
