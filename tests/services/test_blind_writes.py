"""Writes to a platform without compare-and-set: off what is there, and what they overwrite is found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.services import blind_writes, holds, push, reconcile
from tests.services.shop import (
    Fault,
    Shop,
    a_line,
    a_platform,
    an_order,
    lose_answer,
    lose_request,
    stocked,
)
from tests.services.world import World, now, owe


@pytest.fixture
def absolute() -> Shop:
    return stocked(Shop(compare_and_set=False))


def overwrite_a_sale(world: World, absolute: Shop) -> int:
    """A buyer takes two of ten between a reading and the write of seven that follows. The connection's id."""
    connection = world.connect(absolute)
    owe(world, connection, 3)
    absolute.before_write.append(lambda: absolute.buyer_comes("1", "A", 2, at=now()))
    push.drain(connection)
    return connection


def test_without_compare_and_set_a_larger_number_than_expected_is_read_properly_first(
    world: World, absolute: Shop
) -> None:
    connection = world.connect(absolute)
    absolute.edit("A", 12)
    owe(world, connection, 3)
    push.drain(connection)
    assert absolute.writes == []
    world.settle(connection)
    assert absolute.number("A") == 9
    assert world.level("SKU") == (12, 3)
    world.assert_quiet()


def test_without_compare_and_set_a_sale_that_is_on_its_way_keeps_no_other_from_being_written(
    world: World, absolute: Shop
) -> None:
    """A SKU that sells every second is never as expected."""
    connection = world.connect(absolute)
    absolute.sell("unheard", "A", 1, at=now() - timedelta(minutes=1))
    owe(world, connection, 3)
    push.drain(connection)
    assert absolute.number("A") == 9  # the sale may be learned in a moment
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    push.drain(connection)
    assert absolute.number("A") == 6
    assert world.cell(connection, "A").check_due_at is not None
    world.settle(connection)
    assert absolute.number("A") == 6
    assert world.level("SKU") == (10, 4)
    world.assert_quiet()


def test_a_reading_that_took_long_is_taken_again_unless_the_shop_is_always_slow(
    world: World, absolute: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind_writes, "READING_SECONDS", -1.0)
    connection = world.connect(absolute)
    owe(world, connection, 3)
    read_before = len(absolute.readings)
    push.drain(connection)
    assert len(absolute.readings) - read_before == push.FAULTS_IN_A_ROW
    assert absolute.number("A") == 7
    assert world.attempts() == [("applied", 10, 7)]


def test_without_compare_and_set_a_larger_number_is_lowered_too_and_what_was_added_is_found(
    world: World, absolute: Shop
) -> None:
    connection = world.connect(absolute)
    absolute.edit("A", 15)
    owe(world, connection, 3)
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    push.drain(connection)
    assert absolute.number("A") == 7
    world.settle(connection)
    assert absolute.number("A") == 12
    assert world.level("SKU") == (15, 3)
    world.assert_quiet()


def test_what_unread_orders_explain_is_lowered_at_once(
    world: World, absolute: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "platform", lambda _slug: a_platform(compare_and_set=False))
    connection = world.connect(absolute)
    absolute.sell("unread", "A", 2, at=now())
    world.hear(connection, ["order", "unread", {"A": 2}])
    world.sql("UPDATE inbound_events SET received_at = received_at - interval '3 seconds'")
    holds.hold_unread_orders()
    owe(world, connection, 3)
    push.drain(connection)
    assert absolute.number("A") == 5


def test_a_cell_that_is_always_in_doubt_is_lowered_in_the_end(world: World, absolute: Shop) -> None:
    connection = world.connect(absolute)
    absolute.sell("unheard", "A", 1, at=now())
    world.sql("UPDATE stock_cells SET check_due_at = now() + interval '1 second'")
    owe(world, connection, 3)
    push.drain(connection)
    assert absolute.number("A") == 9
    world.sql("UPDATE stock_cells SET dirty_since = dirty_since - interval '2 seconds'")
    push.drain(connection)
    assert absolute.number("A") == 6


def test_without_compare_and_set_more_sold_than_is_left_ends_at_zero(world: World, absolute: Shop) -> None:
    connection = world.connect(absolute)
    absolute.sell("unheard", "A", 8, at=now() - timedelta(minutes=1))
    owe(world, connection, 4)
    push.drain(connection)
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    push.drain(connection)
    assert absolute.number("A") == 0
    world.settle(connection)
    assert absolute.number("A") == 0
    assert world.level("SKU") == (10, 12)
    world.assert_quiet()


def test_a_sale_that_a_write_may_have_given_back_is_looked_for_at_once(world: World, absolute: Shop) -> None:
    """The ledger has it, the account has it, and the shop offers it again."""
    connection = overwrite_a_sale(world, absolute)
    assert absolute.number("A") == 7
    world.take(connection, absolute.orders["1"])
    assert world.cell(connection, "A").expected == 5
    push.drain(connection)
    assert absolute.number("A") == 5
    world.settle(connection)
    assert (absolute.number("A"), world.level("SKU")) == (5, (10, 5))
    world.assert_quiet()


def test_looking_writes_nothing_where_the_number_is_as_expected(world: World, absolute: Shop) -> None:
    connection = world.connect(absolute)
    owe(world, connection, 3)
    push.drain(connection)
    absolute.sell("1", "A", 2, at=now())
    world.take(connection, absolute.orders["1"])
    assert world.cell(connection, "A").check_due_at is not None
    push.drain(connection)
    assert (len(absolute.writes), absolute.number("A")) == (1, 5)
    assert world.cell(connection, "A").dirty_since is None


