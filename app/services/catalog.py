"""Shops' catalogs in our tables: listings and cells, and where counting begins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.stock import Movement
from app.platforms.base import CellRef, ExternalListing, ExternalProduct, LevelReading
from app.services import cells as cell_store
from app.services import ledger
from app.services.matching import take_turns
from app.services.order_effects import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """A location of the shop that we work with, and which of ours it is, or is first."""

    external_location_id: str
    location_id: int


def store_page(
    session: Session, scope: Scope, places: Sequence[Place], products: Iterable[ExternalProduct]
) -> int:
    """Insert or update the page's listings and their cells; links are kept. Returns how many listings."""
    rows = [_listing_row(product, listing) for product in products for listing in product.listings]
    params = {
        "account_id": scope.account_id,
        "connection_id": scope.connection_id,
        "location_ids": [place.location_id for place in places],
        "external_location_ids": [place.external_location_id for place in places],
        "rows": json.dumps(rows),
    }
    session.execute(_STORE_CELLS, params)
    session.execute(_STORE_LISTINGS, params)
    session.execute(_LINK_NEW_CELLS, params)
    return len(rows)


def open_baselines(
    session: Session,
    scope: Scope,
    readings: Sequence[LevelReading],
    *,
    requested_at: datetime,
    syncing: bool,
) -> list[int]:
    """Begin to track the linked cells among the readings that are not tracked yet.

    The first cell of a variant that nobody counted opens its level with the channel's number, and so do those
    of the shop's other locations; the ledger stays as it is for all others, whose difference is what a first
    sync will write: another shop's number may hold what lies there already. A number requested while a write
    of it could still land is no beginning. Returns the cells' ids.
    """
    take_turns(session, scope.account_id)
    rows = session.execute(
        _UNTRACKED_CELLS,
        {
            "connection_id": scope.connection_id,
            "requested_at": requested_at,
            "stock_ids": [r.ref.stock_id for r in readings],
            "location_ids": [r.ref.location_id for r in readings],
        },
    ).all()
    numbers = {r.ref: r for r in readings}
    opening: dict[tuple[int, int], tuple[int, int]] = {}
    read: dict[int, int] = {}
    for row in rows:
        reading = numbers[CellRef(row.external_stock_id, row.external_location_id)]
        quantity = cell_store.plausible(reading.quantity)
        if quantity is None:
            continue
        read[row.id] = quantity
        if not row.opened:
            opening.setdefault((row.variant_id, row.location_id), (row.id, quantity * row.factor))
    ledger.book(
        session,
        scope.account_id,
        [
            ledger.Entry(
                variant_id=variant_id,
                location_id=location_id,
                movement=Movement(on_hand=units),
                cause="import",
                source_key=f"baseline:{cell_id}:{variant_id}",
                occurred_at=requested_at,
            )
            for (variant_id, location_id), (cell_id, units) in opening.items()
        ],
    )
    locked = cell_store.lock(session, cell_ids=list(read))
    at = cell_store.now(session)
    for cell in locked.values():
        cell.account, cell.drift = read[cell.id], 0
        cell.read_at, cell.read_until, cell.read_quantity = requested_at, at, read[cell.id]
        cell.version += 1
        if syncing:
            cell.state = "active"
            cell.want(at)
    cell_store.save(session, locked.values())
    openers = [cell_id for cell_id, _units in opening.values()]
    session.execute(_MARK_BASELINE, {"ids": list(read), "openers": openers, "at": requested_at})
    return list(read)


def _listing_row(product: ExternalProduct, listing: ExternalListing) -> dict[str, object]:
    return {
        "external_id": listing.external_id,
        "external_product_id": product.external_id,
        "sku": listing.sku or None,
        "title": listing.title,
        "stock_id": listing.stock_id,
        "unsyncable": listing.unsyncable.value if listing.unsyncable else None,
        "details": {
            "product_title": product.title,
            "vendor": product.vendor,
            "type": product.product_type,
            "image": product.image_url,
            "currency": product.currency,
            "barcode": listing.barcode,
            "price_minor": listing.price_minor,
            "unit_cost_minor": listing.unit_cost_minor,
            "unsyncable": listing.unsyncable.value if listing.unsyncable else None,
        },
    }


