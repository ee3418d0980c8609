"""Movements of the ledger, of all variants or of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.models.stock import MOVEMENT_CAUSES
from app.services.queries.movements import BY_HAND, WHAT_IS_BEHIND, told
from app.services.queries.paging import Page, decode, moment_of, page, read
from app.services.queries.stock import NEWER_THAN_ANY, require_variant


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """What every movement has that is asked for. `booked_from` counts, `booked_to` does not."""

    causes: Sequence[str] = ()
    location_id: int | None = None
    booked_from: datetime | None = None
    booked_to: datetime | None = None

    def parameters(self, account_id: int) -> dict[str, Any]:
        return {
            "account_id": account_id,
            "causes": list(self.causes or MOVEMENT_CAUSES),
            "location_id": self.location_id,
            "booked_from": self.booked_from,
            "booked_to": self.booked_to,
        }

    def conditions(self) -> str:
        """On `stock_movements m`, besides cause and location."""
        found = ["true"]
        if self.booked_from is not None:
            found.append("m.created_at >= :booked_from")
        if self.booked_to is not None:
            found.append("m.created_at < :booked_to")
        return " AND ".join(found)

    def at_location(self, column: str) -> str:
        return "true" if self.location_id is None else f"{column} = CAST(:location_id AS bigint)"


def movements(account_id: int, asked: MovementFilter, *, limit: int, cursor: str | None = None) -> Page:
    """Those of all variants, newest first, each in plain words too. Raises InvalidCursor."""
    before = decode(cursor, str, int)
    params = asked.parameters(account_id)
    after = "true"
    if before is not None:
        after = "(m.created_at, m.id) < (:before, :before_id)"
        params |= {"before": moment_of(before[0]), "before_id": before[1]}
    rows = read(text(_of_account(asked, after)), **params, limit=limit + 1)
    return page(
        [{**row, **told(row).columns()} for row in rows],
        limit,
        lambda row: [row["booked_at"].isoformat(), row["id"]],
    )


def movements_of(
    account_id: int, variant_id: int, asked: MovementFilter, *, limit: int, cursor: str | None = None
) -> Page:
    """What moved a variant's levels, in the order in which it did, newest first, each in plain words too.
    Raises NotFound and InvalidCursor."""
    require_variant(account_id, variant_id)
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    params = {**asked.parameters(account_id), "variant_id": variant_id, "before": before[0]}
    rows = read(text(_of_variant(asked)), **params, limit=limit + 1)
    return page([{**row, **told(row).columns()} for row in rows], limit, lambda row: [row["id"]])


def _of_account(asked: MovementFilter, after: str) -> str:
    """The newest of every location and cause, merged."""
    newest = f"""
        SELECT n.* FROM (
            SELECT id FROM locations WHERE account_id = :account_id AND {asked.at_location("id")}
        ) AS p
        CROSS JOIN unnest(CAST(:causes AS text[])) AS a (cause)
        CROSS JOIN LATERAL (
            SELECT m.* FROM stock_movements m
            WHERE m.account_id = :account_id AND m.location_id = p.id AND m.cause = a.cause
              AND {asked.conditions()} AND {after}
            ORDER BY m.created_at DESC, m.id DESC LIMIT :limit
        ) n
        ORDER BY n.created_at DESC, n.id DESC LIMIT :limit
    """  # noqa: S608  (constants)
    return f"{_with_columns(newest)} ORDER BY m.created_at DESC, m.id DESC"


def _of_variant(asked: MovementFilter) -> str:
    newest = f"""
        SELECT n.* FROM stock_levels l
        CROSS JOIN LATERAL (
            SELECT m.* FROM stock_movements m
            WHERE m.level_id = l.id AND m.id < :before AND m.cause = ANY(CAST(:causes AS text[]))
              AND {asked.conditions()}
            ORDER BY m.id DESC LIMIT :limit
        ) n
        WHERE l.account_id = :account_id AND l.variant_id = :variant_id
          AND {asked.at_location("l.location_id")}
        ORDER BY n.id DESC LIMIT :limit
    """  # noqa: S608  (constants)
    return f"{_with_columns(newest)} ORDER BY m.id DESC"


def _with_columns(newest: str) -> str:
    return f"""
        SELECT m.id, m.created_at AS booked_at, m.occurred_at, m.variant_id, v.sku, v.title, m.location_id,
            p.name AS location, m.cause, m.source_key, m.on_hand_delta, m.committed_delta, m.on_hand_after,
            m.committed_after, o.id AS order_id, o.number AS order_number, c.id AS connection_id,
            c.name AS connection_name, {BY_HAND}
        FROM ({newest}) AS m
        JOIN variants v ON v.id = m.variant_id
        JOIN locations p ON p.id = m.location_id
        {WHAT_IS_BEHIND}
    """  # noqa: S608  (constants)
