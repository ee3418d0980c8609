"""What a first sync would change at a shop, and at the others, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from functools import partial
from itertools import islice

from sqlalchemy import text

from app.services.first_sync import EFFECTS, DiffRow, Source, all_numbers, first_sync_diff
from app.services.queries.connections import connection
from app.services.queries.paging import Page, Row, decode, page, read

MOST_COUNTED = 50_000
"""Numbers that are looked at for totals."""


def first_sync(
    account_id: int,
    connection_id: int,
    *,
    source: str,
    limit: int,
    cursor: str | None = None,
    effect: str | None = None,
    q: str | None = None,
) -> Page:
    """Cells whose number the shop and the ledger do not agree about, and what would become of them if
    `source`'s number is right; of one effect, and with `q` in their SKU or title, if these are given. Raises
    NotFound."""
    connection(account_id, connection_id)
    after = decode(cursor, int) or [0]
    rows = first_sync_diff(
        account_id,
        connection_id,
        after[0],
        limit + 1,
        source=Source(source),
        wanted=partial(_is_wanted, effect, (q or "").strip().casefold()),
    )
    return page([asdict(row) for row in rows], limit, lambda row: [row["cell_id"]])


def first_sync_totals(account_id: int, connection_id: int, *, source: str) -> Row:
    """How many numbers it would change, at this shop, in the stock and at the shops that follow. Of more than
    MOST_COUNTED the first are counted, and `at_least` is true. Raises NotFound."""
    connection(account_id, connection_id)
    numbers = all_numbers(account_id, connection_id, source=Source(source))
    counts: Counter[str] = Counter()
    moved: dict[int, int] = {}
    for row in islice(numbers, MOST_COUNTED):
        counts[row.effect] += 1
        if row.stock_change:
            moved[row.variant_id] = moved.get(row.variant_id, 0) + row.stock_change
    return {
        **{effect: counts[effect] for effect in (*EFFECTS, "unchanged")},
        "units_added": sum(units for units in moved.values() if units > 0),
        "units_taken": -sum(units for units in moved.values() if units < 0),
        "followers": _followers(account_id, connection_id, moved),
        "at_least": next(numbers, None) is not None,
    }


def _followers(account_id: int, connection_id: int, variants: Collection[int]) -> list[Row]:
    """The other shops that show what moves."""
    if not variants:
        return []
    return read(_FOLLOWERS, account_id=account_id, connection_id=connection_id, variants=list(variants))


def _is_wanted(effect: str | None, term: str, row: DiffRow) -> bool:
    return effect in (None, row.effect) and (
        term in row.title.casefold() or (row.sku is not None and term in row.sku.casefold())
    )


_FOLLOWERS = text(
    """
    WITH moved AS (
        SELECT unnest(CAST(:variants AS bigint[])) AS id
    ), shown AS (
        SELECT id FROM moved
        UNION
        SELECT b.bundle_id FROM bundle_components b JOIN moved m ON m.id = b.component_id
    )
    SELECT n.id AS connection_id, n.name AS connection_name, count(*) AS numbers
    FROM shown s
    JOIN stock_cells c ON c.account_id = :account_id AND c.variant_id = s.id AND c.state = 'active'
    JOIN connections n ON n.id = c.connection_id AND n.state = 'active' AND n.id <> :connection_id
    GROUP BY n.id, n.name ORDER BY n.id
    """
)
