"""The history of runs, and what each did, number by number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from app.domain.remedies import remedy
from app.errors import NotFound
from app.services.queries.paging import InvalidCursor, Page, Row, decode, page, read
from app.services.run_book import OF_RUN

FILTERS = {
    "connection_id": "r.connection_id = :connection_id",
    "kind": "r.kind = :kind",
    "state": "r.state = :state",
    "not_well": "r.state IN ('partly', 'failed')",
    "since": "r.created_at >= :since",
    "until": "r.created_at < :until",
}


def runs(account_id: int, *, limit: int, cursor: str | None = None, **filters: Any) -> Page:
    """Newest first; those that are as every one of the FILTERS says that is given."""
    given = {name: value for name, value in filters.items() if value is not None and value is not False}
    where = " ".join(f"AND {FILTERS[name]}" for name in given)
    if before := _moment(decode(cursor, str, int)):
        where += " AND (r.created_at, r.id) < (:before, :before_id)"
        given |= {"before": before[0], "before_id": before[1]}
    query = text(f"{_RUNS} WHERE r.account_id = :account_id {where} {_ORDER}")
    rows = read(query, account_id=account_id, limit=limit + 1, **given)
    return page([_in_words(row) for row in rows], limit, _key)


def run(account_id: int, run_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_RUN, account_id=account_id, id=run_id)
    if not rows:
        raise NotFound("There is no such run.")
    return _in_words(rows[0])


def items(
    account_id: int,
    run_id: int,
    *,
    limit: int,
    cursor: str | None = None,
    outcome: str | None = None,
    variant_id: int | None = None,
) -> Page:
    """What a run wrote, or found changed, in its order; of an import, what was not as it should be.

    Of what the ledger took over from a shop the quantities are the stock on hand before and after.

    Each number is kept for as long as the record of its write, which is shorter than the run. Raises
    NotFound.
    """
    of = run(account_id, run_id)
    after = _moment(decode(cursor, str, int)) or (of["created_at"], 0)
    rows = read(
        _items_of(of["kind"]),
        account_id=account_id,
        run=run_id,
        connection=of["connection_id"],
        since=of["created_at"],
        until=of["finished_at"],
        after=after[0],
        after_id=after[1],
        outcome=outcome,
        variant=variant_id,
        limit=limit + 1,
    )
    return page([{**row, "suggestion": remedy(row["code"])} for row in rows], limit, _item_key)


def _items_of(kind: str) -> TextClause:
    match kind:
        case "push" | "manual":
            return _WRITTEN
        case "first_sync":
            return _FIRST_SYNC
        case "reconcile":
            return _CHANGED
        case _:
            return _KEPT


def _in_words(row: Row) -> Row:
    return {**row, "suggestion": remedy(row["code"])}


def _key(row: Any) -> list[Any]:
    return [row["created_at"].isoformat(), row["id"]]


def _item_key(row: Any) -> list[Any]:
    return [row["at"].isoformat(), row["id"]]


def _moment(key: list[Any] | None) -> tuple[datetime, int] | None:
    try:
        return None if key is None else (datetime.fromisoformat(key[0]), key[1])
    except ValueError as err:
        raise InvalidCursor() from err


_RUNS = """
    SELECT r.id, r.connection_id, n.name AS connection_name, n.platform, r.product_id, r.variant_id, r.kind,
        r.trigger, r.state, r.created_at, r.finished_at, r.window_at, r.times, r.looked_at, r.changed,
        r.failed, r.counts, r.code, r.error
    FROM sync_runs r LEFT JOIN connections n ON n.id = r.connection_id
"""
_ORDER = "ORDER BY r.created_at DESC, r.id DESC LIMIT :limit"
_RUN = text(f"{_RUNS} WHERE r.account_id = :account_id AND r.id = :id")
_OF_CELL = """
    n.id AS connection_id, n.name AS connection_name, c.id AS cell_id, c.variant_id, v.sku, v.title,
    p.name AS location
"""
_JOINS = """
    LEFT JOIN variants v ON v.id = c.variant_id
    JOIN locations p ON p.id = c.location_id
