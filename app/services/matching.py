"""Link a shop's listings to the account's variants by their codes, and make variants from listings."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.matching import Codes, Known, Linked, duplicate_skus, gtin, match
from app.services.cells import FIRST_OF_LISTING
from app.services.order_effects import Scope

LISTINGS_PER_BATCH = 500


def link_batch(session: Session, scope: Scope) -> int:
    """Link the next unmatched listings by SKU or barcode, or say why not. Returns how many were looked at.

    A SKU that no variant has makes a new variant. Listings that share a cell share its variant. Two
    imports of one account take turns, so that they do not make the same variant twice.
    """
    take_turns(session, scope.account_id)
    rows = session.execute(
        _UNMATCHED, {"connection_id": scope.connection_id, "ids": None, "limit": LISTINGS_PER_BATCH}
    ).all()
    if not rows:
        return 0
    decided = _decide(rows, _known(session, scope.account_id, scope.connection_id, rows))
    made = make_variants(session, scope.account_id, [Seed.of(same[0]) for same in decided.wanted.values()])
    linked = decided.linked | {row.id: made[same[0].id] for same in decided.wanted.values() for row in same}
    session.execute(_LOCK_LISTINGS, {"ids": [row.id for row in rows]})
    session.execute(
        _LINK, {"ids": list(linked), "variants": list(linked.values()), "account_id": scope.account_id}
    )
    bring_back(session, set(linked.values()))
    session.execute(_UNLINK, {"ids": list(decided.unlinked), "reasons": list(decided.unlinked.values())})
    session.execute(_LINK_CELLS, {"ids": list(linked)})
    return len(rows)


def look_anew(session: Session, account_id: int, connection_id: int, listing_ids: Collection[int]) -> None:
    """Forget that unlinked listings of a shop are to stay so, and say anew why they are.

    It is the caller's turn. What a code finds by now is linked as the shop is read next.
    """
    session.execute(_FORGET, {"ids": list(listing_ids)})
    asked = {"connection_id": connection_id, "ids": list(listing_ids), "limit": len(listing_ids)}
    rows = session.execute(_UNMATCHED, asked).all()
    unlinked = _decide(rows, _known(session, account_id, connection_id, rows)).unlinked
    session.execute(_UNLINK, {"ids": list(unlinked), "reasons": list(unlinked.values())})


def take_turns(session: Session, account_id: int) -> None:
    """Until the transaction ends nobody else links listings of the account or opens its levels."""
    session.execute(text("SELECT pg_advisory_xact_lock(:account_id)"), {"account_id": account_id})


def bring_back(session: Session, variant_ids: Collection[int]) -> None:
    """Variants that listings are linked to are sold: none of them stays archived. It is the caller's turn."""
    session.execute(_BRING_BACK, {"ids": list(variant_ids)})


def _known(session: Session, account_id: int, connection_id: int, rows: Sequence[Row[Any]]) -> Known:
    """The variants that have a SKU or a barcode of these listings, and the shop's places that may be them."""
    skus = sorted({row.sku for row in rows if row.sku})
    gtins = sorted({code for row in rows if (code := gtin(row.barcode))})
    shop = {"connection_id": connection_id}
    places = session.execute(_PLACES_OF_SKUS, {**shop, "skus": skus})
    duplicates = duplicate_skus((row.sku, row.place) for row in places)
    found = session.execute(_VARIANTS_BY_CODE, {"account_id": account_id, "skus": skus, "gtins": gtins}).all()
    by_gtin: dict[str, set[int]] = defaultdict(set)
    for row in found:
        if row.barcode_key in gtins:
            by_gtin[row.barcode_key].add(row.id)
    linked: dict[int, set[str]] = defaultdict(set)
    claimed: dict[int, set[str]] = defaultdict(set)
    for row in session.execute(_CLAIMS, {**shop, "ids": [variant.id for variant in found]}):
        claimed[row.variant_id].add(row.place)
        if row.is_linked:
            linked[row.variant_id].add(row.place)
    return Known(
        by_sku={row.sku: row.id for row in found if row.sku is not None},
        by_gtin={code: frozenset(ids) for code, ids in by_gtin.items()},
        duplicates=duplicates,
        linked={variant_id: frozenset(at) for variant_id, at in linked.items()},
        claimed={variant_id: frozenset(at) for variant_id, at in claimed.items()},
    )


