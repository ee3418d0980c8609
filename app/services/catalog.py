"""Shops' catalogs in our tables: listings, cells, and the variants they are linked to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.matching import Linked, duplicate_skus, match
from app.domain.stock import Movement
from app.platforms.base import CellRef, ExternalListing, ExternalProduct, LevelReading
from app.services import cells as cell_store
from app.services import ledger
from app.services.order_effects import Scope

LISTINGS_PER_BATCH = 500


@dataclass(frozen=True, slots=True)
class Place:
    """The shop's location that we work with, and which of ours it is."""

    external_location_id: str
    location_id: int


def store_page(session: Session, scope: Scope, place: Place, products: Iterable[ExternalProduct]) -> int:
    """Insert or update the page's listings and their cells; links are kept. Returns how many listings."""
    rows = [_listing_row(product, listing) for product in products for listing in product.listings]
    params = {
        "account_id": scope.account_id,
        "connection_id": scope.connection_id,
        "location_id": place.location_id,
        "external_location_id": place.external_location_id,
        "rows": json.dumps(rows),
    }
    session.execute(_STORE_CELLS, params)
    session.execute(_STORE_LISTINGS, params)
    return len(rows)


def link_batch(session: Session, scope: Scope) -> int:
    """Link the next unmatched listings by SKU, or say why not. Returns how many were looked at.

    A SKU that no variant has makes a new variant. Listings that share a cell share its variant. Two
    imports of one account take turns, so that they do not make the same variant twice.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:account_id)"), {"account_id": scope.account_id})
    rows = session.execute(
        _UNMATCHED, {"connection_id": scope.connection_id, "limit": LISTINGS_PER_BATCH}
    ).all()
    if not rows:
        return 0
    skus = sorted({row.sku for row in rows if row.sku})
    places = session.execute(_PLACES_OF_SKUS, {"connection_id": scope.connection_id, "skus": skus})
    duplicates = duplicate_skus((row.sku, row.place) for row in places)
    found = session.execute(_VARIANTS_BY_SKU, {"account_id": scope.account_id, "skus": skus})
    variants: dict[str, int] = {row.sku: row.id for row in found}
    linked, unlinked, wanted = _decide(rows, duplicates, variants)
    made = _make_variants(session, scope, wanted)
    linked |= {listing_id: made[first] for listing_id, first in _followers(rows, wanted).items()}
    session.execute(
        _LINK, {"ids": list(linked), "variants": list(linked.values()), "account_id": scope.account_id}
    )
    session.execute(_UNLINK, {"ids": list(unlinked), "reasons": list(unlinked.values())})
    session.execute(_LINK_CELLS, {"ids": list(linked)})
    return len(rows)


def _decide(
    rows: Sequence[Row[Any]], duplicates: frozenset[str], variants: dict[str, int]
) -> tuple[dict[int, int], dict[int, str], list[Row[Any]]]:
    """listing -> variant, listing -> reason, and the listings that want a variant of their own."""
    linked: dict[int, int] = {}
    unlinked: dict[int, str] = {}
    wanted: list[Row[Any]] = []
    wanted_cells: set[int] = set()
    for row in rows:
        verdict = match(row.sku, unsyncable=row.unsyncable, duplicates=duplicates, variants=variants)
        if not isinstance(verdict, Linked):
            unlinked[row.id] = verdict.reason.value
        elif row.cell_variant_id is not None:
            linked[row.id] = row.cell_variant_id
        elif verdict.variant_id is not None:
            linked[row.id] = verdict.variant_id
        elif row.cell_id not in wanted_cells:
            wanted.append(row)
            wanted_cells.add(row.cell_id)
    return linked, unlinked, wanted


def _followers(rows: Sequence[Row[Any]], wanted: Sequence[Row[Any]]) -> dict[int, int]:
    """Every listing of a wanted cell -> the listing that its variant is made from."""
    first_of_cell = {row.cell_id: row.id for row in wanted}
    return {row.id: first_of_cell[row.cell_id] for row in rows if row.sku and row.cell_id in first_of_cell}


def _make_variants(session: Session, scope: Scope, wanted: Sequence[Row[Any]]) -> dict[int, int]:
    """New products and variants from listings; listing id -> variant id."""
    if not wanted:
        return {}
    by_product: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in wanted:
        by_product[row.external_product_id].append(row)
    rows = [
        {
            "number": number,
            "product": {"title": first.details["product_title"], **_of(first, "vendor", "type", "image")},
            "variants": [
                {"listing_id": r.id, "sku": r.sku, "title": r.title}
                | _of(r, "barcode", "currency", "price_minor", "unit_cost_minor")
                for r in listings
            ],
        }
        for number, listings in enumerate(by_product.values())
        for first in listings[:1]
    ]
    made = session.execute(_MAKE_VARIANTS, {"account_id": scope.account_id, "rows": json.dumps(rows)})
    return {row.listing_id: row.variant_id for row in made}


def _of(row: Row[Any], *names: str) -> dict[str, object]:
    return {name: row.details.get(name) for name in names}


def open_baselines(
    session: Session,
    scope: Scope,
    readings: Sequence[LevelReading],
    *,
    requested_at: datetime,
    syncing: bool,
) -> list[int]:
    """Begin to track the linked cells among the readings that are not tracked yet.

    The first cell of a variant opens its level with the channel's number; the ledger stays as it is
    for the others, whose difference is what a first sync will write. Returns the cells' ids.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:account_id)"), {"account_id": scope.account_id})
    rows = session.execute(
        _UNTRACKED_CELLS,
        {
            "connection_id": scope.connection_id,
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
                source_key=f"baseline:{cell_id}",
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
        :external_location_id, CAST(:location_id AS bigint)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (stock_id text, unsyncable text)
    WHERE r.stock_id IS NOT NULL AND r.unsyncable IS NULL
    ORDER BY r.stock_id
    ON CONFLICT (connection_id, external_stock_id, external_location_id) DO NOTHING
    """
)
_STORE_LISTINGS = text(
    """
    INSERT INTO listings AS l (account_id, connection_id, external_id, external_product_id, sku, title,
        cell_id, details, unlinked_reason, seen_at)
    SELECT DISTINCT ON (r.external_id) :account_id, :connection_id, r.external_id, r.external_product_id,
        r.sku, r.title, c.id, r.details, coalesce(r.unsyncable, 'not_matched_yet'), clock_timestamp()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (external_id text, external_product_id text,
        sku text, title text, stock_id text, unsyncable text, details jsonb)
    LEFT JOIN stock_cells c ON c.connection_id = :connection_id AND c.external_stock_id = r.stock_id
        AND c.external_location_id = :external_location_id AND r.unsyncable IS NULL
    ORDER BY r.external_id
    ON CONFLICT (connection_id, external_id) DO UPDATE SET
        external_product_id = EXCLUDED.external_product_id, sku = EXCLUDED.sku, title = EXCLUDED.title,
        details = EXCLUDED.details, seen_at = EXCLUDED.seen_at,
        cell_id = coalesce(EXCLUDED.cell_id, l.cell_id),
        unlinked_reason = CASE WHEN l.variant_id IS NULL THEN EXCLUDED.unlinked_reason END
    """
)
_UNMATCHED = text(
    """
    SELECT l.id, l.sku, l.title, l.external_product_id, l.cell_id, l.details,
        l.details ->> 'unsyncable' AS unsyncable, c.variant_id AS cell_variant_id
    FROM listings l LEFT JOIN stock_cells c ON c.id = l.cell_id
    WHERE l.connection_id = :connection_id AND l.unlinked_reason = 'not_matched_yet'
    ORDER BY l.external_product_id, l.id LIMIT :limit
    """
)
_PLACES_OF_SKUS = text(
    """
    SELECT DISTINCT sku, coalesce('cell:' || cell_id, 'listing:' || id) AS place FROM listings
    WHERE connection_id = :connection_id AND sku = ANY(CAST(:skus AS text[]))
    """
)
_VARIANTS_BY_SKU = text(
    "SELECT id, sku FROM variants WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))"
)
_MAKE_VARIANTS = text(
    """
    WITH wanted AS (
        SELECT nextval(pg_get_serial_sequence('products', 'id')) AS product_id, r.product, r.variants
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (number int, product jsonb, variants jsonb)
    ), made_products AS (
        INSERT INTO products (id, account_id, title, vendor, product_type, image_url)
        SELECT product_id, :account_id, product ->> 'title', product ->> 'vendor', product ->> 'type',
            product ->> 'image'
        FROM wanted
    ), of_listings AS (
        SELECT nextval(pg_get_serial_sequence('variants', 'id')) AS variant_id, w.product_id, v.*
        FROM wanted w, jsonb_to_recordset(w.variants) AS v (listing_id bigint, sku text, title text,
            barcode text, currency text, price_minor bigint, unit_cost_minor bigint)
    ), made AS (
        INSERT INTO variants (id, account_id, product_id, sku, title, barcode, currency, price_minor,
            unit_cost_minor)
        SELECT variant_id, :account_id, product_id, sku, title, barcode, coalesce(currency, ''),
            price_minor, unit_cost_minor
        FROM of_listings
    )
    SELECT listing_id, variant_id FROM of_listings
    """
)
_LINK = text(
    """
    UPDATE listings l SET variant_id = v.variant_id, unlinked_reason = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:variants AS bigint[])) AS v (id, variant_id)
    WHERE l.id = v.id AND l.account_id = :account_id
    """
)
_UNLINK = text(
    """
    UPDATE listings l SET unlinked_reason = v.reason
    FROM unnest(CAST(:ids AS bigint[]), CAST(:reasons AS text[])) AS v (id, reason) WHERE l.id = v.id
    """
)
_LINK_CELLS = text(
    """
    WITH linked AS (
        SELECT c.id, l.variant_id, l.factor
        FROM stock_cells c JOIN listings l ON l.cell_id = c.id
        WHERE l.id = ANY(CAST(:ids AS bigint[])) AND c.variant_id IS NULL
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET variant_id = linked.variant_id, factor = linked.factor
    FROM linked WHERE c.id = linked.id
    """
)
_UNTRACKED_CELLS = text(
    """
    SELECT c.id, c.variant_id, c.location_id, c.factor, c.external_stock_id, c.external_location_id,
        EXISTS (
            SELECT 1 FROM stock_cells o
            WHERE o.variant_id = c.variant_id AND o.location_id = c.location_id AND o.opened_level
        ) OR EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = c.variant_id) AS opened
    FROM unnest(CAST(:stock_ids AS text[]), CAST(:location_ids AS text[])) AS r (stock_id, location_id)
    JOIN stock_cells c ON c.connection_id = :connection_id AND c.external_stock_id = r.stock_id
        AND c.external_location_id = r.location_id
    WHERE c.account IS NULL AND c.variant_id IS NOT NULL
    ORDER BY c.id
    """
)
_MARK_BASELINE = text(
    """
    UPDATE stock_cells SET baseline_at = :at, opened_level = id = ANY(CAST(:openers AS bigint[]))
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)
