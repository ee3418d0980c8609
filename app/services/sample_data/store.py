"""Writes a story down: one statement for each table, whatever there is of it.

The ledger's only other writer is `app.services.ledger`, which books what happens now; this one writes what
happened before, into an account that nobody has seen yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.matching import UnlinkedReason
from app.services.sample_data.books import Cell
from app.services.sample_data.goods import Item
from app.services.sample_data.story import LOCATIONS, Story

COST_PERCENT = 45
DRIFTED = 3
"""Units that somebody added to a number of the outlet, by the sample's story."""
UNLINKED = (("x-1", "Stoneware cup, white (second choice)"), ("x-2", "Tea towel, indigo, pair"))
"""Listings of the outlet that nobody linked yet."""
OUTLET = 1


@dataclass(frozen=True, slots=True)
class Ids:
    """What the rows that others refer to were called."""

    locations: Mapping[str, int]
    variants: Mapping[str, int]
    shops: Mapping[int, int]
    cells: Mapping[tuple[int, str], int]
    listings: Mapping[tuple[int, str], int]


def insert(session: Session, account_id: int, table: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The rows, which all have the same columns, in their order. Returns their ids."""
    columns = ", ".join(["account_id", *rows[0]])
    filled = [{"account_id": account_id, **row} for row in rows]
    statement = text(
        f"INSERT INTO {table} ({columns})"  # noqa: S608  (names of our tables and columns)
        f" SELECT {columns} FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))"
        " RETURNING id"
    )
    return sorted(session.execute(statement, {"rows": json.dumps(filled)}).scalars())


def write_shop(session: Session, account_id: int, story: Story, currency: str) -> Ids:
    """What is sold, where it lies, and the shops with what they list."""
    named = insert(session, account_id, "locations", [{"name": name} for name in LOCATIONS])
    locations = dict(zip(LOCATIONS, named, strict=True))
    variants = _write_variants(session, account_id, story, currency)
    shops = _write_connections(session, account_id, story, currency)
    places = [
        {"connection_id": shops[shop.number], "location_id": locations[shop.location], "name": shop.location}
        for shop in story.shops
    ]
    insert(session, account_id, "connection_locations", places)
    known = Ids(locations, variants, shops, {}, {})
    cells = _write_cells(session, account_id, story, known)
    listings = _write_listings(session, account_id, story, known, currency)
    return replace(known, cells=cells, listings=listings)


def _write_variants(session: Session, account_id: int, story: Story, currency: str) -> dict[str, int]:
    titles = list({item.product: item for item in story.items}.values())
    named = [{"title": item.product, "vendor": item.vendor, "product_type": item.kind} for item in titles]
    products = dict(
        zip((item.product for item in titles), insert(session, account_id, "products", named), strict=True)
    )
    rows = [
        {
            "product_id": products[item.product],
            "sku": item.sku,
            "title": item.title,
            "barcode": item.barcode,
            "currency": currency,
            "price_minor": item.price_minor,
            "unit_cost_minor": item.price_minor * COST_PERCENT // 100,
            "created_at": story.began_at.isoformat(),
        }
        for item in story.items
    ]
    skus = [item.sku for item in story.items]
    variants = dict(zip(skus, insert(session, account_id, "variants", rows), strict=True))
    components = [
        {"bundle_id": variants[item.sku], "component_id": variants[sku], "quantity": units}
        for item in story.items
        for sku, units in item.components
    ]
    insert(session, account_id, "bundle_components", components)
    return variants


def _write_connections(session: Session, account_id: int, story: Story, currency: str) -> dict[int, int]:
    rows: list[dict[str, Any]] = [
        {
            "platform": shop.platform,
            "external_shop_id": f"sample-{account_id}-{shop.number}",
            "name": shop.name,
            "currency": currency,
            "state": "sample",
            "config": {},
            "drift_policy": "review" if shop.number == OUTLET else "merge",
            "created_at": story.began_at.isoformat(),
            "last_success_at": story.now.isoformat(),
        }
        for shop in story.shops
    ]
    numbers = [shop.number for shop in story.shops]
    return dict(zip(numbers, insert(session, account_id, "connections", rows), strict=True))


def _write_cells(session: Session, account_id: int, story: Story, ids: Ids) -> dict[tuple[int, str], int]:
    drifted = drifted_cell(story)
    rows = [_cell_row(key, cell, story, ids, key == drifted) for key, cell in story.books.cells.items()]
    waiting = {
        **dict.fromkeys(rows[0]),
        "connection_id": ids.shops[OUTLET],
        "location_id": ids.locations[story.shops[OUTLET].location],
        "state": "waiting",
        "drift": 0,
        "version": 0,
        "opened_level": False,
        "in_review": False,
        "wanted_version": 0,
        "synced_version": 0,
    }
    rows += [{**waiting, "external_stock_id": external_id} for external_id, _title in UNLINKED]
    return dict(zip(story.books.cells, insert(session, account_id, "stock_cells", rows), strict=False))


def drifted_cell(story: Story) -> tuple[int, str]:
    """The number of the outlet that was changed there."""
    return next(key for key in story.books.cells if key[0] == OUTLET)


def _cell_row(key: tuple[int, str], cell: Cell, story: Story, ids: Ids, drifted: bool) -> dict[str, Any]:
    drift = DRIFTED if drifted else 0
    return {
        "connection_id": ids.shops[key[0]],
        "external_stock_id": f"s-{cell.item.sku}",
        "location_id": ids.locations[cell.shop.location],
        "variant_id": ids.variants[cell.item.sku],
        "state": "active",
        "account": cell.account,
        "drift": drift,
        "version": 2 * cell.writes + 1,
        "baseline_at": story.began_at.isoformat(),
        "opened_level": not cell.item.components,
        "read_at": story.now.isoformat(),
        "read_until": story.now.isoformat(),
        "read_quantity": cell.account + drift,
        "in_review": drifted,
        "wanted_version": cell.writes,
        "synced_version": cell.writes,
    }


def _write_listings(
    session: Session, account_id: int, story: Story, ids: Ids, currency: str
) -> dict[tuple[int, str], int]:
    rows = [
        {
            "connection_id": ids.shops[key[0]],
            "external_id": f"l-{cell.item.sku}",
            "external_product_id": f"p-{cell.item.product}",
            "sku": cell.item.sku,
            "title": cell.item.title,
            "variant_id": ids.variants[cell.item.sku],
            "external_stock_id": f"s-{cell.item.sku}",
            "unlinked_reason": None,
            "details": _details(cell.item, currency),
            "seen_at": story.now.isoformat(),
            "created_at": story.began_at.isoformat(),
        }
        for key, cell in story.books.cells.items()
    ]
    rows += [
        {
            **rows[0],
            "connection_id": ids.shops[OUTLET],
            "external_id": f"l-{external_id}",
            "external_product_id": f"p-{external_id}",
            "sku": None,
            "title": title,
            "variant_id": None,
            "external_stock_id": external_id,
            "unlinked_reason": UnlinkedReason.NO_SKU.value,
            "details": {"product_title": title, "currency": currency},
        }
        for external_id, title in UNLINKED
    ]
    return dict(zip(story.books.cells, insert(session, account_id, "listings", rows), strict=False))


def _details(item: Item, currency: str) -> dict[str, Any]:
    return {
        "product_title": item.product,
        "vendor": item.vendor,
        "type": item.kind,
        "currency": currency,
        "barcode": item.barcode,
        "price_minor": item.price_minor,
        "unit_cost_minor": item.price_minor * COST_PERCENT // 100,
    }


def write_orders(
    session: Session, account_id: int, story: Story, ids: Ids, currency: str
) -> dict[tuple[int, int], int]:
    """Returns the ids of their lines, by order and line. The rollups find the orders by themselves."""
    rows = [
        {
            "connection_id": ids.shops[row["shop"]],
            "external_id": f"o-{row['number'] + 1001}",
            "number": f"#{row['number'] + 1001}",
            "state": row["state"],
            "payment": row["payment"],
            "currency": currency,
            "total_minor": row["total"],
            "subtotal_minor": row["subtotal"],
            "tax_minor": row["tax"],
            "shipping_minor": row["shipping"],
            "discount_minor": 0,
            "refunded_minor": row["refunded"],
            "is_test": False,
            "placed_at": row["placed_at"],
            "external_updated_at": row["updated_at"],
            "fetched_at": row["updated_at"],
            "content_hash": "sample",
            "fetch_seq": 0,
            "created_at": row["placed_at"],
        }
        for row in story.orders.rows()
    ]
    orders = insert(session, account_id, "orders", rows)
    lines = story.orders.line_rows()
    line_rows = [_line_row(line, orders, story, ids) for line in lines]
    written = insert(session, account_id, "order_lines", line_rows)
    return {(line["order"], line["line"]): line_id for line, line_id in zip(lines, written, strict=True)}


def _line_row(line: Mapping[str, Any], orders: Sequence[int], story: Story, ids: Ids) -> dict[str, Any]:
    components = story.books.items[line["sku"]].components
    return {
        "order_id": orders[line["order"]],
        "external_id": str(line["line"] + 1),
        "external_location_id": "",
        "listing_external_id": f"l-{line['sku']}",
        "listing_id": ids.listings[line["shop"], line["sku"]],
        "sku": line["sku"],
        "title": line["title"],
        "quantity": line["quantity"],
        "unit_price_minor": line["price"],
        "tax_minor": 0,
        "discount_minor": 0,
        "parts": line["parts"],
        "channel_effects": line["effects"],
        "effect_seq": line["effect_seq"],
        "applied_committed": line["committed"],
        "applied_on_hand": line["on_hand"],
        "applied_channel": line["channel"],
        "applied_variant_id": ids.variants[line["sku"]],
        "applied_location_id": ids.locations[line["location"]],
        "applied_cell_id": ids.cells[line["shop"], line["sku"]],
        "applied_factor": 1,
        "applied_components": [[ids.variants[sku], units] for sku, units in components] or None,
    }
