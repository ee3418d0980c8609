"""What a merchant sets: rules of publishing, bundles, brakes, and decisions about changes at a shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from rq import Queue

from app.models import Connection
from tests.api.books import Books, drift, keep_books
from tests.api.conftest import Caller, execute, rows
from workers import jobs


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    return keep_books(connection, variants=3, orders=0)


def targets(merchant: Caller) -> list[int | None]:
    return [row["channels"][0]["target"] for row in merchant.get("/stock")["items"]]


def test_a_connections_rules_are_shown_and_change_what_it_should_show(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    path = f"/connections/{connection.id}"
    shown = merchant.call("PATCH", path, json={"share_percent": 50, "buffer": 1, "cap": 4}).json()
    assert (shown["share_percent"], shown["buffer"], shown["cap"], shown["brake_percent"]) == (50, 1, 4, 20)
    assert targets(merchant) == [4, 4, 4]
    assert merchant.call("PATCH", path, json={"cap": None}).json()["cap"] is None
    for wrong in ({"share_percent": 101}, {"buffer": "3"}, {"buffer": None}, {"brake_percent": 0}):
        assert merchant.call("PATCH", path, json=wrong).status_code == 422


def test_a_listings_rules_are_shown_and_change_what_it_should_show(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    listings = merchant.get(f"/connections/{connection.id}/listings")["items"]
    path = f"/listings/{listings[0]['id']}"
    shown = merchant.call("PATCH", path, json={"fixed_quantity": 7}).json()
    assert (shown["fixed_quantity"], shown["paused"]) == (7, False)
    merchant.call("PATCH", f"/listings/{listings[1]['id']}", json={"paused": True})
    assert targets(merchant) == [7, None, 10]
    assert merchant.call("PATCH", path, json={"fixed_quantity": -1}).status_code == 422
    assert merchant.call("PATCH", "/listings/999999", json={"paused": True}).status_code == 404


def test_safety_stock_and_the_kill_switch_hold_for_the_account(merchant: Caller, books: Books) -> None:
    assert merchant.call("PATCH", "/account", json={"safety_stock": 4}).json()["safety_stock"] == 4
    assert targets(merchant) == [6, 6, 6]
    assert merchant.post("/account/stop-writes").json()["writes_stopped_at"]
    assert merchant.get("/account")["writes_stopped_at"]
    assert merchant.post("/account/allow-writes").json()["writes_stopped_at"] is None
    assert [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")] == [
        "account.safety_stock",
        "account.writes_stopped",
        "account.writes_allowed",
    ]


def low(merchant: Caller) -> list[int]:
    found = merchant.get("/event-log", kind="low_stock", open=True)["items"]
    return [event["variant_id"] for event in found]


def test_a_variants_threshold_is_set_and_what_is_low_by_it_is_told_at_once(
    merchant: Caller, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    path = f"/stock/{books.variant_ids[0]}"
    assert merchant.call("PATCH", path, json={"low_stock_threshold": 3}).json()["low_stock_threshold"] == 3
    assert books.variant_ids[0] not in low(merchant)
    merchant.call("PATCH", path, json={"low_stock_threshold": 40})
    assert books.variant_ids[0] in low(merchant)
    for wrong in (-1, "3", 3_000_000_000):
        assert merchant.call("PATCH", path, json={"low_stock_threshold": wrong}).status_code == 422
    assert make_merchant().call("PATCH", path, json={"low_stock_threshold": 1}).status_code == 404


def test_a_review_counts_what_lies_at_all_places_that_the_number_stands_for(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    one, two, box = books.variant_ids
    attic = merchant.post("/locations", {"name": "Attic"}).json()["id"]
    execute(
        """
        INSERT INTO connection_locations (account_id, connection_id, location_id)
        SELECT account_id, :connection, id FROM locations WHERE account_id = :account
        """,
        connection=connection.id,
        account=merchant.account_id,
    )
    execute(
        """
        INSERT INTO stock_levels (account_id, variant_id, location_id, on_hand, committed)
        SELECT account_id, id, :attic, 7, 2 FROM variants WHERE account_id = :account
        """,
        attic=attic,
        account=merchant.account_id,
    )
    parts = [{"variant_id": one, "quantity": 3}, {"variant_id": two, "quantity": 1}]
    merchant.call("PUT", f"/bundles/{box}", json={"components": parts}).raise_for_status()
    for variant_id in (two, box):
        drift(connection, variant_id, -1)
    execute("UPDATE drifts SET state = 'review', review_reason = 'policy'")
    execute("UPDATE stock_cells SET in_review = true WHERE drift <> 0")
    plain, bundle = merchant.get("/reviews")["items"]
    assert (plain["on_hand"], plain["committed"], plain["available"]) == (17, 2, 15)
    assert bundle["available"] == 3 + 1  # of ten and of five of the first
    assert (plain["changed_to"], bundle["changed_to"]) == (9, 9)
    assert merchant.get("/reviews", variant_id=one)["items"] == [bundle]
    assert merchant.get("/reviews", variant_id=box)["items"] == [plain, bundle]
    assert merchant.get("/reviews", variant_id=box + 1)["items"] == []
    held = {row["variant_id"]: row["channels"][0]["held"] for row in merchant.get("/stock")["items"]}
    assert held == {one: True, two: True, box: True}


def test_a_bundle_is_defined_listed_and_dissolved(merchant: Caller, books: Books) -> None:
    one, two, three = books.variant_ids
    parts = [{"variant_id": one, "quantity": 3}, {"variant_id": two, "quantity": 1}]
    made = merchant.call("PUT", f"/bundles/{three}", json={"components": parts})
    assert made.status_code == 200
    assert [(p["variant_id"], p["quantity"], p["sku"], p["title"]) for p in made.json()["components"]] == [
        (one, 3, "CUP-0", "Cup 100% no. 0"),
        (two, 1, "CUP-1", "Cup 100% no. 1"),
    ]
    assert merchant.get("/bundles")["items"] == [merchant.get(f"/bundles/{three}")]
    assert targets(merchant) == [10, 10, 3]
    assert merchant.call("PUT", f"/bundles/{one}", json={"components": parts}).status_code == 422
    twice = [parts[0], {**parts[0], "quantity": 1}]
    answer = merchant.call("PUT", f"/bundles/{three}", json={"components": twice})
    assert (answer.status_code, "named twice" in answer.text) == (422, True)
    assert merchant.call("PUT", f"/bundles/{three}", json={"components": []}).json()["components"] == []
    assert merchant.get("/bundles")["items"] == []
    assert merchant.call("GET", "/bundles/999999").status_code == 404


def left(caller: Caller, variant_id: int) -> set[int]:
    """What every list that has it says is available of a variant."""
    [row] = caller.get("/stock", variant_id=variant_id)["items"]
    variants = {item["id"]: item for item in caller.get("/variants")["items"]}
    detail = caller.get(f"/variants/{variant_id}")
    assert (row["on_hand"], row["committed"]) == (detail["on_hand"], detail["committed"])
    return {row["available"], detail["available"], variants[variant_id]["available"]}


def adjust(caller: Caller, variant_id: int, location_id: int, delta: int) -> None:
    key = f"{variant_id} {location_id} {delta}"
    given = {"variant_id": variant_id, "location_id": location_id, "delta": delta, "key": key}
    assert caller.post("/stock/adjustments", {**given, "reason": "correction"}).status_code < 300


def test_of_a_bundle_there_is_as_much_as_its_scarcest_component_allows(
    merchant: Caller, books: Books
) -> None:
    one, two, box = books.variant_ids
    parts = [{"variant_id": one, "quantity": 3}, {"variant_id": two, "quantity": 1}]
    merchant.call("PUT", f"/bundles/{box}", json={"components": parts}).raise_for_status()
    assert left(merchant, box) == {3} == set(targets(merchant)[2:])
    assert (left(merchant, one), left(merchant, two)) == ({10}, {10})

    attic = merchant.post("/locations", {"name": "Attic"}).json()["id"]
    adjust(merchant, one, attic, 7)
    assert left(merchant, box) == {3}  # nothing of the other is up there
    adjust(merchant, two, attic, 1)
    assert left(merchant, box) == {3 + 1}
    adjust(merchant, one, books.location_id, -12)
    assert left(merchant, box) == {1}  # of the seven in the attic two are owed
    adjust(merchant, one, attic, -5)
    assert left(merchant, box) == {0}
    adjust(merchant, one, attic, -20)
    assert (left(merchant, box), left(merchant, one)) == ({0}, {-20})


def test_a_bundle_of_which_none_can_be_made_is_out_of_stock(merchant: Caller, books: Books) -> None:
    def found(**asked: Any) -> list[int]:
        listed = [row["variant_id"] for row in merchant.get("/stock", **asked)["items"]]
        assert merchant.get("/stock/count", **asked)["count"] == len(listed)
        assert [row["id"] for row in merchant.get("/variants", **asked)["items"]] == listed
        return listed

    one, two, box = books.variant_ids
    parts = {"components": [{"variant_id": one, "quantity": 6}]}
    merchant.call("PUT", f"/bundles/{box}", json=parts).raise_for_status()
    assert (found(out_of_stock="true"), found(out_of_stock="false")) == ([], [one, two, box])
    adjust(merchant, one, books.location_id, -6)
    assert (found(out_of_stock="true"), found(out_of_stock="false")) == ([box], [one, two])
    adjust(merchant, one, books.location_id, -4)
    assert (found(out_of_stock="true"), found(out_of_stock="false")) == ([one, box], [two])


def test_a_change_that_waits_for_a_person_is_shown_and_decided(
    merchant: Caller, connection: Connection, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    drift(connection, books.variant_ids[0], 4)
    execute("UPDATE drifts SET state = 'review', review_reason = 'policy'")
    execute("UPDATE stock_cells SET in_review = true WHERE drift <> 0")
    [shown] = merchant.get("/reviews")["items"]
    assert (shown["shown"], shown["quantity"], shown["available"], shown["sku"]) == (14, 4, 10, "CUP-0")
    assert [(c["choice"], c["stock_change"], c["available_after"]) for c in shown["choices"]] == [
        ("add", 4, 14),
        ("overwrite", 0, 10),
    ]
    path = f"/reviews/{shown['id']}"
    assert any("waits for you to decide" in line["text"] for line in merchant.get(path)["history"])
    stranger = make_merchant()
    assert stranger.call("GET", path).status_code == 404
    decision = {"choice": "add", "quantity": 4}
    assert stranger.post(f"{path}/decision", decision).status_code == 404
    assert merchant.post(f"{path}/decision", {"choice": "add", "quantity": 3}).status_code == 409
    assert merchant.post(f"{path}/decision", {"choice": "shout", "quantity": 4}).status_code == 422
    assert merchant.post(f"{path}/decision", decision).status_code == 204
    assert merchant.post(f"{path}/decision", decision).status_code == 409
    assert merchant.get("/reviews")["items"] == []
    assert merchant.get("/stock")["items"][0]["on_hand"] == 14


def test_a_brake_is_shown_and_released(merchant: Caller, connection: Connection, books: Books) -> None:
    path = f"/connections/{connection.id}"
    assert merchant.post(f"{path}/release-brake").status_code == 409
    execute("UPDATE connections SET braked_at = now()")
    assert merchant.get(path)["braked_at"]
    assert merchant.post(f"{path}/release-brake").json()["braked_at"] is None


def test_the_accounts_threshold_holds_where_a_variant_has_none(
    app: Flask, merchant: Caller, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    stranger = make_merchant()
    own, *others = books.variant_ids  # there are ten of each
    assert merchant.get("/account")["low_stock_threshold"] == 10
    assert low(merchant) == books.variant_ids[::-1]
    merchant.call("PATCH", f"/stock/{own}", json={"low_stock_threshold": 12})
    answer = merchant.call("PATCH", "/account", json={"low_stock_threshold": 3})
    assert answer.json()["low_stock_threshold"] == 3
    [job] = Queue("reports", connection=app.extensions["redis"]).jobs
    assert (job.func_name, job.args) == ("workers.jobs.catch_up_stock_events", (merchant.account_id,))
    jobs.catch_up_stock_events(merchant.account_id)
    assert low(merchant) == [own]
    assert [row["sku"] for row in merchant.get("/stock", low_stock=True)["items"]] == ["CUP-0"]
    sold = {
        "variant_id": others[0],
        "location_id": books.location_id,
        "delta": -7,
        "reason": "lost",
        "key": "k",
    }
    merchant.post("/stock/adjustments", sold)
    assert low(merchant) == [others[0], own]
    for wrong in (-1, None, "3", 1.5, 10**10):
        refused = merchant.call("PATCH", "/account", json={"low_stock_threshold": wrong})
        assert refused.status_code == 422
    assert stranger.get("/account")["low_stock_threshold"] == 10
