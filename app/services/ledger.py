"""The only writer of movements and levels."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, text
from sqlalchemy.orm import Session

from app.domain.outward import OutwardKind
from app.domain.stock import Movement, StockLevel, apply, place_hit
from app.services import outward, stock_watch

LOWEST = -(2**31)
"""What a level's column holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement to book. `source_key` is unique per account: booking it twice fails loudly."""

    variant_id: int
    location_id: int
    movement: Movement
    cause: str
    source_key: str
    occurred_at: datetime


Place = tuple[int, int]
"""(variant, location)"""


@dataclass(frozen=True, slots=True)
class Locked:
    """All levels of some variants, locked."""

    ids: dict[Place, int]
    levels: dict[Place, StockLevel]
    thresholds: dict[int, int]
    """By variant: below which stock is low, where it has a threshold of its own. A bundle has no stock that
    could be low."""
    new: frozenset[int]
    """Variants that had no level at all."""

    def available(self, variant_id: int, locations: Iterable[int]) -> int:
        """Of a variant at some locations together."""
        return sum(level.available for place in locations if (level := self.levels.get((variant_id, place))))

    def place_hit(self, variant_id: int, locations: Sequence[int], change: int) -> int:
        """Which of the locations a change of the variant hits; by priority, `locations` has its order."""
        none = StockLevel()
        return place_hit(
            [(place, self.levels.get((variant_id, place), none).available) for place in locations], change
        )


def book(session: Session, account_id: int, entries: Sequence[Entry]) -> None:
    """Append the movements and move their levels, creating levels that do not exist.

    Locks the variants' levels by id. The caller must not hold cell locks yet, and must afterwards mark the
    variants' cells (`cells.lock`) in the same transaction. Entries that move nothing only make sure
    that the level exists. Tells of variants that become low or oversold.
    """
    if not entries:
        return
    locked = lock_levels(session, account_id, {(e.variant_id, e.location_id) for e in entries})
    balances = dict(locked.levels)
    rows = []
    for entry in entries:
        if entry.movement.moves_nothing:
            continue
        place = (entry.variant_id, entry.location_id)
        balances[place] = apply(balances[place], entry.movement)
        rows.append(_row(entry, locked.ids[place], balances[place]))
    if not rows:
        return
    changed = [
        {"id": locked.ids[place], "on_hand": balances[place].on_hand, "committed": balances[place].committed}
        for place, level in locked.levels.items()
        if balances[place] != level
    ]
    session.execute(
        _WRITE, {"account_id": account_id, "rows": json.dumps(rows), "levels": json.dumps(changed)}
    )
    _tell(session, account_id, locked, balances)


def restore(session: Session, account_id: int, places: Iterable[Place]) -> None:
    """Make the levels of these variants what their movements add up to: the movements are the truth.

    Locks the variants' levels by id, and makes those of `places` that do not exist. As with `book`, the
    variants' cells are to be marked afterwards.
    """
    locked = lock_levels(session, account_id, places)
    rows = session.execute(_RESTORE, {"levels": list(locked.ids.values())})
    restored = {(r.variant_id, r.location_id): StockLevel(r.on_hand, r.committed) for r in rows}
    _tell(session, account_id, locked, {**locked.levels, **restored})


def tell_anew(session: Session, account_id: int, places: Iterable[Place]) -> None:
    """Tell of the places' variants as if they had just come to their levels, from above and from below."""
    locked = lock_levels(session, account_id, places)
    available = _available(locked.levels)
    for before in (None, LOWEST):
        changes = {
            variant_id: stock_watch.Change(before, available[variant_id], threshold)
            for variant_id, threshold in locked.thresholds.items()
        }
        stock_watch.tell(session, account_id, changes)


