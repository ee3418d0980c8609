"""Lists of stock by filter and sort, how many there are, and how much there was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.models import Connection
from app.services.queries import stock_history, variant_filters
from tests.api.books import Books, keep_books
from tests.api.conftest import Caller, execute, rows


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(merchant: Caller, connection: Connection) -> Books:
    """CUP-0, which has a buyer, CUP-1 and CUP-2."""
    return keep_books(connection, variants=3)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def skus(caller: Caller, **query: Any) -> list[str]:
    """Page by page, to the end."""
    found, cursor = [], {}
    while True:
        page = caller.get("/stock", limit=2, **cursor, **query)
        found += [row["sku"] for row in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("sort", ["id", "-id", "sku", "-sku", "title", "-title"])
def test_stock_is_sorted_over_all_pages(merchant: Caller, books: Books, sort: str) -> None:
    upward = ["CUP-0", "CUP-1", "CUP-2"]
    assert skus(merchant, sort=sort) == (upward[::-1] if sort.startswith("-") else upward)
    cursor = merchant.get("/stock", sort=sort, limit=1)["next"]
    other = "title" if sort != "title" else "sku"
    query = {"sort": other, "cursor": cursor}
    assert refused(merchant.call("GET", "/stock", params=query))[1] == "invalid_cursor"


def test_filters_of_stock_are_those_of_variants_and_counted_alike(
    merchant: Caller, books: Books, make_connection: Callable[..., Connection]
) -> None:
    [_, sold, other] = books.variant_ids
    elsewhere = make_connection(merchant.account_id)
    execute("UPDATE stock_cells SET connection_id = :c WHERE variant_id = :v", c=elsewhere.id, v=other)
    execute("UPDATE variants SET archived_at = now() WHERE id = :v", v=sold)
    expected = {
        (): ["CUP-0", "CUP-1", "CUP-2"],
        (("archived", "no"),): ["CUP-0", "CUP-2"],
        (("archived", "yes"),): ["CUP-1"],
        (("connection_id", elsewhere.id),): ["CUP-2"],
        (("connection_id", elsewhere.id + 1),): [],
        (("q", "up-2"),): ["CUP-2"],
        (("has_listings", "false"),): [],
        (("is_bundle", "true"),): [],
    }
    for query, found in expected.items():
        assert skus(merchant, **dict(query)) == found, query
        assert merchant.get("/stock/count", **dict(query)) == {"count": len(found), "at_least": False}, query
    shown = merchant.get("/stock", variant_id=[other, books.variant_ids[0]])["items"]
    assert [row["sku"] for row in shown] == ["CUP-0", "CUP-2"]


def test_stock_is_filtered_by_what_is_left_where_and_by_what_shops_show(
    merchant: Caller, books: Books, make_connection: Callable[..., Connection]
) -> None:
    def found(**query: Any) -> list[str]:
        listed = skus(merchant, **query)
        assert merchant.get("/stock/count", **query)["count"] == len(listed)
        return listed

    everything = ["CUP-0", "CUP-1", "CUP-2"]
    first, _sold, last = books.variant_ids
    attic = merchant.post("/locations", {"name": "Attic"}).json()["id"]
    moved = {"from_location_id": books.location_id, "to_location_id": attic, "key": "k"}
    merchant.post("/stock/transfers", {**moved, "lines": [{"variant_id": last, "quantity": 4}]})
    assert found(location_id=attic) == ["CUP-2"]
    assert found(location_id=books.location_id) == everything
    assert found(location_id=attic + 1) == []

    gone = {"location_id": books.location_id, "reason": "lost"}
    merchant.post("/stock/adjustments", {"variant_id": first, **gone, "delta": -10, "key": "a"})
    merchant.post("/stock/adjustments", {"variant_id": last, **gone, "delta": -6, "key": "b"})
    assert found(out_of_stock="true") == ["CUP-0"]
    assert found(out_of_stock="false") == ["CUP-1", "CUP-2"]  # four of the last are in the attic

    right = "state = 'active', drift = 0, synced_version = wanted_version, dirty_since = NULL"
    in_step = f"UPDATE stock_cells SET {right}"
    execute(in_step)
    assert (found(differs="true"), found(differs="false")) == ([], everything)
    for change in (
        "drift = -1",
        "state = 'failed'",
        "state = 'waiting'",
        "wanted_version = wanted_version + 1, dirty_since = now()",
    ):
        execute(f"UPDATE stock_cells SET {change} WHERE variant_id = :v", v=last)
        assert (found(differs="true"), found(differs="false")) == (["CUP-2"], everything[:2]), change
        execute(in_step)
    execute("UPDATE stock_cells SET drift = 1")
    execute("UPDATE connections SET state = 'disconnected'")
    assert found(differs="true") == []


def test_no_filter_finds_what_is_anothers(
    merchant: Caller, books: Books, make_merchant: Callable[[], Caller]
) -> None:
    [(connection_id,)] = rows("SELECT id FROM connections WHERE account_id = :a", a=merchant.account_id)
    stranger = make_merchant()
    there = {"location_id": books.location_id}
    for query in ({"variant_id": books.variant_ids}, {"connection_id": connection_id}, {"q": "cup"}, there):
        assert stranger.get("/stock", **query)["items"] == []
    assert stranger.get("/stock/count", connection_id=connection_id)["count"] == 0
    assert refused(stranger.call("GET", f"/stock/{books.variant_ids[0]}/history"))[0] == 404


def test_what_is_more_than_is_counted_is_said_to_be(
    merchant: Caller, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variant_filters, "MOST_COUNTED", 2)
    assert merchant.get("/stock/count") == {"count": 2, "at_least": True}


@pytest.mark.parametrize(
    "query",
    ["variant_id=0", "variant_id=x", "connection_id=x", "sort=price", "archived=maybe", "has_listings=2"],
)
def test_nonsense_is_no_filter(merchant: Caller, query: str) -> None:
    assert refused(merchant.call("GET", f"/stock?{query}")) == (422, "invalid_input")


def test_a_channel_says_when_it_was_read_or_written_last(merchant: Caller, books: Books) -> None:
    def synced() -> str | None:
        found: str | None = merchant.get("/stock", limit=1)["items"][0]["channels"][0]["synced_at"]
        return found

    assert synced() is None
    execute("UPDATE stock_cells SET read_at = '2026-11-01T10:00Z'")
    assert synced() == "2026-11-01T10:00:00+00:00"
    for outcome, closed in (("applied", "2026-11-02T10:00Z"), ("rejected", "2026-11-03T10:00Z")):
        execute(
            """
            INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
                from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at, closed_at)
            SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 1, 2, 1, :outcome, now(),
                now(), CAST(:closed AS timestamptz)
            FROM stock_cells
            """,
            outcome=outcome,
            closed=closed,
        )
    assert synced() == "2026-11-02T10:00:00+00:00"


def book(variant_id: int, day: str, delta: int, after: int) -> None:
    """A movement as it would have been booked then."""
    execute(
        """
        INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
            on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
        SELECT account_id, id, variant_id, location_id, 'count', 'test:' || CAST(:day AS text), :delta, 0,
            :after, 1, now(), CAST(:day AS timestamptz)
        FROM stock_levels WHERE variant_id = :id
        """,
        day=day,
        delta=delta,
        after=after,
        id=variant_id,
    )


def history(caller: Caller, variant_id: int, first: str, last: str) -> list[int | None]:
    found = caller.get(f"/stock/{variant_id}/history", first=first, last=last)
    [level] = found["levels"]
    return [None if point is None else point["on_hand"] for point in level["points"]]


@pytest.fixture
def counted(merchant: Caller, connection: Connection) -> int:
    """A variant whose ledger begins on 3 November, in the merchant's evening of the 2nd."""
    [variant_id] = keep_books(connection, orders=0).variant_ids
    execute("UPDATE accounts SET time_zone = 'America/New_York' WHERE id = :a", a=merchant.account_id)
    execute("ALTER TABLE stock_movements DISABLE TRIGGER USER")
    execute("DELETE FROM stock_movements")
    execute("ALTER TABLE stock_movements ENABLE TRIGGER USER")
    for day, delta, after in (
        ("2026-11-03T02:00Z", 10, 10),
        ("2026-11-05T12:00Z", -3, 7),
        ("2026-11-05T13:00Z", -2, 5),
        ("2026-11-08T12:00Z", 1, 6),
    ):
        book(variant_id, day, delta, after)
    return variant_id


