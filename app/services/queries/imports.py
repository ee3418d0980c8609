"""Imports of CSV files, how far they are, and what their rows do."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.stock import NEWER_THAN_ANY


def imports(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """Newest first."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_IMPORTS, account_id=account_id, before=before[0], id=None, limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def csv_import(account_id: int, import_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_IMPORTS, account_id=account_id, before=NEWER_THAN_ANY, id=import_id, limit=1)
    if not rows:
        raise NotFound("There is no such import.")
    return rows[0]


def import_rows(
    account_id: int, import_id: int, *, outcome: str | None = None, limit: int, cursor: str | None = None
) -> Page:
    """Its rows, or those of an outcome, as they are in the file. Raises NotFound."""
    found = csv_import(account_id, import_id)
    after = decode(cursor, int) or [0]
    rows = read(
        _ROWS if outcome is None else _ROWS_OF_OUTCOME,
        account_id=account_id,
        id=import_id,
        outcome=outcome,
        after=after[0],
        applied_line=found["applied_line"],
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: [row["line"]])


_IMPORTS = text(
    """
    SELECT i.id, i.kind, i.state, i.file_name, i.currency, i.location_id, i.counted_at, i.count_id, i.columns,
        i.ignored AS ignored_columns, i.size_bytes, i.read_bytes,
        i.creates + i.changes + i.unchanged + i.faulty AS rows, i.creates, i.changes, i.unchanged, i.faulty,
        i.applied, i.applied_line, i.problem, i.created_at, i.closed_at,
        i.creates + i.changes + CASE WHEN i.kind = 'counts' THEN i.unchanged ELSE 0 END AS to_apply
    FROM csv_imports i
    WHERE i.account_id = :account_id AND i.id < :before
        AND (CAST(:id AS bigint) IS NULL OR i.id = CAST(:id AS bigint))
    ORDER BY i.id DESC LIMIT :limit
    """
)
# A row that gives a variant another currency keeps which one it had.
_OF_ROWS = """
    SELECT r.line, r.outcome, r.given, r.changes, r.problem, v.id AS variant_id,
        coalesce(r.changes #>> '{currency,0}', nullif(o.currency, '')) AS currency,
        r.outcome <> 'fault' AND r.line <= :applied_line AS applied
    FROM csv_import_rows r
    CROSS JOIN LATERAL (
        SELECT CASE WHEN r.key LIKE 'v%' THEN CAST(substr(r.key, 2) AS bigint) END AS id
    ) v
    LEFT JOIN variants o ON o.id = v.id AND o.account_id = r.account_id
    WHERE r.import_id = :id AND r.account_id = :account_id AND r.line > :after
"""
_ROWS = text(f"{_OF_ROWS} ORDER BY r.line LIMIT :limit")
_ROWS_OF_OUTCOME = text(f"{_OF_ROWS} AND r.outcome = :outcome ORDER BY r.line LIMIT :limit")
