"""How well numbers reach the shops, and how the shops' platforms answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import text

from app.services.queries.dashboard.calls import platform_calls
from app.services.queries.dashboard.reporting import reporting, span
from app.services.queries.dashboard.uptime import reached, uptime
from app.services.queries.paging import Row, read

OUTCOMES = ("applied", "stale", "failed")


def sync_report(account_id: int, *, first: date | None, last: date | None, grain: str, now: datetime) -> Row:
    """Writes by when they were begun and by what became of them, all calls to the platforms, and for how much
    of the time there was anybody to do it. Raises InvalidInput."""
    of = reporting(account_id)
    asked = span(of, first, last, grain, now=now)
    rows = read(
        _PUSHED,
        account_id=account_id,
        first=asked.bounds[0],
        end=asked.bounds[-1],
        bounds=list(asked.bounds),
    )
    found: dict[int, Row] = {}
    for row in rows:
        of_shop = found.setdefault(
            row["connection_id"],
            {
                **{name: row[name] for name in ("connection_id", "platform", "name")},
                "points": [dict.fromkeys(OUTCOMES, 0) for _ in asked.bounds[1:]],
            },
        )
        of_shop["points"][row["period"]] = {name: row[name] for name in OUTCOMES}
    series = [{**of_shop, **_added(of_shop["points"])} for of_shop in found.values()]
    return {
        **asked.as_row(of),
        **_added(series),
        "connections": series,
        "platforms": platform_calls(account_id, asked),
        "uptime": uptime(asked, now=now),
        "shops": reached(account_id, asked),
    }


def _added(points: list[Row]) -> Row:
    sums: dict[str, int] = defaultdict(int)
    for point in points:
        for name in OUTCOMES:
            sums[name] += point[name]
    return {**{name: sums[name] for name in OUTCOMES}, "success_permille": success_permille(sums)}


def success_permille(sums: Mapping[str, int]) -> int | None:
    """Of the writes that came to an end: a stale one is tried again, and is neither. None without any."""
    ended = sums["applied"] + sums["failed"]
    return sums["applied"] * 1000 // ended if ended else None


_PUSHED = text(
    """
    SELECT s.period, s.connection_id, c.platform, c.name, s.applied, s.stale, s.failed
    FROM (
        SELECT width_bucket(at, CAST(:bounds AS timestamptz[])) - 1 AS period, connection_id,
            CAST(sum(applied) AS bigint) AS applied, CAST(sum(stale) AS bigint) AS stale,
            CAST(sum(failed) AS bigint) AS failed
        FROM push_sums WHERE account_id = :account_id AND at >= :first AND at < :end
        GROUP BY 1, 2
    ) AS s JOIN connections c ON c.id = s.connection_id
    ORDER BY s.connection_id, s.period
    """
)
