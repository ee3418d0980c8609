"""Stock changed by hand: adjusted, received, carried to another place."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.errors import Conflict, InvalidInput, NotFound
from app.services import push
from app.services.cells import MOST_UNITS
from app.services.ledger_repair import mismatches
from app.services.queries.why import why
from app.services.stock_changes import Change, adjust, receive, transfer
from tests.services.shop import Shop, stocked
from tests.services.threads import in_threads
from tests.services.world import World, new_account


@pytest.fixture
def shop(world: World) -> Shop:
    """Sells ten of SKU and four of OTHER."""
    shop = stocked(Shop())
    world.connect(shop)
    return shop


@pytest.fixture
def place(world: World, shop: Shop) -> int:
    """Where that stock is."""
    return int(world.one("SELECT id FROM locations WHERE account_id = :a", a=world.account_id).id)


@pytest.fixture
def attic(world: World, shop: Shop) -> int:
    world.sql("INSERT INTO locations (account_id, name) VALUES (:a, 'Attic')", a=world.account_id)
    return int(world.one("SELECT id FROM locations WHERE name = 'Attic'").id)


def variant(world: World, sku: str = "SKU") -> int:
    return int(
        world.one("SELECT id FROM variants WHERE sku = :s AND account_id = :a", s=sku, a=world.account_id).id
    )


def take_off(world: World, place: int, delta: int = -3, **more: Any) -> Change:
    given = {"reason": "damaged", "actor": "cli", "key": "k1"} | more
    return adjust(world.account_id, variant(world), place, delta, **given)


def told(world: World, sku: str = "SKU") -> str:
    return str(why(world.account_id, variant(world, sku), limit=1).items[0]["text"])


def on_hand(world: World, sku: str, location_id: int) -> int:
    return sum(
        row.on_hand
        for row in world.rows(
            "SELECT on_hand FROM stock_levels WHERE variant_id = :v AND location_id = :l",
            v=variant(world, sku),
            l=location_id,
        )
    )


def test_an_adjustment_moves_what_is_on_hand_and_every_shop_is_told(
    world: World, shop: Shop, place: int
) -> None:
    waiting = len(world.queued("push"))
    change = take_off(world, place)
    assert world.movements("SKU")[-1] == ("adjustment", -3, 0)
    assert [(m.on_hand_delta, m.on_hand_after) for m in change.movements] == [(-3, 7)]
    (connection,) = world.shops
    assert len(world.queued("push")) == waiting + 1
    push.drain(connection)
    assert shop.number("A") == 7
    world.assert_explained()
    assert not mismatches()


def test_who_adjusted_and_why_is_told(world: World, place: int) -> None:
    world.sql("INSERT INTO users (email, password_hash) VALUES ('anna@example.com', '')")
    anna = world.one("SELECT id FROM users").id
    take_off(world, place, note="a box fell", actor=f"user:{anna}")
    assert told(world) == "3 units taken off (damaged) by anna@example.com: a box fell"
    take_off(world, place, 1, reason="found", key="k2")
    assert told(world) == "1 unit added (found) by cli"
    audited = world.rows(
        "SELECT action, actor, detail FROM audit_log WHERE action LIKE 'stock.%' ORDER BY id"
    )
    assert [(row.action, row.actor, row.detail) for row in audited] == [
        ("stock.adjustment", f"user:{anna}", {"reason": "damaged", "variants": 1, "units": -3}),
        ("stock.adjustment", "cli", {"reason": "found", "variants": 1, "units": 1}),
    ]
    assert "a box fell" not in str(audited)


def test_a_delivery_is_received_whole(world: World, place: int) -> None:
    quantities = {variant(world, "SKU"): 5, variant(world, "OTHER"): 6}
    change = receive(world.account_id, place, quantities, note="van 7", actor="cli", key="k1")
    assert (world.level("SKU"), world.level("OTHER")) == ((15, 0), (10, 0))
    assert {m.variant_id: m.on_hand_delta for m in change.movements} == quantities
    assert told(world, "OTHER") == "6 units received by cli: van 7"


def test_a_delivery_with_an_unknown_variant_is_not_received_at_all(world: World, place: int) -> None:
    with pytest.raises(NotFound, match="variant"):
        receive(world.account_id, place, {variant(world): 5, 10**9: 1}, actor="cli", key="k1")
    assert world.movements("SKU") == [("import", 10, 0)]
    assert not world.rows("SELECT id FROM stock_changes")


def test_a_transfer_keeps_the_sum(world: World, place: int, attic: int) -> None:
    quantities = {variant(world, "SKU"): 4, variant(world, "OTHER"): 1}
    change = transfer(world.account_id, place, attic, quantities, actor="cli", key="k1")
    assert (on_hand(world, "SKU", place), on_hand(world, "SKU", attic)) == (6, 4)
    assert (on_hand(world, "OTHER", place), on_hand(world, "OTHER", attic)) == (3, 1)
    assert sum(moved.on_hand_delta for moved in change.movements) == 0
    assert told(world) == "4 units moved from Main by cli"
    assert world.movements("SKU")[-2:] == [("transfer", -4, 0), ("transfer", 4, 0)]
    world.assert_explained()
    assert not mismatches()


def test_more_may_be_carried_away_than_the_ledger_has(world: World, place: int, attic: int) -> None:
    transfer(world.account_id, place, attic, {variant(world): 12}, actor="cli", key="k1")
    assert (on_hand(world, "SKU", place), on_hand(world, "SKU", attic)) == (-2, 12)


def test_the_same_key_again_changes_nothing_and_answers_the_same(
    world: World, place: int, attic: int
) -> None:
    first = take_off(world, place)
    take_off(world, place, -1, key="k2")
    assert take_off(world, place) == first
    assert world.level("SKU") == (6, 0)
    moved = transfer(world.account_id, place, attic, {variant(world): 1}, actor="cli", key="k3")
    assert transfer(world.account_id, place, attic, {variant(world): 1}, actor="cli", key="k3") == moved
    assert (on_hand(world, "SKU", place), on_hand(world, "SKU", attic)) == (5, 1)


def test_a_key_stands_for_one_change(world: World, place: int) -> None:
    take_off(world, place)
    for other in ({"delta": -4}, {"reason": "lost"}):
        with pytest.raises(Conflict):
            take_off(world, place, **other)
    with pytest.raises(Conflict):
        receive(world.account_id, place, {variant(world): 1}, actor="cli", key="k1")
    assert world.level("SKU") == (7, 0)


def test_another_account_may_use_the_same_key(world: World, place: int) -> None:
    take_off(world, place)
    stranger = World(world.redis, shops=world.shops)
    stranger.connect(stocked(Shop()), syncing=False)
    theirs = stranger.one("SELECT id FROM locations WHERE account_id = :a", a=stranger.account_id).id
    take_off(stranger, theirs)
    assert (world.level("SKU"), stranger.level("SKU")) == ((7, 0), (7, 0))


def test_two_calls_with_one_key_at_a_time_book_one_movement(world: World, place: int) -> None:
    rounds = 12
    outcomes: list[list[Change]] = [[] for _ in range(rounds)]
    barrier = threading.Barrier(2)

    def work() -> None:
        for number in range(rounds):
            barrier.wait(timeout=20)
            outcomes[number].append(take_off(world, place, -1, key=f"round-{number}"))

    in_threads(work, work)
    assert all(one == other for one, other in outcomes)
    assert world.level("SKU") == (10 - rounds, 0)
    assert len(world.movements("SKU")) == 1 + rounds
    world.assert_explained()


def test_transfers_in_opposite_directions_at_once_neither_wait_for_ever_nor_lose_a_unit(
    world: World, place: int, attic: int
) -> None:
    both = {variant(world, "SKU"): 1, variant(world, "OTHER"): 1}
    barrier = threading.Barrier(2)

    def carry(name: str, source: int, target: int, order: int) -> None:
        quantities = dict(sorted(both.items(), reverse=order < 0))
        for number in range(10):
            barrier.wait(timeout=20)
            transfer(world.account_id, source, target, quantities, actor="cli", key=f"{name}-{number}")

    in_threads(lambda: carry("there", place, attic, 1), lambda: carry("back", attic, place, -1))
    assert (on_hand(world, "SKU", place), on_hand(world, "SKU", attic)) == (10, 0)
    assert (on_hand(world, "OTHER", place), on_hand(world, "OTHER", attic)) == (4, 0)
    world.assert_explained()


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta": 0},
        {"delta": MOST_UNITS + 1},
        {"delta": MOST_UNITS},  # on top of the ten that are there
        {"delta": -(2**63)},
        {"reason": "because"},
        {"note": "x" * 501},
        {"key": ""},
        {"key": "x" * 201},
    ],
)
def test_what_makes_no_sense_is_refused(world: World, place: int, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        take_off(world, place, **wrong)
    assert world.movements("SKU") == [("import", 10, 0)]
    assert not world.rows("SELECT id FROM stock_changes")


def test_deliveries_and_transfers_are_of_something_to_somewhere(world: World, place: int, attic: int) -> None:
    this = variant(world)
    for quantities in ({}, {this: 0}, {this: -1}, dict.fromkeys(range(1, 1002), 1)):
        with pytest.raises(InvalidInput):
            receive(world.account_id, place, quantities, actor="cli", key="k")
        with pytest.raises(InvalidInput):
            transfer(world.account_id, place, attic, quantities, actor="cli", key="k")
    with pytest.raises(InvalidInput, match="different"):
        transfer(world.account_id, place, place, {this: 1}, actor="cli", key="k")


def test_nobody_reaches_another_accounts_variants_or_places(world: World, place: int, attic: int) -> None:
    stranger = new_account("A stranger")
    this = variant(world)
    given: dict[str, Any] = {"actor": "cli", "key": "k"}
    with pytest.raises(NotFound, match="location"):
        adjust(stranger, this, place, 1, reason="found", **given)
    world.sql("INSERT INTO locations (account_id, name) VALUES (:a, 'Theirs')", a=stranger)
    theirs = int(world.one("SELECT id FROM locations WHERE name = 'Theirs'").id)
    with pytest.raises(NotFound, match="variant"):
        receive(stranger, theirs, {this: 1}, **given)
    with pytest.raises(NotFound, match="location"):
        transfer(world.account_id, place, theirs, {this: 1}, **given)
    assert world.movements("SKU") == [("import", 10, 0)]
