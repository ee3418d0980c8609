"""The catalog: variants with their stock, listings and parts, and the products that they are of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.available import available_of
from app.services.queries.connections import listings_of_variant
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.variant_filters import Sort, chosen, sorted_page


def variants(
    account_id: int, *, sort: Sort = "id", limit: int, cursor: str | None = None, **asked: Any
) -> Page:
    """Those that match all of `asked` (variant_filters.chosen)."""
    return sorted_page(_VARIANTS, *chosen(account_id, **asked), sort, limit, cursor)


def variant(account_id: int, variant_id: int) -> Row:
    """One of them, with its levels, its first listings, what it is made of and what is made of it.

    Raises NotFound.
    """
    one = {"account_id": account_id, "id": variant_id}
    rows = read(_VARIANT, **one)
    if not rows:
        raise NotFound("There is no such variant.")
    [parts] = read(_PARTS, **one)
    listings = listings_of_variant(account_id, variant_id)
    return {**rows[0], **parts, "listings": listings}


def products(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """All of them, with the number of their variants."""
    after = decode(cursor, int) or [0]
    rows = read(_PRODUCTS, account_id=account_id, id=None, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def product(account_id: int, product_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_PRODUCTS, account_id=account_id, id=product_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such product.")
    return rows[0]


def variants_of(account_id: int, product_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """A product's variants, archived ones too. Raises NotFound."""
    product(account_id, product_id)
    conditions = ["v.account_id = :account_id", "v.product_id = :product_id"]
    parameters = {"account_id": account_id, "product_id": product_id}
    return sorted_page(_VARIANTS, conditions, parameters, "id", limit, cursor)


_VARIANTS = f"""
    SELECT v.id, v.product_id, p.title AS product_title, v.sku, v.title, v.barcode, v.currency, v.price_minor,
        v.unit_cost_minor, v.low_stock_threshold, v.archived_at, v.created_at, v.sku_key, v.title_key,
        l.on_hand, l.committed, {available_of("v.id", own="l.on_hand - l.committed")} AS available,
        (SELECT count(*) FROM listings o WHERE o.variant_id = v.id) AS listing_count,
        EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = v.id) AS is_bundle
    FROM (SELECT v.* FROM variants v WHERE {{condition}} ORDER BY {{order}} {{limit}}) v
    JOIN products p ON p.id = v.product_id
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(s.on_hand), 0) AS bigint) AS on_hand,
            CAST(coalesce(sum(s.committed), 0) AS bigint) AS committed
        FROM stock_levels s WHERE s.variant_id = v.id
    ) l
    ORDER BY {{order}}
"""  # noqa: S608  (constants)
# The page first, then what belongs to each row of it.
_VARIANT = text(
    _VARIANTS.format(condition="v.account_id = :account_id AND v.id = :id", order="v.id", limit="LIMIT 1")
)
_PARTS = text(
    """
    SELECT (
        SELECT coalesce(jsonb_agg(jsonb_build_object('location_id', p.id, 'location', p.name,
            'on_hand', s.on_hand, 'committed', s.committed, 'available', s.on_hand - s.committed)
            ORDER BY p.id), '[]')
        FROM stock_levels s JOIN locations p ON p.id = s.location_id
        WHERE s.variant_id = :id AND s.account_id = :account_id
    ) AS levels, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('variant_id', c.id, 'sku', c.sku, 'title', c.title,
            'quantity', b.quantity) ORDER BY c.id), '[]')
        FROM bundle_components b JOIN variants c ON c.id = b.component_id
        WHERE b.bundle_id = :id AND b.account_id = :account_id
    ) AS components, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('variant_id', c.id, 'sku', c.sku, 'title', c.title,
            'quantity', c.quantity) ORDER BY c.id), '[]')
        FROM (
            SELECT o.id, o.sku, o.title, b.quantity
            FROM bundle_components b JOIN variants o ON o.id = b.bundle_id
            WHERE b.component_id = :id AND b.account_id = :account_id ORDER BY o.id LIMIT 250
        ) c
    ) AS part_of
    """
)
_PRODUCTS = text(
    """
    SELECT p.id, p.title, p.vendor, p.product_type, p.image_url, p.created_at,
        (SELECT count(*) FROM variants v WHERE v.product_id = p.id) AS variant_count
    FROM products p
    WHERE p.account_id = :account_id AND p.id > :after
        AND (CAST(:id AS bigint) IS NULL OR p.id = CAST(:id AS bigint))
    ORDER BY p.id LIMIT :limit
    """
)
