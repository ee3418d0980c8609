"""What becomes of a difference between a channel's number and our account of it: noted, settled, decided."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.account import Belief
from app.domain.drift import Choice, Settled, choose
from app.domain.event_log import EventKind
from app.domain.stock import Movement
from app.services import cells as cell_store
from app.services import ledger
from app.services.cells import MOST_REVERSALS, Cell
from app.services.event_log import Happening, Subject, clear_events, raise_events
from app.services.uow import unit_of_work

log = structlog.get_logger()

PUT_BACK_WITHIN = timedelta(hours=1)
"""So soon after our write, a number that is again what it was, or what was put there before, undoes it."""
SAME_COUNT = timedelta(minutes=1)
"""So close together equal changes of two shops' numbers are one count, typed into both."""


def note(
    session: Session, changed: Iterable[Cell], at: datetime, settle: timedelta, *, read: bool = False
) -> None:
    """Make the drift rows say what the cells' drift now is, and ask for the reading that settles it. One that
    waits for a person goes on waiting, with the new number; `read`: it is what the shop was just changed to.
    """
    explained: list[Cell] = []
    gone, open_now = [], []
    for cell in changed:
        if not cell.drift:
            gone.append(cell.id)
            if cell.in_review:
                cell.in_review = False
                explained.append(cell)
            continue
        shown = cell.belief.expected if read and cell.in_review else None
        row = {"account_id": cell.account_id, "cell_id": cell.id, "quantity": cell.drift, "shown": shown}
        open_now.append(row)
        if not cell.in_review:
            cell.look_again(at + settle)
    if gone:
        session.execute(_REVERSE, {"cells": gone, "at": at})
        _clear(session, explained)
    if open_now:
        session.execute(_NOTE, {"rows": json.dumps(open_now), "at": at})


def settle(connection_id: int, settled: Mapping[int, int]) -> tuple[int, set[int]]:
    """Drift that settled becomes stock, is overwritten, or waits for a person, by the connection's policy.

    `settled`: cell -> the version it must still have. One transaction. Returns how many were decided, and the
    connections whose pushes have to look.
    """
    with unit_of_work() as uow:
        session = uow.session
        where = session.execute(_WHERE, {"cells": list(settled)}).all()
        if not where:
            return 0, set()
        places = {(r.variant_id, r.location_id) for r in where}
        levels = ledger.lock_levels(session, where[0].account_id, places)
        locked = cell_store.lock(session, variant_ids=[v for v, _ in places], cell_ids=list(settled))
        rows = session.execute(_SETTLED, {"cells": list(settled), "soon": PUT_BACK_WITHIN}).all()
        at = cell_store.now(session)
        ready = [
            r
            for r in rows
            if locked[r.cell_id].version == settled[r.cell_id] and locked[r.cell_id].drift == r.quantity
        ]
        counted = _counted_elsewhere(session, ready)
        for row in ready:
            _count_put_back(row, locked[row.cell_id])
        moved = _moved([locked[row.cell_id] for row in ready if row.is_identity])
        choices = {
            row.id: _choice(
                row, locked[row.cell_id], counted_elsewhere=row.id in counted, moved=row.cell_id in moved
            )
            for row in ready
        }
        at_shop = cell_store.places(session, [locked[row.cell_id] for row in ready])
        entries = []
        for row in ready:
            choice = choices[row.id]
            units = _units(row, locked[row.cell_id], choice)
            place = levels.place_hit(row.variant_id, at_shop[row.cell_id], units)
            cause = "transfer" if choice is Choice.MOVE else "drift"
            entries.append(entry(row.id, row.variant_id, place, units, row.seen_at, cause=cause))
        ledger.book(session, where[0].account_id, entries)
        for row in ready:
            locked[row.cell_id].check_due_at = None
            decided(locked[row.cell_id], choices[row.id])
        bumped = _wake(locked.values(), at)
        cell_store.save(session, locked.values())
        close(session, choices, {row.id: locked[row.cell_id].belief.expected for row in ready}, at)
        _ask(session, [(row, locked[row.cell_id]) for row in ready if choices[row.id].asks])
        uow.commit()
    log.info(
        "drift_settled", connection_id=connection_id, **{c: list(choices.values()).count(c) for c in Choice}
    )
    return len(ready), bumped


