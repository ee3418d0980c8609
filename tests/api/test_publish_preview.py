"""Asking what shops would show under other rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, rows


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    return keep_books(connection, variants=3, orders=0)


def asked(caller: Caller, query: str = "", **rules: Any) -> Any:
    return caller.call("POST", f"/publishing/preview{query}", json=rules)


def test_what_would_be_shown_is_told_page_by_page_and_nothing_is_saved(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    rules = {"safety_stock": 3, "connections": [{"id": connection.id, "cap": 5}]}
    first = asked(merchant, "?limit=2", **rules).json()
    assert first["counts"] == {"raised": 0, "lowered": 3, "to_zero": 0, "unchanged": 0}
    assert [(row["old"], row["new"]) for row in first["items"]] == [(10, 5), (10, 5)]
    assert first["items"][0]["causes"] == ["safety stock: 3 instead of 0", "cap: 5 instead of none"]
    assert first["items"][0]["connection_name"] == connection.name
    second = asked(merchant, f"?limit=2&cursor={first['next']}", **rules).json()
    assert (len(second["items"]), second["next"], second["counts"]) == (1, None, None)
    assert merchant.get("/account")["safety_stock"] == 0
    assert rows("SELECT id FROM audit_log") == []


def test_a_listings_null_takes_its_connections_rule_again(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    [listing, *_] = merchant.get(f"/connections/{connection.id}/listings")["items"]
    merchant.call("PATCH", f"/listings/{listing['id']}", json={"cap": 2})
    [row] = asked(merchant, listings=[{"id": listing["id"], "cap": None}]).json()["items"]
    assert (row["listing_id"], row["old"], row["new"]) == (listing["id"], 2, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"safety_stock": "3"},
        {"safety_stock": -1},
        {"price": 3},
        {"connections": [{"share_percent": 5}]},
        {"connections": [{"id": 1, "share_percent": 101}]},
        {"connections": [{"id": 1, "share_percent": None}]},
        {"connections": [{"id": 1, "cap": 1}, {"id": 1, "cap": 2}]},
        {"listings": [{"id": 1, "buffer": -1}]},
        {"listings": [{"id": 1, "factor": 2}]},
        {"listings": [{"id": 2**63, "buffer": 1}]},
    ],
)
def test_rules_that_could_not_be_saved_are_refused(merchant: Caller, wrong: dict[str, Any]) -> None:
    answer = asked(merchant, **wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"] or answer.json()["errors"]


def test_nobody_asks_about_anothers_shops(
    merchant: Caller, connection: Connection, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    stranger = make_merchant()
    [listing, *_] = merchant.get(f"/connections/{connection.id}/listings")["items"]
    assert asked(stranger, connections=[{"id": connection.id, "cap": 1}]).status_code == 404
    assert asked(stranger, listings=[{"id": listing["id"], "cap": 1}]).status_code == 404
    assert asked(stranger, safety_stock=3).json()["items"] == []
