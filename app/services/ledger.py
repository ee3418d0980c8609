"""The only writer of movements and levels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, text
from sqlalchemy.orm import Session

from app.domain.stock import Movement, StockLevel, apply


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement to book. `source_key` is unique per account: booking it twice fails loudly."""

    variant_id: int
    location_id: int
    movement: Movement
    cause: str
    source_key: str
    occurred_at: datetime


def book(session: Session, account_id: int, entries: Sequence[Entry]) -> None:
    """Append the movements and move their levels, creating levels that do not exist.

    Locks the levels by id. The caller must not hold cell locks yet, and must afterwards mark the
    variants' cells (`cells.lock`) in the same transaction. Entries that move nothing only make sure
    that the level exists.
    """
    if not entries:
        return
    places = {(e.variant_id, e.location_id) for e in entries}
    levels = lock_levels(session, account_id, places)
    balances = {place: level for place, (_id, level) in levels.items()}
    rows = []
    for entry in entries:
        if entry.movement.moves_nothing:
            continue
        place = (entry.variant_id, entry.location_id)
        balances[place] = apply(balances[place], entry.movement)
        rows.append(
            {
                "level_id": levels[place][0],
                "variant_id": entry.variant_id,
                "location_id": entry.location_id,
                "cause": entry.cause,
                "source_key": entry.source_key,
                "on_hand_delta": entry.movement.on_hand,
                "committed_delta": entry.movement.committed,
                "on_hand_after": balances[place].on_hand,
                "committed_after": balances[place].committed,
                "occurred_at": entry.occurred_at.isoformat(),
            }
        )
    if not rows:
        return
    changed = [
        {"id": level_id, "on_hand": balances[place].on_hand, "committed": balances[place].committed}
        for place, (level_id, level) in levels.items()
        if balances[place] != level
    ]
    session.execute(
        _WRITE, {"account_id": account_id, "rows": json.dumps(rows), "levels": json.dumps(changed)}
    )


def lock_levels(
    session: Session, account_id: int, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, StockLevel]]:
    """(variant, location) -> (level id, level), locked in id order; missing levels are made at zero.

    That they are the account's own is for the keys of `stock_movements` to say.
    """
    wanted = sorted(set(places))
    params = {
        "account_id": account_id,
        "variants": [variant for variant, _ in wanted],
        "locations": [location for _, location in wanted],
    }
    rows = session.execute(_LOCK, params).all()
    if len(rows) < len(wanted):
        session.execute(_CREATE, params)
        rows = session.execute(_LOCK, params).all()
    return {
        (r.variant_id, r.location_id): (r.id, StockLevel(on_hand=r.on_hand, committed=r.committed))
        for r in rows
    }


_LOCK = text(
    """
    SELECT l.id, l.variant_id, l.location_id, l.on_hand, l.committed
    FROM stock_levels l
    JOIN unnest(CAST(:variants AS bigint[]), CAST(:locations AS bigint[])) AS w (variant_id, location_id)
        USING (variant_id, location_id)
    ORDER BY l.id
    FOR NO KEY UPDATE OF l
    """
).columns(*map(column, ("id", "variant_id", "location_id", "on_hand", "committed")))
_CREATE = text(
    """
    INSERT INTO stock_levels (account_id, variant_id, location_id)
    SELECT :account_id, w.variant_id, w.location_id
    FROM unnest(CAST(:variants AS bigint[]), CAST(:locations AS bigint[])) AS w (variant_id, location_id)
    ON CONFLICT (variant_id, location_id) DO NOTHING
    """
)
_WRITE = text(
    """
    WITH booked AS (
        INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
            on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at)
        SELECT :account_id, r.*
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (level_id bigint, variant_id bigint,
            location_id bigint, cause text, source_key text, on_hand_delta int, committed_delta int,
            on_hand_after int, committed_after int, occurred_at timestamptz)
    )
    UPDATE stock_levels l SET on_hand = c.on_hand, committed = c.committed
    FROM jsonb_to_recordset(CAST(:levels AS jsonb)) AS c (id bigint, on_hand int, committed int)
    WHERE l.id = c.id
    """
)
