"""Lists of orders: filters, sorts, search, sums; whose they are, and what they cost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from app.services.queries import order_lists, order_totals
from app.services.queries.order_filters import SORTS
from tests.api.conftest import Caller, execute, rows
from tests.api.many_orders import counted, place

KEYS = {"placed_at": "placed_at", "updated_at": "updated_at", "total": "total_minor"}
MANY = 600
NUMBERS = range(1, MANY + 1)


@pytest.fixture
def shop(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    connection = make_connection(merchant.account_id)
    place(connection, MANY)
    return connection


def walked(caller: Caller, limit: int = 250, **query: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        answer = caller.get("/orders", limit=limit, cursor=cursor, **query)
        assert len(answer["items"]) <= limit
        found += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return found


def numbers(orders: list[Any]) -> list[int]:
    return [int(order["external_id"][1:]) for order in orders]


@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_walks_through_all_orders_once_while_others_come_in(
    merchant: Caller, shop: Connection, sort: str
) -> None:
    there = {order["id"] for order in walked(merchant)}
    assert len(there) == MANY
    seen, cursor, newcomers = [], None, MANY + 1
    while True:
        answer = merchant.get("/orders", sort=sort, limit=37, cursor=cursor)
        seen += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
        place(shop, 3, start=newcomers)
        newcomers += 3
    ids = [order["id"] for order in seen]
    assert len(ids) == len(set(ids))
    assert there <= set(ids)
    key = KEYS[sort.removeprefix("-")]
    order_of = [(order[key], order["id"]) for order in seen]
    assert order_of == sorted(order_of, reverse=sort.startswith("-"))


FILTERS: list[tuple[dict[str, Any], Callable[[int], bool]]] = [
    ({"state": "open"}, lambda n: n % 10 == 0),
    ({"state": ["open", "cancelled"]}, lambda n: n % 10 == 0 or n % 15 == 0),
    ({"state": "trashed"}, lambda n: False),
    ({"payment": "pending"}, lambda n: n % 4 == 0),
    ({"payment": ["pending", "paid"], "state": "open"}, lambda n: n % 10 == 0),
    ({"payment": "pending", "state": "open"}, lambda n: n % 20 == 0),
    ({"needs_review": "true"}, lambda n: n % 40 == 0),
    ({"needs_review": "false"}, lambda n: n % 40 != 0),
    ({"needs_review": "true", "is_test": "true"}, lambda n: n % 200 == 0),
    ({"is_test": "true", "state": "open"}, lambda n: n % 50 == 0),
    ({"is_test": "false", "payment": "pending"}, lambda n: n % 50 != 0 and n % 4 == 0),
    ({"placed_from": "2026-01-01T02:00:00Z"}, lambda n: n // 2 >= 60),
    ({"placed_to": "2026-01-01T02:00:00Z"}, lambda n: n // 2 < 60),
    (
        {
            "placed_from": "2026-01-01T01:00:00+01:00",
            "placed_to": "2026-01-01T02:00:00+00:00",
            "state": "open",
        },
        lambda n: n // 2 < 60 and n % 10 == 0,
    ),
    ({"q": "#1001"}, lambda n: n == 1),
    ({"q": "101"}, lambda n: 10 <= n < 20),
    ({"q": "mug-7"}, lambda n: n % 100 == 7 or 70 <= n % 100 < 80),
    ({"q": "mug-7", "payment": "pending"}, lambda n: (70 <= n % 100 < 80 or n % 100 == 7) and n % 4 == 0),
    ({"q": "=cup"}, lambda n: True),
    ({"q": "c1"}, lambda n: n % 100 == 20),
    ({"q": "c1", "needs_review": "true"}, lambda n: n % 100 == 20 and n % 40 == 0),
    ({"q": "nothing"}, lambda n: False),
    ({"q": "%"}, lambda n: False),
    ({"q": " "}, lambda n: True),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS, ids=[str(query) for query, _ in FILTERS])
def test_filters_find_what_they_say_in_every_sort_and_so_do_the_totals(
    merchant: Caller, shop: Connection, query: dict[str, Any], expected: Callable[[int], bool]
) -> None:
    wanted = [n for n in NUMBERS if expected(n)]
    for sort in SORTS:
        found = walked(merchant, sort=sort, limit=100, **query)
        assert sorted(numbers(found)) == wanted, sort
    totals = merchant.get("/orders/totals", **query)
    assert (totals["count"], totals["at_least"]) == (len(wanted), False)
    assert {row["currency"]: (row["orders"], row["total_minor"]) for row in totals["revenue"]} == {
        currency: (len(of), sum(n * 7919 % 1000 for n in of))
        for currency, of in (
            ("EUR", [n for n in wanted if n % 7]),
            ("USD", [n for n in wanted if n % 7 == 0]),
        )
        if of
    }


def test_orders_of_one_connection(
    merchant: Caller, shop: Connection, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(merchant.account_id)
    place(other, 3)
    for query in ({}, {"q": "=cup"}, {"is_test": "false"}):
        assert len(walked(merchant, connection_id=other.id, **query)) == 3
        assert merchant.get("/orders/totals", connection_id=other.id, **query)["count"] == 3
    assert len(walked(merchant)) == MANY + 3


def test_customers_are_found_by_their_whole_address_until_they_are_erased(
    merchant: Caller, shop: Connection
) -> None:
    execute(
        "UPDATE orders SET customer_key = :key WHERE external_id IN ('o5', 'o6')",
        key=hashlib.sha256(b"mia@example.com").hexdigest(),
    )
    assert numbers(walked(merchant, q=" Mia@Example.com ")) == [6, 5]
    assert walked(merchant, q="mia@") == []
    execute("UPDATE orders SET customer_key = NULL")  # as the privacy requests do
    assert walked(merchant, q="mia@example.com") == []


@pytest.mark.parametrize("sort", SORTS)
def test_a_term_that_many_orders_match_is_walked_for_a_stretch_at_a_time(
    merchant: Caller, shop: Connection, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_lists, "FEW", 20)
    monkeypatch.setattr(order_lists, "STRETCH", 50)
    for term, expected in (
        ("mug-1", lambda n: n % 100 == 1 or 10 <= n % 100 < 20),
        ("10", lambda n: n < 100),
        ("=cup", lambda _n: True),
    ):
        found = walked(merchant, q=term, sort=sort, limit=20)
        assert sorted(numbers(found)) == [n for n in NUMBERS if expected(n)]
        key = KEYS[sort.removeprefix("-")]
        order_of = [(order[key], order["id"]) for order in found]
        assert order_of == sorted(order_of, reverse=sort.startswith("-"))
    assert merchant.get("/orders", q="10", limit=20)["items"] == []
    assert merchant.get("/orders", q="10", limit=20)["next"] is not None
    assert merchant.get("/orders", q="=cup", state="trashed") == {"items": [], "next": None}
    totals = merchant.get("/orders/totals", q="=cup")
    assert (totals["count"], totals["at_least"]) == (20, True)


def test_totals_say_when_they_did_not_count_all(
    merchant: Caller, shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_totals, "MOST_COUNTED", 10)
    totals = merchant.get("/orders/totals", needs_review="true")
    assert (totals["count"], totals["at_least"]) == (10, True)
    assert merchant.get("/orders/totals", needs_review="true", is_test="true")["at_least"] is False
    assert merchant.get("/orders/totals")["count"] == MANY


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"},
        {"payment": "nonsense"},
        {"placed_from": "yesterday"},
        {"placed_from": "2026-01-01T00:00:00"},
        {"q": "x" * 101},
        {"q": "\x00"},
        {"needs_review": "maybe"},
        {"state": ["open"] * 5},
        {"connection_id": 2**70},
        {"unknown": "1"},
    ],
)
def test_what_no_filter_understands_is_refused(merchant: Caller, query: dict[str, Any]) -> None:
    for path in ("/orders", "/orders/totals", "/orders.csv"):
        answer = merchant.call("GET", path, params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), path


def test_an_unknown_sort_is_refused(merchant: Caller) -> None:
    assert merchant.call("GET", "/orders", params={"sort": "id"}).status_code == 422


def test_a_cursor_of_another_sort_is_refused(merchant: Caller, shop: Connection) -> None:
    cursor = merchant.get("/orders", limit=1)["next"]
    for sort in SORTS[1:]:
        answer = merchant.call("GET", "/orders", params={"cursor": cursor, "sort": sort})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_nobody_sees_or_counts_the_orders_of_another_merchant(
    make_merchant: Callable[[], Caller], shop: Connection
) -> None:
    stranger = make_merchant()
    [(one,)] = rows("SELECT id FROM orders ORDER BY id LIMIT 1")
    for query in (
        {},
        {"q": "mug-7"},
        {"q": "c1"},
        {"q": "10"},
        {"is_test": "true"},
        {"connection_id": shop.id},
    ):
        assert walked(stranger, **query) == []
        assert stranger.get("/orders/totals", **query) == {"count": 0, "at_least": False, "revenue": []}
        assert stranger.call("GET", "/orders.csv", params=query).text.count("\n") == 1
    for path in (f"/orders/{one}", f"/orders/{one}/timeline"):
        assert stranger.call("GET", path).status_code == 404


def test_what_a_list_costs_does_not_depend_on_what_is_in_it(merchant: Caller, shop: Connection) -> None:
    empty = counted(lambda: merchant.get("/orders", q="nothing"))
    for query in ({}, {"sort": "total"}, {"state": ["open", "cancelled"]}, {"q": "mug-7", "limit": 250}):
        assert counted(lambda query=query: merchant.get("/orders", **query)) <= empty  # type: ignore[misc]
    for query in ({}, {"state": ["open", "cancelled"]}, {"q": "mug-7"}):
        assert counted(lambda query=query: merchant.get("/orders/totals", **query)) <= empty + 1  # type: ignore[misc]
