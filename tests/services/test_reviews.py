"""What becomes of a number that somebody changed at a shop: the policies, and the person who decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.stock import Movement
from app.errors import Conflict, InvalidInput, NotFound
from app.services import cells as cell_store
from app.services import connections, ledger, push, reviews
from app.services.queries import reviews as queries
from app.services.queries import stock as stock_lists
from app.services.queries.dashboard.overview import overview
from app.services.queries.paging import Row
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order
from tests.services.world import World, new_account, now


def edit(world: World, connection: int, shop: Shop, quantity: int, listing: str = "A") -> None:
    """The merchant types a number into the shop, and it settles."""
    shop.edit(listing, quantity)
    world.hear(connection, ["level", listing, quantity])
    world.settle()


def adjust(world: World, delta: int, *, ago: timedelta = timedelta()) -> None:
    """The merchant adjusts the stock here."""
    level = world.one(
        """
        SELECT l.variant_id, l.location_id FROM stock_levels l JOIN variants v ON v.id = l.variant_id
        WHERE v.sku = 'SKU' AND v.account_id = :account
        """,
        account=world.account_id,
    )
    at = now() - ago
    with unit_of_work() as uow:
        entry = ledger.Entry(
            level.variant_id,
            level.location_id,
            Movement(on_hand=delta),
            "adjustment",
            f"test:{at.isoformat()}",
            at,
        )
        ledger.book(uow.session, world.account_id, [entry])
        cell_store.want(uow, cell_store.lock(uow.session, variant_ids=[level.variant_id]).values(), at)
        uow.commit()


def only_review(world: World) -> Row:
    [row] = queries.reviews(world.account_id, limit=10).items
    return row


@pytest.mark.parametrize("number", [14, 7])
def test_with_review_a_change_waits_for_a_person_and_sells_nothing_more(
    world: World, shop: Shop, other_shop: Shop, number: int
) -> None:
    connection = world.connect(shop, drift_policy="review")
    world.connect(other_shop)
    edit(world, connection, shop, number)
    assert world.level("SKU") == (10, 0)
    assert (shop.number("A"), other_shop.number("B")) == (min(10, number), min(10, number))
    world.assert_quiet()
    review = only_review(world)
    assert (review["quantity"], review["reason"], review["available"]) == (number - 10, "policy", 10)
    [add, overwrite] = review["choices"]
    assert (add["stock_change"], add["available_after"]) == (number - 10, number)
    assert (overwrite["stock_change"], overwrite["available_after"]) == (0, 10)


@pytest.mark.parametrize(("number", "held"), [(14, (True, False)), (7, (True, True))])
def test_numbers_are_held_until_a_person_decides(
    world: World, shop: Shop, other_shop: Shop, number: int, held: tuple[bool, bool]
) -> None:
    """A rise is not shown where it was made; a fall counts everywhere."""
    connection = world.connect(shop, drift_policy="review")
    other = world.connect(other_shop)
    assert channels(world, "held") == {connection: False, other: False}
    edit(world, connection, shop, number)
    assert channels(world, "held") == dict(zip((connection, other), held, strict=True))
    assert channels(world, "expected") == channels(world, "target") | {connection: min(10, number)}
    reviews.resolve(world.account_id, only_review(world)["id"], "add", number - 10, actor="user:1")
    assert channels(world, "held") == {connection: False, other: False}


def test_a_number_that_is_no_lower_for_a_fall_is_not_held(world: World, shop: Shop, other_shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    other = world.connect(other_shop)
    connections.configure(world.account_id, other, {"cap": 6}, actor="cli")
    edit(world, connection, shop, 7)
    assert channels(world, "held") == {connection: True, other: False}


def test_a_review_says_what_the_shop_was_changed_to_whatever_it_shows_since(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 14)
    assert (only_review(world)["shown"], only_review(world)["changed_to"]) == (10, 14)
    edit(world, connection, shop, 12)
    changed_again = only_review(world)
    assert (changed_again["quantity"], changed_again["changed_to"]) == (6, 12)


@pytest.mark.parametrize(("number", "asked"), [(14, 0), (7, 1)])
def test_a_shop_that_left_is_asked_about_only_while_it_holds_units_back_from_others(
    world: World, shop: Shop, other_shop: Shop, number: int, asked: int
) -> None:
    """And about all of it again once it is back."""
    connection = world.connect(shop, drift_policy="review")
    other = world.connect(other_shop)
    edit(world, connection, shop, number)
    assert waiting(world) == (1, 1)
    connections.disconnect(world.account_id, connection, actor="user:1")
    assert waiting(world) == (asked, asked)
    connections.disconnect(world.account_id, other, actor="user:1")
    assert waiting(world) == (0, 0)
    for state in ("importing", "review", "active"):
        world.sql("UPDATE connections SET state = :state WHERE id = :id", state=state, id=connection)
        assert waiting(world) == (1, 1)


def test_what_a_shop_that_left_holds_back_is_freed_by_a_decision(
    world: World, shop: Shop, other_shop: Shop
) -> None:
    connection = world.connect(shop, drift_policy="review")
    world.connect(other_shop)
    edit(world, connection, shop, 7)
    connections.disconnect(world.account_id, connection, actor="user:1")
    world.settle()
    assert other_shop.number("B") == 7
    review = only_review(world)
    assert review["connection_state"] == "disconnected"
    reviews.resolve(world.account_id, review["id"], "overwrite", -3, actor="user:1")
    world.settle()
    assert (shop.number("A"), other_shop.number("B")) == (7, 10)
    assert waiting(world) == (0, 0)


def waiting(world: World) -> tuple[int, int]:
    """How many are listed, and how many the overview tells of."""
    attention = overview(world.account_id, now=now())["attention"]
    told = [item["count"] for item in attention if item["kind"] == "drift_in_review"]
    return len(queries.reviews(world.account_id, limit=10).items), sum(told)


def channels(world: World, what: str) -> dict[int, object]:
    """Of the one variant's numbers at the shops."""
    [row] = stock_lists.stock(world.account_id, limit=10, sku="SKU").items
    return {channel["connection_id"]: channel[what] for channel in row["channels"]}


