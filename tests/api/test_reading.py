"""What the API shows of the books, a page at a time, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from tests.api.books import drift, hear, keep_books
from tests.api.conftest import Caller, execute


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


def all_pages(caller: Caller, path: str, limit: int, **query: Any) -> list[list[Any]]:
    pages, cursor = [], None
    while True:
        answer = caller.get(path, limit=limit, cursor=cursor, **query)
        pages.append(answer["items"])
        cursor = answer["next"]
        if cursor is None:
            return pages


def test_stock_shows_the_ledger_and_what_each_channel_should_show(
    merchant: Caller, connection: Connection
) -> None:
    books = keep_books(connection)
    execute("UPDATE stock_cells SET wanted_version = 2, dirty_since = now()")
    (row,) = merchant.get("/stock")["items"]
    (channel,) = row.pop("channels")
    assert row == {
        "variant_id": books.variant_ids[0],
        "sku": "CUP-0",
        "title": "Cup 100% no. 0",
        "is_bundle": False,
        "archived_at": None,
        "on_hand": 10,
        "committed": 2,
        "available": 8,
        "low_stock_threshold": None,
        "levels": [
            {
                "location_id": books.location_id,
                "location": "Main",
                "on_hand": 10,
                "committed": 2,
                "available": 8,
            }
        ],
    }
    assert (channel["expected"], channel["target"], channel["drift"], channel["dirty"]) == (10, 8, 0, True)
    assert (channel["connection_id"], channel["platform"]) == (connection.id, "fakeshop")


def test_a_fall_at_one_shop_lowers_the_targets_of_all(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    books = keep_books(connection, orders=0)
    drift(connection, books.variant_ids[0], -3)
    (row,) = merchant.get("/stock")["items"]
    assert (row["channels"][0]["expected"], row["channels"][0]["target"]) == (7, 7)


def test_stock_is_found_by_part_of_a_sku_or_of_a_title(merchant: Caller, connection: Connection) -> None:
    keep_books(connection, variants=11)
    found = {q: [row["sku"] for row in merchant.get("/stock", q=q)["items"]] for q in ("up-1", "NO. 7", "0%")}
    assert found["up-1"] == ["CUP-1", "CUP-10"]
    assert found["NO. 7"] == ["CUP-7"]
    assert len(found["0%"]) == 11
    assert merchant.get("/stock", q="_")["items"] == []
    assert merchant.get("/stock", q="\\")["items"] == []


def test_units_of_many_places_add_up_to_more_than_one_place_may_have(
    merchant: Caller, connection: Connection
) -> None:
    """Merchants give 999,999,999 units to what never runs out."""
    books, most = keep_books(connection, variants=2, orders=0), 999_999_999
    endless = books.variant_ids[0]
    execute("UPDATE stock_levels SET on_hand = :most WHERE variant_id = :id", most=most, id=endless)
    execute("UPDATE stock_cells SET account = :most WHERE variant_id = :id", most=most, id=endless)
    for name in ("Attic", "Cellar"):
        place = merchant.post("/locations", {"name": name}).json()["id"]
        execute(
            """
            INSERT INTO stock_levels (account_id, variant_id, location_id, on_hand)
            SELECT account_id, id, :place, :most FROM variants WHERE id = :id
            """,
            most=most,
            id=endless,
            place=place,
        )
        execute(
            """
            INSERT INTO stock_cells (account_id, connection_id, external_stock_id, external_location_id,
                location_id, variant_id, state, account)
            SELECT account_id, connection_id, external_stock_id, :name, :place, variant_id, state, account
            FROM stock_cells WHERE variant_id = :id AND location_id = :main
            """,
            id=endless,
            place=place,
            name=name,
            main=books.location_id,
        )
    assert [row["on_hand"] for row in merchant.get("/stock")["items"]] == [3 * most, 10]
    assert [row["expected"] for row in merchant.get("/listings")["items"]] == [3 * most, 10]


def test_movements_are_told_in_plain_words_newest_first(merchant: Caller, connection: Connection) -> None:
    books = keep_books(connection)
    shown = merchant.get(f"/stock/{books.variant_ids[0]}/movements")["items"]
    assert [row["text"] for row in shown] == [
        "2 units reserved for order #1000 at Shop",
        "counting began with 10 units from Shop",
    ]
    assert (shown[0]["order_id"], shown[0]["connection_id"]) == (books.order_ids[0], connection.id)
    assert (shown[0]["on_hand_after"], shown[0]["committed_after"]) == (10, 2)


def test_orders_come_newest_first_and_no_page_repeats_or_skips_one(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    books = keep_books(connection, orders=7)  # pairs of them placed at the same time
    pages = all_pages(merchant, "/orders", 2)
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [row["id"] for page in pages for row in page] == books.order_ids[::-1]
    assert merchant.get("/orders", connection_id=connection.id)["items"] != []
    assert merchant.get("/orders", connection_id=make_connection(merchant.account_id).id)["items"] == []


def test_an_order_shows_its_lines_and_what_each_did_to_the_ledger(
    merchant: Caller, connection: Connection
) -> None:
    books = keep_books(connection)
    order = merchant.get(f"/orders/{books.order_ids[0]}")
    assert (order["number"], order["total_minor"], order["currency"]) == ("#1000", 2400, "EUR")
    (line,) = order["lines"]
    assert (line["sku"], line["quantity"], line["variant_id"]) == ("CUP-0", 2, books.variant_ids[0])
    (movement,) = line["movements"]
    assert (movement["cause"], movement["committed_delta"]) == ("order", 2)


def test_a_connection_shows_what_there_is_to_do(merchant: Caller, connection: Connection) -> None:
    books = keep_books(connection, variants=3)
    hear(connection, "a", "b")
    drift(connection, books.variant_ids[1], 2)
    execute(
        """
        UPDATE stock_cells SET wanted_version = 1, dirty_since = now(), check_due_at = now()
        WHERE variant_id = :id
        """,
        id=books.variant_ids[0],
    )
    execute(
        "UPDATE listings SET variant_id = NULL, unlinked_reason = 'no_sku' WHERE variant_id = :id",
        id=books.variant_ids[2],
    )
    shown = merchant.get(f"/connections/{connection.id}")
    assert shown["counts"] == {
        "listings": 3,
        "linked": 2,
        "unlinked": {"no_sku": 1},
        "pending_events": 2,
        "dirty_cells": 1,
        "failed_cells": 0,
        "open_attempts": 0,
        "pending_drifts": 1,
        "reviews": 0,
        "checks_due": 1,
    }
    assert merchant.get("/connections")["items"] == [shown]
    assert "credentials" not in shown
    assert "account_id" not in shown


def test_listings_can_be_asked_for_by_whether_they_are_linked(
    merchant: Caller, connection: Connection
) -> None:
    books = keep_books(connection, variants=3)
    execute(
        "UPDATE listings SET variant_id = NULL, unlinked_reason = 'no_sku' WHERE variant_id = :id",
        id=books.variant_ids[2],
    )
    path = f"/connections/{connection.id}/listings"
    assert [len(page) for page in all_pages(merchant, path, 2)] == [2, 1]
    assert [row["sku"] for row in merchant.get(path, linked="true")["items"]] == ["CUP-0", "CUP-1"]
    (unlinked,) = merchant.get(path, linked="false")["items"]
    assert (unlinked["sku"], unlinked["unlinked_reason"]) == ("CUP-2", "no_sku")


def test_the_first_sync_is_shown_before_anything_is_written(merchant: Caller, connection: Connection) -> None:
    keep_books(connection)
    execute("UPDATE connections SET state = 'review'; UPDATE stock_cells SET state = 'waiting'")
    path = f"/connections/{connection.id}/first-sync"
    (row,) = merchant.get(path)["items"]
    assert (row["sku"], row["channel_quantity"], row["target"]) == ("CUP-0", 10, 8)
    assert "open orders hold 2" in row["causes"]
    assert row["effect"] == "lowered"
    assert merchant.get(path, effect="lowered", q=" cUp-0")["items"] == [row]
    assert merchant.get(path, effect="raised")["items"] == merchant.get(path, q="CUP-1")["items"] == []
    assert merchant.call("GET", f"{path}?effect=unchanged").status_code == 422
    totals = merchant.get(f"{path}/totals")
    assert (totals["lowered"], totals["raised"], totals["followers"], totals["at_least"]) == (1, 0, [], False)

    assert merchant.post(path).json()["state"] == "active"
    assert merchant.post(path).status_code == 409


def test_events_are_shown_without_their_bodies(merchant: Caller, connection: Connection) -> None:
    hear(connection, "a", "b", "c")
    execute("UPDATE inbound_events SET state = 'dead', verdict = 'no such order' WHERE topic = 'b'")
    pages = all_pages(merchant, "/events", 2)
    assert [row["topic"] for page in pages for row in page] == ["c", "b", "a"]
    assert "personal" not in str(pages)
    (dead,) = merchant.get("/events", state="dead")["items"]
    assert (dead["topic"], dead["verdict"]) == ("b", "no such order")
    assert merchant.call("GET", "/events", params={"state": "nonsense"}).status_code == 422


def test_quiet_means_that_nothing_is_left_to_do(merchant: Caller, connection: Connection) -> None:
    books = keep_books(connection)
    assert merchant.get("/status")["quiet"] is True

    hear(connection, "a")
    busy = merchant.get("/status")
    assert (busy["quiet"], busy["pending_events"]) == (False, 1)
    assert busy["connections"][0]["pending_events"] == 1
    execute("UPDATE inbound_events SET state = 'done'")

    for change, undo in (
        (
            "UPDATE stock_cells SET wanted_version = 1, dirty_since = now()",
            "UPDATE stock_cells SET wanted_version = 0, dirty_since = NULL",
        ),
        ("UPDATE stock_cells SET check_due_at = now()", "UPDATE stock_cells SET check_due_at = NULL"),
        ("UPDATE connections SET state = 'importing'", "UPDATE connections SET state = 'active'"),
        (
            "INSERT INTO drain_leases (connection_id, kind, token, until)"
            f" VALUES ({connection.id}, 'push', gen_random_uuid(), now() + interval '1 minute')",
            "UPDATE drain_leases SET until = now() - interval '1 second'",
        ),
    ):
        execute(change)
        assert merchant.get("/status")["quiet"] is False, change
        execute(undo)
        assert merchant.get("/status")["quiet"] is True, undo

    drift(connection, books.variant_ids[0], 1)
    assert merchant.get("/status")["pending_drifts"] == 1


def test_work_that_cannot_be_done_now_does_not_disturb_the_quiet(
    merchant: Caller, connection: Connection
) -> None:
    keep_books(connection)
    execute("UPDATE stock_cells SET wanted_version = 1, dirty_since = now()")
    execute("UPDATE connections SET state = 'paused'")
    status = merchant.get("/status")
    assert (status["quiet"], status["dirty_cells"]) == (True, 0)
    assert status["connections"][0]["dirty_cells"] == 1


def test_one_merchant_sees_and_touches_nothing_of_another(
    make_merchant: Callable[[], Caller], make_connection: Callable[..., Connection]
) -> None:
    owner, stranger = make_merchant(), make_merchant()
    connection = make_connection(owner.account_id)
    books = keep_books(connection)
    hear(connection, "a")

    for path in ("/connections", "/stock", "/orders", "/events", "/event-log"):
        assert owner.get(path)["items"] != [], path
        assert stranger.get(path)["items"] == [], path
    assert stranger.get("/status")["connections"] == []
    assert stranger.get("/orders", connection_id=connection.id)["items"] == []
    one = f"/connections/{connection.id}"
    for path in (
        one,
        f"{one}/listings",
        f"{one}/first-sync",
        f"{one}/first-sync/totals",
        f"/stock/{books.variant_ids[0]}/movements",
        f"/orders/{books.order_ids[0]}",
    ):
        assert owner.call("GET", path).status_code == 200, path
        answer = stranger.call("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    for action in ("pause", "resume", "import", "first-sync", "disconnect"):
        assert stranger.post(f"{one}/{action}").status_code == 404, action
    assert stranger.call("PATCH", one, json={"name": "Mine"}).status_code == 404
    assert owner.get(one)["state"] == "active"


@pytest.mark.parametrize("cursor", ["x", "????", "W10", "WyJ4Il0", "bnVsbA", "WzFd" * 5])
@pytest.mark.parametrize("path", ["/stock", "/orders", "/events", "/event-log", "/connections"])
def test_a_cursor_of_ones_own_making_is_refused(merchant: Caller, path: str, cursor: str) -> None:
    answer = merchant.call("GET", path, params={"cursor": cursor})
    if not (path != "/orders" and cursor == "WzFd" * 5):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "251", "x", "-1"])
def test_a_page_has_1_to_250_rows(merchant: Caller, limit: str) -> None:
    answer = merchant.call("GET", "/orders", params={"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "limit" in answer.json()["errors"]["query"]


@pytest.mark.parametrize("path", [f"/orders?connection_id={2**70}", "/stock?q=%00", "/stock?cursor=WzFlOTld"])
def test_what_no_column_can_hold_is_refused(merchant: Caller, path: str) -> None:
    assert merchant.call("GET", path).status_code == 422


def test_an_id_that_no_column_can_hold_is_nowhere(merchant: Caller) -> None:
    assert merchant.call("GET", f"/connections/{2**70}").status_code == 404
