"""Readings of channels' numbers: compared with what we believe, recorded, and booked when settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from app.domain.account import (
    MOST_UNEXPLAINED,
    SKEW,
    Accepted,
    Belief,
    Doubtful,
    Effect,
    Window,
    accept_reading,
)
from app.platforms.base import CellRef, LevelReading
from app.services import bundles, drifts, histories
from app.services import cells as cell_store
from app.services.cells import Cell
from app.services.histories import History
from app.services.uow import unit_of_work

log = structlog.get_logger()

CELLS_PER_TRANSACTION = 1000
MOST_PATIENCE = 60
"""Times the usual pause between two readings of a cell whose write nobody can ask after now."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Taken before the HTTP call: a reading counts only for cells that nothing happened to since."""

    connection_id: int
    requested_at: datetime
    versions: Mapping[int, int]
    refs: Mapping[CellRef, int]


@dataclass(slots=True)
class Recorded:
    """What became of a reading's cells. `bumped`: connections whose pushes have to look."""

    accepted: int = 0
    doubtful: int = 0
    outdated: int = 0
    booked: int = 0
    bumped: set[int] = field(default_factory=set)


def due_cells(session: Session, connection_id: int, *, limit: int) -> Ticket:
    """The cells whose reading is due, longest waiting first, with their versions."""
    return _ticket(session, connection_id, _DUE, {"connection_id": connection_id, "limit": limit})


def named_cells(session: Session, connection_id: int, cell_ids: Collection[int]) -> Ticket:
    return _ticket(session, connection_id, _NAMED, {"cells": list(cell_ids)})


def _ticket(session: Session, connection_id: int, query: TextClause, params: dict[str, object]) -> Ticket:
    requested_at = cell_store.now(session)
    rows = session.execute(query, params).all()
    return Ticket(
        connection_id=connection_id,
        requested_at=requested_at,
        versions={r.id: r.version for r in rows},
        refs={CellRef(r.external_stock_id, r.external_location_id): r.id for r in rows},
    )


def record(
    ticket: Ticket,
    readings: Sequence[LevelReading],
    *,
    elapsed: timedelta,
    compare_and_set: bool,
    settle: timedelta,
) -> Recorded:
    """Compare a reading, taken between two order reads, with what we believe, and record what differs.

    Equal numbers of cells that nobody doubts are no news and cost no write. `elapsed`: from
    `ticket.requested_at` until the answer. Booking what has settled is part of it. Idempotent: a cell
    whose version moved since the ticket is left alone.
    """
    result = Recorded()
    window = Window(ticket.requested_at, ticket.requested_at + elapsed)
    by_id = {
        ticket.refs[r.ref]: replace(r, quantity=cell_store.plausible(r.quantity))
        for r in readings
        if r.ref in ticket.refs
    }
    worth_a_look = _interesting(by_id)
    for start in range(0, len(worth_a_look), CELLS_PER_TRANSACTION):
        chunk = {i: by_id[i] for i in worth_a_look[start : start + CELLS_PER_TRANSACTION]}
        settled = _record_chunk(ticket, chunk, window, compare_and_set, settle, result)
        if settled:
            booked, bumped = drifts.settle(ticket.connection_id, settled)
            result.booked += booked
            result.bumped |= bumped
    log.info(
        "reading_recorded",
        connection_id=ticket.connection_id,
        cells=len(by_id),
        accepted=result.accepted,
        doubtful=result.doubtful,
        outdated=result.outdated,
        booked=result.booked,
    )
    return result


def _interesting(by_id: Mapping[int, LevelReading]) -> list[int]:
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _INTERESTING,
            {"ids": list(by_id), "quantities": [r.quantity for r in by_id.values()]},
        )
        return [row.id for row in rows]


