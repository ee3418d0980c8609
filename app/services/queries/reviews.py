"""Numbers that wait for a person: both sides of each, and what every choice would do."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Row as Record
from sqlalchemy import text

from app.errors import NotFound
from app.services import cells as cell_store
from app.services.first_sync import LEVELS
from app.services.queries.paging import Page, Row, decode, page
from app.services.queries.why import why
from app.services.reviews import CHOICES, units_of
from app.services.uow import unit_of_work

LINES = 20

ASKED = """
    (n.state <> 'disconnected' OR c.drift < 0 AND EXISTS (
        SELECT 1 FROM connections o
        WHERE o.account_id = n.account_id AND o.state NOT IN ('connecting', 'disconnected')
    ))
"""
"""Whether what waits at a cell `c` of a connection `n` has to be decided: of a shop that was disconnected
only where it holds units back from others. All of it is asked again once the shop is connected again."""

_REASONS = {
    "policy": "this connection asks before it takes over what was changed at the shop",
    "no_identity": "the shop does not simply show what is available, so its change has no single meaning",
    "reversed": "somebody at the shop keeps putting this number back; nothing is written until you decide",
}


def reviews(
    account_id: int,
    *,
    limit: int,
    cursor: str | None = None,
    connection_id: int | None = None,
    variant_id: int | None = None,
    reason: str | None = None,
) -> Page:
    """Those that are open, oldest first; of all connections or one, for all reasons or one. Of a variant's,
    also those of bundles that need it, and of what it is made of: they bear on its numbers too."""
    after = decode(cursor, int) or [0]
    rows = _read(
        account_id=account_id,
        after=after[0],
        limit=limit + 1,
        connection_id=connection_id,
        variant_id=variant_id,
        reason=reason,
    )
    return page(rows, limit, lambda row: [row["id"]])


def review(account_id: int, review_id: int) -> Row:
    """One, with what led to its numbers: `history`, newest first. Raises NotFound."""
    rows = _read(account_id=account_id, id=review_id, limit=1)
    if not rows:
        raise NotFound("There is no such review.")
    return {**rows[0], "history": why(account_id, rows[0]["variant_id"], limit=LINES).items}


def _read(**parameters: Any) -> list[Row]:
    asked = {"id": None, "after": 0, "connection_id": None, "variant_id": None, "reason": None, **parameters}
    with unit_of_work() as uow:
        rows = uow.session.execute(_REVIEWS, {**asked, "variants": [asked["variant_id"]]}).all()
        # `targets` reads no more of a cell than these rows have.
        cells = cast("list[cell_store.Cell]", [_CellOf(row) for row in rows])
        targets = cell_store.targets(uow.session, cells)
    return [_in_full(row, targets.get(row.cell_id)) for row in rows]


class _CellOf:
    """A review's row as the cell that it is about."""

    def __init__(self, row: Record[Any]) -> None:
        self.id, self.variant_id, self.factor = row.cell_id, row.variant_id, row.factor


def _in_full(row: Record[Any], target: int | None) -> Row:
    units = {choice: units_of(choice, row.quantity, row.factor) for choice in CHOICES}
    return {
        **row._mapping,
        "target": target,
        "reason_text": _REASONS[row.reason],
        "choices": [
            {
                "choice": choice.value,
                "stock_change": units[choice],
                "available_after": row.available + units[choice],
            }
            for choice in CHOICES
        ],
    }


_REVIEWS = text(
    f"""
    SELECT d.id, d.seen_at, d.review_reason AS reason, d.quantity, d.cell_id, c.variant_id, c.location_id,
        c.connection_id, n.name AS connection_name, n.state AS connection_state, n.platform, v.sku,
        v.title, c.factor, c.account + c.drift AS shown, coalesce(d.shown, c.account + c.drift) AS changed_to,
        coalesce(l.on_hand, 0) AS on_hand,
        coalesce(l.committed, 0) AS committed, coalesce((
            SELECT CAST(sum(there.sets) AS bigint) FROM unnest({cell_store.PLACES}) AS place (id)
            CROSS JOIN LATERAL (
                SELECT min(floor(coalesce(x.on_hand - x.committed, 0) / CAST(b.quantity AS numeric))) AS sets
                FROM bundle_components b
                LEFT JOIN stock_levels x ON x.variant_id = b.component_id AND x.location_id = place.id
                WHERE b.bundle_id = c.variant_id
            ) there
        ), l.on_hand - l.committed, 0) AS available
    FROM drifts d
    JOIN stock_cells c ON c.id = d.cell_id
    JOIN variants v ON v.id = c.variant_id
    JOIN connections n ON n.id = c.connection_id
    {LEVELS}
    WHERE d.account_id = :account_id AND d.state = 'review' AND d.id > :after AND {ASKED}
        AND (CAST(:id AS bigint) IS NULL OR d.id = :id)
        AND (CAST(:connection_id AS bigint) IS NULL OR c.connection_id = CAST(:connection_id AS bigint))
        AND (CAST(:variant_id AS bigint) IS NULL OR c.variant_id = ANY(ARRAY({cell_store.RELATED})))
        AND (CAST(:reason AS text) IS NULL OR d.review_reason = CAST(:reason AS text))
    ORDER BY d.id LIMIT :limit
    """  # noqa: S608  (constants)
)
