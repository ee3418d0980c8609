"""What the outside is told of, and that nobody hears of what was not committed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.outward import FIELDS, SUBSCRIBABLE, OutwardKind
from app.extensions import db
from app.models import WebhookSubscription
from app.platforms.base import OrderState
from app.services import connections, outward, push, runs
from app.services.outward import stream_key
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order, cancelled
from tests.services.world import World, now

DOCUMENT = Path(__file__).parents[2] / "docs" / "users" / "webhooks-out.md"


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    connection_id = world.connect(shop)
    world.redis.delete(stream_key(world.account_id))
    return connection_id


def subscribe(world: World, *kinds: str, state: str = "active") -> int:
    with unit_of_work() as uow:
        row = WebhookSubscription(
            account_id=world.account_id, url="https://x.example", kinds=list(kinds), state=state, secret=b""
        )
        uow.session.add(row)
        uow.commit()
    return row.id


def hinted(world: World) -> list[tuple[str, Any]]:
    """What the account's stream holds."""
    found = world.redis.xrange(stream_key(world.account_id))
    documents = [json.loads(fields[b"body"]) for _id, fields in found]  # type: ignore[union-attr]
    return [(document["type"], document["data"]) for document in documents]


def kept(world: World) -> list[str]:
    return [row.kind for row in world.rows("SELECT kind FROM webhook_deliveries ORDER BY id")]


def test_an_order_is_told_of_as_new_then_changed_then_cancelled_with_the_stock_it_moves(
    world: World, connection: int
) -> None:
    at = now()
    order = an_order("1", a_line("A", 3, at=at), at=at)
    world.take(connection, order)
    world.take(connection, replace(order, total_minor=order.total_minor + 1))
    world.take(connection, cancelled(order, at=at))
    world.take(connection, replace(cancelled(order, at=at), number="again"))

    kinds = [kind for kind, _data in hinted(world)]
    assert kinds == [
        "stock.changed",
        "order.created",
        "order.updated",
        "stock.changed",
        "order.cancelled",
        "order.updated",
    ]
    level = hinted(world)[0][1]["levels"][0]
    assert (level["on_hand"], level["committed"], level["available"]) == (10, 3, 7)
    told = hinted(world)[4][1]
    assert (told["connection_id"], told["state"]) == (connection, OrderState.CANCELLED.value)
    assert set(told) == set(FIELDS[OutwardKind.ORDER_CANCELLED])


def test_what_is_rolled_back_is_told_to_nobody(world: World, connection: int) -> None:
    subscribe(world, *SUBSCRIBABLE)
    with unit_of_work() as uow:
        connections.tell_state(uow.session, world.account_id, connection, "active")
        uow.rollback()
        uow.commit()
    with unit_of_work() as uow:
        connections.tell_state(uow.session, world.account_id, connection, "active")
    assert hinted(world) == []
    assert kept(world) == []


def test_transactions_of_a_batch_are_hinted_at_once(world: World, connection: int) -> None:
    with unit_of_work() as uow:
        for _ in range(3):
            connections.tell_state(uow.session, world.account_id, connection, "paused")
            uow.commit(act=False)
        assert hinted(world) == []
        uow.act()
    assert len(hinted(world)) == 3


def test_a_delivery_is_kept_for_who_wants_that_kind_and_not_for_who_is_off(
    world: World, connection: int
) -> None:
    orders = subscribe(world, "order.created")
    waiting = subscribe(world, "order.created", "stock.changed", state="paused")
    subscribe(world, "order.created", state="disabled")
    subscribe(world, "order.created", state="deleted")
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    rows = world.rows("SELECT subscription_id, kind FROM webhook_deliveries")
    assert {(row.subscription_id, row.kind) for row in rows} == {
        (orders, "order.created"),
        (waiting, "order.created"),
        (waiting, "stock.changed"),
    }


def test_another_accounts_webhooks_hear_nothing(world: World, connection: int) -> None:
    other = World(world.redis)
    subscribe(other, *SUBSCRIBABLE)
    at = now()
    world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
    assert kept(world) == []
    assert hinted(other) == []


def test_an_order_of_an_account_without_webhooks_costs_no_statement_more(
    world: World, connection: int
) -> None:
    at = now()
    statements: list[str] = []

    def note(*details: Any) -> None:
        statements.append(str(details[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        world.take(connection, an_order("1", a_line("A", 3, at=at), at=at))
        assert not [s for s in statements if "INSERT INTO webhook_deliveries" in s]
        subscribe(world, "order.created")
        world.take(connection, an_order("2", a_line("A", 1, at=at), at=at))
        assert len([s for s in statements if "INSERT INTO webhook_deliveries" in s]) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_stock_that_becomes_low_and_a_published_number_are_told_of(
    world: World, connection: int, other: int
) -> None:
    at = now()
    world.sql("UPDATE variants SET low_stock_threshold = 5; DELETE FROM events")
    world.take(connection, an_order("1", a_line("A", 9, at=at), at=at))
    push.drain(other)
    told = dict(hinted(world))
    assert told["stock.low"]["kind"] == "low_stock"
    assert told["listing.published"]["connection_id"] == other
    assert [number["quantity"] for number in told["listing.published"]["numbers"]] == [1]


def test_a_run_that_fails_and_a_connection_that_changes_are_told_of(world: World, connection: int) -> None:
    with pytest.raises(RuntimeError), runs.sync_run(world.account_id, connection, "import"):
        raise RuntimeError
    connections.mark_needs_auth(connection, "no")
    told = dict(hinted(world))
    assert told["sync.failed"]["kind"] == "import"
    assert told["connection.changed"] == {"connection_id": connection, "state": "needs_auth"}


def test_many_rows_are_told_of_by_several_events(world: World, connection: int) -> None:
    with unit_of_work() as uow:
        rows = [{"variant_id": n} for n in range(outward.MANY + 1)]
        outward.tell_rows(uow.session, world.account_id, OutwardKind.STOCK_CHANGED, "levels", rows)
        uow.commit()
    assert [len(data["levels"]) for _kind, data in hinted(world)] == [outward.MANY, 1]


def test_what_is_told_has_the_members_that_the_catalogue_names(world: World) -> None:
    with pytest.raises(AssertionError):
        outward.event(world.account_id, OutwardKind.PING, {"customer": "Jane"})


@pytest.mark.parametrize("kind", OutwardKind)
def test_the_documentation_names_every_kind_and_its_members(kind: OutwardKind) -> None:
    (row,) = [line for line in DOCUMENT.read_text().splitlines() if f"| `{kind.value}` |" in line]
    assert [name for name in FIELDS[kind] if f"`{name}`" not in row] == []
