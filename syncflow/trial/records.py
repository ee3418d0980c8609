"""What the product has on record, read from its database set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from app.platforms.registry import platform
from syncflow.trial.facts import Cell, LedgerEntry, Levels, OrderRecord, Record, UnansweredWrite

FETCH_ROWS = 5000
SET_ENDPOINTS: Mapping[str, Callable[[str], str]] = {
    "shopify": lambda _stock_id: "inventorySetQuantities",
    "woocommerce": lambda stock_id: _woocommerce_endpoint(stock_id),
}
"""By platform: where a batched write of a cell goes, from its stock id."""

TABLES = {
    "orders": "SELECT * FROM orders ORDER BY id",
    "order_lines": "SELECT * FROM order_lines ORDER BY id",
    "stock_movements": "SELECT * FROM stock_movements ORDER BY id",
    "stock_levels": "SELECT * FROM stock_levels ORDER BY id",
    "stock_cells": "SELECT * FROM stock_cells ORDER BY id",
    "push_attempts": "SELECT * FROM push_attempts ORDER BY id",
    "drifts": "SELECT * FROM drifts ORDER BY id",
    "cell_effects": "SELECT * FROM cell_effects ORDER BY id",
    "connection_locations": "SELECT * FROM connection_locations ORDER BY id",
    "variants": "SELECT id, sku, title FROM variants ORDER BY id",
    "connections": "SELECT id, platform, state, state_reason, failures, last_error FROM connections",
    "inbound_events": (
        "SELECT id, connection_id, topic, state, verdict, attempts, received_at, processed_at, "
        "encode(substring(body FOR 100), 'escape') AS body_begins FROM inbound_events ORDER BY id"
    ),
}
"""What is worth keeping of a trial for whoever looks into it."""


Places = Mapping[int, str]
"""What the shop that has locations calls each of the product's."""


def read_record(database_url: str, places: Places) -> Record:
    """Everything the judge needs."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return Record(
            orders=[OrderRecord(*row) for row in _rows(connection, _ORDERS)],
            ledger=_ledger(connection, places),
            levels=_levels(connection, places),
            unbalanced=frozenset(row[0] for row in _rows(connection, _UNBALANCED)),
            cells=_cells(connection),
            unanswered=[UnansweredWrite(*row) for row in _rows(connection, _UNANSWERED)],
        )


def read_cells(database_url: str) -> list[Cell]:
    """The cells that are kept in step."""
    with psycopg.connect(database_url) as connection:
        return _cells(connection)


def read_levels(database_url: str, places: Places) -> tuple[int, Levels]:
    """(orders recorded, levels): enough to see whether there is still something to wait for."""
    with psycopg.connect(database_url) as connection:
        recorded = connection.execute("SELECT count(*) FROM orders").fetchone()
        assert recorded is not None
        return recorded[0], _levels(connection, places)


def keep_tables(database_url: str, folder: Path) -> None:
    """Write the tables that tell what happened as CSV files."""
    with psycopg.connect(database_url) as connection:
        for name, query in TABLES.items():
            with (
                (folder / f"{name}.csv").open("wb") as file,
                connection.cursor().copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)") as copy,
            ):
                for data in copy:
                    file.write(data)


def _ledger(connection: psycopg.Connection[Any], places: Places) -> list[LedgerEntry]:
    rows = _rows(connection, _LEDGER)
    return [replace(LedgerEntry(*row), location=places[row[-1]]) for row in rows]


def _levels(connection: psycopg.Connection[Any], places: Places) -> Levels:
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    for sku, location, available in _rows(connection, _LEVELS):
        levels[sku][places[location]] = available
    return dict(levels)


def _cells(connection: psycopg.Connection[Any]) -> list[Cell]:
    return [
        Cell(
            shop=slug,
            sku=sku,
            endpoint=SET_ENDPOINTS[slug](stock_id),
            batch=platform(slug).capabilities.write_batch,
            location=location,
        )
        for slug, sku, stock_id, location in _rows(connection, _CELLS)
    ]


def _rows(connection: psycopg.Connection[Any], query: str) -> Iterable[tuple[Any, ...]]:
    """The rows, streamed."""
    with connection.cursor(name="trial") as cursor:
        cursor.itersize = FETCH_ROWS
        cursor.execute(query)
        yield from cursor


def _woocommerce_endpoint(stock_id: str) -> str:
    parent, _, variation = stock_id.partition(":")
    return f"products/{parent}/variations/batch" if variation else "products/batch"


_ORDERS = """
    SELECT c.platform, o.external_id, extract(epoch FROM o.created_at)::float8
    FROM orders o JOIN connections c ON c.id = o.connection_id
"""
_LEDGER = """
    SELECT extract(epoch FROM m.created_at)::float8, v.sku,
        m.on_hand_delta - m.committed_delta, m.on_hand_after - m.committed_after,
        coalesce(oc.platform, dc.platform), o.external_id, nullif(l.sku, v.sku),
        coalesce(l.external_location_id, dcell.external_location_id, ''), m.location_id
    FROM stock_movements m
    JOIN variants v ON v.id = m.variant_id AND v.sku IS NOT NULL
    LEFT JOIN order_lines l
        ON l.id = CASE WHEN m.source_key LIKE 'line:%' THEN split_part(m.source_key, ':', 2)::bigint END
    LEFT JOIN orders o ON o.id = l.order_id
    LEFT JOIN connections oc ON oc.id = o.connection_id
    LEFT JOIN drifts d
        ON d.id = CASE WHEN m.source_key LIKE 'drift:%' THEN split_part(m.source_key, ':', 2)::bigint END
    LEFT JOIN stock_cells dcell ON dcell.id = d.cell_id
    LEFT JOIN connections dc ON dc.id = dcell.connection_id
    ORDER BY m.id
"""
_LEVELS = """
    SELECT v.sku, s.location_id, s.on_hand - s.committed
    FROM stock_levels s JOIN variants v ON v.id = s.variant_id
    WHERE v.sku IS NOT NULL
"""
_UNBALANCED = """
    SELECT DISTINCT coalesce(v.sku, 'variant ' || v.id)
    FROM stock_levels s
    JOIN variants v ON v.id = s.variant_id
    LEFT JOIN (
        SELECT level_id, sum(on_hand_delta) AS on_hand, sum(committed_delta) AS committed
        FROM stock_movements GROUP BY level_id
    ) m ON m.level_id = s.id
    WHERE (s.on_hand, s.committed) IS DISTINCT FROM (coalesce(m.on_hand, 0), coalesce(m.committed, 0))
"""
_UNANSWERED = """
    SELECT c.platform, v.sku, extract(epoch FROM a.started_at)::float8, a.to_quantity - a.from_quantity
    FROM push_attempts a
    JOIN stock_cells s ON s.id = a.cell_id
    JOIN connections c ON c.id = a.connection_id
    JOIN variants v ON v.id = s.variant_id
    WHERE a.code = 'reading_decides' AND v.sku IS NOT NULL
"""
_CELLS = """
    SELECT c.platform, v.sku, s.external_stock_id, s.external_location_id
    FROM stock_cells s
    JOIN connections c ON c.id = s.connection_id
    JOIN variants v ON v.id = s.variant_id
    WHERE v.sku IS NOT NULL AND s.state <> 'waiting'
"""
