"""Files of orders, movements and stock: what is in them, whole and harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.csv_cells import plain
from app.models import Connection
from app.services.queries import exports
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute
from tests.api.many_orders import place


@pytest.fixture
def connection(merchant: Caller, make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(merchant.account_id)


def file_of(caller: Caller, path: str, **query: Any) -> list[dict[str, str]]:
    answer = caller.call("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline="")))


def test_a_file_of_orders_says_what_the_list_says(
    merchant: Caller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 7)
    place(connection, 45)
    for query in ({}, {"state": ["open", "cancelled"]}, {"q": "mug-1"}, {"is_test": "true"}):
        listed = merchant.get("/orders", limit=250, **query)["items"]
        written = file_of(merchant, "/orders.csv", **query)
        assert [int(row["id"]) for row in written] == [order["id"] for order in listed]
        for row, order in zip(written, listed, strict=True):
            assert int(row["total_minor"]) == order["total_minor"]
            assert row["placed_at"] == order["placed_at"]
            assert plain(row["number"]) == order["number"]
            assert row["is_test"] == ("true" if order["is_test"] else "false")
            assert row["review_reason"] == (order["review_reason"] or "")
    assert "customer" not in merchant.call("GET", "/orders.csv").text


def test_a_file_of_lines_has_each_line_once_and_comes_back_as_it_was(
    merchant: Caller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 4)
    place(connection, 10)
    execute(
        "UPDATE order_lines SET discount_minor = -5, title = E'  two\\nlines, \"quoted\"' WHERE sku = 'MUG-3'"
    )
    written = file_of(merchant, "/orders.csv", rows="lines")
    assert len(written) == len({row["line_id"] for row in written}) == 20
    listed = [order["id"] for order in merchant.get("/orders")["items"]]
    assert [int(row["order_id"]) for row in written[::2]] == listed
    for order_id in listed:
        for line in merchant.get(f"/orders/{order_id}")["lines"]:
            [row] = [row for row in written if row["line_id"] == str(line["id"])]
            assert (plain(row["sku"]), plain(row["title"])) == (line["sku"], line["title"])
            assert (int(row["quantity"]), int(row["line_discount_minor"])) == (
                line["quantity"],
                line["discount_minor"],
            )


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
def test_no_text_in_a_file_is_run_by_a_spreadsheet(
    merchant: Caller, connection: Connection, formula: str
) -> None:
    keep_books(connection)
    execute("UPDATE orders SET number = :text, external_id = :text, review_reason = :text", text=formula)
    execute("UPDATE order_lines SET sku = :text, title = :text", text=formula)
    execute("UPDATE variants SET sku = :text, title = :text", text=formula)
    execute("UPDATE locations SET name = :text", text=formula)
    for path, query in (
        ("/orders.csv", {}),
        ("/orders.csv", {"rows": "lines"}),
        ("/stock.csv", {}),
        ("/stock/movements.csv", {}),
    ):
        rows = file_of(merchant, path, **query)
        assert rows
        for row in rows:
            texts = [value for value in row.values() if formula.strip() in value]
            assert texts
            assert all(value.startswith("'") or value[0].isalnum() for value in texts), row
            assert all(plain(value) == formula for value in texts if value.startswith("'"))


def test_a_file_of_stock_has_every_level_and_numbers_below_zero_stay_numbers(
    merchant: Caller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    books = keep_books(connection, variants=5, orders=6)
    written = file_of(merchant, "/stock.csv")
    assert [int(row["variant_id"]) for row in written] == books.variant_ids
    assert (written[0]["on_hand"], written[0]["committed"], written[0]["available"]) == ("10", "12", "-2")
    assert len(file_of(merchant, "/stock.csv", location_id=books.location_id)) == 5
    assert file_of(merchant, "/stock.csv", location_id=books.location_id + 1) == []


def test_a_file_of_movements_says_what_the_list_says(
    merchant: Caller, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    books = keep_books(connection, variants=2, orders=6)
    for query in ({}, {"cause": "order"}, {"variant_id": books.variant_ids[1]}):
        written = file_of(merchant, "/stock/movements.csv", **query)
        one = query.get("variant_id")
        path = f"/stock/{one}/movements" if one else "/stock/movements"
        listed = merchant.get(path, **({} if one else query))["items"]
        assert [int(row["id"]) for row in written] == [row["id"] for row in listed]
        assert [row["text"] for row in written] == [row["text"] for row in listed]


def test_what_goes_wrong_before_the_first_row_is_a_problem(
    merchant: Caller, make_merchant: Callable[[], Caller], connection: Connection
) -> None:
    books = keep_books(connection)
    query = {"variant_id": books.variant_ids[0]}
    answer = make_merchant().call("GET", "/stock/movements.csv", params=query)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = merchant.call("GET", "/orders.csv", params={"rows": "boxes"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    answer = merchant.call("GET", "/orders.csv", params={"q": "\x00"})
    assert answer.status_code == 422


def test_files_of_nothing_have_their_columns(merchant: Caller) -> None:
    for path, columns in (
        ("/orders.csv", exports.ORDER_COLUMNS),
        ("/stock.csv", exports.STOCK_COLUMNS),
        ("/stock/movements.csv", exports.MOVEMENT_COLUMNS),
    ):
        assert merchant.call("GET", path).text == ",".join(columns) + "\r\n"
