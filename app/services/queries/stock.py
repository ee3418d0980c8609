"""The ledger and what each channel shows of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import text

from app.errors import NotFound
from app.services import cells as cell_store
from app.services.queries import variant_filters
from app.services.queries.available import available_of
from app.services.queries.paging import Page, Row, read
from app.services.queries.variant_filters import Sort, chosen, sorted_page
from app.services.uow import unit_of_work

NEWER_THAN_ANY = 2**62
MOST_LEVELS = 1000
"""Of one variant: it has one for each location."""


def stock(account_id: int, *, sort: Sort = "id", limit: int, cursor: str | None = None, **asked: Any) -> Page:
    """Variants that match all of `asked` (variant_filters.chosen), with their levels over all locations and
    the channels that show them. A bundle has no levels of its own: available is what its components are
    enough for."""
    found = sorted_page(_VARIANTS, *chosen(account_id, **asked), sort, limit, cursor)
    return Page(_with_channels(account_id, found.items), found.next)


def count(account_id: int, **asked: Any) -> Row:
    """How many `stock` would list."""
    return variant_filters.count(*chosen(account_id, **asked))


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
        cells = cast("Sequence[cell_store.Cell]", rows)
        wanted = cell_store.targets(uow.session, cells)
        fallen = uow.session.execute(_FALLEN, {"account_id": account_id, "variants": ids}).scalar_one()
        free = cell_store.targets(uow.session, cells, decided=True) if fallen else wanted
    for row in rows:
        channel = {**row._mapping, "error": cell_store.error_in_words(row.error)}
        target = None if row.expected is None else wanted.get(row.id)
        channel["target"] = target
        channel["held"] = row.in_review or (target is not None and target < free.get(row.id, target))
        channels[row.variant_id].append(channel)
    return [{**row, "channels": channels[row["variant_id"]]} for row in variants]


_OF = """
    SELECT {keys} v.id AS variant_id, v.account_id, v.sku, v.title, v.archived_at,
           coalesce(l.on_hand, 0) AS on_hand, coalesce(l.committed, 0) AS committed,
           {available} AS available, v.low_stock_threshold,
           EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = v.id) AS is_bundle,
           coalesce(l.levels, '[]') AS levels
    FROM {variants} v
    LEFT JOIN LATERAL (
        SELECT CAST(sum(s.on_hand) AS bigint) AS on_hand,
            CAST(sum(s.committed) AS bigint) AS committed, jsonb_agg(
                jsonb_build_object('location_id', p.id, 'location', p.name, 'on_hand', s.on_hand,
                    'committed', s.committed, 'available', s.on_hand - s.committed) ORDER BY p.id
            ) AS levels
        FROM stock_levels s JOIN locations p ON p.id = s.location_id WHERE s.variant_id = v.id
    ) AS l ON true
"""
_AVAILABLE = available_of("v.id", own="coalesce(l.on_hand, 0) - coalesce(l.committed, 0)")
# The page first, then what belongs to each row of it.
_PAGE = "(SELECT v.* FROM variants v WHERE {condition} ORDER BY {order} {limit})"
_KEYS = "v.id, v.sku_key, v.title_key,"
_VARIANTS = f"{_OF.format(keys=_KEYS, variants=_PAGE, available=_AVAILABLE)} ORDER BY {{order}}"
_LEVELS = _OF.format(keys="", variants="variants", available=_AVAILABLE)
_ONE_VARIANT = text(f"{_LEVELS} WHERE v.account_id = :account_id AND v.id = :id")
_VARIANTS_OF_SKU = text(f"{_LEVELS} WHERE v.sku = :sku ORDER BY v.account_id")
_VARIANT = text("SELECT 1 AS found FROM variants WHERE account_id = :account_id AND id = :id")
_CHANNELS = text(
    """
    SELECT s.id, s.variant_id, s.location_id, s.factor, s.connection_id, c.name AS connection_name,
           c.platform, c.state AS connection_state, s.account + s.drift AS expected, s.state, s.drift,
           s.in_review, s.dirty_since IS NOT NULL AS dirty, s.error, s.read_at, greatest(s.read_at, (
               SELECT a.closed_at FROM push_attempts a WHERE a.cell_id = s.id AND a.outcome = 'applied'
               ORDER BY a.id DESC LIMIT 1
           )) AS synced_at
    FROM stock_cells s JOIN connections c ON c.id = s.connection_id
    WHERE s.account_id = :account_id AND s.variant_id = ANY(CAST(:variants AS bigint[]))
      AND c.state <> 'disconnected'
    ORDER BY s.variant_id, s.connection_id, s.id
    """
)
# Whether somebody lowered a number that bears on those of the variants, and a person is to decide about it:
# rare, so that what they would be without it is seldom asked for (ix_stock_cells_differs).
_FALLEN = text(
    f"""
    SELECT EXISTS (
        SELECT 1 FROM stock_cells o
        WHERE o.account_id = :account_id AND o.drift < 0 AND o.in_review
            AND o.variant_id = ANY(ARRAY({cell_store.RELATED}))
    )
    """  # noqa: S608  (constants)
)
