"""What was counted on the shelves, while sales go on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.orders import PartKind
from app.errors import Conflict, InvalidInput, NotFound
from app.services import counts, push
from app.services.ledger_repair import mismatches
from app.services.queries import counts as queries
from app.services.queries.why import why
from app.services.stock_changes import adjust
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order, happened, stocked
from tests.services.threads import in_threads
from tests.services.world import World, new_account, now


@pytest.fixture
def shop(world: World) -> Shop:
    """Sells ten of SKU and four of OTHER."""
    shop = stocked(Shop())
    world.connect(shop)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    (only,) = world.shops
    return only


@pytest.fixture
def place(world: World, connection: int) -> int:
    return int(world.one("SELECT id FROM locations WHERE account_id = :a", a=world.account_id).id)


@pytest.fixture
def count(world: World, place: int) -> int:
    """One that has begun where the stock is."""
    return begun(world, place)


def begun(world: World, place: int, key: str = "c1") -> int:
    return counts.begin(world.account_id, place, actor="cli", key=key)


def variant(world: World, sku: str = "SKU") -> int:
    return int(world.one("SELECT id FROM variants WHERE sku = :s", s=sku).id)


def note(world: World, count: int, number: int, *, sku: str = "SKU", at: datetime | None = None) -> None:
    """It was counted now, unless told otherwise."""
    counts.record(world.account_id, count, {variant(world, sku): number}, at=at or now(), actor="cli")


def finish(world: World, count: int) -> None:
    counts.finish(world.account_id, count, actor="cli")


def state(world: World, count: int) -> str:
    return str(queries.count(world.account_id, count)["state"])


def line(world: World, count: int) -> dict[str, Any]:
    """Its only one."""
    (only,) = queries.lines(world.account_id, count, limit=10).items
    return only


def order(world: World, connection: int, order_id: str, quantity: int) -> Any:
    """Paid now, not shipped."""
    at = now()
    placed = an_order(order_id, a_line("A", quantity, at=at), at=at)
    world.take(connection, placed)
    return placed


def ship(world: World, connection: int, placed: Any, *, at: datetime | None = None) -> None:
    world.take(connection, happened(placed, PartKind.FULFILLED, at=at or now()))


# ------------------------------------------------------------------------------------------ the number


def test_what_was_counted_is_what_the_ledger_has_then_and_the_shops_are_told(
    world: World, shop: Shop, connection: int, count: int
) -> None:
    note(world, count, 7)
    assert world.level("SKU") == (10, 0)
    finish(world, count)
    assert world.movements("SKU")[-1] == ("count", -3, 0)
    push.drain(connection)
    assert shop.number("A") == 7
    text = why(world.account_id, variant(world), limit=10).items[1]["text"]
    assert text == "7 units counted by cli where the ledger had 10"
    assert not mismatches()


def test_a_right_number_moves_nothing_and_writes_nothing(
    world: World, shop: Shop, connection: int, count: int
) -> None:
    note(world, count, 10)
    finish(world, count)
    assert world.movements("SKU") == [("import", 10, 0)]
    assert not world.cell(connection, "A").dirty
    assert state(world, count) == "finished"


def test_what_left_the_shelf_after_it_was_counted_stays_gone(
    world: World, connection: int, place: int, count: int
) -> None:
    note(world, count, 7)
    ship(world, connection, order(world, connection, "1", 2))
    adjust(world.account_id, variant(world), place, 1, reason="found", actor="cli", key="k")
    finish(world, count)
    assert world.level("SKU") == (7 - 2 + 1, 0)
    assert (line(world, count)["on_hand_then"], line(world, count)["correction"]) == (10, -3)


def test_units_sold_before_and_shipped_after_the_counting_were_on_the_shelf(
    world: World, connection: int, count: int
) -> None:
    placed = order(world, connection, "1", 2)
    note(world, count, 10)
    ship(world, connection, placed)
    finish(world, count)
    assert world.level("SKU") == (8, 0)
    assert line(world, count)["correction"] == 0


def test_units_sold_while_counting_and_not_shipped_are_still_reserved(
    world: World, connection: int, count: int
) -> None:
    note(world, count, 7)
    order(world, connection, "1", 2)
    finish(world, count)
    assert world.level("SKU") == (7, 2)


def test_a_parcel_that_had_left_and_that_we_hear_of_later_counts_once(
    world: World, connection: int, count: int
) -> None:
    placed = order(world, connection, "1", 2)
    left_at = now()
    note(world, count, 8)
    ship(world, connection, placed, at=left_at)
    finish(world, count)
    assert world.level("SKU") == (8, 0)
    assert line(world, count)["on_hand_then"] == 8


def test_the_number_counted_later_stands_whichever_is_recorded_first(world: World, count: int) -> None:
    early, late = now() - timedelta(minutes=2), now() - timedelta(minutes=1)
    note(world, count, 5, at=late)
    note(world, count, 9, at=early)
    assert line(world, count)["counted"] == 5
    note(world, count, 6, at=late)
    finish(world, count)
    assert world.level("SKU") == (6, 0)


def test_what_finishing_would_book_is_shown_before(world: World, connection: int, count: int) -> None:
    note(world, count, 7)
    ship(world, connection, order(world, connection, "1", 2))
    shown = line(world, count)
    assert (shown["on_hand_then"], shown["correction"], shown["booked_at"]) == (10, -3, None)
    assert queries.count(world.account_id, count)["variants"] == 1


def test_a_variant_that_was_never_kept_there_gets_its_level(world: World, place: int) -> None:
    world.sql("INSERT INTO locations (account_id, name) VALUES (:a, 'Attic')", a=world.account_id)
    attic = int(world.one("SELECT id FROM locations WHERE name = 'Attic'").id)
    count = begun(world, attic, key="attic")
    note(world, count, 3)
    finish(world, count)
    levels = world.rows(
        "SELECT on_hand FROM stock_levels WHERE variant_id = :v ORDER BY id", v=variant(world)
    )
    assert [row.on_hand for row in levels] == [10, 3]
    world.assert_explained()


def test_a_number_that_a_shop_opens_with_after_the_counting_does_not_add_to_it(
    world: World, count: int
) -> None:
    """The level did not exist yet when the shelf was counted."""
    late = Shop()
    late.stock("B", "NEW", 12)
    world.connect(late)
    note(world, count, 9, sku="NEW", at=now() - timedelta(minutes=1))
    finish(world, count)
    assert world.level("NEW") == (9, 0)


# ---------------------------------------------------------------------------------- several counts


def test_of_two_counts_the_later_number_stands_whichever_is_finished_first(world: World, place: int) -> None:
    first, second = begun(world, place, key="1"), begun(world, place, key="2")
    early, late = now() - timedelta(minutes=2), now() - timedelta(minutes=1)
    note(world, first, 9, at=early)
    note(world, second, 5, at=late)
    finish(world, second)
    finish(world, first)
    assert world.level("SKU") == (5, 0)
    assert (line(world, first)["superseded"], line(world, first)["correction"]) == (True, 0)


def test_a_count_finished_late_corrects_what_was_there_for_one_that_counted_after_it(
    world: World, place: int
) -> None:
    first, second = begun(world, place, key="1"), begun(world, place, key="2")
    early, late = now() - timedelta(minutes=2), now() - timedelta(minutes=1)
    note(world, first, 9, at=early)
    note(world, second, 5, at=late)
    finish(world, first)
    finish(world, second)
    assert world.level("SKU") == (5, 0)
    assert [delta for cause, delta, _ in world.movements("SKU") if cause == "count"] == [-1, -4]


# ------------------------------------------------------------------------------------ crashes and races


def test_a_count_whose_booking_was_cut_short_is_finished_by_asking_again(
    world: World, place: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "LINES_PER_TRANSACTION", 1)
    note(world, count, 7)
    note(world, count, 3, sku="OTHER")
    real, calls = counts.book_and_push, iter([False, True])

    def dying(*args: Any) -> None:
        real(*args)
        if next(calls):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(counts, "book_and_push", dying)
        with pytest.raises(KeyboardInterrupt):
            finish(world, count)
    assert (world.level("SKU"), world.level("OTHER")) == ((7, 0), (4, 0))
    assert state(world, count) == "finishing"
    for refused in (
        lambda: note(world, count, 1),
        lambda: counts.cancel(world.account_id, count, actor="cli"),
    ):
        with pytest.raises(Conflict, match="finishing"):
            refused()
    finish(world, count)
    finish(world, count)
    assert (world.level("SKU"), world.level("OTHER")) == ((7, 0), (3, 0))
    assert state(world, count) == "finished"
    told = queries.lines(world.account_id, count, limit=10).items
    assert [(row["sku"], row["on_hand_then"], row["correction"]) for row in told] == [
        ("SKU", 10, -3),
        ("OTHER", 4, -1),
    ]
    world.assert_explained()


def test_two_who_finish_a_count_at_once_book_it_once(
    world: World, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "LINES_PER_TRANSACTION", 1)
    barrier = threading.Barrier(2)
    rounds = [begun(world, place, key=f"c{number}") for number in range(8)]
    for number, one in enumerate(rounds):
        note(world, one, 10 - number)
        note(world, one, 4 + number, sku="OTHER")

    def work() -> None:
        for one in rounds:
            barrier.wait(timeout=20)
            finish(world, one)

    in_threads(work, work)
    assert (world.level("SKU"), world.level("OTHER")) == ((3, 0), (11, 0))
    booked = [delta for cause, delta, _ in world.movements("SKU") if cause == "count"]
    assert booked == [-1] * 7
    world.assert_explained()


def test_no_sale_is_lost_that_happens_while_a_count_goes_on(
    world: World, connection: int, place: int
) -> None:
    """The ledger begins with far too little; parcels leave, and we hear of each a moment later. A count is
    finished once we have heard of all that had left before it, however many left since."""
    parcels, shelf = 40, 200
    left, heard = 0, 0
    changed = threading.Condition()

    def sell() -> None:
        nonlocal left, heard
        for number in range(parcels):
            placed = order(world, connection, f"o{number}", 2)
            with changed:
                left += 1
                at = now()
            ship(world, connection, placed, at=at)
            with changed:
                heard += 1
                changed.notify_all()

    def count() -> None:
        number, before = 0, 0
        while before < parcels:
            one = begun(world, place, key=f"while-{number}")
            with changed:
                before, at = left, now()
            note(world, one, shelf - 2 * before, at=at)
            with changed:
                assert changed.wait_for(lambda: heard >= before, timeout=20)  # noqa: B023  (at once)
            finish(world, one)
            number += 1

    in_threads(sell, count)
    assert world.level("SKU") == (shelf - 2 * parcels, 0)
    corrections = [delta for cause, delta, _ in world.movements("SKU") if cause == "count"]
    assert corrections == [shelf - 10]  # the first count put it right, and the others found it right
    world.assert_explained()
    assert not mismatches()


def test_a_number_that_comes_while_the_count_is_closed_waits_and_is_too_late(
    world: World, count: int
) -> None:
    over = threading.Event()

    def late() -> None:
        try:
            with pytest.raises(Conflict, match="cancelled"):
                note(world, count, 1)
        finally:
            over.set()

    def close() -> None:
        while not over.is_set() and not world.rows(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            pass
        uow.commit()

    with unit_of_work() as uow:
        counts.lock(uow.session, world.account_id, count)
        counts._close(uow, world.account_id, count, "cancelled", "cli")
        in_threads(late, close)
    assert not queries.lines(world.account_id, count, limit=10).items


# ------------------------------------------------------------------------------------------- its states


def test_a_cancelled_count_books_nothing(world: World, count: int) -> None:
    note(world, count, 7)
    counts.cancel(world.account_id, count, actor="cli")
    counts.cancel(world.account_id, count, actor="cli")
    with pytest.raises(Conflict, match="cancelled"):
        finish(world, count)
    with pytest.raises(Conflict, match="cancelled"):
        note(world, count, 7)
    assert world.movements("SKU") == [("import", 10, 0)]


def test_a_finished_count_takes_no_more_numbers(world: World, count: int) -> None:
    note(world, count, 7)
    finish(world, count)
    with pytest.raises(Conflict, match="finished"):
        note(world, count, 6)
    with pytest.raises(Conflict, match="finished"):
        counts.cancel(world.account_id, count, actor="cli")


def test_beginning_again_with_the_same_key_begins_no_other(world: World, place: int, count: int) -> None:
    assert begun(world, place) == count
    assert begun(world, place, key="another") != count
    actions = world.rows("SELECT action FROM audit_log WHERE subject = :s", s=f"stock_count:{count}")
    assert [row.action for row in actions] == ["stock_count.begun"]


@pytest.mark.parametrize(
    ("number", "minutes"), [(-1, 0), (counts.MOST_COUNTED + 1, 0), (1, 3), (1, -60 * 24 * 32)]
)
def test_a_number_that_cannot_be_is_refused_with_all_others(
    world: World, count: int, number: int, minutes: int
) -> None:
    at = now() + timedelta(minutes=minutes)
    both = {variant(world, "OTHER"): 1, variant(world): number}
    with pytest.raises(InvalidInput):
        counts.record(world.account_id, count, both, at=at, actor="cli")
    assert not queries.lines(world.account_id, count, limit=10).items


def test_nobody_counts_for_another_account(world: World, place: int, count: int) -> None:
    note(world, count, 7)
    stranger = new_account("A stranger")
    for refused in (
        lambda: counts.begin(stranger, place, actor="cli", key="k"),
        lambda: counts.record(stranger, count, {variant(world): 1}, at=now(), actor="cli"),
        lambda: counts.finish(stranger, count, actor="cli"),
        lambda: counts.cancel(stranger, count, actor="cli"),
        lambda: queries.count(stranger, count),
        lambda: queries.lines(stranger, count, limit=10),
        lambda: counts.record(world.account_id, count, {10**9: 1}, at=now(), actor="cli"),
    ):
        with pytest.raises(NotFound):
            refused()
    assert queries.counts(stranger, limit=10).items == []
    assert state(world, count) == "open"
