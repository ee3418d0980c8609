"""Readings of the shops' numbers: what is no news, what holds, what is booked, what is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from app.domain.account import MOST_DOUBTFUL
from app.platforms.base import LevelReading, PaymentState, Unsyncable
from app.services import cells as cell_store
from app.services import importer, push, readings, reconcile
from app.services.readings import Recorded, Ticket
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order, lose_answer, ref_of
from tests.services.world import SETTLE, World, now


def ticket(world: World, connection: int, *listings: str) -> Ticket:
    ids = [world.cell(connection, listing).id for listing in listings or ("A",)]
    with unit_of_work() as uow:
        return readings.named_cells(uow.session, connection, ids)


def record(
    held: Ticket,
    numbers: Mapping[str, int | None],
    *,
    compare_and_set: bool = True,
    elapsed: timedelta = timedelta(),
    settle: timedelta = SETTLE,
) -> Recorded:
    return readings.record(
        held,
        [
            LevelReading(ref_of(listing), quantity, None if quantity is not None else Unsyncable.UNTRACKED)
            for listing, quantity in numbers.items()
        ],
        elapsed=elapsed,
        compare_and_set=compare_and_set,
        settle=settle,
    )


def test_a_number_that_we_expect_is_no_news_and_writes_nothing(world: World, connection: int) -> None:
    before = world.rows("SELECT * FROM stock_cells ORDER BY id")
    result = record(ticket(world, connection, "A", "A2"), {"A": 10, "A2": 4})
    assert (result.accepted, result.bumped) == (0, set())
    assert world.rows("SELECT * FROM stock_cells ORDER BY id") == before


def test_a_fall_lowers_the_other_shop_at_once_and_the_ledger_not_yet(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    shop.edit("A", 6)
    result = record(ticket(world, connection), {"A": 6})
    assert result.bumped == {connection, other}
    push.drain(other)
    push.drain(connection)
    assert other_shop.number("B") == 6
    assert shop.writes == []  # it shows its own fall
    assert world.level("SKU") == (10, 0)
    [drift] = world.rows("SELECT * FROM drifts")
    assert (drift.quantity, drift.state) == (-4, "pending")


def test_a_fall_is_booked_once_when_it_settled(world: World, connection: int, shop: Shop, other: int) -> None:
    record(ticket(world, connection), {"A": 6})
    assert record(ticket(world, connection), {"A": 6}).booked == 0  # too early
    world.age(SETTLE)
    for _again in range(3):
        record(ticket(world, connection), {"A": 6})
    assert world.movements("SKU") == [("import", 10, 0), ("drift", -4, 0)]
    assert world.level("SKU") == (6, 0)
    cell = world.cell(connection, "A")
    assert (cell.account, cell.drift) == (6, 0)
    assert [r.state for r in world.rows("SELECT state FROM drifts")] == ["booked"]
    world.assert_explained()


def test_a_rise_waits_for_the_settle_time_and_then_raises_the_other_shop(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    shop.edit("A", 15)
    record(ticket(world, connection), {"A": 15})
    push.drain(other)
    push.drain(connection)
    assert (shop.number("A"), other_shop.number("B")) == (15, 10)
    world.age(SETTLE)
    record(ticket(world, connection), {"A": 15})
    push.drain(other)
    push.drain(connection)
    assert (shop.number("A"), other_shop.number("B")) == (15, 15)
    assert world.level("SKU") == (15, 0)
    assert shop.writes == []


def test_a_fall_while_a_rise_is_pending_holds_at_once(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    record(ticket(world, connection), {"A": 15})
    other_shop.edit("B", 8)
    record(ticket(world, other, "B"), {"B": 8})
    with unit_of_work() as uow:
        locked = cell_store.lock(uow.session, cell_ids=[world.cell(connection, "A").id])
        assert list(cell_store.targets(uow.session, list(locked.values())).values()) == [8]


def test_a_drift_that_changes_settles_anew(world: World, connection: int) -> None:
    record(ticket(world, connection), {"A": 6})
    world.age(SETTLE)
    assert record(ticket(world, connection), {"A": 5}).booked == 0
    assert record(ticket(world, connection), {"A": 5}).booked == 0
    world.age(SETTLE)
    assert record(ticket(world, connection), {"A": 5}).booked == 1
    assert world.level("SKU") == (5, 0)


def test_a_drift_that_goes_away_is_reversed_and_never_booked(
    world: World, connection: int, other: int, other_shop: Shop
) -> None:
    record(ticket(world, connection), {"A": 6})
    push.drain(other)
    assert other_shop.number("B") == 6
    record(ticket(world, connection), {"A": 10})
    push.drain(other)
    assert other_shop.number("B") == 10
    assert [r.state for r in world.rows("SELECT state FROM drifts")] == ["reversed"]
    assert world.movements("SKU") == [("import", 10, 0)]


def test_a_late_order_reverses_the_fall_that_it_explains(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    sold_at = now() - timedelta(minutes=5)
    order = shop.sell("1", "A", 3, at=sold_at)
    record(ticket(world, connection), {"A": 7})
    assert world.cell(connection, "A").drift == -3
    world.take(connection, order)
    cell = world.cell(connection, "A")
    assert (cell.account, cell.drift) == (7, 0)
    assert [r.state for r in world.rows("SELECT state FROM drifts")] == ["reversed"]
    world.settle()
    assert (shop.number("A"), other_shop.number("B")) == (7, 7)
    assert world.level("SKU") == (10, 3)
    world.assert_quiet()


def test_a_fall_explained_by_an_order_that_holds_nothing_frees_the_other_shop(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    """The hold goes although the ledger does not move: the other shop's target changed all the same."""
    shop.edit("A", 7)
    record(ticket(world, connection), {"A": 7})
    push.drain(other)
    assert other_shop.number("B") == 7
    at = now() - timedelta(minutes=5)
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at, payment=PaymentState.PENDING))
    assert world.cell(connection, "A").drift == 0
    push.drain(other)
    assert other_shop.number("B") == 10