def decided(cell: Cell, choice: Choice) -> None:
    """What a decision does to its locked cell."""
    cell.in_review = choice.asks
    if not cell.in_review:
        cell.belief = Belief(cell.belief.expected, 0)
        cell.version += 1


def take_put_back(session: Session, cells: Sequence[Cell]) -> None:
    """Somebody may have undone our last write to a number that waits for a person: then nothing has changed
    but that. Counted, as after some of it we stop. The cells are locked and have taken their readings."""
    if cells:
        last = {row.cell_id: row for row in session.execute(_LAST_WRITES, {"cells": [c.id for c in cells]})}
        for cell in cells:
            write = last.get(cell.id)
            if write is not None and cell.belief.expected == write.from_quantity != write.to_quantity:
                undone = write.from_quantity - write.to_quantity
                cell.belief = Belief(cell.belief.account + undone, cell.drift - undone)
                cell.reversals += 1


def _wake(locked: Iterable[Cell], at: datetime) -> set[int]:
    """Have all cells of what was decided looked at. Returns their connections."""
    cells = list(locked)
    for cell in cells:
        cell.want(at)
    return {cell.connection_id for cell in cells}


def close(session: Session, choices: Mapping[int, Choice], shown: Mapping[int, int], at: datetime) -> None:
    """Say on the drifts' rows, by id, what became of them, and of which number."""
    states = {row_id: _STATE_OF[choice] for row_id, choice in choices.items()}
    session.execute(
        _CLOSE,
        {
            "ids": list(states),
            "states": [state for state, _reason in states.values()],
            "reasons": [reason for _state, reason in states.values()],
            "shown": [shown[row_id] for row_id in states],
            "at": at,
        },
    )


def _ask(session: Session, asked: Sequence[tuple[Row[Any], Cell]]) -> None:
    """Tell that a person has to decide."""
    raise_events(
        session,
        [Happening(*_event_of(cell), {"review_id": row.id, "quantity": row.quantity}) for row, cell in asked],
    )


def tell_decided(session: Session, cell: Cell) -> None:
    _clear(session, [cell])


def _clear(session: Session, cells: Sequence[Cell]) -> None:
    """What was asked of these cells is over; another number of the same variant may wait all the same."""
    if cells:
        waiting = session.execute(_STILL_ASKED, {"cells": [cell.id for cell in cells]}).scalars().all()
        clear_events(session, [_event_of(cell) for cell in cells if cell.id not in waiting])


def _event_of(cell: Cell) -> tuple[EventKind, Subject]:
    subject = Subject(cell.account_id, variant_id=cell.variant_id, connection_id=cell.connection_id)
    return EventKind.DRIFT_IN_REVIEW, subject


def _moved(ready: Iterable[Cell]) -> set[int]:
    """Those that are ready, by id, of which another of the shop's locations has the opposite: units that went
    from one to the other. Each stands for one other, and neither may be stopped: half a transfer is none."""
    other: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for cell in ready:
        if cell.reversals < MOST_REVERSALS:
            other[cell.connection_id, cell.external_stock_id, cell.drift].append(cell.id)
    found: set[int] = set()
    for (connection_id, stock_id, drift), ids in other.items():
        opposite = other.get((connection_id, stock_id, -drift), [])
        found.update(ids[: len(opposite)])
    return found


def _count_put_back(row: Row[Any], cell: Cell) -> None:
    put_back = cell.belief.expected in (row.undone_by or ())
    cell.reversals = cell.reversals + 1 if put_back else 0


