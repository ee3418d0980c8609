"""The ledger and what each channel shows of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from sqlalchemy import text

from app.errors import NotFound
from app.services import cells as cell_store
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.search import MATCHES, pattern_of
from app.services.uow import unit_of_work

NEWER_THAN_ANY = 2**62
MOST_LEVELS = 1000
"""Of one variant: it has one for each location."""


def stock(account_id: int, *, q: str | None = None, limit: int, cursor: str | None = None) -> Page:
    """Variants with their levels over all locations, and the channels that show them.

    `q` is part of a title or the beginning of a SKU, in any case.
    """
    after = decode(cursor, int) or [0]
    query = _FOUND if q else _VARIANTS
    rows = read(query, account_id=account_id, pattern=pattern_of(q), after=after[0], limit=limit + 1)
    found = page(rows, limit, lambda row: [row["variant_id"]])
    return Page(_with_channels(account_id, found.items), found.next)


def stock_of_sku(sku: str) -> list[Row]:
    """The variants with exactly this SKU, one for each account that has it; `account_id` says whose."""
    rows = read(_VARIANTS_OF_SKU, sku=sku)
    return [full for row in rows for full in _with_channels(row["account_id"], [row])]


def stock_of(account_id: int, variant_id: int) -> Row:
    """One variant, as in `stock`. Raises NotFound."""
    rows = read(_ONE_VARIANT, account_id=account_id, id=variant_id)
    if not rows:
        raise NotFound("There is no such variant.")
    return _with_channels(account_id, rows)[0]


def require_variant(account_id: int, variant_id: int) -> None:
    """Raises NotFound unless the account has it."""
    if not read(_VARIANT, account_id=account_id, id=variant_id):
        raise NotFound("There is no such variant.")


def _with_channels(account_id: int, variants: Sequence[Row]) -> list[Row]:
    channels: dict[int, list[Row]] = defaultdict(list)
    ids = [row["variant_id"] for row in variants]
    with unit_of_work() as uow:
        rows = uow.session.execute(_CHANNELS, {"account_id": account_id, "variants": ids}).all()
        # `targets` reads no more of a cell than these rows have.
        wanted = cell_store.targets(uow.session, cast("Sequence[cell_store.Cell]", rows))
    for row in rows:
        channel = dict(row._mapping)
        channel["target"] = None if row.expected is None else wanted.get(row.id)
        channels[row.variant_id].append(channel)
    return [{**row, "channels": channels[row["variant_id"]]} for row in variants]


_LEVELS = """
    SELECT v.id AS variant_id, v.account_id, v.sku, v.title, coalesce(l.on_hand, 0) AS on_hand,
           coalesce(l.committed, 0) AS committed,
           coalesce(l.on_hand, 0) - coalesce(l.committed, 0) AS available, v.low_stock_threshold,
           coalesce(l.levels, '[]') AS levels
    FROM variants v
    LEFT JOIN LATERAL (
        SELECT CAST(sum(s.on_hand) AS bigint) AS on_hand,
            CAST(sum(s.committed) AS bigint) AS committed, jsonb_agg(
                jsonb_build_object('location_id', p.id, 'location', p.name, 'on_hand', s.on_hand,
                    'committed', s.committed, 'available', s.on_hand - s.committed) ORDER BY p.id
            ) AS levels
        FROM stock_levels s JOIN locations p ON p.id = s.location_id WHERE s.variant_id = v.id
    ) AS l ON true
"""
_OF_ACCOUNT = f"{_LEVELS} WHERE v.account_id = :account_id AND v.id > :after"
_VARIANTS = text(f"{_OF_ACCOUNT} ORDER BY v.id LIMIT :limit")
_FOUND = text(
    f"""
    {_OF_ACCOUNT} AND v.{MATCHES}
        AND (v.sku ILIKE CAST(:pattern AS text) || '%' OR v.title ILIKE '%' || CAST(:pattern AS text) || '%')
    ORDER BY v.id LIMIT :limit
    """
)
_ONE_VARIANT = text(f"{_LEVELS} WHERE v.account_id = :account_id AND v.id = :id")
_VARIANTS_OF_SKU = text(f"{_LEVELS} WHERE v.sku = :sku ORDER BY v.account_id")
_VARIANT = text("SELECT 1 AS found FROM variants WHERE account_id = :account_id AND id = :id")
_CHANNELS = text(
    """
    SELECT s.id, s.variant_id, s.location_id, s.factor, s.connection_id, c.name AS connection_name,
           c.platform, c.state AS connection_state, s.account + s.drift AS expected, s.state, s.drift,
           s.dirty_since IS NOT NULL AS dirty, s.error, s.read_at
    FROM stock_cells s JOIN connections c ON c.id = s.connection_id
    WHERE s.account_id = :account_id AND s.variant_id = ANY(CAST(:variants AS bigint[]))
      AND c.state <> 'disconnected'
    ORDER BY s.variant_id, s.connection_id, s.id
    """
)