"""
# Of each shop the next ones by its index; together they are the next of all.
_OF_WRITES = f"""
    SELECT a.id, a.created_at AS at, {_OF_CELL}, a.from_quantity, a.to_quantity, a.outcome, a.code,
        a.message AS error
    FROM sync_runs r
    JOIN connections n ON n.account_id = r.account_id AND (r.connection_id IS NULL OR n.id = r.connection_id)
    CROSS JOIN LATERAL (
        SELECT a.* FROM push_attempts a JOIN stock_cells c ON c.id = a.cell_id
        WHERE a.connection_id = n.id AND a.created_at >= :since
            AND a.created_at < CASE WHEN r.window_at IS NOT NULL THEN r.window_at + interval '5 minutes'
                ELSE coalesce(CAST(:until AS timestamptz), 'infinity') END
            AND (a.created_at, a.id) > (:after, :after_id)
            AND (CAST(:outcome AS text) IS NULL OR a.outcome = CAST(:outcome AS text))
            AND (CAST(:variant AS bigint) IS NULL OR c.variant_id = CAST(:variant AS bigint))
            AND (r.product_id IS NULL AND r.variant_id IS NULL OR {OF_RUN})
        ORDER BY a.created_at, a.id LIMIT :limit
    ) a
    JOIN stock_cells c ON c.id = a.cell_id
    {_JOINS}
    WHERE r.account_id = :account_id AND r.id = :run
    ORDER BY a.created_at, a.id LIMIT :limit
"""  # noqa: S608  (constants)
_OF_LEDGER = """
    SELECT m.id, m.created_at AS at, n.id AS connection_id, n.name AS connection_name, c.id AS cell_id,
        m.variant_id, v.sku, v.title, p.name AS location, m.on_hand_after - m.on_hand_delta AS from_quantity,
        m.on_hand_after AS to_quantity, 'booked' AS outcome, '' AS code, '' AS error
    FROM stock_movements m
    JOIN stock_cells c ON c.id = CAST(split_part(m.source_key, ':', 2) AS bigint)
        AND c.connection_id = :connection
    JOIN connections n ON n.id = c.connection_id
    JOIN variants v ON v.id = m.variant_id
    JOIN locations p ON p.id = m.location_id
    WHERE m.account_id = :account_id AND m.source_key LIKE 'first_sync:%' AND m.created_at >= :since
        AND m.created_at <= coalesce(CAST(:until AS timestamptz), 'infinity')
        AND (m.created_at, m.id) > (:after, :after_id)
        AND coalesce(CAST(:outcome AS text), 'booked') = 'booked'
        AND (CAST(:variant AS bigint) IS NULL OR m.variant_id = CAST(:variant AS bigint))
    ORDER BY m.created_at, m.id LIMIT :limit
"""
_WRITTEN = text(_OF_WRITES)
_FIRST_SYNC = text(f"({_OF_WRITES}) UNION ALL ({_OF_LEDGER}) ORDER BY at, id LIMIT :limit")
_CHANGED = text(
    f"""
    SELECT d.id, d.closed_at AS at, {_OF_CELL}, d.shown - d.quantity AS from_quantity,
        d.shown AS to_quantity, d.state AS outcome, '' AS code, '' AS error
    FROM drifts d
    JOIN stock_cells c ON c.id = d.cell_id AND c.connection_id = :connection
    JOIN connections n ON n.id = c.connection_id
    {_JOINS}
    WHERE d.account_id = :account_id AND d.closed_at >= :since
        AND d.closed_at <= coalesce(CAST(:until AS timestamptz), 'infinity')
        AND (d.closed_at, d.id) > (:after, :after_id)
        AND (CAST(:outcome AS text) IS NULL OR d.state = CAST(:outcome AS text))
        AND (CAST(:variant AS bigint) IS NULL OR c.variant_id = CAST(:variant AS bigint))
    ORDER BY d.closed_at, d.id LIMIT :limit
    """  # noqa: S608  (constants)
)
_KEPT = text(
    """
    SELECT i.id, i.created_at AS at, n.id AS connection_id, n.name AS connection_name,
        CAST(NULL AS bigint) AS cell_id, CAST(NULL AS bigint) AS variant_id, i.subject AS sku,
        i.subject AS title, '' AS location, i.expected AS from_quantity, i.quantity AS to_quantity,
        i.outcome, i.outcome AS code, i.message AS error
    FROM sync_run_items i JOIN connections n ON n.id = :connection
    WHERE i.account_id = :account_id AND i.run_id = :run AND (i.created_at, i.id) > (:after, :after_id)
        AND (CAST(:outcome AS text) IS NULL OR i.outcome = CAST(:outcome AS text))
        AND CAST(:variant AS bigint) IS NULL
    ORDER BY i.created_at, i.id LIMIT :limit
    """
)
