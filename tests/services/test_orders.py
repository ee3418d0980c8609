"""What orders do to the ledger and to our accounts of the shops' numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import OrderState, PaymentState
from app.platforms.errors import Permanent
from app.services import first_sync, importer, order_effects, orders, reconcile
from app.services.order_effects import begin_fetch, keep_vanished, reapply_listings
from tests.services.shop import Shop, a_line, an_order, cancelled, happened
from tests.services.world import World, now

LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


def test_a_new_order_commits_its_units_and_lowers_our_account(world: World, connection: int) -> None:
    at = now()
    assert world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert world.level("SKU") == (10, 3)
    cell = world.cell(connection, "A")
    assert (cell.account, cell.drift) == (7, 0)
    assert world.movements("SKU") == [("import", 10, 0), ("order", 0, 3)]
    world.assert_explained()


def test_the_same_state_again_moves_nothing(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    for _repeat in range(3):
        assert world.take(connection, order)
    assert world.movements("SKU") == [("import", 10, 0), ("order", 0, 3)]
    assert world.cell(connection, "A").account == 7


def test_a_fetch_requested_earlier_does_not_overwrite_one_requested_later(
    world: World, connection: int
) -> None:
    at = now()
    early, late = begin_fetch().seq, begin_fetch().seq
    order = an_order("1", a_line("A", 3, at=at), at=at)
    assert world.take(connection, cancelled(order, at=at), fetch_seq=late)
    assert not world.take(connection, order, fetch_seq=early)
    assert not world.take(connection, order, fetch_seq=late)
    assert world.level("SKU") == (10, 0)


def test_a_state_older_by_its_date_is_not_applied(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    assert world.take(connection, cancelled(order, at=at + timedelta(seconds=1)))
    assert not world.take(connection, order)
    assert world.level("SKU") == (10, 0)


def test_two_states_of_one_second_apply_in_the_order_of_their_fetches(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    assert world.take(connection, order)
    assert world.take(connection, cancelled(order, at=at))
    assert world.level("SKU") == (10, 0)
    assert world.cell(connection, "A").account == 10


def test_an_edited_line_books_the_difference(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, happened(order, PartKind.ORDERED, quantity=2, channel=-2, at=at))
    assert world.movements("SKU")[1:] == [("order", 0, 3), ("order", 0, 2)]
    assert world.cell(connection, "A").account == 5


def test_cancelling_and_reopening_books_three_movements(world: World, connection: int) -> None:
    at = now()
    paid = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, paid)
    world.take(connection, cancelled(paid, at=at + timedelta(seconds=1)))
    reopened = replace(
        paid,
        updated_at=at + timedelta(seconds=2),
        lines=(a_line("A", 3, at=at, effects=[ChannelEffect(-3, at)]),),
    )
    world.take(connection, reopened)
    assert world.movements("SKU")[1:] == [("order", 0, 3), ("order", 0, -3), ("order", 0, 3)]
    assert world.level("SKU") == (10, 3)
    assert world.cell(connection, "A").account == 7
    world.assert_explained()


def test_shipping_takes_the_units_off_the_shelf_and_the_shop_does_nothing(
    world: World, connection: int
) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, happened(order, PartKind.FULFILLED, at=at, state=OrderState.FULFILLED))
    assert world.level("SKU") == (7, 0)
    assert world.cell(connection, "A").account == 7
    assert world.movements("SKU")[-1] == ("fulfillment", -3, -3)


@pytest.mark.parametrize(
    ("kind", "put_back", "level", "account"),
    [
        (PartKind.REMOVED_RESTOCKED, 3, (10, 0), 10),
        (PartKind.REMOVED_LOST, 0, (7, 0), 7),
    ],
)
def test_a_refund_before_shipping_with_and_without_restock(
    world: World, connection: int, kind: PartKind, put_back: int, level: tuple[int, int], account: int
) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, happened(order, kind, channel=put_back, at=at, payment=PaymentState.REFUNDED))
    assert world.level("SKU") == level
    assert world.cell(connection, "A").account == account


def test_shipped_units_that_come_back_are_on_the_shelf_again(world: World, connection: int) -> None:
    at = now()
    order = happened(an_order("1", a_line("A", 3, at=at), at=at), PartKind.FULFILLED, at=at)
    world.take(connection, order)
    returned = happened(order, PartKind.RETURNED_RESTOCKED, quantity=2, channel=2, at=at)
    world.take(connection, returned)
    assert world.level("SKU") == (9, 0)
    assert world.cell(connection, "A").account == 9
    assert world.movements("SKU")[-1] == ("return", 2, 0)


def test_a_line_dropped_from_its_order_gives_back_what_it_held(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, replace(order, lines=()))
    assert world.level("SKU") == (10, 0)
    assert world.cell(connection, "A").account == 10


def test_two_lines_of_one_listing_both_count(world: World, connection: int) -> None:
    at = now()
    lines = [a_line("A", n, at=at, external_id=f"l{n}") for n in (1, 2)]
    world.take(connection, an_order("1", *lines, at=at))
    assert world.level("SKU") == (10, 3)
    assert world.cell(connection, "A").account == 7


def test_an_order_that_holds_nothing_yet_moves_nothing_until_it_is_paid(
    world: World, connection: int
) -> None:
    at = now()
    pending = an_order("1", a_line("A", 3, at=at, effects=()), at=at, payment=PaymentState.PENDING)
    world.take(connection, pending)
    assert world.movements("SKU") == [("import", 10, 0)]
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert world.level("SKU") == (10, 3)


def test_an_order_is_kept_with_all_its_numbers(world: World, connection: int) -> None:
    at = now()
    world.take(connection, replace(an_order("1", a_line("A", 3, at=at), at=at), refunded_minor=7))
    order = world.one("SELECT * FROM orders")
    assert (order.number, order.refunded_minor, order.placed_at, order.payment) == ("#1", 7, at, "paid")
    line = world.one("SELECT * FROM order_lines")
    assert (line.quantity, line.applied_committed, line.applied_channel) == (3, 3, -3)


# --------------------------------------------------------------------------------- trashed, vanished, test


def test_a_trashed_order_keeps_its_sale_and_goes_to_review(world: World, connection: int) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, replace(order, state=OrderState.TRASHED))
    assert world.level("SKU") == (10, 3)
    assert world.one("SELECT review_reason FROM orders").review_reason
    world.take(connection, order)
    assert world.one("SELECT review_reason FROM orders").review_reason is None
    assert world.level("SKU") == (10, 3)


def test_an_order_first_seen_in_the_trash_counts_as_sold(world: World, connection: int) -> None:
    """The shop took its units and gives none back: an unknown sale would come home as drift."""
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at, state=OrderState.TRASHED))
    assert world.level("SKU") == (10, 3)
    assert world.cell(connection, "A").account == 7
    assert len(world.rows("SELECT id FROM order_lines")) == 1
    assert world.one("SELECT review_reason FROM orders").review_reason


def test_a_vanished_order_keeps_its_sale_and_goes_to_review(world: World, connection: int) -> None:
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert keep_vanished(world.scope(connection), ["1", "never heard of"]) == 1
    assert world.level("SKU") == (10, 3)
    assert world.one("SELECT review_reason FROM orders").review_reason


def test_a_test_order_moves_no_stock(world: World, connection: int) -> None:
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at, is_test=True))
    assert world.movements("SKU") == [("import", 10, 0)]
    assert world.cell(connection, "A").account == 10
    assert len(world.rows("SELECT id FROM order_lines")) == 1


# ---------------------------------------------------------------------------------------- unlinked lines


def test_a_line_of_an_unlinked_listing_takes_effect_when_it_is_linked(
    world: World, connection: int, shop: Shop
) -> None:
    at = now() - timedelta(minutes=10)
    shop.stock("B", "", 5)  # no SKU: imported and unlinked
    importer.run_import(connection)
    world.take(connection, an_order("1", a_line("B", 2, at=at), at=at))
    assert not world.rows("SELECT id FROM order_lines WHERE applied_variant_id IS NOT NULL")

    shop.skus["B"] = "LATER"
    shop.numbers[next(r for r in shop.numbers if r.stock_id == "iB")] -= 2
    importer.run_import(connection)
    reapply_listings(world.scope(connection), [r.id for r in world.rows("SELECT id FROM listings")])
    # 5 were on the shelf, 2 of them held by the order, and the shop shows 3.
    assert world.level("LATER") == (5, 2)
    assert world.cell(connection, "B").expected == 3


def test_an_order_of_a_listing_not_imported_yet_takes_effect_when_it_is(
    world: World, connection: int, shop: Shop
) -> None:
    placed = now() - timedelta(minutes=10)
    world.take(connection, an_order("1", a_line("N", 2, at=placed), at=placed))
    shop.stock("N", "NEW", 3)
    world.hear(connection, ["product", "N"])
    world.settle(connection, rounds=1)
    assert world.level("NEW") == (5, 2)


def test_a_reversal_undoes_what_was_applied_even_if_the_listing_was_linked_anew(
    world: World, connection: int, shop: Shop
) -> None:
    shop.stock("B", "OTHER", 5)
    importer.run_import(connection)
    world.age()
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.sql(
        """
        UPDATE listings SET variant_id = (SELECT id FROM variants WHERE sku = 'OTHER')
        WHERE external_id = 'A'
        """
    )
    world.take(connection, cancelled(order, at=at))
    assert world.level("SKU") == (10, 0)
    assert world.level("OTHER") == (5, 0)


# ---------------------------------------------------------------------------------------------- baseline


@pytest.mark.parametrize(
    ("before", "level"),
    [
        ("open", (13, 3)),
        ("shipped", (10, 0)),
        ("pending", (10, 0)),
        ("cancelled", (10, 0)),
        ("lost", (10, 0)),
    ],
)
def test_the_shelf_behind_an_opening_number_holds_what_open_orders_took(
    world: World, shop: Shop, before: str, level: tuple[int, int]
) -> None:
    """The shop shows 10 after all that; 10 are available whatever the order's state."""
    order = an_order("1", a_line("A", 3, at=LONG_AGO), at=LONG_AGO)
    then = LONG_AGO + timedelta(hours=1)
    match before:
        case "shipped":
            order = happened(order, PartKind.FULFILLED, at=then, state=OrderState.FULFILLED)
        case "pending":
            line = a_line("A", 3, at=LONG_AGO, effects=())
            order = an_order("1", line, at=LONG_AGO, payment=PaymentState.PENDING)
        case "cancelled":
            order = cancelled(order, at=then)
        case "lost":
            order = happened(order, PartKind.REMOVED_LOST, at=then, payment=PaymentState.REFUNDED)
    shop.orders["1"] = order
    connection = world.connect(shop)
    world.take(connection, order)
    assert world.level("SKU") == level
    assert world.cell(connection, "A").expected == 10
    world.take(connection, replace(order, updated_at=now()))  # a note was added
    assert world.level("SKU") == level
    world.assert_explained()


