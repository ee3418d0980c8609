"""What somebody should know of, as the API shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.models import Connection
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


def test_happenings_come_newest_first_and_can_be_asked_for_by_kind_and_by_whether_they_are_over(
    merchant: Caller, connection: Connection
) -> None:
    books = keep_books(connection, variants=3, orders=6)
    execute("UPDATE events SET cleared_at = now() WHERE variant_id = :id", id=books.variant_ids[1])

    everything = merchant.get("/event-log")["items"]
    assert [row["kind"] for row in everything].count("low_stock") == 3
    assert [row["kind"] for row in everything].count("oversold") == 1
    ids = [row["id"] for row in everything]
    assert ids == sorted(ids, reverse=True)

    (oversold,) = merchant.get("/event-log", kind="oversold")["items"]
    assert (oversold["sku"], oversold["detail"], oversold["cleared_at"]) == ("CUP-0", {"available": -2}, None)
    assert merchant.get("/event-log", kind="brake")["items"] == []
    (over,) = merchant.get("/event-log", open="false")["items"]
    assert (over["variant_id"], over["kind"]) == (books.variant_ids[1], "low_stock")
    assert over["cleared_at"] is not None
    still = merchant.get("/event-log", open="true")["items"]
    assert sorted(row["id"] for row in [*still, over]) == sorted(ids)
    assert len(merchant.get("/event-log", open="true", kind="low_stock")["items"]) == 2


def test_pages_of_happenings_neither_repeat_nor_skip_one(merchant: Caller, connection: Connection) -> None:
    keep_books(connection, variants=5, orders=0)
    seen, cursor = [], None
    while True:
        answer = merchant.get("/event-log", limit=2, cursor=cursor)
        seen += [row["id"] for row in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_an_unknown_kind_is_refused(merchant: Caller) -> None:
    assert merchant.call("GET", "/event-log", params={"kind": "nonsense"}).status_code == 422


def test_webhook_days_come_last_day_first(
    merchant: Caller, connection: Connection, make_connection: Callable[..., Connection]
) -> None:
    other = make_connection(merchant.account_id)
    for owner, days in ((connection, 3), (other, 1)):
        execute(
            """
            INSERT INTO webhook_days (account_id, connection_id, day, announced, missed)
            SELECT :account, :connection, CAST('2026-11-20' AS date) + n, 10 + n, n
            FROM generate_series(1, :days) AS n
            """,
            account=owner.account_id,
            connection=owner.id,
            days=days,
        )
    path = f"/connections/{connection.id}/webhook-days"
    first = merchant.get(path, limit=2)
    assert first["items"] == [
        {"day": "2026-11-23", "announced": 13, "missed": 3},
        {"day": "2026-11-22", "announced": 12, "missed": 2},
    ]
    rest = merchant.get(path, limit=2, cursor=first["next"])
    assert ([row["day"] for row in rest["items"]], rest["next"]) == (["2026-11-21"], None)
    answer = merchant.call("GET", path, params={"cursor": "WyJ4Il0"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_nobody_sees_what_happened_to_another_merchant(
    make_merchant: Callable[[], Caller], connection: Connection
) -> None:
    keep_books(connection)
    stranger = make_merchant()
    assert stranger.get("/event-log")["items"] == []
    assert stranger.call("GET", f"/connections/{connection.id}/webhook-days").status_code == 404