def test_a_sale_that_a_write_overwrote_before_it_was_taken_back_is_no_edit(
    world: World, absolute: Shop
) -> None:
    """Placed, overwritten and cancelled within a second: the order comes to nothing, the number does not."""
    connection = overwrite_a_sale(world, absolute)
    absolute.cancel("1", at=now())
    assert absolute.number("A") == 9
    world.take(connection, absolute.orders["1"])
    world.settle(connection)
    assert absolute.number("A") == 7
    assert world.level("SKU") == (10, 3)
    world.assert_quiet()


def test_a_sale_that_an_absolute_write_overwrote_is_found_and_lowered_again(
    world: World, absolute: Shop
) -> None:
    connection = overwrite_a_sale(world, absolute)
    assert absolute.number("A") == 7  # the buyer's two are on sale again
    world.take(connection, absolute.orders["1"])
    assert world.cell(connection, "A").check_due_at < now() + timedelta(seconds=10)
    world.settle(connection)
    assert absolute.number("A") == 5
    assert world.level("SKU") == (10, 5)
    assert {cause for cause, _on_hand, _committed in world.movements("SKU")} == {"import", "order"}
    world.assert_quiet()


def test_an_overwritten_sale_learned_while_a_reading_is_under_way_is_no_drift(
    world: World, absolute: Shop
) -> None:
    """The order is dated well before the reading, and yet is not in the number."""
    connection = overwrite_a_sale(world, absolute)
    order = absolute.orders.pop("1")  # the platform indexes it late
    world.sql(
        "UPDATE push_attempts SET started_at = started_at - interval '1 minute',"
        " created_at = created_at - interval '1 minute', closed_at = closed_at - interval '1 minute'"
    )
    order = an_order("1", a_line("A", 2, at=order.created_at - timedelta(minutes=1)), at=order.created_at)
    world.sql("UPDATE stock_cells SET check_due_at = now() WHERE external_stock_id = 'iA'")

    def it_shows_up() -> None:
        absolute.orders["1"] = order

    absolute.on_read.append(it_shows_up)
    world.settle(connection)
    assert world.level("SKU") == (10, 5)
    assert absolute.number("A") == 5
    assert {cause for cause, _on_hand, _committed in world.movements("SKU")} == {"import", "order"}


@pytest.mark.parametrize(("fault", "outcome"), [(lose_answer, "applied"), (lose_request, "not_applied")])
def test_without_compare_and_set_a_reading_after_the_deadline_decides(
    world: World, absolute: Shop, fault: Fault, outcome: str
) -> None:
    connection = world.connect(absolute)
    owe(world, connection, 3, order_id="1")
    absolute.next_writes.append(fault)
    push.drain(connection)
    owe(world, connection, 2, order_id="2")
    push.drain(connection)
    world.sql("UPDATE stock_cells SET check_due_at = now()")
    reconcile.reconcile(connection)
    assert world.attempts() == [("unknown", 10, 7)]
    assert len(absolute.writes) == 1  # no other write of the cell starts before
    world.age()
    reconcile.reconcile(connection)
    assert world.attempts() == [(outcome, 10, 7)]
    push.drain(connection)
    assert absolute.number("A") == 5
    assert world.level("SKU") == (10, 5)
    world.settle(connection)
    world.assert_quiet()


def test_an_edit_and_an_overwritten_sale_are_told_apart(world: World, absolute: Shop) -> None:
    """The shop shows only the sum of both: two given back, and one taken by the merchant."""
    connection = overwrite_a_sale(world, absolute)
    world.take(connection, absolute.orders["1"])
    owe(world, connection, 1, order_id="another")
    push.drain(connection)
    assert absolute.number("A") == 4  # seven were shown before it: the buyer's two were not in it
    absolute.edit("A", 3)
    world.settle(connection)
    assert world.level("SKU") == (9, 6)
    assert absolute.number("A") == 3
    assert world.overwritten("A") == [-2]
    world.assert_quiet()


def test_a_later_number_puts_right_what_was_believed_to_be_overwritten(world: World, absolute: Shop) -> None:
    connection = world.connect(absolute)
    owe(world, connection, 3)
    push.drain(connection)
    absolute.buyer_comes("1", "A", 2, at=now())
    world.take(connection, absolute.orders["1"])
    world.sql("UPDATE cell_effects SET overwritten = true")
    world.sql("UPDATE stock_cells SET account = account + 2, check_due_at = now() WHERE account = 5")
    reconcile.reconcile(connection)
    assert world.overwritten("A") == []
    assert world.cell(connection, "A").expected == 5
    world.settle(connection)
    assert (absolute.number("A"), world.level("SKU")) == (5, (10, 5))
    world.assert_quiet()


def test_a_sale_beside_the_reading_is_not_taken_for_what_became_of_an_unanswered_write(
    world: World, absolute: Shop
) -> None:
    """The write of -3 did not land; an edit of -2 and the sale, if it is not in it yet, look the same."""
    absolute.stock("E", "E", 49)
    connection = world.connect(absolute)
    world.take(connection, an_order("0", a_line("E", 3, at=now(), effects=()), at=now()))
    absolute.next_writes.append(lose_request)
    push.drain(connection)
    absolute.sell("1", "E", 4, at=now())
    absolute.edit("E", absolute.number("E") - 2)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    world.age()
    absolute.before_read.append(lambda: absolute.buyer_comes("2", "E", 1, at=now()))
    world.settle(connection, rounds=12)
    assert world.attempts()[0][0] == "not_applied"
    assert (world.level("E"), absolute.number("E")) == ((47, 8), 39)
    world.assert_quiet()
