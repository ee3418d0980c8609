"""Shipping an order over the API: what is answered, to whom, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.api.policy import POLICY, RANKS
from app.models import Connection
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows

PARTS = '[["ordered", 2, "2026-11-20T12:00:00+00:00"]]'
DHL = {"carrier": "DHL", "tracking_number": "00340", "tracking_url": "https://dhl.example/00340"}


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    """Two orders of two cups each, none of them shipped."""
    kept = keep_books(connection, orders=2)
    execute("UPDATE order_lines SET parts = CAST(:parts AS jsonb)", parts=PARTS)
    return kept


def line_of(merchant: Caller, order_id: int) -> Any:
    (line,) = merchant.get(f"/orders/{order_id}")["lines"]
    return line


def ship(merchant: Caller, order_id: int, **given: Any) -> Any:
    return merchant.post(f"/orders/{order_id}/fulfillments", {"key": "k"} | given)


def refused(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_shipment_is_answered_with_what_it_is_and_waits_for(merchant: Caller, books: Books) -> None:
    order = books.order_ids[0]
    line = line_of(merchant, order)
    assert (line["quantity"], line["fulfilled_quantity"], line["open_quantity"]) == (2, 0, 2)
    lines = [{"order_line_id": line["id"], "quantity": 1}]
    answer = ship(merchant, order, lines=lines, notify_customer=True, **DHL)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["lines"] == [
        {"order_line_id": line["id"], "sku": "CUP-0", "title": "Cup 100% no. 0", "quantity": 1}
    ]
    assert {name: made[name] for name in DHL} == DHL
    assert (made["state"], made["notify_customer"], made["created_by"]) == ("pending", True, merchant.email)
    assert (made["waits_for"], made["told_as"], made["sent_at"], made["error"]) == (None, None, None, "")
    assert made["remark"] is None, "this platform shows parts of orders as shipped"
    assert ship(merchant, order, lines=lines, notify_customer=True, **DHL).json() == made
    assert line_of(merchant, order)["open_quantity"] == 1
    assert merchant.get(f"/fulfillments/{made['id']}") == made
    (entry,) = rows("SELECT * FROM audit_log WHERE action LIKE 'fulfillment.%'")
    assert (entry.subject, entry.detail) == (f"fulfillment:{made['id']}", {"order_id": order})
    assert rows("SELECT count(*) AS n FROM stock_movements")[0].n == 3, "stock moves by the order alone"


def test_a_shop_that_shows_no_parts_says_so(merchant: Caller, connection: Connection, books: Books) -> None:
    execute("UPDATE connections SET platform = 'woocommerce'")
    made = ship(merchant, books.order_ids[0]).json()
    assert made["remark"].startswith("WooCommerce cannot show that a part of an order was shipped.")
    sent = "UPDATE fulfillments SET state = 'sent', sent_at = now(), only_noted = :noted"
    execute(sent, noted=True)
    shown = merchant.get(f"/fulfillments/{made['id']}")
    assert (shown["told_as"], shown["remark"]) == ("note", made["remark"])
    execute(sent, noted=False)
    shown = merchant.get(f"/fulfillments/{made['id']}")
    assert (shown["told_as"], shown["remark"]) == ("fulfillment", None)


def test_what_a_shipment_waits_for(merchant: Caller, connection: Connection, books: Books) -> None:
    order, line = books.order_ids[0], line_of(merchant, books.order_ids[0])["id"]
    first, second = (
        ship(merchant, order, key=key, lines=[{"order_line_id": line, "quantity": 1}]).json()["id"]
        for key in ("first", "second")
    )

    def waits() -> list[str | None]:
        return [merchant.get(f"/fulfillments/{each}")["waits_for"] for each in (first, second)]

    assert waits() == [None, "earlier_shipment"]
    assert merchant.post(f"/connections/{connection.id}/pause").status_code == 200
    assert waits() == ["connection_paused"] * 2
    execute("UPDATE connections SET state = 'disconnected'")
    assert waits() == ["connection_disconnected"] * 2
    execute("UPDATE connections SET state = 'active'")
    assert merchant.post("/account/stop-writes").status_code == 200
    assert waits() == ["writes_stopped"] * 2
    execute("UPDATE fulfillments SET state = 'failed'")
    assert waits() == [None, None]


def test_the_list_is_paged_newest_first(merchant: Caller, books: Books) -> None:
    order = books.order_ids[0]
    made = []
    for n in range(5):
        made.append(ship(merchant, order, key=f"k{n}").json()["id"])
        assert merchant.post(f"/fulfillments/{made[-1]}/cancel").status_code == 200
    pages, cursor = [], None
    while True:
        page = merchant.get(f"/orders/{order}/fulfillments", limit=2, cursor=cursor)
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]
    assert merchant.get(f"/orders/{books.order_ids[1]}/fulfillments") == {"items": [], "next": None}


def test_refusals_have_codes_of_their_own(merchant: Caller, books: Books) -> None:
    order, other = books.order_ids
    line = line_of(merchant, order)["id"]
    too_many = ship(merchant, order, lines=[{"order_line_id": line, "quantity": 3}])
    assert refused(too_many) == (409, "quantity_exceeds_open")
    assert too_many.json()["errors"] == {str(line): "2 units are left to ship."}
    elsewhere = [{"order_line_id": line_of(merchant, other)["id"], "quantity": 1}]
    assert refused(ship(merchant, order, lines=elsewhere)) == (422, "unknown_order_line")
    twice = [{"order_line_id": line, "quantity": 1}] * 2
    assert refused(ship(merchant, order, lines=twice)) == (422, "invalid_input")
    assert refused(ship(merchant, order, tracking_url="https://x.example")) == (422, "invalid_input")
    assert refused(ship(merchant, order, lines=[])) == (422, "invalid_input")
    assert refused(merchant.post(f"/orders/{order}/fulfillments", {})) == (422, "invalid_input")
    made = ship(merchant, order).json()["id"]
    assert refused(ship(merchant, order, key="more")) == (409, "nothing_to_fulfill")
    assert refused(ship(merchant, order, carrier="other")) == (409, "conflict")
    assert refused(ship(merchant, other)) == (409, "conflict")
    assert refused(merchant.post(f"/fulfillments/{made}/retry")) == (409, "conflict")
    execute("UPDATE fulfillments SET state = 'sending'")
    assert refused(merchant.post(f"/fulfillments/{made}/cancel")) == (409, "fulfillment_being_sent")
    execute("UPDATE orders SET state = 'cancelled'")
    assert refused(ship(merchant, other, key="late")) == (409, "order_cancelled")


def test_a_failed_one_is_tried_again_or_given_up(merchant: Caller, books: Books) -> None:
    order = books.order_ids[0]
    made = ship(merchant, order).json()["id"]
    failed = "UPDATE fulfillments SET state = 'failed', error_code = 'x', error = 'No.'"
    execute(failed)
    assert line_of(merchant, order)["open_quantity"] == 2
    execute(
        "INSERT INTO events (account_id, kind, connection_id, order_id, raised_at)"
        " SELECT account_id, 'fulfillment_failed', connection_id, id, now() FROM orders WHERE id = :o",
        o=order,
    )
    (event,) = merchant.get("/event-log", kind="fulfillment_failed", open=True)["items"]
    assert (event["order_id"], event["order_number"]) == (order, "#1000")
    again = merchant.post(f"/fulfillments/{made}/retry").json()
    assert (again["state"], again["error_code"], again["error"]) == ("pending", "", "")
    assert merchant.get("/event-log", kind="fulfillment_failed", open=True)["items"] == []
    execute(failed)
    assert merchant.post(f"/fulfillments/{made}/cancel").json()["state"] == "cancelled"
    assert merchant.post(f"/fulfillments/{made}/cancel").json()["state"] == "cancelled"
    actions = [row.action for row in rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions == ["fulfillment.created", "fulfillment.retried", "fulfillment.cancelled"]


def test_another_merchants_orders_and_shipments_are_not_there(
    merchant: Caller, make_merchant: Callable[[], Caller], books: Books
) -> None:
    made = ship(merchant, books.order_ids[0]).json()["id"]
    stranger = make_merchant()
    for method, path in (
        ("POST", f"/orders/{books.order_ids[1]}/fulfillments"),
        ("GET", f"/orders/{books.order_ids[0]}/fulfillments"),
        ("GET", f"/fulfillments/{made}"),
        ("POST", f"/fulfillments/{made}/retry"),
        ("POST", f"/fulfillments/{made}/cancel"),
    ):
        document = {"key": "k"} if path.startswith("/orders") and method == "POST" else None
        assert refused(stranger.call(method, path, json=document)) == (404, "not_found")


def test_viewers_look_and_staff_ships(
    merchant: Caller, make_member: Callable[[int, str], Caller], books: Books
) -> None:
    order = books.order_ids[0]
    viewer, staff = (make_member(merchant.account_id, role) for role in ("viewer", "staff"))
    assert refused(ship(viewer, order)) == (403, "forbidden")
    made = ship(staff, order).json()["id"]
    assert len(viewer.get(f"/orders/{order}/fulfillments")["items"]) == 1
    for act in ("retry", "cancel"):
        assert refused(viewer.post(f"/fulfillments/{made}/{act}")) == (403, "forbidden")
    asked = {name: POLICY[f"fulfillments.{name}"] for name in ("fulfill", "get_fulfillment")}
    assert asked == {"fulfill": RANKS["staff"], "get_fulfillment": RANKS["viewer"]}
