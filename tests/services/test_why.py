"""Every number explained: what led to it, and what it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import NotFound
from app.services import push
from app.services.queries.paging import Row
from app.services.queries.why import as_of, why
from tests.services.shop import Shop, lose_answer, stocked
from tests.services.world import World, new_account, now, owe


@pytest.fixture
def shop(world: World) -> Shop:
    shop = stocked(Shop())
    world.connect(shop, age=False)
    return shop


def variant_of(world: World, sku: str = "SKU") -> int:
    return world.one("SELECT id FROM variants WHERE sku = :sku", sku=sku).id


def lines(world: World, limit: int = 100) -> list[str]:
    """Oldest first."""
    page = why(world.account_id, variant_of(world), limit=limit)
    return [line["text"] for line in reversed(page.items)]


def in_pages(world: World, limit: int) -> list[Row]:
    found: list[Row] = []
    cursor = None
    while True:
        page = why(world.account_id, variant_of(world), limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


def test_an_order_and_the_write_that_followed_are_told_in_order(world: World, shop: Shop) -> None:
    (connection,) = world.shops
    owe(world, connection, 3)
    push.drain(connection)
    assert lines(world) == [
        "counting began with 10 units from A shop",
        "3 units reserved for order #owed at A shop",
        "A shop was told to show 7 instead of 10: done",
    ]


def test_a_write_nobody_answered_says_so(world: World, shop: Shop) -> None:
    (connection,) = world.shops
    shop.next_writes.append(lose_answer)
    owe(world, connection, 3)
    push.drain(connection)
    assert lines(world)[-1] == "A shop was told to show 7 instead of 10: no answer yet"


def test_an_edit_at_the_shop_is_told_as_seen_and_as_taken_over(world: World, shop: Shop) -> None:
    world.age()
    shop.edit("A", 12)
    (connection,) = world.shops
    world.hear(connection, ["level", "A", 12])
    world.settle()
    told = lines(world)
    assert "A shop showed a change of +2 that no order or write explains: taken over into the ledger" in told
    assert "the number at A shop was changed there by +2" in told


def test_pages_follow_each_other_without_a_gap_or_a_repeat(world: World, shop: Shop) -> None:
    (connection,) = world.shops
    for number in range(4):
        owe(world, connection, 1, order_id=f"owed-{number}")
        push.drain(connection)
    whole = why(world.account_id, variant_of(world), limit=100).items
    assert len(whole) == 9
    paged = in_pages(world, limit=2)
    assert [(line["kind"], line["id"]) for line in paged] == [(line["kind"], line["id"]) for line in whole]


def test_a_write_that_ended_late_keeps_no_other_from_being_told(world: World, shop: Shop) -> None:
    (connection,) = world.shops
    for number in range(3):
        owe(world, connection, 1, order_id=f"owed-{number}")
        push.drain(connection)
    world.sql(
        """
        UPDATE push_attempts SET closed_at = closed_at + interval '1 hour'
        WHERE id = (SELECT min(id) FROM push_attempts)
        """
    )
    whole = why(world.account_id, variant_of(world), limit=100).items
    assert whole[0]["at"] == max(line["at"] for line in whole)
    paged = [(line["kind"], line["id"]) for line in in_pages(world, limit=1)]
    assert sorted(paged) == sorted((line["kind"], line["id"]) for line in whole)


def test_another_account_is_told_nothing(world: World, shop: Shop) -> None:
    stranger = new_account("A stranger")
    with pytest.raises(NotFound):
        why(stranger, variant_of(world), limit=10)
    assert as_of(stranger, now(), limit=10).items == []


def test_what_the_numbers_were_at_any_moment(world: World, shop: Shop) -> None:
    (connection,) = world.shops
    moments = [now()]
    for number in range(2):
        owe(world, connection, 2, order_id=f"owed-{number}")
        push.drain(connection)
        moments.append(now())
    variant = variant_of(world)
    seen = [as_of(world.account_id, at, limit=10, variant_id=variant).items for at in moments]
    assert [[(level["available"], level["channels"]) for level in levels] for levels in seen] == [
        [(10, [])],
        [(8, [{"connection_id": connection, "told": 8}])],
        [(6, [{"connection_id": connection, "told": 6}])],
    ]


def test_nothing_was_counted_before_it_began(world: World, shop: Shop) -> None:
    assert as_of(world.account_id, datetime(2020, 1, 1, tzinfo=UTC), limit=10).items == []


def test_all_levels_at_a_moment_come_in_pages(world: World, shop: Shop) -> None:
    first = as_of(world.account_id, now() + timedelta(seconds=1), limit=1)
    second = as_of(world.account_id, now() + timedelta(seconds=1), limit=1, cursor=first.next)
    assert [level["sku"] for page in (first, second) for level in page.items] == ["SKU", "OTHER"]
    assert second.next is None