def _record_chunk(
    ticket: Ticket,
    chunk: Mapping[int, LevelReading],
    window: Window,
    compare_and_set: bool,
    settle: timedelta,
    result: Recorded,
) -> dict[int, int]:
    """One transaction. Returns cell id -> version of those whose drift has settled and may be booked."""
    with unit_of_work() as uow:
        session = uow.session
        variants = session.execute(_VARIANTS_OF, {"cells": list(chunk)}).scalars().all()
        locked = cell_store.lock(session, variant_ids=variants, cell_ids=list(chunk))
        at = cell_store.now(session)
        context = _load_context(session, locked, list(chunk), window.start, compare_and_set)
        drifted: list[Cell] = []
        changed_again: list[tuple[Cell, Belief]] = []
        settled: dict[int, int] = {}
        bumped: set[int] = set()
        for cell_id, reading in chunk.items():
            cell = locked[cell_id]
            if cell.version != ticket.versions[cell_id]:
                result.outdated += 1
                continue
            before = cell.belief
            verdict = _compare(cell, reading, window, context, compare_and_set, at, result)
            if verdict is None:
                if cell.state == "failed" and cell.drift:
                    bumped.add(cell.variant_id or 0)  # it holds nothing back any more
                continue
            if cell.drift != before.drift and cell.in_review:
                changed_again.append((cell, before))
            elif cell.drift != before.drift:
                drifted.append(cell)
            elif cell.drift and not cell.in_review:
                if context.drift_seen[cell_id] + settle <= window.start:
                    settled[cell_id] = cell.version
                    cell.look_again(at)  # should we die before it is booked
                else:
                    cell.look_again(context.drift_seen[cell_id] + settle)
            bumped.add(cell.variant_id or 0)
        drifts.take_put_back(session, [cell for cell, _before in changed_again])
        drifted += [cell for cell, before in changed_again if cell.drift != before.drift]
        related = bundles.related(session, bumped)
        for cell in locked.values():
            if cell.variant_id in related:
                cell.want(at)
                result.bumped.add(cell.connection_id)
        drifts.note(session, drifted, at, settle, read=True)
        cell_store.save(session, locked.values())
        _close_attempts(session, context.verdicts, at)
        histories.keep(session, context.overwritten)
        uow.commit()
    return settled


@dataclass(slots=True)
class _Context:
    """What else is known of the cells: effects, unanswered writes, histories, pending drifts."""

    learned: dict[int, list[Effect]]
    in_baseline: dict[int, list[Effect]]
    """Those that the number which tracking began with may hold already."""
    attempts: dict[int, Row[Any]]
    """The unanswered write of a cell."""
    histories: dict[int, History]
    drift_seen: dict[int, datetime]
    verdicts: dict[int, str] = field(default_factory=dict)
    """attempt id -> outcome that the reading decided"""
    overwritten: dict[int, bool] = field(default_factory=dict)
    """effect id -> whether a write overwrote it, where the reading tells so"""


def _load_context(
    session: Session,
    locked: Mapping[int, Cell],
    ids: list[int],
    requested_at: datetime,
    compare_and_set: bool,
) -> _Context:
    learned: dict[int, list[Effect]] = defaultdict(list)
    in_baseline: dict[int, list[Effect]] = defaultdict(list)
    for row in session.execute(_LEARNED_SINCE, {"cells": ids, "at": requested_at}):
        learned[row.cell_id].append(Effect(row.delta, row.effected_at))
    for row in session.execute(_IN_BASELINE, {"cells": ids, "at": requested_at}):
        in_baseline[row.cell_id].append(Effect(row.delta, row.effected_at))
    attempts = {row.cell_id: row for row in session.execute(_UNANSWERED, {"cells": ids})}
    pasts: dict[int, History] = {}
    if not compare_and_set and (since := histories.in_question(session, ids)):
        pasts = histories.load(session, [locked[i] for i in since], since)
    seen = {row.cell_id: row.seen_at for row in session.execute(_PENDING, {"cells": ids})}
    return _Context(learned, in_baseline, attempts, pasts, seen)


READING_DECIDES = "reading_decides"
"""Code of an attempt that is not sent again: its identical repeat failed compare-and-set, or would publish
a number that is too high by now. Only a reading after its deadline can tell what became of it."""


def _compare(
    cell: Cell,
    reading: LevelReading,
    window: Window,
    context: _Context,
    compare_and_set: bool,
    at: datetime,
    result: Recorded,
) -> bool | None:
    """Take the reading into the cell; None if it was not accepted."""
    if reading.quantity is None:
        cell.state, cell.error = "failed", str(reading.problem or "unreadable")
        cell.check_due_at, cell.reported = None, None
        result.accepted += 1
        return None
    if cell.error in cell_store.UNREADABLE:
        cell.state, cell.error = "active", ""
    attempt = context.attempts.get(cell.id)
    if attempt is not None:
        deadline = attempt.deadline_at
        if compare_and_set and attempt.code != READING_DECIDES:
            # The identical call is asked again instead; not while nothing may be written.
            cell.checks += 1
            cell.check_due_at = at + cell_store.DOUBT_SETTLE * min(2**cell.checks, MOST_PATIENCE)
            return None
        if window.start <= deadline:
            cell.check_due_at = deadline + cell_store.DOUBT_SETTLE
            return None
    doubtful = [e for e in context.learned[cell.id] if window.touches(e.at)]
    verdict = _explained(cell, reading.quantity, window, context) or accept_reading(
        cell.belief,
        reading.quantity,
        window,
        learned_since=context.learned[cell.id],
        in_baseline=context.in_baseline[cell.id],
        unknown_difference=attempt.to_quantity - attempt.from_quantity if attempt else None,
        doubts=cell.checks,
    )
    cell.reported, cell.check_due_at = None, None
    if isinstance(verdict, Doubtful):
        cell.checks += 1
        cell.look_again(at + cell_store.DOUBT_SETTLE)
        result.doubtful += 1
        return None
    if attempt is not None:
        context.verdicts[attempt.id] = "applied" if verdict.unknown_applied else "not_applied"
    written = attempt.to_quantity - attempt.from_quantity if attempt and verdict.unknown_applied else 0
    if given_back := verdict.belief.account - cell.belief.account - written:
        # An edit of as many units would look the same: whoever misses one finds it here.
        log.warning("write_overwrote_sales", cell_id=cell.id, units=given_back)
    cell.belief = verdict.belief
    cell.version += 1
    cell.read_at, cell.read_until, cell.read_quantity = window.start, window.end, reading.quantity
    cell.stale, cell.checks = False, 0
    if doubtful and not compare_and_set:
        cell.look_again(at + cell_store.DOUBT_SETTLE)  # a write may have overwritten them
    result.accepted += 1
    return True


