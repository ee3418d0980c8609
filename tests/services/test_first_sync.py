"""Whose numbers are the truth when a shop is connected beside others."""

from __future__ import annotations

from functools import partial

import pytest

from app.errors import Conflict, NotFound
from app.services import connections, first_sync
from app.services.first_sync import Source
from app.services.queries import first_sync as queries
from app.services.queries import runs
from app.services.queries.first_sync import first_sync_totals
from tests.services.shop import Shop
from tests.services.world import World, new_account, now


@pytest.fixture
def second_shop() -> Shop:
    """Of SKU it has fewer than the first one, of OTHER more."""
    shop = Shop()
    shop.stock("B", "SKU", 6)
    shop.stock("B2", "OTHER", 9)
    return shop


@pytest.fixture
def second(world: World, connection: int, second_shop: Shop) -> int:
    return world.connect(second_shop, syncing=False)


@pytest.mark.parametrize(
    ("source", "numbers", "changes"),
    [
        (Source.SYNCFLOW, (10, 4), [0, 0]),
        (Source.CHANNEL, (6, 9), [-4, 5]),
        (Source.HIGHEST, (10, 9), [0, 5]),
        (Source.LOWEST, (6, 4), [-4, 0]),
    ],
)
def test_the_truth_may_be_on_either_side(
    world: World,
    second: int,
    shop: Shop,
    second_shop: Shop,
    source: Source,
    numbers: tuple[int, int],
    changes: list[int],
) -> None:
    diff = first_sync.first_sync_diff(world.account_id, second, 0, 10, source=source)
    assert [row.stock_change for row in diff] == changes
    assert tuple(row.target for row in diff) == numbers
    assert second_shop.writes == shop.writes == []
    first_sync.approve(world.account_id, second, source, actor="user:1")
    world.settle()
    assert (shop.number("A"), shop.number("A2")) == numbers
    assert (second_shop.number("B"), second_shop.number("B2")) == numbers
    assert (world.available("SKU"), world.available("OTHER")) == numbers
    world.assert_explained()
    world.assert_quiet()


@pytest.mark.parametrize(
    ("source", "counts", "units", "followers"),
    [
        (Source.SYNCFLOW, {"raised": 1, "lowered": 1}, (0, 0), []),
        (Source.CHANNEL, {"stock_raised": 1, "stock_lowered": 1}, (5, 4), [2]),
        (Source.HIGHEST, {"raised": 1, "stock_raised": 1}, (5, 0), [1]),
        (Source.LOWEST, {"lowered": 1, "stock_lowered": 1}, (0, 4), [1]),
    ],
)
def test_totals_say_what_would_change_here_and_at_the_shops_that_follow(
    world: World,
    second: int,
    monkeypatch: pytest.MonkeyPatch,
    source: Source,
    counts: dict[str, int],
    units: tuple[int, int],
    followers: list[int],
) -> None:
    monkeypatch.setattr(first_sync, "CELLS_AT_A_TIME", 1)
    totals = first_sync_totals(world.account_id, second, source=source)
    assert {effect: totals[effect] for effect in first_sync.EFFECTS if totals[effect]} == counts
    assert (totals["units_added"], totals["units_taken"]) == units
    assert [shop["numbers"] for shop in totals["followers"]] == followers
    assert (totals["unchanged"], totals["at_least"]) == (0, False)
    monkeypatch.setattr(queries, "MOST_COUNTED", 1)
    assert first_sync_totals(world.account_id, second, source=source)["at_least"]


def test_what_open_orders_hold_stays_held_when_the_shops_numbers_are_right(
    world: World, connection: int, second: int, shop: Shop, second_shop: Shop
) -> None:
    shop.sell("1", "A", 3, at=now())
    world.hear(connection, ["order", "1"])
    world.settle(connection)
    first_sync.approve(world.account_id, second, Source.CHANNEL, actor="user:1")
    world.settle()
    assert world.level("SKU") == (9, 3)
    assert (shop.number("A"), second_shop.number("B")) == (6, 6)


def test_what_the_ledger_took_over_is_listed_in_the_run_beside_what_was_written(
    world: World, second: int, shop: Shop
) -> None:
    first_sync.approve(world.account_id, second, Source.CHANNEL, actor="user:1")
    shop.sell("1", "A", 1, at=now())
    world.settle()
    [run] = [row for row in runs.runs(world.account_id, limit=9).items if row["kind"] == "first_sync"]
    assert run["changed"] == 2

    page = partial(runs.items, world.account_id, run["id"])
    taken = page(limit=9, outcome="booked").items
    assert [(row["sku"], row["from_quantity"], row["to_quantity"]) for row in taken] == [
        ("SKU", 10, 6),
        ("OTHER", 4, 9),
    ]
    assert {row["connection_id"] for row in taken} == {second}
    everything = page(limit=9).items
    assert everything == sorted(everything, key=lambda row: (row["at"], row["id"]))
    assert [row for row in everything if row["outcome"] == "booked"] == taken
    first = page(limit=1)
    assert [*first.items, *page(limit=9, cursor=first.next).items] == everything
    assert page(limit=9, variant_id=taken[0]["variant_id"], outcome="booked").items == taken[:1]
    assert page(limit=9, outcome="rejected").items == []


def test_a_number_that_is_not_simply_what_there_is_is_never_the_truth(
    world: World, second: int, shop: Shop, second_shop: Shop
) -> None:
    connections.configure(world.account_id, second, {"share_percent": 50}, actor="cli")
    first_sync.approve(world.account_id, second, Source.CHANNEL, actor="user:1")
    world.settle()
    assert (world.available("SKU"), shop.number("A"), second_shop.number("B")) == (10, 10, 5)


def test_a_takeover_that_ended_in_the_middle_goes_on_and_takes_nothing_twice(
    world: World, second: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_sync, "CELLS_AT_A_TIME", 1)
    take_over, calls = first_sync._take_over, []

    def dies(*args: object) -> int | None:
        if calls:
            raise KeyboardInterrupt
        calls.append(args)
        return take_over(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(first_sync, "_take_over", dies)
    with pytest.raises(KeyboardInterrupt):
        first_sync.start_syncing(second, source=Source.CHANNEL)
    assert (world.available("SKU"), world.available("OTHER")) == (6, 4)
    monkeypatch.setattr(first_sync, "_take_over", take_over)
    first_sync.start_syncing(second, source=Source.CHANNEL)
    world.settle()
    assert (world.available("SKU"), world.available("OTHER")) == (6, 9)
    world.assert_explained()


def test_only_what_waits_for_it_is_started(world: World, connection: int, second: int) -> None:
    with pytest.raises(Conflict):
        first_sync.approve(world.account_id, connection, Source.CHANNEL, actor="user:1")
    with pytest.raises(NotFound):
        first_sync.approve(new_account(), second, Source.CHANNEL, actor="user:1")