def test_with_syncflow_wins_a_drift_is_overwritten_and_not_booked(world: World) -> None:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    connection = world.connect(shop, drift_policy="syncflow_wins")
    shop.edit("A", 25)
    world.hear(connection, ["level", "A", 25])
    world.settle()
    assert shop.number("A") == 10
    assert world.level("SKU") == (10, 0)
    assert [r.state for r in world.rows("SELECT state FROM drifts")] == ["overwritten"]
    world.assert_quiet()


def test_a_reading_requested_before_something_happened_to_the_cell_is_thrown_away(
    world: World, connection: int, shop: Shop
) -> None:
    early = ticket(world, connection)
    record(ticket(world, connection), {"A": 9})
    assert record(early, {"A": 5}).outdated == 1
    assert world.cell(connection, "A").expected == 9


def test_a_reading_that_straddles_a_write_is_thrown_away(world: World, connection: int, shop: Shop) -> None:
    """Requested before the write and answered after it, it may show either number."""
    at = now()
    world.take(connection, an_order("1", a_line("A", 1, at=at, effects=()), at=at))
    before = ticket(world, connection)
    during: list[Ticket] = []
    shop.before_write.append(lambda: during.append(ticket(world, connection)))
    push.drain(connection)
    assert shop.number("A") == 9
    assert record(before, {"A": 10}).outdated == 1
    assert record(during[0], {"A": 10}).outdated == 1
    assert world.cell(connection, "A").expected == 9


def test_an_order_learned_while_reading_and_dated_within_it_asks_for_another_reading(
    world: World, connection: int
) -> None:
    held = ticket(world, connection)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert record(held, {"A": 5}).doubtful == 1
    cell = world.cell(connection, "A")
    assert (cell.expected, cell.checks) == (7, 1)
    assert cell.check_due_at > at


@pytest.mark.parametrize("shown", [10, 7])
def test_an_order_in_doubt_that_explains_the_number_is_no_drift(
    world: World, connection: int, shown: int
) -> None:
    held = ticket(world, connection)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    record(held, {"A": shown})
    assert (world.cell(connection, "A").account, world.cell(connection, "A").drift) == (7, 0)


def test_a_cell_that_is_always_in_doubt_is_taken_at_its_word_in_the_end(
    world: World, connection: int
) -> None:
    for number in range(MOST_DOUBTFUL + 2):
        held = ticket(world, connection)
        at = now()
        world.take(connection, an_order(str(number), a_line("A", 1, at=at), at=at))
        if record(held, {"A": -20 - number}).accepted:
            break
    else:
        raise AssertionError("it is read for ever")
    assert world.cell(connection, "A").drift != 0


# ------------------------------------------------------------------------------------------ unreadable


def test_an_unreadable_cell_stops_and_starts_again_when_it_can_be_read(
    world: World, connection: int, shop: Shop
) -> None:
    shop.untracked.add(ref_of("A"))
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    reconcile.reconcile(connection)
    assert (world.cell(connection, "A").state, world.cell(connection, "A2").state) == ("failed", "active")
    shop.untracked.clear()
    world.hear(connection, ["level", "A", 10])
    world.settle(connection)
    assert world.cell(connection, "A").state == "active"
    world.assert_quiet()


