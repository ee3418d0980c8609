"""Why a number is what it is, and what it was: from the ledger, the drifts and the records of every write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from app.domain.sentences import Sentence, say
from app.errors import NotFound
from app.services.queries.movements import BY_HAND, WHAT_IS_BEHIND, told
from app.services.queries.paging import Page, Row, decode, encode, page, read
from app.services.queries.stock import NEWER_THAN_ANY, require_variant


def why(
    account_id: int, variant_id: int, *, limit: int, cursor: str | None = None, at: datetime | None = None
) -> Page:
    """What led to a variant's numbers, newest first: one line per cause, with who or what is behind it.

    Each line has `at`, `kind` (`movement`, `write` or `drift`), the columns of a Sentence, and
    `connection_id`, `order_id`, `on_hand_after`, `committed_after`, None where they do not apply. A
    `movement` changed the ledger; a `write` is what a channel was told, and what it answered; a `drift` is a
    number that a channel showed and nobody had told us of. With `at`, what led to the numbers of that moment.
    Raises NotFound.
    """
    require_variant(account_id, variant_id)
    return _why({"account_id": account_id, "variant_id": variant_id, "cells": None, "at": at}, limit, cursor)


def why_listing(
    account_id: int, listing_id: int, *, limit: int, cursor: str | None = None, at: datetime | None = None
) -> Page:
    """`why` of what one listing shows: the movements of its variant, and the writes and drifts of the
    listing's own numbers. Of one that is not linked there is nothing to tell. Raises NotFound."""
    found = read(_LISTING, account_id=account_id, id=listing_id)
    if not found:
        raise NotFound("There is no such listing.")
    return _why({"account_id": account_id, **found[0], "at": at}, limit, cursor)


def _why(asked: dict[str, Any], limit: int, cursor: str | None) -> Page:
    """What is on a page is decided by the ids of each kind, so that none is left out: a write that ended late
    is told of where it ended, and may have begun before others that ended early."""
    before = dict(zip(_SOURCES, decode(cursor, int, int, int) or [NEWER_THAN_ANY] * 3, strict=True))
    merged: list[tuple[datetime, Row]] = []
    for kind, query in _SOURCES.items():
        latest = datetime.max.replace(tzinfo=UTC)
        found = read(query, **asked, before=before[kind], limit=limit + 1)
        for row in sorted(found, key=lambda row: row["id"], reverse=True):
            latest = min(latest, row["at"])
            line = {**dict.fromkeys(DETAILS), **row, "kind": kind, **_TOLD[kind](row).columns()}
            merged.append((latest, line))
    merged.sort(key=lambda each: (each[0], each[1]["id"]), reverse=True)
    kept = [line for _latest, line in merged[:limit]]
    for line in kept:
        before[line["kind"]] = min(before[line["kind"]], line["id"])
    kept.sort(key=lambda line: (line["at"], line["id"]), reverse=True)
    return Page(kept, encode(list(before.values())) if len(merged) > limit else None)


def as_of(
    account_id: int,
    moment: datetime,
    *,
    limit: int,
    cursor: str | None = None,
    variant_id: int | None = None,
) -> Page:
    """The levels as they were at a moment, by variant and location, and what each channel had been told last.

    Levels that did not exist yet are left out. `moment` is by the database's clock, as movements are booked.
    """
    after = decode(cursor, int) or [0]
    rows = read(
        _AS_OF, account_id=account_id, at=moment, variant_id=variant_id, after=after[0], limit=limit + 1
    )
    return page(rows, limit, lambda row: [row["level_id"]])


def write_told(write: Row) -> Sentence:
    """What a channel was told, and what it answered. `write` has the columns of WRITE."""
    shop, to, before = write["connection_name"], write["to_quantity"], write["from_quantity"]
    kind = "set" if write["kind_of_write"] == "set" else "delta"
    told = {"shop": shop} | ({"to": to, "from": before} if kind == "set" else {"change": to - before})
    answer = write["message"] or write["code"].replace("_", " ").lower()
    match write["outcome"]:
        case "applied" | "stale" as outcome:
            return say(f"{kind}_{outcome}", **told)
        case "open" | "unknown":
            return say(f"{kind}_open", **told)
        case "rejected":
            return say(f"{kind}_rejected", **told, answer=answer)
        case _:
            return say(f"{kind}_failed", **told, answer=answer) if answer else say(f"{kind}_not_done", **told)


def _drift_told(drift: Row) -> Sentence:
    return say(f"drift_{drift['state']}", shop=drift["connection_name"], change=drift["quantity"])


