"""Counts of what is on the shelves, and how far they are from the ledger."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.counts import ON_HAND_THEN
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.stock import NEWER_THAN_ANY


def counts(account_id: int, *, state: str | None = None, limit: int, cursor: str | None = None) -> Page:
    """All of them or those in a state, newest first."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_COUNTS, account_id=account_id, state=state, before=before[0], id=None, limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def count(account_id: int, count_id: int) -> Row:
    """One of them, with the number of variants counted so far and of those corrected. Raises NotFound."""
    rows = read(_COUNTS, account_id=account_id, state=None, before=NEWER_THAN_ANY, id=count_id, limit=1)
    if not rows:
        raise NotFound("There is no such count.")
    return {**rows[0], **read(_TOTALS, count_id=count_id)[0]}


def lines(account_id: int, count_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """What was counted, by variant, what the ledger had at that moment and the difference. Raises NotFound.

    Of a line that is not booked yet they are what finishing the count now would find.
    """
    location_id = count(account_id, count_id)["location_id"]
    after = decode(cursor, int) or [0]
    rows = read(_LINES, count_id=count_id, location_id=location_id, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["variant_id"]])


_COUNTS = text(
    """
    SELECT c.id, c.location_id, p.name AS location, c.state, c.note, coalesce(u.email, c.actor) AS begun_by,
        c.created_at AS begun_at, c.closed_at
    FROM stock_counts c
    JOIN locations p ON p.id = c.location_id
    LEFT JOIN users u ON u.id = CASE WHEN c.actor LIKE 'user:%'
        THEN CAST(split_part(c.actor, ':', 2) AS bigint) END
    WHERE c.account_id = :account_id AND c.id < :before
        AND (CAST(:id AS bigint) IS NULL OR c.id = CAST(:id AS bigint))
        AND (CAST(:state AS text) IS NULL OR c.state = CAST(:state AS text))
    ORDER BY c.id DESC LIMIT :limit
    """
)
_TOTALS = text(
    """
    SELECT count(*) AS variants, count(*) FILTER (WHERE correction <> 0) AS corrected,
        CAST(coalesce(sum(correction), 0) AS bigint) AS correction
    FROM stock_count_lines WHERE count_id = :count_id
    """
)
_LINES = text(
    f"""
    SELECT l.variant_id, v.sku, v.title, l.counted, l.counted_at, coalesce(u.email, l.actor) AS counted_by,
        then_.on_hand AS on_hand_then, coalesce(l.correction, l.counted - then_.on_hand) AS correction,
        l.booked_at, l.superseded
    FROM (
        SELECT * FROM stock_count_lines WHERE count_id = :count_id AND variant_id > :after
        ORDER BY variant_id LIMIT :limit
    ) l
    JOIN variants v ON v.id = l.variant_id
    LEFT JOIN stock_levels s ON s.variant_id = l.variant_id AND s.location_id = :location_id
    LEFT JOIN users u ON u.id = CASE WHEN l.actor LIKE 'user:%'
        THEN CAST(split_part(l.actor, ':', 2) AS bigint) END
    CROSS JOIN LATERAL (
        SELECT CASE WHEN l.booked_at IS NULL THEN {ON_HAND_THEN} ELSE l.on_hand_then END AS on_hand
    ) then_
    ORDER BY l.variant_id
    """  # noqa: S608  (a constant)
)
