"""How connected shops are doing, in one statement for however many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import text

from app.domain.health import PATIENCE, Facts, light, lights
from app.errors import NotFound
from app.platforms.rate_budget import left
from app.services.credentials import CredentialsUnreadable, ends_at, vault
from app.services.queries.paging import Row, read
from app.services.turns import LAST_SUCCESS

MOST_CONNECTIONS = 1000


def healths(account_id: int) -> list[Row]:
    """All shops of the account, with `light` and all `reasons` for it; those that wait for consent are left
    out."""
    rows = read(_HEALTH, account_id=account_id, id=None, limit=MOST_CONNECTIONS)
    return [_lit(row) for row in rows if row["state"] != "connecting"]


def health(account_id: int, connection_id: int) -> Row:
    """One shop, also with what is left of its rate budget and the state of its credentials. Raises
    NotFound."""
    rows = read(_HEALTH, account_id=account_id, id=connection_id, limit=1)
    if not rows:
        raise NotFound("There is no such connection.")
    budget = left(current_app.extensions["redis"], f"connection:{connection_id}")
    credentials = _credentials(rows[0])
    return {**_lit(rows[0]), "rate_budget": asdict(budget) if budget else None, "credentials": credentials}


def facts_of(row: Mapping[str, Any]) -> Facts:
    """What `light` asks of a row of `_HEALTH`."""
    now: datetime = row["now"]
    last: datetime | None = row["last_success_at"]
    oldest: datetime | None = row["waiting_since"]
    return Facts(
        state=row["state"],
        state_reason=row["reason"],
        writes_stopped=row["writes_stopped"],
        braked=row["braked_at"] is not None,
        failures=row["failures"],
        last_error=row["last_error"],
        retry_in=None if row["backoff_until"] is None else row["backoff_until"] - now,
        silent_for=None if last is None else now - last,
        patience=max(PATIENCE, 3 * _poll_interval()),
        waiting_for=None if oldest is None else now - oldest,
        calls=row["calls"],
        failed_calls=row["failed_calls"],
        refused_numbers=row["failed_cells"],
        reviews=row["reviews"],
        orders_announced=row["orders_announced"],
        orders_missed=row["orders_missed"],
    )


def _lit(row: Row) -> Row:
    facts = facts_of(row)
    calls = row["calls"]
    return {
        **{name: value for name, value in row.items() if name != "sealed"},
        "light": asdict(light(facts)),
        "reasons": [found.code for found in lights(facts)],
        "error_rate": row["failed_calls"] / calls if calls else None,
        "mean_latency_ms": row["total_ms"] / calls if calls else None,
        "webhook_coverage": _share(row["orders_announced"], row["orders_missed"]),
    }


def _share(announced: int, missed: int) -> float | None:
    return announced / (announced + missed) if announced + missed else None


def _credentials(row: Row) -> Row:
    """Whether there are any, whether they can be read, and until when they work (`ends_at`)."""
    if row["sealed"] is None:
        return {"state": "missing", "expires_at": None}
    try:
        document = vault().open(bytes(row["sealed"]))
    except CredentialsUnreadable:
        return {"state": "unreadable", "expires_at": None}
    state = "refused" if row["state"] == "needs_auth" else "stored"
    return {"state": state, "expires_at": ends_at(document)}


def _poll_interval() -> timedelta:
    return timedelta(seconds=current_app.extensions["settings"].order_poll_seconds)


# What waits counts only where somebody could do it by now.
_HEALTH = text(
    f"""
    SELECT c.id, c.platform, c.name, c.state, c.state_reason AS reason, c.braked_at, c.failures, c.last_error,
        CASE WHEN c.backoff_until > now() THEN c.backoff_until END AS backoff_until,
        c.webhooks_checked_at, c.orders_polled_at, c.levels_swept_at, c.credentials AS sealed,
        {LAST_SUCCESS} AS last_success_at,
        a.writes_stopped_at IS NOT NULL AS writes_stopped, clock_timestamp() AS now,
        e.pending_events, s.dirty_cells, f.failed_cells, t.open_attempts, d.reviews,
        least(
            CASE WHEN c.state IN ('review', 'active', 'paused') THEN e.since END,
            CASE WHEN c.state = 'active' AND a.writes_stopped_at IS NULL THEN s.since END
        ) AS waiting_since,
        m.calls, m.failed_calls, m.total_ms, m.slowest_ms, w.orders_announced, w.orders_missed
    FROM connections c
    JOIN accounts a ON a.id = c.account_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS pending_events, min(received_at) FILTER (WHERE state = 'pending') AS since
        FROM inbound_events WHERE connection_id = c.id AND state IN ('pending', 'retrying')
    ) e
    CROSS JOIN LATERAL (
        SELECT count(*) AS dirty_cells, min(dirty_since) FILTER (WHERE failures = 0) AS since
        FROM stock_cells WHERE connection_id = c.id AND state = 'active' AND dirty_since IS NOT NULL
    ) s
    CROSS JOIN LATERAL (
        SELECT count(*) AS failed_cells FROM stock_cells
        WHERE connection_id = c.id AND state = 'failed' AND variant_id IS NOT NULL
    ) f
    CROSS JOIN LATERAL (
        SELECT count(*) AS open_attempts FROM push_attempts
        WHERE connection_id = c.id AND outcome IN ('open', 'unknown')
    ) t
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews FROM drifts r JOIN stock_cells k ON k.id = r.cell_id
        WHERE r.account_id = c.account_id AND r.state = 'review' AND k.connection_id = c.id
    ) d
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(succeeded + refused + throttled + failed + unreachable), 0) AS int) AS calls,
            CAST(coalesce(sum(failed + unreachable), 0) AS int) AS failed_calls,
            CAST(coalesce(sum(total_ms), 0) AS bigint) AS total_ms,
            coalesce(max(slowest_ms), 0) AS slowest_ms
        FROM platform_call_minutes WHERE connection_id = c.id AND starts_at > now() - interval '1 hour'
    ) m
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(announced), 0) AS int) AS orders_announced,
            CAST(coalesce(sum(missed), 0) AS int) AS orders_missed
        FROM webhook_days WHERE connection_id = c.id AND day > (now() AT TIME ZONE 'UTC')::date - 3
    ) w
    WHERE c.account_id = :account_id AND (CAST(:id AS bigint) IS NULL OR c.id = CAST(:id AS bigint))
    ORDER BY c.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
