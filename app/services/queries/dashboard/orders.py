"""Orders and revenue over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from app.services.queries.connections import require_connection
from app.services.queries.dashboard.reporting import Reporting, Span, converted, reporting, span
from app.services.queries.paging import Row, read

AMOUNTS = ("total_minor", "refunded_minor", "net_minor")
COUNTS = ("orders", "cancelled")
SUMS = (*COUNTS, "total_minor", "refunded_minor")
KEYS = {
    "currency": ("currency",),
    "platform": ("platform", "currency"),
    "connection": ("connection_id", "platform", "currency"),
}
"""What a series is about, by how it was asked for."""


def order_series(
    account_id: int,
    *,
    first: date | None,
    last: date | None,
    grain: str,
    by: str,
    connection_id: int | None,
    now: datetime,
) -> Row:
    """Orders by when they were placed. Raises InvalidInput, NotFound (the connection)."""
    if connection_id is not None:
        require_connection(account_id, connection_id)
    of = reporting(account_id)
    asked = span(of, first, last, grain, now=now)
    rows = order_sums(account_id, asked, connection_id=connection_id)
    return {**asked.as_row(of), **totals(of, rows), "series": _series(rows, KEYS[by], len(asked.bounds) - 1)}


def order_sums(account_id: int, asked: Span, *, connection_id: int | None = None) -> list[Row]:
    """By period (0 is the first), connection and currency; only those in which there is anything."""
    rows = read(
        _SUMS,
        account_id=account_id,
        connection_id=connection_id,
        first=asked.bounds[0],
        end=asked.bounds[-1],
        bounds=list(asked.bounds),
    )
    return [{**row, **{name: int(row[name]) for name in SUMS}} for row in rows]


def totals(of: Reporting, rows: Sequence[Row]) -> Row:
    """By currency, and converted."""
    by_currency: dict[str, Row] = {}
    for row in rows:
        sums = by_currency.setdefault(
            row["currency"], {"currency": row["currency"], **dict.fromkeys(SUMS, 0)}
        )
        for name in SUMS:
            sums[name] += row[name]
    found = [_with_average(sums) for _currency, sums in sorted(by_currency.items())]
    whole = converted(of, found, AMOUNTS, COUNTS)
    return {"totals": found, "converted": whole and _with_average(whole)}


def _with_average(sums: Row) -> Row:
    """`net` is what came in; `average` is it by sale, rounded half up, None without a sale."""
    net = sums["total_minor"] - sums["refunded_minor"]
    net, orders = sums.get("net_minor", net), sums["orders"]
    return {**sums, "net_minor": net, "average_minor": (2 * net + orders) // (2 * orders) if orders else None}


def _series(rows: Sequence[Row], keys: Sequence[str], periods: int) -> list[Row]:
    found: dict[tuple[object, ...], list[Row]] = defaultdict(
        lambda: [dict.fromkeys(SUMS, 0) for _ in range(periods)]
    )
    for row in rows:
        point = found[tuple(row[key] for key in keys)][row["period"]]
        for name in SUMS:
            point[name] += row[name]
    return [
        {**dict(zip(keys, key, strict=True)), "points": points}
        for key, points in sorted(found.items(), key=lambda item: str(item[0]))
    ]


_SUMS = text(
    """
    SELECT s.period, s.connection_id, c.platform, s.currency, s.orders, s.cancelled, s.total_minor,
        s.refunded_minor
    FROM (
        SELECT width_bucket(at, CAST(:bounds AS timestamptz[])) - 1 AS period, connection_id, currency,
            CAST(sum(orders) AS bigint) AS orders, CAST(sum(cancelled) AS bigint) AS cancelled,
            sum(total_minor) AS total_minor, sum(refunded_minor) AS refunded_minor
        FROM order_sums
        WHERE account_id = :account_id AND at >= :first AND at < :end
            AND (CAST(:connection_id AS bigint) IS NULL OR connection_id = CAST(:connection_id AS bigint))
        GROUP BY 1, 2, 3
    ) AS s JOIN connections c ON c.id = s.connection_id
    WHERE (s.orders, s.cancelled, s.total_minor, s.refunded_minor) <> (0, 0, 0, 0)
    ORDER BY s.period, s.connection_id, s.currency
    """
)