def test_a_history_has_what_there_was_at_the_end_of_each_of_the_merchants_days(
    merchant: Caller, counted: int
) -> None:
    assert history(merchant, counted, "2026-11-01", "2026-11-07") == [None, 10, 10, 10, 5, 5, 5]
    assert history(merchant, counted, "2026-11-07", "2026-11-09") == [5, 6, 6]
    found = merchant.get(f"/stock/{counted}/history", first="2026-11-05", last="2026-11-05")
    assert found["levels"][0]["points"] == [{"on_hand": 5, "committed": 1, "available": 4}]


def test_a_history_ends_with_the_day_that_it_is(merchant: Caller, counted: int) -> None:
    today = datetime.now(UTC).date()
    found = history(merchant, counted, str(today - timedelta(days=3)), str(today + timedelta(days=30)))
    assert 3 <= len(found) <= 4  # by the merchant's clock it may be the day before


def test_a_history_begins_where_too_many_movements_lie_before(
    merchant: Caller, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_history, "MOST_WALKED", 2)
    assert history(merchant, counted, "2026-11-01", "2026-11-09") == [None] * 4 + [5, 5, 5, 6, 6]


def test_a_history_is_of_something_and_of_days(merchant: Caller, counted: int) -> None:
    path = f"/stock/{counted}/history"
    for query in ("first=2026-11-09&last=2026-11-01", "first=2020-01-01&last=2026-01-01"):
        assert refused(merchant.call("GET", f"{path}?{query}")) == (422, "invalid_input")
    assert refused(merchant.call("GET", "/stock/999999/history")) == (404, "not_found")
    nothing = merchant.post("/variants", {"title": "New"}).json()["id"]
    assert merchant.get(f"/stock/{nothing}/history", first=str(date(2026, 11, 1)))["levels"] == []
