"""What the numbers of cells without compare-and-set went through lately: loaded, explained, and kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.account import SKEW, Belief, Window
from app.domain.history import BlindWrite, Clock, Explanation, Happened, explain
from app.services.cells import Cell

HINDSIGHT = timedelta(seconds=10)
"""How far before the first effect in question a history begins, at least: with the last write before that."""
UNANSWERED = ("open", "unknown")
MOST_WRITES = 40
"""Writes looked at, the latest ones."""


@dataclass(slots=True)
class History:
    """Of one cell. `clock`: its shop's."""

    writes: list[BlindWrite]
    effects: list[Happened]
    clock: Clock

    def explain(self, belief: Belief, quantity: int, window: Window) -> Explanation | None:
        return explain(belief, self.writes, self.effects, quantity, window, self.clock)

    @property
    def dates(self) -> list[datetime]:
        return [effect.at for effect in self.effects]

    def corrections(self, explanation: Explanation) -> dict[int, bool]:
        """Effects of which another thing is believed now, by id: whether they were overwritten."""
        return {
            effect.id: not effect.overwritten
            for effect in self.effects
            if effect.overwritten != (effect.id in explanation.overwritten)
        }


def in_question(session: Session, cell_ids: Collection[int]) -> dict[int, datetime]:
    """Cells whose number only their history explains, and how far back the question goes: an effect learned
    since the last reading that a write may have overwritten, or a write that nobody answered."""
    rows = session.execute(_IN_QUESTION, {"cells": list(cell_ids)})
    return {row.cell_id: row.since for row in rows}


def load(session: Session, cells: Sequence[Cell], since: Mapping[int, datetime]) -> dict[int, History]:
    """The histories of these cells of one connection, by id."""
    params = {
        "cells": [cell.id for cell in cells],
        "since": [since[cell.id] - HINDSIGHT for cell in cells],
        "most": MOST_WRITES,
    }
    attempts: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_WRITES, params):
        attempts[row.cell_id].append(row)
    clock = _clock(session, cells[0].connection_id)
    histories = {cell.id: _history(cell, attempts[cell.id], clock) for cell in cells if cell.id in attempts}
    params = {
        "cells": list(histories),
        "since": [history.writes[0].asked_at for history in histories.values()],
    }
    for row in session.execute(_EFFECTS, params):
        happened = Happened(
            row.id,
            row.delta,
            row.effected_at,
            row.known_at,
            overwritten=row.overwritten,
            settled=row.settled,
        )
        histories[row.cell_id].effects.append(happened)
    return histories


def _clock(session: Session, connection_id: int) -> Clock:
    row = session.execute(_SOONEST, {"connection_id": connection_id, "skew": SKEW}).one()
    return Clock.measured(row.soonest, row.times)


def _history(cell: Cell, attempts: Sequence[Row[Any]], clock: Clock) -> History:
    """Without its effects. The last recorded reading is one of the numbers, as a write that did not land."""
    writes = [
        BlindWrite(
            row.from_quantity,
            row.to_quantity,
            asked_at=row.started_at,
            sent_at=row.created_at,
            ended_at=row.ended_at,
            landed=None if row.outcome in UNANSWERED else row.outcome == "applied",
        )
        for row in attempts
    ]
    if cell.read_quantity is not None and cell.read_at is not None and cell.read_until is not None:
        writes.append(BlindWrite.reading(cell.read_quantity, cell.read_at, cell.read_until))
    writes.sort(key=lambda write: write.asked_at)
    return History(writes, [], clock)


def keep(session: Session, changed: Mapping[int, bool]) -> None:
    """Of each effect, whether it was overwritten."""
    if changed:
        session.execute(_KEEP, {"ids": list(changed), "overwritten": list(changed.values())})


_IN_QUESTION = text(
    """
    SELECT cell_id, min(since) AS since FROM (
        SELECT e.cell_id, e.effected_at AS since
        FROM cell_effects e JOIN stock_cells c ON c.id = e.cell_id
        WHERE e.cell_id = ANY(CAST(:cells AS bigint[]))
            AND (c.read_at IS NULL OR e.learned_at >= c.read_at)
            AND EXISTS (
                SELECT 1 FROM push_attempts a
                WHERE a.cell_id = e.cell_id AND a.outcome IN ('open', 'unknown', 'applied')
                    AND a.started_at <= e.known_at
                    AND e.effected_at BETWEEN a.started_at - interval '2 seconds'
                        AND least(a.closed_at, a.deadline_at) + interval '2 seconds'
            )
        UNION ALL
        SELECT cell_id, started_at FROM push_attempts
        WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND outcome IN ('open', 'unknown')
    ) questions
    GROUP BY cell_id
    """
)
_WRITES = text(
    """
    SELECT a.* FROM unnest(CAST(:cells AS bigint[]), CAST(:since AS timestamptz[])) AS q (cell_id, since)
    CROSS JOIN LATERAL (
        SELECT id, cell_id, from_quantity, to_quantity, started_at, created_at, outcome,
            least(closed_at, deadline_at) AS ended_at
        FROM push_attempts
        WHERE cell_id = q.cell_id AND id >= coalesce((
            SELECT max(id) FROM push_attempts WHERE cell_id = q.cell_id AND created_at < q.since
        ), 0)
        ORDER BY id DESC LIMIT :most
    ) a
    ORDER BY a.cell_id, a.id
    """
)
_EFFECTS = text(
    """
    SELECT e.id, e.cell_id, e.delta, e.effected_at, e.known_at, e.overwritten,
        coalesce(e.learned_at < c.read_at, false) AS settled
    FROM unnest(CAST(:cells AS bigint[]), CAST(:since AS timestamptz[])) AS q (cell_id, since)
    JOIN cell_effects e ON e.cell_id = q.cell_id AND e.learned_at >= q.since
    JOIN stock_cells c ON c.id = e.cell_id
    """
)
_SOONEST = text(
    """
    SELECT min(lag) AS soonest, count(*) AS times FROM (
        SELECT created_at - placed_at AS lag FROM orders
        WHERE connection_id = :connection_id ORDER BY external_updated_at DESC NULLS LAST LIMIT 200
    ) latest
    WHERE lag BETWEEN -CAST(:skew AS interval) AND interval '1 minute'
    """
)
_KEEP = text(
    """
    UPDATE cell_effects e SET overwritten = v.overwritten
    FROM unnest(CAST(:ids AS bigint[]), CAST(:overwritten AS boolean[])) AS v (id, overwritten)
    WHERE e.id = v.id
    """
)