@pytest.mark.parametrize(("choice", "available"), [("add", 14), ("overwrite", 10)])
def test_a_person_decides_about_a_rise(
    world: World, shop: Shop, other_shop: Shop, choice: str, available: int
) -> None:
    connection = world.connect(shop, drift_policy="review")
    world.connect(other_shop)
    shop.edit("A", 14)
    world.hear(connection, ["level", "A", 14])
    world.settle()
    review = only_review(world)
    reviews.resolve(world.account_id, review["id"], choice, 4, actor="user:1")
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (available,) * 3
    assert queries.reviews(world.account_id, limit=10).items == []
    world.assert_explained()
    world.assert_quiet()
    [told] = world.rows("SELECT * FROM events WHERE kind = 'drift_in_review'")
    assert (told.connection_id, told.detail["quantity"]) == (connection, 4)
    assert told.cleared_at is not None
    [entry] = world.rows("SELECT * FROM audit_log WHERE action = 'review.resolved'")
    assert entry.detail["choice"] == choice


@pytest.mark.parametrize(("choice", "available"), [("add", 7), ("overwrite", 10)])
def test_a_person_decides_about_a_fall(
    world: World, shop: Shop, other_shop: Shop, choice: str, available: int
) -> None:
    connection = world.connect(shop, drift_policy="review")
    world.connect(other_shop)
    edit(world, connection, shop, 7)
    reviews.resolve(world.account_id, only_review(world)["id"], choice, -3, actor="user:1")
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (available,) * 3
    world.assert_quiet()