def _explained(cell: Cell, quantity: int, window: Window, context: _Context) -> Accepted | Doubtful | None:
    """What the cell's history makes of the number; None where there is nothing to ask it, or it knows no
    answer. With sales around it, too much can be made of a number that was long on its way, or that has to
    tell for good what became of a write."""
    history = context.histories.get(cell.id)
    explanation = history.explain(cell.belief, quantity, window) if history else None
    if history is None or explanation is None:
        return None
    delicate = window.end - window.start > SKEW or cell.id in context.attempts
    unclear = delicate and any(map(window.touches, history.dates))
    if (unclear or not explanation.certain) and cell.checks < MOST_UNEXPLAINED:
        return Doubtful()
    found = explanation.belief
    verdict = accept_reading(
        Belief(found.account, cell.drift),
        found.expected,
        window,
        in_baseline=context.in_baseline[cell.id],
        doubts=cell.checks,
    )
    if isinstance(verdict, Accepted):
        context.overwritten |= history.corrections(explanation)
        return Accepted(verdict.belief, unknown_applied=explanation.landed)
    return verdict


def _close_attempts(session: Session, verdicts: Mapping[int, str], at: datetime) -> None:
    if verdicts:
        session.execute(
            _CLOSE_ATTEMPTS, {"ids": list(verdicts), "outcomes": list(verdicts.values()), "at": at}
        )


_DUE = text(
    """
    SELECT id, version, external_stock_id, external_location_id FROM stock_cells
    WHERE connection_id = :connection_id AND check_due_at <= clock_timestamp()
    ORDER BY check_due_at, id LIMIT :limit
    """
)
_NAMED = text(
    """
    SELECT id, version, external_stock_id, external_location_id FROM stock_cells
    WHERE id = ANY(CAST(:cells AS bigint[]))
    """
)
_INTERESTING = text(
    """
    SELECT c.id
    FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS int[])) AS r (id, quantity)
    JOIN stock_cells c USING (id)
    WHERE c.account IS NOT NULL AND (
        r.quantity IS DISTINCT FROM c.account + c.drift OR c.check_due_at IS NOT NULL OR c.stale
    )
    ORDER BY c.id
    """
)
_VARIANTS_OF = text(
    """
    SELECT DISTINCT variant_id FROM stock_cells
    WHERE id = ANY(CAST(:cells AS bigint[])) AND variant_id IS NOT NULL
    """
)
_LEARNED_SINCE = text(
    """
    SELECT cell_id, delta, effected_at FROM cell_effects
    WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND learned_at >= :at AND known_at >= :at
    """
)
_IN_BASELINE = text(
    """
    SELECT e.cell_id, e.delta, e.effected_at
    FROM cell_effects e JOIN stock_cells c ON c.id = e.cell_id
    WHERE e.cell_id = ANY(CAST(:cells AS bigint[]))
        AND (e.known_at < :at OR e.effected_at < CAST(:at AS timestamptz) - interval '2 seconds')
        AND (c.read_at IS NULL OR e.learned_at >= c.read_at)
        AND NOT c.opened_level AND e.effected_at BETWEEN c.baseline_at - interval '2 seconds'
            AND c.baseline_at + interval '2 seconds'
    """
)
_UNANSWERED = text(
    """
    SELECT id, cell_id, from_quantity, to_quantity, started_at, deadline_at, code FROM push_attempts
    WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND outcome IN ('open', 'unknown')
    """
)
_PENDING = text(
    """
    SELECT cell_id, seen_at FROM drifts WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND state = 'pending'
    """
)
_CLOSE_ATTEMPTS = text(
    """
    UPDATE push_attempts a SET outcome = v.outcome, closed_at = :at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[])) AS v (id, outcome)
    WHERE a.id = v.id AND a.outcome IN ('open', 'unknown')
    """
)
