"""How much there was of a variant, period by period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.services.queries.dashboard.reporting import reporting, span
from app.services.queries.paging import Row, read
from app.services.queries.stock import require_variant

MOST_WALKED = 10_000
"""Movements of a level that are looked at, the newest ones."""


def history(
    account_id: int, variant_id: int, *, first: date | None, last: date | None, grain: str, now: datetime
) -> Row:
    """What there was at each location at the end of each period, of the last one so far.

    A point is None where the location had none of it yet, or more than MOST_WALKED movements lie between.
    Raises NotFound and InvalidInput.
    """
    require_variant(account_id, variant_id)
    of = reporting(account_id)
    asked = span(of, first, last, grain, now=now)
    rows = read(
        _CLOSING,
        account_id=account_id,
        variant_id=variant_id,
        end=asked.bounds[-1],
        bounds=list(asked.bounds),
        most=MOST_WALKED,
    )
    began = sum(start <= now for start in asked.bounds[:-1])
    levels = [
        {
            "location_id": row["location_id"],
            "location": row["location"],
            "points": _points(row["closing"], began),
        }
        for row in rows
    ]
    return {**asked.as_row(of), "levels": levels}


def _points(closing: Sequence[dict[str, Any]], periods: int) -> list[Row | None]:
    """A period without a movement ends as the one before it did; period 0 is all that was before."""
    ends = {end["period"]: end for end in closing}
    points: list[Row | None] = []
    last: Row | None = None
    for period in range(periods + 1):
        if (end := ends.get(period)) is not None:
            on_hand, committed = end["on_hand"], end["committed"]
            last = {"on_hand": on_hand, "committed": committed, "available": on_hand - committed}
        points.append(last)
    return points[1:]


_CLOSING = text(
    """
    SELECT l.location_id, p.name AS location, coalesce((
        SELECT jsonb_agg(to_jsonb(ends)) FROM (
            SELECT DISTINCT ON (period) width_bucket(m.created_at, CAST(:bounds AS timestamptz[])) AS period,
                m.on_hand_after AS on_hand, m.committed_after AS committed
            FROM (
                SELECT id, created_at, on_hand_after, committed_after FROM stock_movements
                WHERE level_id = l.id AND created_at < :end ORDER BY id DESC LIMIT :most
            ) AS m
            ORDER BY period, m.id DESC
        ) AS ends
    ), '[]') AS closing
    FROM stock_levels l JOIN locations p ON p.id = l.location_id
    WHERE l.account_id = :account_id AND l.variant_id = :variant_id
    ORDER BY l.location_id
    """
)
