"""Every list of the catalog is read by an index, whatever is asked of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import Connection
from app.services.queries import imports, stock, variants
from app.services.queries.connections import search_listings
from tests.api.books import keep_books
from tests.api.conftest import Caller, execute

BIG = {
    "variants",
    "listings",
    "listing_prices",
    "stock_cells",
    "stock_levels",
    "bundle_components",
    "events",
    "products",
    "csv_import_rows",
}
LISTS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    *(
        (variants.variants, {"sort": sort, "archived": False, name: wanted})
        for sort in ("id", "-sku", "title")
        for name, wanted in itertools.product(
            ("has_listings", "is_bundle", "low_stock", "out_of_stock", "differs"), (True, False)
        )
    ),
    (variants.variants, {"q": "cup", "sort": "title"}),
    (variants.variants, {"q": "cup"}),
    (variants.variants, {"sku": "CUP-1"}),
    (variants.products, {}),
    *((search_listings, {"cell_state": state}) for state in ("active", "waiting", "failed")),
    *((search_listings, {"linked": linked}) for linked in (True, False)),
    *((search_listings, {"price_waits": waits}) for waits in (True, False)),
    (search_listings, {"price_waits": True, "connection_id": 1}),
    (search_listings, {"reason": "no_sku"}),
    (search_listings, {"q": "cup"}),
    (search_listings, {"q": "cup", "connection_id": 1, "linked": True}),
    (search_listings, {"connection_id": 1}),
    (search_listings, {"variant_id": 1}),
    (imports.imports, {}),
]


@pytest.fixture
def sent() -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("listed", "asked"), LISTS)
def test_a_list_is_read_by_an_index(
    merchant: Caller,
    make_connection: Callable[..., Connection],
    sent: list[tuple[str, Any]],
    listed: Callable[..., Any],
    asked: dict[str, Any],
) -> None:
    """Our connections have tables read whole only where no index serves (app/plans.py), so that a plan tells
    for tables of any size."""
    keep_books(make_connection(merchant.account_id), variants=3)
    sent.clear()
    listed(merchant.account_id, limit=2, **asked)
    [(statement, parameters)] = sent
    assert read_whole(statement, parameters) & BIG == set()


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "sku", "archived": False},
        {"sort": "-title", "connection_id": 1},
        {"sort": "sku", "connection_id": 1, "has_listings": True, "low_stock": True, "is_bundle": False},
        {"sort": "sku", "location_id": 1, "out_of_stock": True, "differs": True},
        {"sort": "sku", "location_id": 1, "out_of_stock": False, "differs": False},
        {"q": "cup", "sort": "sku"},
        {"variant_ids": [1, 2]},
    ],
)
def test_stock_is_listed_and_counted_by_an_index(
    merchant: Caller,
    make_connection: Callable[..., Connection],
    sent: list[tuple[str, Any]],
    asked: dict[str, Any],
) -> None:
    keep_books(make_connection(merchant.account_id), variants=3)
    sent.clear()
    stock.stock(merchant.account_id, limit=2, **asked)
    stock.count(merchant.account_id, **{name: value for name, value in asked.items() if name != "sort"})
    assert len(sent) >= 3
    for statement, parameters in list(sent):
        assert read_whole(statement, parameters) & BIG == set(), statement


def test_the_rows_of_an_import_are_read_by_an_index(merchant: Caller, sent: list[tuple[str, Any]]) -> None:
    execute(
        "INSERT INTO csv_imports (account_id, kind, file_name, actor) VALUES (:a, 'catalog', '', 'cli')",
        a=merchant.account_id,
    )
    [imported] = imports.imports(merchant.account_id, limit=1).items
    for outcome in (None, "fault"):
        sent.clear()
        imports.import_rows(merchant.account_id, imported["id"], outcome=outcome, limit=2)
        assert read_whole(*sent[-1]) & BIG == set()


def read_whole(statement: str, parameters: Any) -> set[str]:
    """The tables that a plan of the statement reads from end to end."""
    with db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT json) {statement}", parameters).scalar_one()

    def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for below in node.get("Plans", []):
            yield from nodes(below)

    found = plan if isinstance(plan, list) else json.loads(plan)
    return {node["Relation Name"] for node in nodes(found[0]["Plan"]) if node["Node Type"] == "Seq Scan"}