@dataclass(slots=True)
class _Decided:
    linked: dict[int, int] = field(default_factory=dict)
    """listing -> variant"""
    unlinked: dict[int, str] = field(default_factory=dict)
    """listing -> reason"""
    wanted: dict[str, list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    """place -> the listings that want a variant of their own: one, made from the first of them"""


def _decide(rows: Sequence[Row[Any]], known: Known) -> _Decided:
    """Listings of one place become one variant: that of the place, else the first that a code finds."""
    verdicts = {
        row.id: match(
            Codes(row.sku, gtin(row.barcode), row.place),
            known,
            unsyncable=row.unsyncable,
            apart=row.kept_apart,
        )
        for row in rows
    }
    variants: dict[str, int] = {}
    for row in rows:
        verdict = verdicts[row.id]
        found = row.cell_variant_id or (verdict.variant_id if isinstance(verdict, Linked) else None)
        if found is not None:
            variants.setdefault(row.place, found)
    decided = _Decided()
    for row in rows:
        verdict = verdicts[row.id]
        if not isinstance(verdict, Linked):
            decided.unlinked[row.id] = verdict.reason.value
        elif row.place in variants:
            decided.linked[row.id] = variants[row.place]
        else:
            decided.wanted[row.place].append(row)
    return decided


@dataclass(frozen=True, slots=True)
class Seed:
    """What of a listing a variant is made from. `details`: as in the table."""

    listing_id: int
    external_product_id: str
    sku: str | None
    title: str
    details: Mapping[str, Any]

    @classmethod
    def of(cls, row: Row[Any]) -> Seed:
        return cls(row.id, row.external_product_id, row.sku, row.title, row.details)


def make_variants(session: Session, account_id: int, seeds: Sequence[Seed]) -> dict[int, int]:
    """New products and variants; listing id -> variant id. No variant of the account may have their SKUs."""
    if not seeds:
        return {}
    by_product: dict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        by_product[seed.external_product_id].append(seed)
    rows: list[dict[str, Any]] = [
        {
            "product": {"title": first.details["product_title"], **_of(first, "vendor", "type", "image")},
            "variants": [
                {"listing_id": seed.listing_id, "sku": seed.sku, "title": seed.title}
                | _of(seed, "barcode", "currency", "price_minor", "unit_cost_minor")
                for seed in listings
            ],
        }
        for listings in by_product.values()
        for first in listings[:1]
    ]
    made = session.execute(_MAKE_VARIANTS, {"account_id": account_id, "rows": json.dumps(rows)})
    return {row.listing_id: row.variant_id for row in made}


def _of(seed: Seed, *names: str) -> dict[str, Any]:
    return {name: seed.details.get(name) for name in names}


# A listing that the shop has deleted, and not brought back, keeps its link and stands in nobody's way.
_PLACE = "coalesce('stock:' || l.external_stock_id, 'listing:' || l.id)"
_IN_SHOP = f"""
    FROM listings l {FIRST_OF_LISTING}
    WHERE l.connection_id = :connection_id
        AND (c.error IS DISTINCT FROM 'vanished' OR l.unlinked_reason = 'not_matched_yet')
"""
_UNMATCHED = text(
    f"""
    SELECT l.id, l.sku, l.title, l.external_product_id, l.details, l.kept_apart,
        l.details ->> 'barcode' AS barcode, l.details ->> 'unsyncable' AS unsyncable,
        c.variant_id AS cell_variant_id, {_PLACE} AS place
    FROM listings l {FIRST_OF_LISTING}
    WHERE l.connection_id = :connection_id AND l.unlinked_reason = 'not_matched_yet'
        AND (CAST(:ids AS bigint[]) IS NULL OR l.id = ANY(CAST(:ids AS bigint[])))
    ORDER BY l.external_product_id, l.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
_PLACES_OF_SKUS = text(
    f"SELECT DISTINCT l.sku, {_PLACE} AS place {_IN_SHOP} AND l.sku = ANY(CAST(:skus AS text[]))"
)
_VARIANTS_BY_CODE = text(
    """
    SELECT id, sku, barcode_key FROM variants
    WHERE account_id = :account_id AND sku = ANY(CAST(:skus AS text[]))
    UNION
    SELECT id, sku, barcode_key FROM variants
    WHERE account_id = :account_id AND barcode_key = ANY(CAST(:gtins AS text[]))
    """
)
_CLAIMS = text(
    f"""
    SELECT v.id AS variant_id, p.place, bool_or(p.is_linked) AS is_linked
    FROM variants v CROSS JOIN LATERAL (
        SELECT {_PLACE} AS place, true AS is_linked {_IN_SHOP} AND l.variant_id = v.id
        UNION ALL
        SELECT {_PLACE}, false {_IN_SHOP} AND l.sku = v.sku
        UNION ALL
        SELECT {_PLACE}, false {_IN_SHOP} AND l.barcode_key = v.barcode_key
    ) p
    WHERE v.id = ANY(CAST(:ids AS bigint[]))
    GROUP BY v.id, p.place
    """  # noqa: S608  (constants)
)
_LOCK_LISTINGS = text(
    "SELECT id FROM listings WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE"
)
_MAKE_VARIANTS = text(
    """
    WITH wanted AS (
        SELECT nextval(pg_get_serial_sequence('products', 'id')) AS product_id, r.product, r.variants
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (product jsonb, variants jsonb)
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
_BRING_BACK = text(
    """
    UPDATE variants SET archived_at = NULL
    WHERE id = ANY(CAST(:ids AS bigint[])) AND archived_at IS NOT NULL
    """
)
_FORGET = text(
    """
    UPDATE listings SET kept_apart = false, unlinked_reason = 'not_matched_yet'
    WHERE id = ANY(CAST(:ids AS bigint[]))
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
        FROM stock_cells c JOIN listings l USING (connection_id, external_stock_id)
        WHERE l.id = ANY(CAST(:ids AS bigint[])) AND c.variant_id IS NULL
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET variant_id = linked.variant_id, factor = linked.factor
    FROM linked WHERE c.id = linked.id
    """
)
