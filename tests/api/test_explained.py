"""The ledger's movements by every filter, and why a number is what it is or was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Connection
from tests.api.books import Books, drift, keep_books
from tests.api.conftest import Caller, execute, rows
from tests.api.many_orders import counted, move


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


@pytest.fixture
def books(connection: Connection) -> Books:
    """Two variants, 40 movements each besides their openings."""
    kept = keep_books(connection, variants=2, orders=0)
    for variant_id in kept.variant_ids:
        move(connection, variant_id, kept.location_id, 40)
    return kept


def walked(caller: Caller, path: str, limit: int, **query: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        answer = caller.get(path, limit=limit, cursor=cursor, **query)
        found += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            return found


def test_movements_of_all_variants_are_walked_once_newest_first_while_others_are_booked(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    there = {row["id"] for row in walked(merchant, "/stock/movements", 250)}
    assert len(there) == 82
    seen, cursor, booked = [], None, 41
    while True:
        answer = merchant.get("/stock/movements", limit=7, cursor=cursor)
        seen += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
        move(connection, books.variant_ids[0], books.location_id, 1, start=booked)
        booked += 1
    ids = [row["id"] for row in seen]
    assert len(ids) == len(set(ids))
    assert there <= set(ids)
    order = [(row["booked_at"], row["id"]) for row in seen]
    assert order == sorted(order, reverse=True)


def test_movements_by_every_filter(merchant: Caller, books: Books) -> None:
    one, _other = books.variant_ids
    of_one = f"/stock/{one}/movements"
    early = {"booked_from": "2026-01-01T00:11:00Z", "booked_to": "2026-01-01T00:21:00Z"}
    for path, factor in (("/stock/movements", 2), (of_one, 1)):
        assert len(walked(merchant, path, 9)) == 41 * factor
        assert len(walked(merchant, path, 3, cause="adjustment")) == 4 * factor
        assert len(walked(merchant, path, 9, cause=["adjustment", "import"])) == 5 * factor
        assert len(walked(merchant, path, 9, **early)) == 10 * factor
        assert len(walked(merchant, path, 9, **early, cause="adjustment")) == 1 * factor
        assert len(walked(merchant, path, 9, location_id=books.location_id)) == 41 * factor
        assert walked(merchant, path, 9, location_id=books.location_id + 1) == []
        assert walked(merchant, path, 9, cause="count") == []
    assert {row["variant_id"] for row in walked(merchant, of_one, 9)} == {one}
    assert {row["sku"] for row in walked(merchant, "/stock/movements", 9)} == {"CUP-0", "CUP-1"}
    for query in ({"cause": "magic"}, {"booked_from": "soon"}, {"cursor": "WzFd"}, {"location_id": 2**70}):
        assert merchant.call("GET", "/stock/movements", params=query).status_code == 422, query


def test_why_tells_what_led_to_a_number_of_now_or_then(
    merchant: Caller, connection: Connection, books: Books
) -> None:
    one = books.variant_ids[0]
    drift(connection, one, -2)
    lines = walked(merchant, f"/stock/{one}/why", 5)
    assert len(lines) == 42
    assert {line["kind"] for line in lines} == {"movement", "drift"}
    assert any("showed a change of -2 that no order or write explains" in line["text"] for line in lines)
    then = walked(merchant, f"/stock/{one}/why", 5, at="2026-01-01T00:15:30Z")
    assert len(then) == 15
    assert then[0]["committed_after"] == 15


def test_a_listing_is_explained_by_its_own_numbers_and_its_variants_movements(
    merchant: Caller,
    connection: Connection,
    books: Books,
    make_connection: Callable[..., Connection],
) -> None:
    one = books.variant_ids[0]
    for shop, told in ((connection, 7), (make_connection(merchant.account_id), 4)):
        execute(
            """
            INSERT INTO stock_cells (account_id, connection_id, external_stock_id, location_id, variant_id)
            SELECT account_id, CAST(:shop AS bigint), 's' || :v, location_id, variant_id FROM stock_levels
            WHERE variant_id = :v ON CONFLICT DO NOTHING
            """,
            shop=shop.id,
            v=one,
        )
        execute(
            """
            INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
                from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at)
            SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 10, :told, 1, 'applied',
                now(), now()
            FROM stock_cells WHERE connection_id = :shop AND variant_id = :v
            """,
            shop=shop.id,
            v=one,
            told=told,
        )
    [(listing,)] = rows("SELECT id FROM listings WHERE variant_id = :id", id=one)
    lines = walked(merchant, f"/listings/{listing}/why", 50)
    assert [line["text"] for line in lines if line["kind"] == "write"] == [
        "Shop was told to show 7 instead of 10: done"
    ]
    assert len(lines) == 42
    whole = walked(merchant, f"/stock/{one}/why", 50)
    assert [line["kind"] for line in whole].count("write") == 2
    execute("UPDATE listings SET variant_id = NULL, unlinked_reason = 'no_sku'")
    assert walked(merchant, f"/listings/{listing}/why", 50) == []


def test_stock_as_it_was(merchant: Caller, books: Books) -> None:
    then = walked(merchant, "/stock/as-of", 1, at="2026-01-01T00:15:30+00:00")
    assert [(row["variant_id"], row["on_hand"], row["committed"]) for row in then] == [
        (variant_id, 10, 15) for variant_id in books.variant_ids
    ]
    [only] = merchant.get("/stock/as-of", at="2026-01-01T00:15:30Z", variant_id=books.variant_ids[1])["items"]
    assert only["sku"] == "CUP-1"
    assert merchant.get("/stock/as-of", at="2020-01-01T00:00:00Z")["items"] == []
    for query in ({}, {"at": "x"}, {"at": "2026-01-01"}):
        assert merchant.call("GET", "/stock/as-of", params=query).status_code == 422


def test_nobody_is_told_of_the_stock_of_another_merchant(
    make_merchant: Callable[[], Caller], books: Books
) -> None:
    stranger = make_merchant()
    [(listing,)] = rows("SELECT id FROM listings ORDER BY id LIMIT 1")
    one = books.variant_ids[0]
    for path in (f"/stock/{one}/why", f"/stock/{one}/movements", f"/listings/{listing}/why"):
        assert stranger.call("GET", path).status_code == 404, path
    assert stranger.get("/stock/movements")["items"] == []
    assert stranger.get("/stock/movements", location_id=books.location_id)["items"] == []
    assert stranger.get("/stock/as-of", at="2026-06-01T00:00:00Z", variant_id=one)["items"] == []


def test_what_these_lists_cost_does_not_depend_on_what_is_in_them(
    merchant: Caller, make_merchant: Callable[[], Caller], books: Books
) -> None:
    stranger = make_merchant()
    for path, query in (("/stock/movements", {}), ("/stock/as-of", {"at": "2026-06-01T00:00:00Z"})):
        assert counted(lambda path=path, query=query: merchant.get(path, **query)) == counted(  # type: ignore[misc]
            lambda path=path, query=query: stranger.get(path, **query)  # type: ignore[misc]
        )
