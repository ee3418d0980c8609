"""What to write to a cell, from what we believe of it and what the ledger wants it to show. No HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.publish import Decision, decide
from app.platforms.base import CellRef, WriteKind
from app.services.cells import MOST_REVERSALS, Cell
from app.services.work import Job


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell that needs a write. `expected` is what we believe the channel shows."""

    cell_id: int
    ref: CellRef
    version: int
    expected: int
    wanted: int
    kind: WriteKind


def plan_write(
    job: Job, cell: Cell, wanted: int | None, at: datetime, *, moving: bool = False
) -> Planned | None:
    """What to write to a locked cell; None where it is right already, or a reading has to come first.

    `moving`: the shop's numbers move faster than we learn of it.
    """
    if wanted is None or cell.account is None:
        return None
    if cell.in_review and cell.reversals >= MOST_REVERSALS:
        return None
    decision = decide(
        cell.belief,
        wanted,
        in_doubt=cell.check_due_at is not None,
        stale=cell.stale or (moving and wanted < cell.belief.expected),
        deltas=job.scope.capabilities.deltas,
        in_review=cell.in_review,
    )
    if decision is Decision.RIGHT:
        cell.accepted()
        return _look(job, cell)
    if decision is Decision.WAIT:
        if cell.check_due_at is None:
            cell.look_again(at)
        return None
    kind = WriteKind.DELTA if decision is Decision.DELTA else WriteKind.SET
    return Planned(cell.id, cell.ref, cell.version, cell.belief.expected, wanted, kind)


def _look(job: Job, cell: Cell) -> Planned | None:
    """It is right if what we believe is. Where a write without compare-and-set may have given a sale back,
    that cannot wait for a reading without doubt: a plan that changes nothing has the number read."""
    if job.scope.capabilities.compare_and_set or not in_doubt(cell):
        return None
    expected = cell.belief.expected
    return Planned(cell.id, cell.ref, cell.version, expected, expected, WriteKind.SET)


def in_doubt(cell: Cell) -> bool:
    return cell.check_due_at is not None and cell.reported is None