def test_shipping_an_order_placed_before_the_baseline_leaves_what_is_available(
    world: World, shop: Shop
) -> None:
    order = an_order("1", a_line("A", 3, at=LONG_AGO), at=LONG_AGO)
    shop.orders["1"] = order
    connection = world.connect(shop)
    world.take(connection, happened(order, PartKind.FULFILLED, at=now(), state=OrderState.FULFILLED))
    assert world.level("SKU") == (10, 0)
    assert world.cell(connection, "A").expected == 10


def test_cancelling_an_order_placed_before_the_baseline_frees_its_units(world: World, shop: Shop) -> None:
    order = an_order("1", a_line("A", 3, at=LONG_AGO), at=LONG_AGO)
    shop.orders["1"] = order
    connection = world.connect(shop)
    world.take(connection, cancelled(order, at=now()))
    assert world.level("SKU") == (13, 0)
    assert world.cell(connection, "A").expected == 13


def test_open_orders_of_a_second_shop_commit_on_top(world: World, connection: int) -> None:
    other = Shop()
    other.stock("B", "SKU", 6)
    other.orders["9"] = an_order("9", a_line("B", 4, at=LONG_AGO), at=LONG_AGO)
    second = world.connect(other, syncing=False)
    assert world.level("SKU") == (10, 4)
    assert world.cell(second, "B").expected == 6
    [row] = first_sync.first_sync_diff(world.account_id, second, 0, 10) or [None]
    assert row is None  # ten on hand, four held: six, as the shop shows