def lock_levels(session: Session, account_id: int, places: Iterable[Place]) -> Locked:
    """All levels of the places' variants, locked in id order; missing ones of the places are made at zero.

    All of a variant's, since what is available of it over all locations decides what is told of it. That
    they are the account's own is for the keys of `stock_movements` to say.
    """
    wanted = sorted(set(places))
    variants = sorted({variant for variant, _ in wanted})
    params = {"account_id": account_id, "variants": variants}
    rows = session.execute(_LOCK, params).all()
    new = frozenset(variants) - {row.variant_id for row in rows}
    found = {(row.variant_id, row.location_id) for row in rows}
    if missing := [place for place in wanted if place not in found]:
        session.execute(
            _CREATE,
            {
                "account_id": account_id,
                "variants": [variant for variant, _ in missing],
                "locations": [location for _, location in missing],
            },
        )
        rows = session.execute(_LOCK, params).all()
    if rows:
        outward.note_subscribed(session, rows[0].subscribed)
    return Locked(
        ids={(r.variant_id, r.location_id): r.id for r in rows},
        levels={(r.variant_id, r.location_id): StockLevel(r.on_hand, r.committed) for r in rows},
        thresholds={r.variant_id: r.low_stock_threshold for r in rows if not r.is_bundle},
        new=new,
    )


def _row(entry: Entry, level_id: int, after: StockLevel) -> dict[str, object]:
    return {
        "level_id": level_id,
        "variant_id": entry.variant_id,
        "location_id": entry.location_id,
        "cause": entry.cause,
        "source_key": entry.source_key,
        "on_hand_delta": entry.movement.on_hand,
        "committed_delta": entry.movement.committed,
        "on_hand_after": after.on_hand,
        "committed_after": after.committed,
        "occurred_at": entry.occurred_at.isoformat(),
    }


def _tell(session: Session, account_id: int, locked: Locked, balances: Mapping[Place, StockLevel]) -> None:
    before, after = _available(locked.levels), _available(balances)
    changes = {
        variant_id: stock_watch.Change(
            None if variant_id in locked.new else before[variant_id], after[variant_id], threshold
        )
        for variant_id, threshold in locked.thresholds.items()
    }
    stock_watch.tell(session, account_id, changes)
    levels = [
        {
            "variant_id": place[0],
            "location_id": place[1],
            "on_hand": level.on_hand,
            "committed": level.committed,
            "available": level.available,
        }
        for place, level in balances.items()
        if level != locked.levels[place]
    ]
    outward.tell_rows(session, account_id, OutwardKind.STOCK_CHANGED, "levels", levels)


def _available(levels: Mapping[Place, StockLevel]) -> dict[int, int]:
    """By variant, over all locations."""
    units: dict[int, int] = defaultdict(int)
    for (variant_id, _location_id), level in levels.items():
        units[variant_id] += level.available
    return units


_LOCK = text(
    """
    SELECT l.id, l.variant_id, l.location_id, l.on_hand, l.committed,
        coalesce(v.low_stock_threshold, a.low_stock_threshold) AS low_stock_threshold,
        EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = l.variant_id) AS is_bundle,
        EXISTS (
            SELECT 1 FROM webhook_subscriptions s
            WHERE s.account_id = :account_id AND s.state IN ('active', 'paused')
        ) AS subscribed
    FROM stock_levels l JOIN variants v ON v.id = l.variant_id JOIN accounts a ON a.id = l.account_id
    WHERE l.variant_id = ANY(CAST(:variants AS bigint[]))
    ORDER BY l.id
    FOR NO KEY UPDATE OF l
    """
).columns(
    *map(
        column,
        (
            "id",
            "variant_id",
            "location_id",
            "on_hand",
            "committed",
            "low_stock_threshold",
            "is_bundle",
            "subscribed",
        ),
    )
)
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
_RESTORE = text(
    """
    UPDATE stock_levels l SET on_hand = m.on_hand, committed = m.committed
    FROM (
        SELECT w.id, coalesce(sum(m.on_hand_delta), 0) AS on_hand,
            coalesce(sum(m.committed_delta), 0) AS committed
        FROM unnest(CAST(:levels AS bigint[])) AS w (id) LEFT JOIN stock_movements m ON m.level_id = w.id
        GROUP BY w.id
    ) AS m
    WHERE l.id = m.id AND (l.on_hand, l.committed) <> (m.on_hand, m.committed)
    RETURNING l.variant_id, l.location_id, l.on_hand, l.committed
    """
)
