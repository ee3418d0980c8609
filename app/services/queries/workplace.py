"""What members keep: their dashboards, and views of their own and those shared with them."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.workplace.members import Member


def dashboards(member: Member, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they were made."""
    after = decode(cursor, int) or [0]
    rows = read(_DASHBOARDS, **member.key, id=None, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def dashboard(member: Member, dashboard_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_DASHBOARDS, **member.key, id=dashboard_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such dashboard.")
    return rows[0]


def saved_views(member: Member, *, resource: str | None, limit: int, cursor: str | None = None) -> Page:
    """One's own and the shared ones of others, in the order in which they were made."""
    after = decode(cursor, int) or [0]
    rows = read(_VIEWS, **member.key, id=None, resource=resource, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def saved_view(member: Member, view_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_VIEWS, **member.key, id=view_id, resource=None, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such view.")
    return rows[0]


_DASHBOARDS = text(
    """
    SELECT id, name, widgets, version, created_at FROM dashboards
    WHERE account_id = :account_id AND user_id = :user_id AND id > :after
        AND (CAST(:id AS bigint) IS NULL OR id = CAST(:id AS bigint))
    ORDER BY id LIMIT :limit
    """
)
_VIEWS = text(
    """
    SELECT id, resource, name, filters, sort, shared, version, created_at, user_id = :user_id AS mine
    FROM saved_views
    WHERE account_id = :account_id AND (user_id = :user_id OR shared) AND id > :after
        AND (CAST(:id AS bigint) IS NULL OR id = CAST(:id AS bigint))
        AND (CAST(:resource AS text) IS NULL OR resource = CAST(:resource AS text))
    ORDER BY id LIMIT :limit
    """
)