def _choice(row: Row[Any], cell: Cell, *, counted_elsewhere: bool, moved: bool) -> Choice:
    return choose(
        Settled(
            policy=row.drift_policy,
            is_identity=row.is_identity,
            counted_elsewhere=counted_elsewhere,
            moved=moved,
            changed_here_since=row.changed_here_since,
            put_back_for_ever=cell.reversals >= MOST_REVERSALS,
        )
    )


def _units(row: Row[Any], cell: Cell, choice: Choice) -> int:
    """Taken whole, it undoes what was changed here by hand and the shop was not told yet; sales stay."""
    match choice:
        case Choice.ADD | Choice.MOVE:
            return cell.drift * cell.factor
        case Choice.TAKE_WHOLE:
            return cell.drift * cell.factor - int(row.untold)
        case _:
            return 0


def entry(
    drift_id: int,
    variant_id: int,
    location_id: int,
    units: int,
    at: datetime,
    *,
    cause: str = "drift",
    key: str = "",
) -> ledger.Entry:
    """What a drift does to the stock of a variant. `key` tells a bundle's components apart."""
    return ledger.Entry(
        variant_id=variant_id,
        location_id=location_id,
        movement=Movement(on_hand=units),
        cause=cause,
        source_key=f"drift:{drift_id}{key}",
        occurred_at=at,
    )


def _counted_elsewhere(session: Session, rows: Sequence[Row[Any]]) -> set[int]:
    """Drifts, by id, that say what another shop's drift has said: the same count typed into both shops counts
    once. To be asked once the levels are locked, so that of two at a time the second one finds the first."""
    params = {"drifts": [row.id for row in rows], "same_moment": SAME_COUNT}
    return set(session.execute(_COUNTED_ELSEWHERE, params).scalars())