def test_an_unreadable_cell_holds_nothing_back_from_the_other_shop(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    record(ticket(world, connection), {"A": 6})
    push.drain(other)
    assert other_shop.number("B") == 6
    record(ticket(world, connection), {"A": None})
    world.settle(other)
    assert other_shop.number("B") == 10


def test_an_unanswered_write_of_an_unreadable_cell_is_decided_when_it_can_be_read_again(
    world: World,
) -> None:
    shop = Shop(compare_and_set=False)
    shop.stock("A", "SKU", 10)
    connection = world.connect(shop)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at, effects=()), at=at))
    shop.next_writes.append(lose_answer)
    push.drain(connection)
    shop.untracked.add(ref_of("A"))
    world.settle(connection)
    count = len(shop.readings)
    world.settle(connection)
    assert len(shop.readings) == count  # nobody keeps asking
    shop.untracked.clear()
    world.hear(connection, ["level", "A", 7])
    world.settle(connection)
    assert world.attempts() == [("applied", 10, 7)]
    assert world.cell(connection, "A").account == 7
    world.assert_quiet()


def test_a_number_too_large_to_be_stock_harms_no_other_cell(
    world: World, connection: int, shop: Shop
) -> None:
    shop.edit("A", 3_000_000_000)
    shop.edit("A2", 3)
    first = world.hear(connection, ["level", "A", 3_000_000_000], ["level", "A2", 3])
    world.settle(connection)
    assert world.event(first).state == "done"
    assert world.level("OTHER") == (3, 0)
    assert world.level("SKU") == (10, 0)


# ------------------------------------------------------------------------------- two order reads around


def test_orders_are_read_before_and_after_the_levels(world: World, connection: int, shop: Shop) -> None:
    """A sale between the first look at the orders and the reading is an order, never a drift."""
    sold_at = now() + timedelta(seconds=3)  # by the shop's clock, a little ahead of ours
    shop.before_read.append(lambda: shop.buyer_comes("1", "A", 3, at=sold_at))
    world.hear(connection, ["level", "A", 8])
    world.drain(connection)
    world.age(timedelta(seconds=10))
    reconcile.reconcile(connection)
    assert shop.readings
    world.settle(connection)
    assert world.movements("SKU")[1:] == [("order", 0, 3)]
    assert world.cell(connection, "A").account == 7
    world.assert_quiet()


def test_a_report_that_an_order_explains_costs_no_reading(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 3, at=now())
    world.hear(connection, ["level", "A", 7])
    world.drain(connection)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    world.age(timedelta(seconds=10))
    reconcile.reconcile(connection)
    assert shop.readings == []
    world.settle(connection, rounds=1)
    world.assert_quiet()


def test_the_echo_of_our_own_write_costs_no_reading(
    world: World, connection: int, other: int, shop: Shop, other_shop: Shop
) -> None:
    shop.sell("1", "A", 3, at=now())
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    push.drain(other)
    assert other_shop.number("B") == 7
    world.hear(other, ["level", "B", 7])
    world.drain(other)
    assert world.cell(other, "B").check_due_at is None


def test_a_lost_level_webhook_is_healed_by_the_sweep(world: World, connection: int, shop: Shop) -> None:
    shop.edit("A2", 1)
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert world.level("OTHER") == (1, 0)
    world.assert_quiet()


def test_a_listing_that_comes_back_with_its_old_number_is_synced_again(
    world: World, connection: int, shop: Shop
) -> None:
    number = shop.numbers.pop(ref_of("A"))
    world.hear(connection, ["product_deleted", "A"])
    world.settle(connection, rounds=1)
    assert world.cell(connection, "A").state == "failed"
    shop.numbers[ref_of("A")] = number
    world.sql("UPDATE connections SET levels_swept_at = NULL")
    world.settle(connection)
    assert world.cell(connection, "A").state == "active"


def test_new_listings_imported_while_paused_are_synced_after_it(
    world: World, connection: int, shop: Shop
) -> None:
    world.sql("UPDATE connections SET state = 'paused'")
    shop.stock("N", "NEW", 3)
    importer.run_import(connection)
    assert shop.writes == []
    world.sql("UPDATE connections SET state = 'active'")
    world.age()
    at = now()
    world.take(connection, an_order("1", a_line("N", 1, at=at, effects=()), at=at))
    world.settle(connection)
    assert shop.number("N") == 2