_STORE_CELLS = text(
    """
    INSERT INTO stock_cells (account_id, connection_id, external_stock_id, external_location_id, location_id)
    SELECT DISTINCT CAST(:account_id AS bigint), CAST(:connection_id AS bigint), r.stock_id,
        p.external_location_id, p.location_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (stock_id text, unsyncable text)
    CROSS JOIN unnest(CAST(:external_location_ids AS text[]), CAST(:location_ids AS bigint[]))
        AS p (external_location_id, location_id)
    WHERE r.stock_id IS NOT NULL AND r.unsyncable IS NULL
    ORDER BY r.stock_id, p.location_id
    ON CONFLICT (connection_id, external_stock_id, external_location_id) DO NOTHING
    """
)
_STORE_LISTINGS = text(
    """
    INSERT INTO listings AS l (account_id, connection_id, external_id, external_product_id, sku, title,
        external_stock_id, details, unlinked_reason, seen_at)
    SELECT DISTINCT ON (r.external_id) :account_id, :connection_id, r.external_id, r.external_product_id,
        r.sku, r.title, CASE WHEN r.unsyncable IS NULL THEN r.stock_id END, r.details,
        coalesce(r.unsyncable, 'not_matched_yet'), clock_timestamp()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (external_id text, external_product_id text,
        sku text, title text, stock_id text, unsyncable text, details jsonb)
    ORDER BY r.external_id
    ON CONFLICT (connection_id, external_id) DO UPDATE SET
        external_product_id = EXCLUDED.external_product_id, sku = EXCLUDED.sku, title = EXCLUDED.title,
        details = EXCLUDED.details, seen_at = EXCLUDED.seen_at,
        external_stock_id = coalesce(EXCLUDED.external_stock_id, l.external_stock_id),
        unlinked_reason = CASE WHEN l.variant_id IS NULL THEN EXCLUDED.unlinked_reason END
    """
)
# A further place of the shop, or a listing whose number is kept under another id now.
_LINK_NEW_CELLS = text(
    """
    WITH linked AS (
        SELECT c.id, l.variant_id, l.factor
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (stock_id text)
        JOIN stock_cells c ON c.connection_id = :connection_id AND c.external_stock_id = r.stock_id
        CROSS JOIN LATERAL (
            SELECT variant_id, factor FROM listings
            WHERE connection_id = c.connection_id AND external_stock_id = c.external_stock_id
                AND variant_id IS NOT NULL LIMIT 1
        ) l
        WHERE c.variant_id IS NULL
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET variant_id = linked.variant_id, factor = linked.factor
    FROM linked WHERE c.id = linked.id
    """
)
# A cell that follows another mapping since, or none, has still opened the level that its number is in.
_UNTRACKED_CELLS = text(
    f"""
    SELECT c.id, c.variant_id, c.location_id, c.factor, c.external_stock_id, c.external_location_id,
        EXISTS (
            SELECT 1 FROM stock_levels l
            WHERE l.variant_id = c.variant_id AND (l.location_id = c.location_id OR NOT EXISTS (
                SELECT 1 FROM stock_cells o
                WHERE o.variant_id = l.variant_id AND o.connection_id = c.connection_id AND (
                    o.location_id = l.location_id AND o.opened_level OR EXISTS (
                        SELECT 1 FROM stock_movements m
                        WHERE m.account_id = o.account_id AND m.level_id = l.id
                            AND m.source_key = 'baseline:' || o.id || ':' || o.variant_id
                    )
                )
            ))
        ) OR EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = c.variant_id) AS opened
    FROM unnest(CAST(:stock_ids AS text[]), CAST(:location_ids AS text[])) AS r (stock_id, location_id)
    JOIN stock_cells c ON c.connection_id = :connection_id AND c.external_stock_id = r.stock_id
        AND c.external_location_id = r.location_id
    WHERE c.account IS NULL AND c.variant_id IS NOT NULL AND {cell_store.IS_MAPPED} AND NOT EXISTS (
            SELECT 1 FROM push_attempts a WHERE a.cell_id = c.id AND a.deadline_at >= :requested_at
        )
    ORDER BY c.id
    """  # noqa: S608  (a constant)
)
_MARK_BASELINE = text(
    """
    UPDATE stock_cells SET baseline_at = :at, opened_level = id = ANY(CAST(:openers AS bigint[]))
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)
