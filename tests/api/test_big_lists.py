"""What lists do on tables of some ten thousands: indexes, and the memory of files."""

from __future__ import annotations

import gc
import re
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from app.extensions import db
from app.models import Connection
from app.services.queries import exports, order_lists, timeline
from app.services.queries.events import events
from app.services.queries.movement_lists import MovementFilter, movements, movements_of
from app.services.queries.order_filters import SORTS, OrderFilter, Sort
from app.services.queries.order_lists import orders
from app.services.queries.order_totals import totals
from app.services.queries.stock import stock
from app.services.queries.why import as_of, why, why_listing
from app.services.rollups import fold
from app.services.rollups.fold import FOLDS
from tests.api.books import NOON, Books, keep_books
from tests.api.conftest import Caller, execute, rows
from tests.api.many_orders import move, place
from tests.api.test_dashboard import ROUTES as DASHBOARDS

BIG = (
    "orders",
    "order_lines",
    "stock_movements",
    "inbound_events",
    "push_attempts",
    "stock_levels",
    "stock_cells",
    "variants",
)
ORDERS = 20_000
IN_A_LONG_FILE = 7_000
ASKED = {
    "all": OrderFilter(),
    "state": OrderFilter(states=["open", "cancelled"], payments=["pending"]),
    "range": OrderFilter(placed_from=NOON.replace(month=1, day=5), placed_to=NOON.replace(month=1, day=6)),
    "review": OrderFilter(needs_review=True),
    "no_test": OrderFilter(is_test=False),
    "test": OrderFilter(is_test=True),
    "number": OrderFilter(q="10123"),
    "customer": OrderFilter(q="c1"),
    "sku": OrderFilter(q="mug-7"),
    "every_order": OrderFilter(q="=cup"),
}


