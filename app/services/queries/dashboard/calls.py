"""How the platforms' APIs answered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from app.services.queries.dashboard.reporting import Span
from app.services.queries.paging import Row, read

OUTCOMES = ("succeeded", "refused", "throttled", "failed")
ADDED = (*OUTCOMES, "total_ms")


def platform_calls(account_id: int, asked: Span) -> list[Row]:
    """Calls to each platform that was called, over all of the account's shops there, by when they were made.

    They are kept by hours in UTC: an hour is whole in the period that it begins in.
    """
    rows = read(
        _CALLED,
        account_id=account_id,
        first=asked.bounds[0],
        end=asked.bounds[-1],
        bounds=list(asked.bounds),
    )
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        found.setdefault(row["platform"], {})[row["period"]] = row
    periods = range(len(asked.bounds) - 1)
    return [
        {
            "platform": platform,
            **_figures(list(by_period.values())),
            "points": [_figures([by_period[period]] if period in by_period else []) for period in periods],
        }
        for platform, by_period in sorted(found.items())
    ]


def _figures(rows: Sequence[Row]) -> Row:
    """Rates are shares of all calls; None, as latencies are, without any."""
    sums = {name: sum(row[name] for row in rows) for name in ADDED}
    total_ms = sums.pop("total_ms")
    calls = sum(sums.values())
    return {
        "calls": calls,
        **sums,
        "success_permille": sums["succeeded"] * 1000 // calls if calls else None,
        "error_permille": -(-sums["failed"] * 1000 // calls) if calls else None,
        "mean_latency_ms": round(total_ms / calls) if calls else None,
        "slowest_ms": max(row["slowest_ms"] for row in rows) if calls else None,
    }


_CALLED = text(
    """
    SELECT c.platform, width_bucket(h.starts_at, CAST(:bounds AS timestamptz[])) - 1 AS period,
        sum(h.succeeded) AS succeeded, sum(h.refused) AS refused, sum(h.throttled) AS throttled,
        sum(h.failed + h.unreachable) AS failed, CAST(sum(h.total_ms) AS bigint) AS total_ms,
        max(h.slowest_ms) AS slowest_ms
    FROM connections c JOIN platform_call_hours h ON h.connection_id = c.id
    WHERE c.account_id = :account_id AND h.starts_at >= :first AND h.starts_at < :end
    GROUP BY 1, 2
    """
)
