"""What a sync would write where, by what is believed of the shops now. Nothing is written or called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Row as Record
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.effects import WRITTEN, effect
from app.errors import NotFound
from app.services import cells as cell_store
from app.services.first_sync import IN_WORDS, LEVELS, causes, why
from app.services.queries.paging import Page, Row, decode, encode
from app.services.run_now import FOUND, OF_VARIANTS, Scope
from app.services.uow import unit_of_work

CELLS_AT_A_TIME = 1000
"""Looked at for a page, of which those that differ are shown: it may be short, and not the last one."""
MOST_COUNTED = 50_000
"""Numbers that are looked at for totals."""
OBSTACLES = {
    "connection": "its connection is {0.connection_state}",
    "writes_stopped": "all writes of the account are stopped",
    "refused": "the shop refuses it: {error}",
    "not_followed": "it is not followed yet",
    "in_review": "it was changed at the shop and waits for a person",
    "brake": "the brake holds it back",
}
EFFECTS = (*WRITTEN, "held", "refused")
"""What a sync does to a number that is not what it should be: `held`, where it would not be written. All that
the shop refuses are `refused`, also those that are what they should be."""


def sync_preview(
    account_id: int,
    scope: Scope,
    *,
    limit: int,
    cursor: str | None = None,
    effect: str | None = None,
    q: str | None = None,
) -> Page:
    """Numbers that are not what they should be, or that a shop refuses, by cell: from what to what, why, and
    what keeps it from being written if anything does; of one effect, and with `q` in their SKU or title, if
    these are given. Raises NotFound, InvalidInput."""
    after = (decode(cursor, int) or [0])[0]
    term = (q or "").strip().casefold()
    with unit_of_work() as uow:
        _require(uow.session, account_id, scope)
        rows, differing = _looked_at(uow.session, account_id, scope, after)
    items = [
        item
        for item in differing
        if effect in (None, item["effect"]) and term in f"{item['sku'] or ''}\n{item['title']}".casefold()
    ]
    shown = items[:limit]
    last = None
    if len(items) > limit:
        last = shown[-1]["cell_id"]
    elif len(rows) == CELLS_AT_A_TIME:
        last = rows[-1].id
    return Page(shown, None if last is None else encode([last]))


def sync_totals(account_id: int, scope: Scope) -> Row:
    """How many numbers a sync would change, by shop and effect. Of more than MOST_COUNTED the first are
    looked at, and `at_least` is true. Raises NotFound, InvalidInput."""
    counts: Counter[tuple[int, str, str]] = Counter()
    looked_at, at_least = 0, False
    with unit_of_work() as uow:
        _require(uow.session, account_id, scope)
    for rows, differing in _batches(account_id, scope):
        if looked_at >= MOST_COUNTED:
            at_least = True
            break
        looked_at += len(rows)
        counts.update((item["connection_id"], item["connection_name"], item["effect"]) for item in differing)
    shops = sorted({key[:2] for key in counts})
    return {
        "looked_at": looked_at,
        "at_least": at_least,
        "connections": [
            {
                "connection_id": shop[0],
                "connection_name": shop[1],
                **{name: counts[(*shop, name)] for name in EFFECTS},
            }
            for shop in shops
        ],
    }


def _require(session: Session, account_id: int, scope: Scope) -> None:
    """Raises NotFound for what the account does not have, InvalidInput."""
    scope.check()
    found = session.execute(FOUND, {"account_id": account_id, **asdict(scope)}).one()
    if not (found.connection and found.product and found.variant):
        raise NotFound("There is no such connection, product or variant.")


def _batches(account_id: int, scope: Scope) -> Iterator[tuple[Sequence[Record[Any]], list[Row]]]:
    after = 0
    while True:
        with unit_of_work() as uow:
            rows, differing = _looked_at(uow.session, account_id, scope, after)
        if rows:
            yield rows, differing
            after = rows[-1].id
        if len(rows) < CELLS_AT_A_TIME:
            return


def _looked_at(
    session: Session, account_id: int, scope: Scope, after: int
) -> tuple[Sequence[Record[Any]], list[Row]]:
    """The next numbers, and those of them that are not what they should be, or refused."""
    query = _OF_VARIANTS if scope.of_variants else _OF_SHOPS
    params = {"account_id": account_id, "after": after, "limit": CELLS_AT_A_TIME, **asdict(scope)}
    rows = session.execute(query, params).all()
    # `targets` reads no more of a cell than these rows have.
    targets = cell_store.targets(session, cast("Sequence[cell_store.Cell]", rows))
    items = [_item(row, targets.get(row.id)) for row in rows]
    return rows, [item for item in items if item is not None]


def _item(row: Record[Any], target: int | None) -> Row | None:
    """None for a number that is what it should be, or whose listing is paused, unless the shop refuses it."""
    done, obstacle = "refused", "refused"
    reasons: Row = {"why": None, "causes": []}
    if target is not None and row.expected is not None and max(row.expected, 0) != target:
        reasons = {"why": asdict(why(row, target)), "causes": causes(row, target)}
        if row.state != "failed":
            obstacle = _obstacle(row, target)
            done = "held" if obstacle else effect(max(row.expected, 0), target)
    elif row.state != "failed":
        return None
    error = cell_store.error_in_words(row.error) if obstacle == "refused" else ""
    return {
        "effect": done,
        "cell_id": row.id,
        "connection_id": row.connection_id,
        "connection_name": row.connection_name,
        "variant_id": row.variant_id,
        "sku": row.sku,
        "title": row.title,
        "location": row.location,
        "from_quantity": row.expected,
        "to_quantity": target,
        **reasons,
        "written": not obstacle,
        "obstacle": OBSTACLES[obstacle].format(row, error=error) if obstacle else "",
        "obstacle_code": obstacle,
        "error": error,
    }


def _obstacle(row: Record[Any], target: int) -> str:
    """Which of the other OBSTACLES keeps it from being written; empty if none."""
    if row.connection_state != "active":
        return "connection"
    if row.writes_stopped:
        return "writes_stopped"
    if row.state == "waiting":
        return "not_followed"
    if row.in_review and target > row.expected:
        return "in_review"
    if row.braked and not row.dirty:
        return "brake"
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
    (c.account IS NOT NULL OR c.state = 'failed') AND c.variant_id IS NOT NULL AND EXISTS (
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