@pytest.fixture
def books(merchant: Caller, make_connection: Callable[..., Connection]) -> Books:
    """Of a merchant beside a smaller one."""
    connection = make_connection(merchant.account_id)
    kept = keep_books(connection, variants=2)
    place(connection, ORDERS)
    place(make_connection(), 500)
    _more_of_all(connection)
    for variant_id in kept.variant_ids:
        move(connection, variant_id, kept.location_id, ORDERS // 2)
    vacuum()
    return kept


def vacuum() -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        session.execute(text("VACUUM ANALYZE"))


def _more_of_all(connection: Connection) -> None:
    """Variants with a level and a movement each, webhooks and writes."""
    given = {"account": connection.account_id, "connection": connection.id, "n": ORDERS // 2}
    execute(
        """
        INSERT INTO variants (account_id, product_id, title, currency)
        SELECT account_id, max(id), 'Cup', 'EUR' FROM products CROSS JOIN generate_series(1, CAST(:n AS int))
        WHERE account_id = :account GROUP BY account_id, generate_series
        """,
        **given,
    )
    execute(
        """
        INSERT INTO stock_levels (account_id, variant_id, location_id)
        SELECT v.account_id, v.id, p.id FROM variants v JOIN locations p ON p.account_id = v.account_id
        WHERE v.account_id = :account ON CONFLICT DO NOTHING
        """,
        **given,
    )
    execute(
        """
        INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
            on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at)
        SELECT account_id, id, variant_id, location_id, 'count', 'test:' || id, 1, 0, 1, 0, now()
        FROM stock_levels WHERE account_id = :account
        """,
        **given,
    )
    execute(
        """
        INSERT INTO inbound_events (account_id, connection_id, topic, dedupe_key, body, order_external_id)
        SELECT CAST(:account AS bigint), CAST(:connection AS bigint), 'orders', 'k' || n, '', 'o' || n
        FROM generate_series(1, CAST(:n AS int)) AS n
        """,
        **given,
    )
    execute(
        """
        INSERT INTO stock_cells (account_id, connection_id, external_stock_id, location_id, variant_id)
        SELECT account_id, CAST(:connection AS bigint), 'more' || id, location_id, variant_id
        FROM stock_levels WHERE account_id = :account
        """,
        **given,
    )
    execute(
        """
        INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
            from_quantity, to_quantity, wanted_version, outcome, started_at, deadline_at)
        SELECT account_id, connection_id, id, gen_random_uuid(), 1, 'set', 10, 9, 1, 'applied', now(), now()
        FROM stock_cells WHERE account_id = :account
        """,
        **given,
    )


@pytest.fixture
def plans() -> Iterator[list[str]]:
    """How each statement that is executed meanwhile would be planned if tables could be read whole."""
    found: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        with connection.connection.driver_connection.cursor() as beside:
            beside.execute("SET LOCAL enable_seqscan = on")
            beside.execute("SET LOCAL random_page_cost = 1.1")  # as on a solid-state disk
            beside.execute("EXPLAIN " + statement, parameters)
            found.append("\n".join(line for (line,) in beside.fetchall()))
            beside.execute("SET LOCAL enable_seqscan = off")

    event.listen(db.engine, "before_cursor_execute", explain)
    yield found
    event.remove(db.engine, "before_cursor_execute", explain)


def assert_indexed(plans: list[str]) -> None:
    assert plans
    for plan in plans:
        for table in BIG:
            assert not re.search(rf"Seq Scan on {table}(_\d+)?( |$)", plan), plan


def test_no_list_of_orders_reads_a_big_table_whole(
    merchant: Caller, books: Books, plans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_lists, "FEW", 1_000)
    for asked in ASKED.values():
        for sort in map(Sort, SORTS):
            found = orders(merchant.account_id, asked, sort=sort, limit=10)
            if found.next is not None:
                orders(merchant.account_id, asked, sort=sort, limit=10, cursor=found.next)
    assert_indexed(plans)


def test_no_sum_of_orders_reads_a_big_table_whole(
    merchant: Caller, books: Books, plans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they are folded, but for a few that changed since."""
    monkeypatch.setattr(order_lists, "FEW", 1_000)
    for rollup_id in FOLDS:
        fold.fold(rollup_id)
    execute("UPDATE orders SET content_hash = 'new' WHERE id % 500 = 0")
    vacuum()
    plans.clear()
    for asked in ASKED.values():
        totals(merchant.account_id, asked)
    assert_indexed(plans)


def test_no_list_of_the_ledger_reads_a_big_table_whole(
    merchant: Caller, books: Books, plans: list[str]
) -> None:
    account, variant = merchant.account_id, books.variant_ids[0]
    [(listing,)] = rows("SELECT id FROM listings ORDER BY id LIMIT 1")
    for asked in (
        MovementFilter(),
        MovementFilter(causes=["adjustment"], location_id=books.location_id),
        MovementFilter(booked_from=NOON.replace(month=1, day=2), booked_to=NOON.replace(month=1, day=3)),
    ):
        for found in (movements(account, asked, limit=10), movements_of(account, variant, asked, limit=10)):
            assert found.items
        cursor = movements(account, asked, limit=10).next
        movements(account, asked, limit=10, cursor=cursor)
    why(account, variant, limit=10, at=NOON)
    why_listing(account, listing, limit=10)
    as_of(account, NOON, limit=10)
    timeline.timeline(account, books.order_ids[0], limit=10)
    next(exports.stock_rows(account))
    assert_indexed(plans)


def test_what_is_rare_is_found_without_a_walk_past_all_else(
    merchant: Caller, books: Books, plans: list[str]
) -> None:
    stock(merchant.account_id, q="nothing is called so", limit=10)
    assert any("ix_variants_search" in plan for plan in plans)
    for state in ("dead", "retrying"):
        plans.clear()
        events(merchant.account_id, state=state, limit=10)
        [plan] = plans
        assert "Filter: (state" not in plan
        assert "Index" in plan
    assert_indexed(plans)


def test_no_dashboard_reads_a_big_table_whole(merchant: Caller, books: Books, plans: list[str]) -> None:
    for rollup_id in FOLDS:
        fold.fold(rollup_id)
    execute("ANALYZE")
    for path in (*DASHBOARDS, "/connections"):
        plans.clear()
        merchant.get(path)
        assert_indexed(plans)


def test_the_plan_of_a_table_read_whole_would_be_seen(
    merchant: Caller, books: Books, plans: list[str]
) -> None:
    rows("SELECT count(*) FROM orders WHERE counted_total_minor % 2 = 1")
    with pytest.raises(AssertionError, match="Seq Scan on orders"):
        assert_indexed(plans)


@pytest.mark.parametrize(
    ("path", "query", "rows_of_one"),
    [
        ("/orders.csv", {}, 1),
        ("/orders.csv", {"rows": "lines"}, 2),
        ("/orders.csv", {"q": "=cup"}, 1),
        ("/stock/movements.csv", {}, 1),
    ],
)
def test_a_file_takes_no_more_memory_for_more_rows(
    app: Flask,
    merchant: Caller,
    make_connection: Callable[..., Connection],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    rows_of_one: int,
) -> None:
    monkeypatch.setattr(exports, "PAGE", 200)
    monkeypatch.setattr(order_lists, "FEW", 500)
    connection = make_connection(merchant.account_id)
    kept = keep_books(connection, orders=0)
    peaks, there = [], 0
    for count in (1_000, IN_A_LONG_FILE):
        if path == "/orders.csv":
            place(connection, count, start=there + 1)
        else:
            move(connection, kept.variant_ids[0], kept.location_id, count, start=there + 1)
        there += count
        opening = 1 if path == "/stock/movements.csv" else 0
        peaks.append(_peak(app, merchant, path, query, expected=there * rows_of_one + opening))
    assert peaks[1] < peaks[0] * 1.3


def _peak(app: Flask, caller: Caller, path: str, query: dict[str, str], *, expected: int) -> int:
    """The most memory that was taken while a file of so many rows was made and thrown away.

    Made in this thread: the server of the tests takes 10 MB for a moment whenever it closes a connection.
    """

    def lines() -> int:
        own = {"Authorization": f"Bearer {caller.token}"}
        with app.test_client().get(f"/api/v1{path}", query_string=query, headers=own) as answer:
            return sum(chunk.count(b"\n") for chunk in answer.iter_encoded())

    lines()
    gc.collect()
    gc.freeze()  # or cycles wait for a collection until they are a quarter of what other tests left
    tracemalloc.start()
    assert lines() == expected + 1
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.unfreeze()
    return peak
