"""First steps follow what the account has, not what somebody clicked; what a member put away is theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.models import Connection, Listing
from app.services.uow import unit_of_work
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute
from tests.statements import statements

FIRST_SYNC = """
    INSERT INTO sync_runs (account_id, connection_id, kind, trigger, state, created_at, finished_at)
    SELECT account_id, id, 'first_sync', 'person', 'succeeded', now(), now() FROM connections WHERE id = :id
"""


def states(caller: Caller) -> list[str]:
    return [step["state"] for step in caller.get("/first-steps")["steps"]]


def step(caller: Caller, name: str) -> dict[str, Any]:
    [found] = [each for each in caller.get("/first-steps")["steps"] if each["step"] == name]
    return dict(found)


def unlinked(connection: Connection, external_id: str, reason: str = "no_sku") -> None:
    with unit_of_work() as uow:
        uow.session.add(
            Listing(
                account_id=connection.account_id,
                connection_id=connection.id,
                external_id=external_id,
                external_product_id="p9",
                title="Gift wrapping",
                unlinked_reason=reason,
            )
        )
        uow.commit()


def set_state(connection: Connection, state: str) -> None:
    execute("UPDATE connections SET state = :state WHERE id = :id", state=state, id=connection.id)


def test_steps_follow_a_shop_from_connecting_to_its_numbers_being_written(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    assert states(merchant) == ["open", "later", "later", "later"]
    make_connection(merchant.account_id, state="connecting")
    make_connection(merchant.account_id, state="disconnected")
    assert states(merchant) == ["open", "later", "later", "later"]

    shop = make_connection(merchant.account_id, state="importing")
    assert states(merchant) == ["done", "waiting", "waiting", "later"]

    keep_books(shop, variants=2)
    unlinked(shop, "gift")
    set_state(shop, "review")
    assert states(merchant) == ["done", "open", "open", "later"]
    assert (step(merchant, "match")["count"], step(merchant, "match")["connection_id"]) == (1, shop.id)
    assert step(merchant, "first_sync")["connection_id"] == shop.id

    execute("UPDATE listings SET unlinked_reason = 'by_hand' WHERE external_id = 'gift'")
    assert states(merchant) == ["done", "done", "open", "later"]

    execute("UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = now()")
    execute(FIRST_SYNC, id=shop.id)
    set_state(shop, "active")
    assert states(merchant) == ["done", "done", "done", "waiting"]
    assert step(merchant, "switch_on")["count"] == 2
    set_state(shop, "paused")
    assert step(merchant, "switch_on")["state"] == "open"

    execute("UPDATE stock_cells SET synced_version = wanted_version, dirty_since = NULL")
    found = merchant.get("/first-steps")
    assert found["done"]
    assert {each["state"] for each in found["steps"]} == {"done"}


def test_what_comes_later_is_no_first_step_but_another_shop_is(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    shop = make_connection(merchant.account_id)
    keep_books(shop)
    execute(FIRST_SYNC, id=shop.id)
    unlinked(shop, "new")
    execute("UPDATE stock_cells SET wanted_version = wanted_version + 1, dirty_since = clock_timestamp()")
    assert merchant.get("/first-steps")["done"]

    other = make_connection(merchant.account_id, state="review")
    assert states(merchant) == ["done", "done", "open", "later"]
    assert step(merchant, "first_sync")["connection_id"] == other.id
    set_state(other, "needs_auth")
    assert step(merchant, "first_sync")["state"] == "open", "it was never agreed to"


def test_a_shop_that_must_be_connected_again_was_started_once(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    shop = make_connection(merchant.account_id, state="needs_auth")
    keep_books(shop)
    assert merchant.get("/first-steps")["done"]


def test_steps_say_who_may_do_them(merchant: Caller) -> None:
    found = merchant.get("/first-steps")["steps"]
    assert {each["step"]: each["least_role"] for each in found} == {
        "connect": "admin",
        "match": "staff",
        "first_sync": "admin",
        "switch_on": "staff",
    }


def test_steps_and_tour_are_put_away_by_oneself_and_for_oneself(
    merchant: Caller, make_member: Callable[[int, str], Caller]
) -> None:
    colleague = make_member(merchant.account_id, "viewer")
    away = merchant.call("PATCH", "/first-steps", json={"hidden": True, "tour_taken": True}).json()
    assert (away["hidden"], away["tour_taken"]) == (True, True)
    assert merchant.get("/first-steps") == away
    assert not colleague.get("/first-steps")["hidden"]

    back = merchant.call("PATCH", "/first-steps", json={"hidden": False}).json()
    assert (back["hidden"], back["tour_taken"]) == (False, True)
    assert colleague.call("PATCH", "/first-steps", json={"hidden": "yes"}).status_code == 422


def test_more_shops_cost_no_more_queries(
    merchant: Caller, make_connection: Callable[..., Connection]
) -> None:
    make_connection(merchant.account_id, state="review")
    with statements() as few:
        merchant.get("/first-steps")
    for _ in range(5):
        make_connection(merchant.account_id, state="review")
    with statements() as many:
        merchant.get("/first-steps")
    assert len(many) == len(few)
    assert step(merchant, "first_sync")["count"] == 6
