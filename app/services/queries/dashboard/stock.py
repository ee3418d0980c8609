"""What stock is worth, what runs low, and how it moves."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy import text

from app.domain.event_log import EventKind
from app.services.queries.dashboard.reporting import converted, reporting, span
from app.services.queries.locations import location
from app.services.queries.paging import Row, read

SHOWN = 10
"""Of what ran low last; the event log has all of it."""


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
    value = [{**row, "value_minor": int(row["value_minor"])} for row in read(_VALUE, account_id=account_id)]
    return {
        **asked.as_row(of),
        "value": value,
        "converted": converted(of, value, ("value_minor",), ("units",)),
        "low_stock": [
            row
            for kind in (EventKind.OVERSOLD, EventKind.LOW_STOCK)
            for row in read(_RUNNING_LOW, account_id=account_id, kind=kind.value, limit=SHOWN)
        ],
        "movements": [{"kind": kind, "points": points[kind]} for kind in sorted(points)],
    }


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
_RUNNING_LOW = text(
    """
    SELECT e.kind, e.variant_id, v.sku, v.title, v.low_stock_threshold, e.raised_at, (
        SELECT CAST(coalesce(sum(l.on_hand - l.committed), 0) AS bigint) FROM stock_levels l
        WHERE l.variant_id = e.variant_id
    ) AS available
    FROM (
        SELECT id, kind, variant_id, raised_at FROM events
        WHERE account_id = :account_id AND kind = :kind AND cleared_at IS NULL
        ORDER BY id DESC LIMIT :limit
    ) AS e
    JOIN variants v ON v.id = e.variant_id
    ORDER BY e.id DESC
    """
)
