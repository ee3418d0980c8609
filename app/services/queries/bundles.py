"""Variants that are made of others."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Page, Row, decode, page, read


def bundles(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """By id, each with its components."""
    after = decode(cursor, int) or [0]
    rows = read(_BUNDLES, account_id=account_id, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["variant_id"]])


def bundle(account_id: int, variant_id: int) -> Row:
    """One variant; its components are none where it is no bundle. Raises NotFound."""
    rows = read(_BUNDLE, account_id=account_id, id=variant_id)
    if not rows:
        raise NotFound("There is no such variant.")
    return rows[0]


_FULL = """
    SELECT v.id AS variant_id, v.sku, v.title, coalesce((
        SELECT jsonb_agg(
            jsonb_build_object(
                'variant_id', b.component_id, 'quantity', b.quantity, 'sku', p.sku, 'title', p.title
            )
            ORDER BY b.component_id
        )
        FROM bundle_components b JOIN variants p ON p.id = b.component_id WHERE b.bundle_id = v.id
    ), '[]') AS components
    FROM variants v
"""
_BUNDLES = text(
    f"""
    {_FULL}
    WHERE v.id IN (
        SELECT DISTINCT bundle_id FROM bundle_components
        WHERE account_id = :account_id AND bundle_id > :after ORDER BY bundle_id LIMIT :limit
    )
    ORDER BY v.id
    """  # noqa: S608  (a constant)
)
_BUNDLE = text(f"{_FULL} WHERE v.account_id = :account_id AND v.id = :id")
