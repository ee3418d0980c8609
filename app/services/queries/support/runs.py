"""Sync runs of all merchants."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.masking import masked_words
from app.domain.remedies import remedy
from app.models.events import RUN_KINDS, RUN_STATES
from app.services.queries import runs as of_accounts
from app.services.queries.paging import Page, Row, decode, moment_of, page, read

KINDS, STATES = RUN_KINDS, RUN_STATES


def runs(
    *,
    limit: int,
    cursor: str | None,
    account_id: int | None = None,
    connection_id: int | None = None,
    kind: str | None = None,
    state: str | None = None,
) -> Page:
    """Newest first. Raises InvalidCursor."""
    key = decode(cursor, str, int)
    given = {"account_id": account_id, "connection_id": connection_id, "kind": kind, "state": state}
    asked: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    where = [f"r.{name} = :{name}" for name in asked]
    by = "r.created_at, r.id" if account_id or connection_id else "r.id"  # each has its index
    if key is not None:
        where.append("(r.created_at, r.id) < (:before, :before_id)" if "," in by else "r.id < :before_id")
        asked |= {"before": moment_of(key[0]), "before_id": key[1]}
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    order = ", ".join(f"{column} DESC" for column in by.split(", "))
    rows = read(text(f"{_RUNS} {condition} ORDER BY {order} LIMIT :limit"), **asked, limit=limit + 1)
    return page([_told(row) for row in rows], limit, lambda row: [row["created_at"].isoformat(), row["id"]])


def run(run_id: int) -> Row | None:
    rows = read(_RUN, id=run_id)
    return _told(rows[0]) if rows else None


def items(row: Row, *, limit: int, cursor: str | None) -> Page:
    """What a run wrote or found, number by number. Raises NotFound, InvalidCursor."""
    found = of_accounts.items(row["account_id"], row["id"], limit=limit, cursor=cursor)
    return Page([{**item, "error": masked_words(item["error"])} for item in found.items], found.next)


def _told(row: Row) -> Row:
    return {**row, "error": masked_words(row["error"]), "suggestion": remedy(row["code"])}


_RUNS = """
    SELECT r.id, r.account_id, a.name AS account, r.connection_id, c.name AS connection, r.kind, r.trigger,
        r.state, r.created_at, r.finished_at, r.times, r.looked_at, r.changed, r.failed, r.counts, r.code,
        r.error
    FROM sync_runs r JOIN accounts a ON a.id = r.account_id LEFT JOIN connections c ON c.id = r.connection_id
"""
_RUN = text(f"{_RUNS} WHERE r.id = :id")
