"""What shops would show under other rules: just what they show once the rules are saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from app.errors import InvalidInput, NotFound
from app.services import accounts, bundles, connections, publishing
from app.services.proposals import Proposal
from app.services.queries import publish_preview
from app.services.queries.paging import InvalidCursor
from app.services.queries.publish_preview import Preview, preview
from tests.services.shop import Shop
from tests.services.world import World, new_account, now

MOST = 250


@pytest.fixture
def shop() -> Shop:
    """A shop that sells cups, saucers, both as a set, and cups by the pack."""
    shop = Shop()
    for sku, number in {"CUP": 41, "SAUCER": 30, "SET": 3, "PACK": 30}.items():
        shop.stock(sku, sku, number)
    return shop


@pytest.fixture
def other_shop() -> Shop:
    shop = Shop()
    shop.stock("CUP2", "CUP", 41)
    shop.stock("SET2", "SET", 1)
    shop.stock("TOY", "TOY", 5)
    shop.stock("TOY-BLUE", "TOY-BLUE", 5)
    shop.shared["TOY-BLUE"] = "TOY"
    return shop


@pytest.fixture
def merchant(world: World, connection: int, other: int) -> World:
    """With a set of two cups and a saucer, and a pack of four."""
    parts = {variant(world, "CUP"): 2, variant(world, "SAUCER"): 1}
    bundles.define(world.account_id, variant(world, "SET"), parts, actor="cli")
    publishing.configure_listing(world.account_id, listing(world, "PACK"), {"factor": 4}, actor="cli")
    world.settle(rounds=2)
    return world


def variant(world: World, sku: str) -> int:
    row = world.one("SELECT id FROM variants WHERE sku = :s AND account_id = :a", s=sku, a=world.account_id)
    return int(row.id)


def listing(world: World, external_id: str) -> int:
    row = world.one(
        "SELECT id FROM listings WHERE external_id = :e AND account_id = :a",
        e=external_id,
        a=world.account_id,
    )
    return int(row.id)


def sell(world: World, connection: int, external_id: str, units: int) -> None:
    world.shops[connection].sell("1", external_id, units, at=now())
    world.hear(connection, ["order", "1"])


def shown(world: World) -> dict[int, int]:
    """What the shops themselves show, by listing."""
    return {
        row.id: world.shops[row.connection_id].number(row.external_id)
        for row in world.rows("SELECT id, connection_id, external_id FROM listings ORDER BY id")
    }


def every_row(world: World, proposal: Proposal, *, limit: int = MOST) -> list[dict[str, Any]]:
    found = preview(world.account_id, proposal, limit=limit)
    rows = list(found.items)
    while found.next is not None:
        found = preview(world.account_id, proposal, limit=limit, cursor=found.next)
        assert found.counts is None
        rows += found.items
    return rows


def save(world: World, proposal: Proposal) -> None:
    """As the merchant would, by the services that change rules one after the other."""
    if proposal.safety_stock is not None:
        accounts.configure(world.account_id, {"safety_stock": proposal.safety_stock}, actor="cli")
    for connection_id, changes in proposal.connections.items():
        rules = {name: value for name, value in changes.items() if name != "paused"}
        connections.configure(world.account_id, connection_id, rules, actor="cli")
        if changes.get("paused"):
            connections.pause(world.account_id, connection_id, actor="cli")
    for listing_id, changes in proposal.listings.items():
        publishing.configure_listing(world.account_id, listing_id, changes, actor="cli")


PROPOSALS: Mapping[str, dict[str, Any]] = {
    "safety stock": {"safety_stock": 7},
    "more safety stock than there is": {"safety_stock": 1000},
    "a share": {"one": {"share_percent": 33}},
    "a buffer": {"other": {"buffer": 5}},
    "a cap": {"one": {"cap": 4}, "other": {"cap": 0}},
    "all of a connection's": {"one": {"share_percent": 60, "buffer": 2, "cap": 9}},
    "nothing new": {"one": {"share_percent": 100, "buffer": 0, "cap": None}},
    "a listing's before its connection's": {"one": {"buffer": 5}, "listings": {"CUP": {"buffer": 1}}},
    "a bundle": {"listings": {"SET": {"buffer": 4}, "SET2": {"share_percent": 50}}},
    "a pack": {"listings": {"PACK": {"cap": 2}}},
    "a fixed quantity": {"listings": {"SET": {"fixed_quantity": 99}, "PACK": {"fixed_quantity": 0}}},
    "one of two that share a number": {"listings": {"TOY": {"cap": 2}}},
    "a paused listing": {"safety_stock": 3, "listings": {"CUP": {"paused": True}}},
    "a paused connection": {"safety_stock": 3, "one": {"paused": True}},
    "everything at once": {
        "safety_stock": 2,
        "one": {"share_percent": 70},
        "other": {"buffer": 1, "cap": 12},
        "listings": {"SET2": {"share_percent": 90, "cap": 6}, "CUP": {"buffer": 3}, "TOY": {"paused": True}},
    },
}


def proposed(world: World, one: int, other: int, given: dict[str, Any]) -> Proposal:
    of = {one: given.get("one"), other: given.get("other")}
    return Proposal(
        safety_stock=given.get("safety_stock"),
        connections={connection: changes for connection, changes in of.items() if changes},
        listings={listing(world, name): changes for name, changes in given.get("listings", {}).items()},
    )


@pytest.mark.parametrize("given", PROPOSALS.values(), ids=PROPOSALS)
@pytest.mark.parametrize("before", ["plain", "with rules", "paused"])
def test_a_preview_is_what_is_shown_once_it_is_saved(
    merchant: World, connection: int, other: int, before: str, given: dict[str, Any]
) -> None:
    if before == "with rules":
        save(merchant, Proposal(2, {connection: {"buffer": 3}}, {listing(merchant, "CUP2"): {"cap": 11}}))
    if before == "paused":
        save(merchant, Proposal(listings={listing(merchant, "CUP2"): {"paused": True}}))
        sell(merchant, connection, "CUP", 5)
    merchant.settle(rounds=2)
    proposal = proposed(merchant, connection, other, given)
    numbers = shown(merchant)
    foreseen = preview(merchant.account_id, proposal, limit=MOST)
    assert all(numbers[row["listing_id"]] == row["old"] for row in foreseen.items)
    assert all(row["causes"] for row in foreseen.items)

    save(merchant, proposal)
    merchant.settle(rounds=2)
    numbers |= {row["listing_id"]: row["new"] for row in foreseen.items}
    assert shown(merchant) == numbers
    assert foreseen.counts is not None
    changed = Counter(row["new"] > row["old"] for row in foreseen.items)
    to_zero = sum(row["new"] == 0 for row in foreseen.items)
    assert foreseen.counts == {
        "raised": changed[True],
        "lowered": changed[False] - to_zero,
        "to_zero": to_zero,
        "unchanged": foreseen.counts["unchanged"],
    }


def everything(world: World) -> list[object]:
    """Every row that a change of rules touches."""
    tables = (
        "accounts",
        "connections",
        "listings",
        "stock_cells",
        "stock_levels",
        "push_attempts",
        "audit_log",
    )
    return [world.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]


def test_a_preview_writes_nothing_and_wakes_nobody(
    merchant: World, connection: int, other: int, shop: Shop
) -> None:
    proposal = proposed(merchant, connection, other, PROPOSALS["everything at once"])
    before, keys = everything(merchant), set(merchant.redis.scan_iter())
    writes = len(shop.writes)
    assert preview(merchant.account_id, proposal, limit=MOST).items
    assert everything(merchant) == before
    assert set(merchant.redis.scan_iter()) == keys
    assert len(shop.writes) == writes


def test_pages_hold_every_change_once_and_the_first_counts_them_all(
    merchant: World, connection: int, other: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_preview, "LISTINGS_AT_A_TIME", 2)
    proposal = Proposal(safety_stock=6, listings={listing(merchant, "PACK"): {"fixed_quantity": 7}})
    first = preview(merchant.account_id, proposal, limit=2)
    rows = every_row(merchant, proposal, limit=2)
    ids = [row["listing_id"] for row in rows]
    assert ids == sorted(set(ids))
    assert len(ids) == 7  # the pack shows seven, before as after
    assert rows[:2] == first.items
    assert first.counts == {"raised": 0, "lowered": 5, "to_zero": 2, "unchanged": 1}


def test_only_what_a_connections_or_a_listings_rules_concern_is_counted(
    merchant: World, connection: int, other: int
) -> None:
    of_one = preview(merchant.account_id, Proposal(connections={connection: {"buffer": 1}}), limit=MOST)
    assert {row["connection_id"] for row in of_one.items} == {connection}
    assert sum((of_one.counts or {}).values()) == 4
    toy = listing(merchant, "TOY")
    shared = preview(merchant.account_id, Proposal(listings={toy: {"buffer": 1}}), limit=MOST)
    assert [row["listing_id"] for row in shared.items] == [toy, listing(merchant, "TOY-BLUE")]
    assert sum((shared.counts or {}).values()) == 2


def test_the_causes_name_the_rules_that_would_differ_there(merchant: World, connection: int) -> None:
    cup, saucer = listing(merchant, "CUP"), listing(merchant, "SAUCER")
    save(merchant, Proposal(listings={cup: {"cap": 20}}))
    rules = {"share_percent": 50, "buffer": 2}
    foreseen = preview(
        merchant.account_id,
        Proposal(4, {connection: rules}, {cup: {"cap": None, "fixed_quantity": 3}, saucer: {"buffer": 0}}),
        limit=MOST,
    )
    causes = {row["listing_id"]: row["causes"] for row in foreseen.items}
    assert causes[cup] == [
        "safety stock: 4 instead of 0",
        "share (%): 50 instead of 100",
        "buffer: 2 instead of 0",
        "cap: none instead of 20",
        "fixed quantity: 3 instead of none",
    ]
    assert causes[saucer] == ["safety stock: 4 instead of 0", "share (%): 50 instead of 100"]
    assert causes[listing(merchant, "TOY")] == ["safety stock: 4 instead of 0"]


def test_what_is_paused_keeps_its_number_until_it_goes_on(
    merchant: World, connection: int, other: int
) -> None:
    connections.pause(merchant.account_id, other, actor="cli")
    sell(merchant, connection, "CUP", 5)
    merchant.settle(rounds=2)
    assert preview(merchant.account_id, Proposal(connections={other: {"cap": 1}}), limit=MOST).items == []
    foreseen = preview(merchant.account_id, Proposal(connections={other: {"paused": False}}), limit=MOST)
    numbers = shown(merchant)
    assert [(row["listing_id"], row["causes"]) for row in foreseen.items] == [
        (listing(merchant, name), ["it is paused no more"]) for name in ("CUP2", "SET2")
    ]
    connections.resume(merchant.account_id, other, actor="cli")
    merchant.settle(rounds=2)
    assert shown(merchant) == numbers | {row["listing_id"]: row["new"] for row in foreseen.items}


def test_nothing_changes_while_all_writes_are_stopped(merchant: World) -> None:
    publishing.stop_writes(merchant.account_id, actor="cli")
    foreseen = preview(merchant.account_id, Proposal(safety_stock=5), limit=MOST)
    assert foreseen.items == []
    assert foreseen.counts == {"raised": 0, "lowered": 0, "to_zero": 0, "unchanged": 8}


def test_a_number_that_waits_for_a_person_is_lowered_and_not_raised(
    merchant: World, connection: int, other: int, shop: Shop
) -> None:
    save(merchant, Proposal(listings={listing(merchant, "SET"): {"buffer": 10}}))
    merchant.settle(rounds=2)
    shop.edit("SET", 14)
    merchant.hear(connection, ["level", "SET", shop.number("SET")])
    merchant.settle()
    assert merchant.rows("SELECT id FROM drifts WHERE state = 'review'")
    number = listing(merchant, "SET")
    assert every_row(merchant, Proposal(listings={number: {"buffer": 0}})) == []
    [row] = every_row(merchant, Proposal(listings={number: {"fixed_quantity": 0}}))
    assert (row["old"], row["new"]) == (shop.number("SET"), 0)


def test_a_preview_shows_nothing_of_another_account(merchant: World, connection: int) -> None:
    stranger = new_account()
    cup = listing(merchant, "CUP")
    assert preview(stranger, Proposal(safety_stock=5), limit=MOST) == Preview(
        items=[], next=None, counts={"raised": 0, "lowered": 0, "to_zero": 0, "unchanged": 0}
    )
    for foreign in (
        Proposal(connections={connection: {"buffer": 1}}),
        Proposal(listings={cup: {"buffer": 1}}),
        Proposal(5, {connection: {"buffer": 1}}),
    ):
        with pytest.raises(NotFound):
            preview(stranger, foreign, limit=MOST)


@pytest.mark.parametrize(
    "of",
    [
        {},
        {"safety_stock": -1},
        {"safety_stock": 2_000_000_000},
        {"connections": {1: {"share_percent": 101}}},
        {"connections": {1: {"buffer": None}}},
        {"connections": {1: {"paused": None}}},
        {"connections": {1: {}}},
        {"listings": {1: {"share_percent": -1}}},
        {"listings": {1: {"fixed_quantity": -1}}},
        {"listings": {1: {"paused": None}}},
    ],
)
def test_what_could_not_be_saved_is_refused(world: World, of: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        preview(world.account_id, Proposal(**of), limit=MOST)


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    with pytest.raises(InvalidCursor):
        preview(world.account_id, Proposal(safety_stock=1), limit=MOST, cursor="x")
