"""Webhooks that we send, and what became of each."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.event_log import NEWER_THAN_ANY
from app.services.queries.paging import Page, Row, decode, page, read


def subscriptions(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they were made."""
    after = decode(cursor, int) or [0]
    rows = read(_SUBSCRIPTIONS, account_id=account_id, id=None, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def subscription(account_id: int, subscription_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_SUBSCRIPTIONS, account_id=account_id, id=subscription_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such webhook.")
    return rows[0]


def deliveries(
    account_id: int,
    subscription_id: int,
    *,
    state: str | None,
    kind: str | None,
    since: datetime | None,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """Newest first. Raises NotFound."""
    subscription(account_id, subscription_id)
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(
        _DELIVERIES,
        subscription_id=subscription_id,
        state=state,
        kind=kind,
        since=since,
        before=before[0],
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: [row["id"]])


def delivery(account_id: int, delivery_id: int) -> Row:
    """With what was sent, the first of what was answered, and every attempt. Raises NotFound."""
    rows = read(_DELIVERY, account_id=account_id, id=delivery_id)
    if not rows:
        raise NotFound("There is no such delivery.")
    [row] = rows
    return {**row, "history": [{**tried, "at": _time(tried["at"])} for tried in row["history"]]}


def _time(text_of_it: str) -> datetime:
    return datetime.fromisoformat(text_of_it).astimezone(UTC)


_SUBSCRIPTIONS = text(
    """
    SELECT id, url, kinds, description, state, state_reason, failing_since, created_at,
        CASE WHEN quiet_until > now() THEN quiet_until END AS quiet_until,
        CASE WHEN previous_until > now() THEN previous_until END AS previous_secret_until
    FROM webhook_subscriptions
    WHERE account_id = :account_id AND id > :after AND state <> 'deleted'
        AND (CAST(:id AS bigint) IS NULL OR id = CAST(:id AS bigint))
    ORDER BY id LIMIT :limit
    """
)
_COLUMNS = """
    d.id, d.subscription_id, d.event_id, d.kind, d.state, d.attempts, d.status, d.fault, d.duration_ms,
        d.created_at, d.attempted_at,
        CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at
"""
_DELIVERIES = text(
    f"""
    SELECT {_COLUMNS} FROM webhook_deliveries d
    WHERE d.subscription_id = :subscription_id AND d.id < :before
        AND (CAST(:state AS text) IS NULL OR d.state = CAST(:state AS text))
        AND (CAST(:kind AS text) IS NULL OR d.kind = CAST(:kind AS text))
        AND (CAST(:since AS timestamptz) IS NULL OR d.created_at >= CAST(:since AS timestamptz))
    ORDER BY d.id DESC LIMIT :limit
    """  # noqa: S608  (a constant)
)
_DELIVERY = text(
    f"""
    SELECT {_COLUMNS}, d.body, d.answer, d.history FROM webhook_deliveries d
    JOIN webhook_subscriptions s ON s.id = d.subscription_id AND s.state <> 'deleted'
    WHERE d.account_id = :account_id AND d.id = :id
    """  # noqa: S608  (a constant)
)