def test_sales_go_on_while_a_change_waits(world: World, shop: Shop, other_shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    other = world.connect(other_shop)
    edit(world, connection, shop, 14)
    other_shop.sell("1", "B", 2, at=now())
    world.hear(other, ["order", "1"])
    world.settle()
    assert (shop.number("A"), other_shop.number("B")) == (8, 8)
    reviews.resolve(world.account_id, only_review(world)["id"], "add", 4, actor="user:1")
    world.settle()
    assert (shop.number("A"), other_shop.number("B"), world.available("SKU")) == (12, 12, 12)


def test_a_late_order_explains_a_change_that_waits(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 7)
    assert only_review(world)["quantity"] == -3
    at = world.cell(connection, "A").baseline_at + timedelta(minutes=10)
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert queries.reviews(world.account_id, limit=10).items == []
    assert not world.cell(connection, "A").in_review
    assert not world.rows("SELECT id FROM events WHERE kind = 'drift_in_review' AND cleared_at IS NULL")


def test_what_was_decided_or_changed_meanwhile_is_not_decided_again(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 7)
    number = only_review(world)["id"]
    with pytest.raises(Conflict):
        reviews.resolve(world.account_id, number, "add", -4, actor="user:1")
    with pytest.raises(InvalidInput):
        reviews.resolve(world.account_id, number, "counted", -3, actor="user:1")
    with pytest.raises(NotFound):
        reviews.resolve(new_account(), number, "add", -3, actor="user:1")
    reviews.resolve(world.account_id, number, "add", -3, actor="user:1")
    with pytest.raises(Conflict):
        reviews.resolve(world.account_id, number, "add", -3, actor="user:1")
    assert world.level("SKU") == (7, 0)


@pytest.mark.parametrize("rules", [{"share_percent": 50}, {"cap": 6}])
def test_a_number_that_is_not_simply_what_is_available_is_never_merged(
    world: World, shop: Shop, rules: dict[str, int]
) -> None:
    connection = world.connect(shop)
    connections.configure(world.account_id, connection, rules, actor="cli")
    push.drain(connection)
    world.age()
    shown = shop.number("A")
    edit(world, connection, shop, shown - 2)
    assert world.level("SKU") == (10, 0)
    assert only_review(world)["reason"] == "no_identity"


def test_a_buffer_takes_nothing_from_a_merge(world: World, shop: Shop) -> None:
    connection = world.connect(shop)
    connections.configure(world.account_id, connection, {"buffer": 3}, actor="cli")
    push.drain(connection)
    world.age()
    edit(world, connection, shop, 12)
    assert (world.level("SKU"), shop.number("A")) == ((15, 0), 12)


def test_the_last_write_wins_whole_where_it_was_made_at_the_shop(
    world: World, shop: Shop, other_shop: Shop
) -> None:
    connection = world.connect(shop, drift_policy="last_write_wins")
    other = world.connect(other_shop)
    adjust(world, 5, ago=timedelta(days=1))
    other_shop.sell("1", "B", 2, at=now())
    world.hear(other, ["order", "1"])
    world.drain(other)
    edit(world, connection, shop, 7)  # of 10, and of neither the 5 nor the 2 did it hear
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (5, 5, 5)
    world.assert_explained()
    world.assert_quiet()


def test_the_last_write_wins_whole_where_it_was_made_here(world: World, shop: Shop, other_shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="last_write_wins")
    world.connect(other_shop)
    shop.edit("A", 7)
    world.hear(connection, ["level", "A", 7])
    world.settle(rounds=1)
    adjust(world, 5)
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (15, 15, 15)
    world.assert_quiet()


@pytest.mark.parametrize("policy", ["merge", "syncflow_wins"])
def test_who_puts_his_own_number_back_for_ever_stops_the_cell(
    world: World, shop: Shop, other_shop: Shop, policy: str
) -> None:
    """An ERP beside us writes its own number again whenever it changed."""
    connection = world.connect(shop, drift_policy=policy)
    other = world.connect(other_shop)
    for number in range(8):
        other_shop.sell(str(number), "B", 1, at=now())
        world.hear(other, ["order", str(number)])
        world.drain(other)
        push.drain(connection)
        shop.edit("A", 10)
        world.hear(connection, ["level", "A", 10])
        world.settle(step=timedelta(seconds=10))
    writes = len(shop.writes)
    assert world.cell(connection, "A").in_review
    assert only_review(world)["reason"] == "reversed"
    other_shop.sell("last", "B", 1, at=now())
    world.hear(other, ["order", "last"])
    world.settle()
    assert len(shop.writes) == writes
    world.assert_quiet()
    review = only_review(world)
    reviews.resolve(world.account_id, review["id"], "overwrite", review["quantity"], actor="user:1")
    world.settle()
    assert shop.number("A") == world.available("SKU")


def test_a_review_tells_what_led_to_it(world: World, shop: Shop) -> None:
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 7)
    full = queries.review(world.account_id, only_review(world)["id"])
    lines = {line["kind"]: line["text"] for line in full["history"]}
    assert lines.keys() == {"movement", "drift"}
    assert "waits for you to decide" in lines["drift"]


def test_many_are_decided_at_once_and_one_that_cannot_be_keeps_no_other_from_it(
    world: World, shop: Shop
) -> None:
    shop.stock("A3", "SKU-3", 10)
    connection = world.connect(shop, drift_policy="review")
    edit(world, connection, shop, 14)
    edit(world, connection, shop, 12, listing="A3")
    first, second = queries.reviews(world.account_id, limit=10, connection_id=connection).items
    assert queries.reviews(world.account_id, limit=10, connection_id=2**40).items == []
    assert queries.reviews(world.account_id, limit=10, reason="reversed").items == []
    decisions = [
        reviews.Decision(first["id"], "add", first["quantity"] + 1),
        reviews.Decision(second["id"], "add", second["quantity"]),
        reviews.Decision(2**40, "add", 1),
    ]
    outcomes = reviews.resolve_all(world.account_id, decisions, actor="user:1")
    assert [(o.decided, o.code) for o in outcomes] == [
        (False, "conflict"),
        (True, ""),
        (False, "not_found"),
    ]
    assert (world.available("SKU"), world.available("SKU-3")) == (10, 12)
    [left] = reviews.resolve_all(new_account(), decisions[:1], actor="user:1")
    assert left.code == "not_found"
    with pytest.raises(InvalidInput):
        reviews.resolve_all(world.account_id, decisions[:1] * 2, actor="user:1")
