"""What a sync would write where, by what is believed of the shops now. Nothing is written or called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Row as Record
from sqlalchemy import text

from app.errors import NotFound
from app.services import cells as cell_store
from app.services.first_sync import IN_WORDS, LEVELS, causes
from app.services.queries.paging import Page, Row, decode, encode
from app.services.run_now import FOUND, OF_VARIANTS, Scope
from app.services.uow import unit_of_work

CELLS_AT_A_TIME = 1000
"""Looked at for a page, of which those that differ are shown: it may be short, and not the last one."""


def sync_preview(account_id: int, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
    """Numbers that are not what they should be, by cell: from what to what, why, and what keeps it from being
    written if anything does. Raises NotFound, InvalidInput."""
    scope.check()
    after = (decode(cursor, int) or [0])[0]
    params = {
        "account_id": account_id,
        "connection_id": scope.connection_id,
        "product_id": scope.product_id,
        "variant_id": scope.variant_id,
    }
    with unit_of_work() as uow:
        found = uow.session.execute(FOUND, params).one()
        if not (found.connection and found.product and found.variant):
            raise NotFound("There is no such connection, product or variant.")
        query = _OF_VARIANTS if scope.of_variants else _OF_SHOPS
        rows = uow.session.execute(query, {**params, "after": after, "limit": CELLS_AT_A_TIME}).all()
        # `targets` reads no more of a cell than these rows have.
        targets = cell_store.targets(uow.session, cast("Sequence[cell_store.Cell]", rows))
    differing = [row for row in rows if row.id in targets and max(row.expected, 0) != targets[row.id]]
    shown = differing[:limit]
    last = None
    if len(differing) > limit:
        last = shown[-1].id
    elif len(rows) == CELLS_AT_A_TIME:
        last = rows[-1].id
    items = [_item(row, targets[row.id]) for row in shown]
    return Page(items, None if last is None else encode([last]))


def _item(row: Record[Any], target: int) -> Row:
    obstacle = _obstacle(row, target)
    return {
        "cell_id": row.id,
        "connection_id": row.connection_id,
        "connection_name": row.connection_name,
        "variant_id": row.variant_id,
        "sku": row.sku,
        "title": row.title,
        "location": row.location,
        "from_quantity": row.expected,
        "to_quantity": target,
        "causes": causes(row, target),
        "written": not obstacle,
        "obstacle": obstacle,
    }


def _obstacle(row: Record[Any], target: int) -> str:
    """Why it would not be written, in words."""
    if row.connection_state != "active":
        return f"its connection is {row.connection_state}"
    if row.writes_stopped:
        return "all writes of the account are stopped"
    if row.state == "failed":
        return f"the shop refuses it: {row.error}"
    if row.state == "waiting":
        return "it is not followed yet"
    if row.in_review and target > row.expected:
        return "it was changed at the shop and waits for a person"
    if row.braked and not row.dirty:
        return "the brake holds it back"
    return ""


_ROWS = f"""
    SELECT c.id, c.connection_id, n.name AS connection_name, n.state AS connection_state, c.variant_id, v.sku,
        v.title, p.name AS location, c.state, c.error, c.in_review, c.dirty_since IS NOT NULL AS dirty,
        n.braked_at IS NOT NULL AS braked, a.writes_stopped_at IS NOT NULL AS writes_stopped, {IN_WORDS}
    FROM ({{cells}} ORDER BY c.id LIMIT :limit) c
    JOIN connections n ON n.id = c.connection_id
    JOIN accounts a ON a.id = c.account_id
    JOIN variants v ON v.id = c.variant_id
    JOIN locations p ON p.id = c.location_id
    {LEVELS}
    ORDER BY c.id
"""  # noqa: S608  (constants)
_LIVE = """
    c.account IS NOT NULL AND c.variant_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM connections n
        WHERE n.id = c.connection_id AND n.state IN ('review', 'active', 'paused', 'needs_auth')
    )
"""
_OF_SHOPS = text(
    _ROWS.format(
        cells=f"""
        SELECT c.* FROM stock_cells c
        WHERE c.account_id = :account_id AND c.id > :after AND {_LIVE}
            AND (CAST(:connection_id AS bigint) IS NULL OR c.connection_id = CAST(:connection_id AS bigint))
        """  # noqa: S608  (constants)
    )
)
_OF_VARIANTS = text(
    _ROWS.format(cells=f"SELECT c.* FROM stock_cells c WHERE {OF_VARIANTS} AND c.id > :after AND {_LIVE}")  # noqa: S608  (constants)
)