_STATE_OF = {
    Choice.ADD: ("booked", ""),
    Choice.TAKE_WHOLE: ("booked", ""),
    Choice.MOVE: ("booked", ""),
    Choice.OVERWRITE: ("overwritten", ""),
    Choice.COUNTED: ("reversed", ""),
    Choice.ASK: ("review", "policy"),
    Choice.ASK_AS_NO_IDENTITY: ("review", "no_identity"),
    Choice.STOP: ("review", "reversed"),
}
_LAST_WRITES = text(
    """
    SELECT c.id AS cell_id, a.from_quantity, a.to_quantity
    FROM unnest(CAST(:cells AS bigint[])) AS c (id) CROSS JOIN LATERAL (
        SELECT from_quantity, to_quantity FROM push_attempts
        WHERE cell_id = c.id AND outcome = 'applied' ORDER BY id DESC LIMIT 1
    ) a
    """
)
_REVERSE = text(
    """
    UPDATE drifts SET state = 'reversed', closed_at = :at
    WHERE cell_id = ANY(CAST(:cells AS bigint[])) AND state IN ('pending', 'review')
    """
)
_NOTE = text(
    """
    INSERT INTO drifts (account_id, cell_id, quantity, shown, seen_at)
    SELECT r.account_id, r.cell_id, r.quantity, r.shown, :at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (account_id bigint, cell_id bigint, quantity int, shown int)
    ON CONFLICT (cell_id) WHERE state IN ('pending', 'review') DO UPDATE SET quantity = EXCLUDED.quantity,
        shown = coalesce(EXCLUDED.shown, drifts.shown), seen_at = EXCLUDED.seen_at
    """
)
IS_IDENTITY = """
    c.factor = 1 AND r.share_percent = 100 AND r.cap IS NULL AND r.fixed_quantity IS NULL AND NOT EXISTS (
        SELECT 1 FROM stock_cells o WHERE o.variant_id = c.variant_id AND o.location_id = c.location_id
            AND o.connection_id = c.connection_id AND o.id <> c.id
    ) AND NOT EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = c.variant_id)
"""
"""Whether a cell `c` shows what is available unit by unit, in one place. Needs `cells.RULES`."""
_WHERE = text(
    """
    SELECT account_id, variant_id, location_id FROM stock_cells
    WHERE id = ANY(CAST(:cells AS bigint[])) AND variant_id IS NOT NULL
    """
)
_SETTLED = text(
    f"""
    SELECT d.id, d.account_id, d.cell_id, d.quantity, d.seen_at, c.variant_id, n.drift_policy,
        CASE WHEN w.from_quantity <> w.to_quantity AND w.closed_at > d.seen_at - CAST(:soon AS interval)
            THEN ARRAY[w.from_quantity, CASE WHEN p.closed_at < w.closed_at THEN p.shown END]
        END AS undone_by,
        {IS_IDENTITY} AS is_identity, coalesce((
            SELECT sum(m.on_hand_delta) FROM stock_levels l JOIN stock_movements m ON m.level_id = l.id
            WHERE n.drift_policy = 'last_write_wins' AND l.variant_id = c.variant_id
                AND l.location_id = ANY({cell_store.PLACES})
                AND m.cause IN ('adjustment', 'count', 'transfer')
                AND m.created_at > greatest(w.created_at, c.baseline_at)
        ), 0) AS untold,
        n.drift_policy = 'last_write_wins' AND EXISTS (
            SELECT 1 FROM stock_levels l JOIN stock_movements m ON m.level_id = l.id
            WHERE l.variant_id = c.variant_id AND l.location_id = ANY({cell_store.PLACES})
                AND m.cause IN ('adjustment', 'count') AND m.occurred_at > d.seen_at
        ) AS changed_here_since
    FROM drifts d
    JOIN stock_cells c ON c.id = d.cell_id
    JOIN connections n ON n.id = c.connection_id
    {cell_store.RULES}
    LEFT JOIN LATERAL (
        SELECT from_quantity, to_quantity, created_at, closed_at FROM push_attempts
        WHERE cell_id = c.id AND outcome = 'applied' ORDER BY id DESC LIMIT 1
    ) w ON true
    LEFT JOIN LATERAL (
        SELECT shown, closed_at FROM drifts
        WHERE cell_id = c.id AND id < d.id AND state IN ('booked', 'overwritten') ORDER BY id DESC LIMIT 1
    ) p ON true
    WHERE d.cell_id = ANY(CAST(:cells AS bigint[])) AND d.state = 'pending' AND c.variant_id IS NOT NULL
    ORDER BY d.id
    """  # noqa: S608  (constants)
)
_STILL_ASKED = text(
    """
    SELECT c.id FROM stock_cells c WHERE c.id = ANY(CAST(:cells AS bigint[])) AND EXISTS (
        SELECT 1 FROM stock_cells o WHERE o.variant_id = c.variant_id AND o.connection_id = c.connection_id
            AND o.in_review AND o.id <> ALL(CAST(:cells AS bigint[]))
    )
    """
)
_COUNTED_ELSEWHERE = text(
    """
    SELECT d.id FROM drifts d JOIN stock_cells c ON c.id = d.cell_id
    WHERE d.id = ANY(CAST(:drifts AS bigint[])) AND EXISTS (
        SELECT 1 FROM stock_cells oc JOIN drifts o ON o.cell_id = oc.id
        WHERE oc.variant_id = c.variant_id AND oc.location_id = c.location_id
            AND oc.connection_id <> c.connection_id AND o.state = 'booked'
            AND o.quantity * oc.factor = d.quantity * c.factor
            AND o.seen_at BETWEEN d.seen_at - CAST(:same_moment AS interval)
                AND d.seen_at + CAST(:same_moment AS interval)
    )
    """
)
_CLOSE = text(
    """
    UPDATE drifts d SET state = v.state, shown = v.shown,
        review_reason = CASE WHEN v.state = 'review' THEN v.reason ELSE d.review_reason END,
        closed_at = CASE WHEN v.state <> 'review' THEN CAST(:at AS timestamptz) END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]),
        CAST(:shown AS int[])) AS v (id, state, reason, shown)
    WHERE d.id = v.id
    """
)
