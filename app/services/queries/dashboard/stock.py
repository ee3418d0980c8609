"""What stock is worth, what runs low, and how it moves."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.domain.event_log import EventKind
from app.services.queries.dashboard.reporting import converted, reporting, span
from app.services.queries.locations import location
from app.services.queries.paging import Row, read

SHOWN = 10
"""Of what runs low, where the fewest are left; the inventory has all of it."""


def stock_report(
    account_id: int,
    *,
    first: date | None,
    last: date | None,
    grain: str,
    location_id: int | None,
    now: datetime,
) -> Row:
    """Raises InvalidInput, NotFound (the location)."""
    if location_id is not None:
        location(account_id, location_id)
    of = reporting(account_id)
    asked = span(of, first, last, grain, now=now)
    rows = read(
        _MOVED,
        account_id=account_id,
        location_id=location_id,
        first=asked.bounds[0],
        end=asked.bounds[-1],
        bounds=list(asked.bounds),
    )
    points: dict[str, list[Row]] = defaultdict(
        lambda: [{"units_in": 0, "units_out": 0} for _ in asked.bounds[1:]]
    )
    for row in rows:
        points[row["kind"]][row["period"]] = {"units_in": row["units_in"], "units_out": row["units_out"]}
    low = read(_RUNNING_LOW, account_id=account_id, limit=SHOWN)
    value = [{**row, "value_minor": int(row["value_minor"])} for row in read(_VALUE, account_id=account_id)]
    return {
        **asked.as_row(of),
        "value": value,
        "converted": converted(of, value, ("value_minor",), ("units",)),
        "low_stock": [_low(**row) for row in low],
        "low_stock_count": low[0]["count"] if low else 0,
        "movements": [{"kind": kind, "points": points[kind]} for kind in sorted(points)],
    }


def _low(*, count: int, **row: Any) -> Row:
    """What is oversold is low, too."""
    return {**row, "kind": (EventKind.OVERSOLD if row["available"] < 0 else EventKind.LOW_STOCK).value}


_MOVED = text(
    """
    SELECT width_bucket(at, CAST(:bounds AS timestamptz[])) - 1 AS period, kind,
        CAST(sum(units_in) AS bigint) AS units_in, CAST(sum(units_out) AS bigint) AS units_out
    FROM movement_sums
    WHERE account_id = :account_id AND at >= :first AND at < :end
        AND (CAST(:location_id AS bigint) IS NULL OR location_id = CAST(:location_id AS bigint))
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)
_VALUE = text(
    """
    SELECT currency, basis, variants, units, value_minor FROM stock_values
    WHERE account_id = :account_id AND (variants, units, value_minor) <> (0, 0, 0)
    ORDER BY currency, basis
    """
)
# Of what is archived nobody orders more: the inventory leaves it out, too.
_RUNNING_LOW = text(
    """
    SELECT v.id AS variant_id, v.sku, v.title, v.low_stock_threshold, o.raised_at, o.available, o.count
    FROM (
        SELECT e.variant_id, e.raised_at, count(*) OVER () AS count,
            CAST(coalesce(sum(l.on_hand - l.committed), 0) AS bigint) AS available
        FROM events e JOIN variants v ON v.id = e.variant_id AND v.archived_at IS NULL
        LEFT JOIN stock_levels l ON l.variant_id = e.variant_id
        WHERE e.account_id = :account_id AND e.kind = 'low_stock' AND e.cleared_at IS NULL
        GROUP BY e.id ORDER BY available, e.id DESC LIMIT :limit
    ) AS o
    JOIN variants v ON v.id = o.variant_id
    ORDER BY o.available, o.raised_at DESC
    """
)