WRITE = """
    a.id, coalesce(a.closed_at, a.created_at) AS at, a.kind AS kind_of_write, a.from_quantity,
    a.to_quantity, a.outcome, a.code, a.message, a.tries, a.connection_id, c.name AS connection_name
"""
"""Of a push attempt `a` and its connection `c`."""
KINDS = ("movement", "write", "drift")
DETAILS = ("location", "connection_id", "order_id", "on_hand_after", "committed_after")
_TOLD = {"movement": told, "write": write_told, "drift": _drift_told}
_UNTIL = "(CAST(:at AS timestamptz) IS NULL OR created_at <= CAST(:at AS timestamptz))"
_OF_CELLS = "(CAST(:cells AS bigint[]) IS NULL OR s.id = ANY(CAST(:cells AS bigint[])))"
_SOURCES = {
    "movement": text(
        f"""
        SELECT m.id, m.created_at AS at, p.name AS location, m.cause, m.source_key, m.on_hand_delta,
            m.committed_delta, m.on_hand_after, m.committed_after, o.id AS order_id,
            o.number AS order_number, c.id AS connection_id, c.name AS connection_name, {BY_HAND}
        FROM (
            SELECT m.* FROM stock_levels l
            CROSS JOIN LATERAL (
                SELECT * FROM stock_movements WHERE level_id = l.id AND id < :before AND {_UNTIL}
                ORDER BY id DESC LIMIT :limit
            ) m
            WHERE l.account_id = :account_id AND l.variant_id = :variant_id
            ORDER BY m.id DESC LIMIT :limit
        ) m
        JOIN locations p ON p.id = m.location_id
        {WHAT_IS_BEHIND}
        """  # noqa: S608  (a constant)
    ),
    "write": text(
        f"""
        SELECT {WRITE}
        FROM (
            SELECT a.* FROM stock_cells s
            CROSS JOIN LATERAL (
                SELECT * FROM push_attempts WHERE cell_id = s.id AND id < :before AND {_UNTIL}
                ORDER BY id DESC LIMIT :limit
            ) a
            WHERE s.account_id = :account_id AND s.variant_id = :variant_id AND {_OF_CELLS}
            ORDER BY a.id DESC LIMIT :limit
        ) a
        JOIN connections c ON c.id = a.connection_id
        """  # noqa: S608  (a constant)
    ),
    "drift": text(
        f"""
        SELECT d.id, d.seen_at AS at, d.quantity, d.state, d.closed_at, s.connection_id,
            c.name AS connection_name
        FROM stock_cells s
        CROSS JOIN LATERAL (
            SELECT * FROM drifts WHERE cell_id = s.id AND id < :before AND {_UNTIL}
            ORDER BY id DESC LIMIT :limit
        ) d
        JOIN connections c ON c.id = s.connection_id
        WHERE s.account_id = :account_id AND s.variant_id = :variant_id AND {_OF_CELLS}
        ORDER BY d.id DESC LIMIT :limit
        """  # noqa: S608  (constants)
    ),
}
"""Kind of line -> its newest rows below an id; each takes no more of any level or cell than it may show."""
_LISTING = text(
    """
    SELECT l.variant_id, ARRAY(
        SELECT s.id FROM stock_cells s
        WHERE s.connection_id = l.connection_id AND s.external_stock_id = l.external_stock_id
    ) AS cells
    FROM listings l WHERE l.account_id = :account_id AND l.id = :id
    """
)
_AS_OF = text(
    """
    SELECT l.id AS level_id, l.variant_id, v.sku, v.title, l.location_id, p.name AS location,
        m.on_hand_after AS on_hand, m.committed_after AS committed,
        m.on_hand_after - m.committed_after AS available, coalesce(told.channels, '[]') AS channels
    FROM (
        SELECT l.id, l.variant_id, l.location_id FROM stock_levels l
        WHERE l.account_id = :account_id AND l.id > :after
            AND (CAST(:variant_id AS bigint) IS NULL OR l.variant_id = :variant_id)
            AND EXISTS (SELECT 1 FROM stock_movements m WHERE m.level_id = l.id AND m.created_at <= :at)
        ORDER BY l.id LIMIT :limit
    ) l
    CROSS JOIN LATERAL (
        SELECT on_hand_after, committed_after FROM stock_movements
        WHERE level_id = l.id AND created_at <= :at ORDER BY id DESC LIMIT 1
    ) m
    JOIN variants v ON v.id = l.variant_id
    JOIN locations p ON p.id = l.location_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('connection_id', s.connection_id, 'told', a.to_quantity)
            ORDER BY s.connection_id) AS channels
        FROM stock_cells s CROSS JOIN LATERAL (
            SELECT to_quantity FROM push_attempts
            WHERE cell_id = s.id AND outcome = 'applied' AND closed_at <= :at ORDER BY id DESC LIMIT 1
        ) a
        WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id
    ) told ON true
    ORDER BY l.id
    """
)