def test_a_sale_in_either_shop_lowers_both(world: World, connection: int, shop: Shop) -> None:
    other = Shop(compare_and_set=False)
    other.stock("B", "SKU", 10)
    second = world.connect(other)
    shop.sell("1", "A", 2, at=now())
    other.sell("2", "B", 3, at=now())
    world.hear(connection, ["order", "1"])
    world.hear(second, ["order", "2"])
    world.settle()
    assert (shop.number("A"), other.number("B")) == (5, 5)
    assert world.level("SKU") == (10, 5)
    world.assert_quiet()
    world.assert_explained()


# --------------------------------------------------------------------------------------- fetch and poll


def test_polling_brings_home_orders_that_no_event_told_of(world: World, connection: int, shop: Shop) -> None:
    for number in range(3):
        shop.sell(str(number), "A", 1, at=now())
    reconcile.reconcile(connection)
    assert world.level("SKU") == (10, 3)
    shop.fetches.clear()
    world.sql("UPDATE orders SET fetched_at = fetched_at + interval '1 minute'")
    world.sql("UPDATE connections SET orders_polled_at = NULL")
    reconcile.reconcile(connection)
    assert shop.fetches == []  # we have them in this state


def test_a_poll_does_not_pass_an_order_that_it_could_not_apply(
    world: World, connection: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages follow the one with the bad order: its cursor must not move on and lose it."""
    real = order_effects.apply_order
    first = now() - timedelta(minutes=9)
    shop.sell("bad", "A", 1, at=first)
    shop.sell("good", "A", 1, at=now())

    def deadlocked_once(uow: object, scope: object, order: object, **kw: object) -> bool:
        if order.external_id == "bad":  # type: ignore[attr-defined]
            raise DBAPIError("statement", None, Exception("deadlock detected"))
        return real(uow, scope, order, **kw)  # type: ignore[arg-type]

    world.sql("UPDATE connections SET orders_cursor = now() - interval '10 minutes'")
    monkeypatch.setattr(order_effects, "apply_order", deadlocked_once)
    orders.poll(world.scope(connection), world.open_channel(connection))
    monkeypatch.setattr(order_effects, "apply_order", real)
    orders.poll(world.scope(connection), world.open_channel(connection))
    assert world.level("SKU") == (10, 2)


def test_one_poisonous_order_does_not_keep_its_neighbours_from_being_polled(
    world: World, connection: int, shop: Shop
) -> None:
    for number in ("1", "2", "3"):
        shop.sell(number, "A", 1, at=now())
    shop.poisonous_orders["2"] = Permanent("cannot be read")
    reconcile.reconcile(connection)
    assert world.level("SKU") == (10, 2)


def test_an_order_with_text_that_cannot_be_stored_fails_alone(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.orders["1"] = replace(shop.orders["1"], lines=(replace(shop.orders["1"].lines[0], title="\x00"),))
    shop.sell("2", "A", 1, at=now())
    first, second = world.hear(connection, ["order", "1"]), world.hear(connection, ["order", "2"])
    world.settle(connection, rounds=1)
    assert world.level("SKU") == (10, 1)
    assert (world.event(first).state, world.event(second).state) == ("retrying", "done")


def test_a_missing_part_of_the_line_is_dated_by_the_orders_change(world: World, connection: int) -> None:
    """A platform that only shows a total: the effect is as new as the order's last change."""
    at = now()
    line = a_line("A", 3, at=at, effects=[ChannelEffect(-2, at)])
    world.take(connection, an_order("1", line, at=at))
    later = at + timedelta(seconds=30)
    merged = replace(
        line, channel_effects=(ChannelEffect(-3, at),), parts=(LinePart(PartKind.ORDERED, 3, at),)
    )
    world.take(connection, an_order("1", merged, at=at, updated_at=later))
    dates = [r.effected_at for r in world.rows("SELECT effected_at FROM cell_effects ORDER BY id")]
    assert dates == [at, later]
