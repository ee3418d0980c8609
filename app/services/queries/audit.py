"""Who did what in an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from app.domain.audit_actions import TOPICS
from app.services.queries.paging import InvalidCursor, Page, decode, page, read

AFTER_ALL = datetime.max.replace(tzinfo=UTC).isoformat()
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
SUPPORT = "support"
"""Stands for every actor that is somebody of SyncFlow's."""


def entries(
    account_id: int,
    *,
    actor: str | None,
    action: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    topic: str | None = None,
    cursor: str | None = None,
) -> Page:
    """Newest first, with actors and subjects named; `since` is included, `until` is not."""
    at, before = decode(cursor, str, int) or (AFTER_ALL, 2**62)
    filters = {"actor": None if actor == SUPPORT else actor, "action": action, "subject": subject}
    equal = {name: value for name, value in filters.items() if value is not None}
    rows = read(
        text(_named(_found([f"a.{name} = :{name}" for name in equal], topic, actor == SUPPORT))),
        account_id=account_id,
        since=since or BEFORE_ALL,
        until=until or datetime.max.replace(tzinfo=UTC),
        at=_moment(at),
        before=before,
        limit=limit + 1,
        **equal,
        **({} if topic is None else {"actions": list(TOPICS[topic])}),
    )
    return page(rows, limit, lambda row: [row["created_at"].isoformat(), row["id"]])


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as err:
        raise InvalidCursor() from err
    if moment.tzinfo is None:
        raise InvalidCursor()
    return moment


def _found(conditions: Sequence[str], topic: str | None, by_support: bool) -> str:
    """The page's rows, by the index that begins with what is asked for."""
    if by_support:
        of_topic = () if topic is None else ("a.action = ANY(:actions)",)
        return _last_of_each(_SUPPORTERS, [*conditions, *of_topic, "a.actor = asked.who"])
    if topic is not None:
        return _last_of_each(_ACTIONS, [*conditions, "a.action = asked.what"])
    return _last(conditions)


def _last(conditions: Sequence[str]) -> str:
    also = "".join(f" AND {condition}" for condition in conditions)
    return f"""
        SELECT a.* FROM audit_log a
        WHERE a.account_id = :account_id AND a.created_at >= :since AND a.created_at < :until
          AND (a.created_at, a.id) < (:at, :before){also}
        ORDER BY a.created_at DESC, a.id DESC LIMIT :limit
    """  # noqa: S608  (our own words)


def _last_of_each(asked: str, conditions: Sequence[str]) -> str:
    """An index has the rows of each in order, not those of all: of the last ones of each the last."""
    return f"""
        SELECT f.* FROM {asked} CROSS JOIN LATERAL ({_last(conditions)}) f
        ORDER BY f.created_at DESC, f.id DESC LIMIT :limit
    """  # noqa: S608


def _named(found: str) -> str:
    """With names, which are looked for only where there is something of the subject's kind."""
    names = "".join(
        f" WHEN '{kind}' THEN (SELECT {name} FROM {rows}"  # noqa: S608
        " WHERE x.account_id = a.account_id AND x.id = s.id)"
        for kind, (name, rows) in _SUBJECTS.items()
    )
    return f"""
        SELECT a.id, a.created_at, a.actor, coalesce(u.email, k.name,
            CASE WHEN a.actor LIKE 'staff:%' OR a.actor = 'cli' THEN 'SyncFlow support' END) AS actor_name,
            a.action, a.subject, a.detail,
            nullif(CASE split_part(a.subject, ':', 1)
                WHEN 'user' THEN (SELECT email FROM users WHERE id = s.id){names} END, '') AS subject_name
        FROM ({found}) a {ACTORS}
        CROSS JOIN LATERAL (
            SELECT CASE WHEN a.subject ~ '^[a-z_]+:[0-9]{{1,18}}$'
                THEN CAST(split_part(a.subject, ':', 2) AS bigint) END AS id
        ) s
        ORDER BY a.created_at DESC, a.id DESC
    """  # noqa: S608


ACTORS = """
    LEFT JOIN users u ON u.id = CASE WHEN a.actor ~ '^user:[0-9]{1,18}$'
        THEN CAST(substr(a.actor, 6) AS bigint) END
    LEFT JOIN api_keys k ON k.account_id = a.account_id AND k.id = CASE WHEN a.actor ~ '^key:[0-9]{1,18}$'
        THEN CAST(substr(a.actor, 5) AS bigint) END
"""
"""Joins the user `u` or the API key `k` behind `audit_log a`."""
_ACTIONS = "unnest(CAST(:actions AS text[])) AS asked (what)"
_SUPPORTERS = "(SELECT 'cli' UNION ALL SELECT 'staff:' || id FROM staff_users) AS asked (who)"
_HOST = "substring(url FROM '//(?:[^/?#]*@)?([^/:?#]+)')"
"""Of a webhook: the other parts of its address may carry a secret."""
_COUNT = ("p.name", "stock_counts x JOIN locations p ON p.id = x.location_id")
_SUBJECTS = {
    "key": ("x.name", "api_keys x"),
    "invitation": ("x.email", "invitations x"),
    "webhook": (_HOST, "webhook_subscriptions x"),
    "webhook_delivery": (
        _HOST,
        "webhook_deliveries x JOIN webhook_subscriptions w ON w.id = x.subscription_id",
    ),
    "connection": ("x.name", "connections x"),
    "listing": ("coalesce(nullif(x.sku, ''), x.title)", "listings x"),
    "variant": ("coalesce(x.sku, x.title)", "variants x"),
    "location": ("x.name", "locations x"),
    "csv_import": ("x.file_name", "csv_imports x"),
    "stock_change": (
        "concat_ws(' → ', p.name, t.name)",
        "stock_changes x JOIN locations p ON p.id = x.location_id"
        " LEFT JOIN locations t ON t.id = x.to_location_id",
    ),
    "stock_count": _COUNT,
    "count": _COUNT,
    "fulfillment": ("o.number", "fulfillments x JOIN orders o ON o.id = x.order_id"),
    "cell": ("coalesce(v.sku, v.title)", "stock_cells x JOIN variants v ON v.id = x.variant_id"),
    "run": (
        "concat_ws(' · ', '#' || x.id, c.name, p.title, coalesce(v.sku, v.title))",
        "sync_runs x LEFT JOIN connections c ON c.id = x.connection_id"
        " LEFT JOIN products p ON p.id = x.product_id LEFT JOIN variants v ON v.id = x.variant_id",
    ),
}
"""Kind of a subject -> what the one that is `x` is called, and where it is kept."""
