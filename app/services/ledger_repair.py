"""What to do about a ledger that disagrees: tell of it every night, repair it when a person says so.

History is never rewritten. A level becomes the sum of its movements; where it holds something else than its
open orders do, a movement makes up for it. A cell that disagrees with its records is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.stock import Movement
from app.services import cells as cell_store
from app.services import drifts, ledger
from app.services.audit import audit_subject
from app.services.cells import Cell
from app.services.event_log import Happening, Subject, clear_all_but, clear_events, raise_events
from app.services.nudge import Drain, nudge
from app.services.queries.ledger_check import CellFault, wrong_cells, wrong_levels
from app.services.queries.paging import Row
from app.services.uow import unit_of_work
from app.settings import Settings

log = structlog.get_logger()

ROWS_PER_TRANSACTION = 200
LEVEL_NUMBERS = ("on_hand", "on_hand_moved", "committed", "committed_moved", "committed_held")
CELL_NUMBERS = ("cell_id", "drift", "drift_on_record", "wanted_version", "synced_version", "attempt_id")


@dataclass(frozen=True, slots=True)
class Mismatches:
    """What does not agree: rows of `queries.ledger_check`."""

    levels: Sequence[Row]
    cells: Sequence[Row]

    def __bool__(self) -> bool:
        return bool(self.levels or self.cells)


def mismatches() -> Mismatches:
    """Those of all accounts. Only reads."""
    with unit_of_work() as uow:
        return Mismatches(wrong_levels(uow.session), wrong_cells(uow.session))


def report(account_id: int) -> None:
    """Keep the account's open `ledger_mismatch` events those that there are. Repairs nothing."""
    with unit_of_work() as uow:
        found = Mismatches(
            wrong_levels(uow.session, account_id=account_id), wrong_cells(uow.session, account_id=account_id)
        )
        happenings = _happenings(found)
        raise_events(uow.session, happenings)
        clear_all_but(uow.session, account_id, EventKind.LEDGER_MISMATCH, [h.subject for h in happenings])
        uow.session.execute(_PROVED, {"account_id": account_id})
        uow.commit()
    if found:
        log.error("ledger_mismatch", account_id=account_id, levels=len(found.levels), cells=len(found.cells))


def repair(found: Mismatches, *, actor: str) -> Mismatches:
    """Repair these, as far as they still are so. Returns what was repaired.

    Each transaction compares again once its rows are locked, writes to the audit log what it changed, and
    leaves a `ledger_mismatch` event behind, closed.
    """
    levels = [row for part in _parts(found.levels) for row in _repair_levels(part, actor)]
    cells = [row for part in _parts(found.cells) for row in _repair_cells(part, actor)]
    return Mismatches(levels, cells)


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows of one account each."""
    by_account: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_account[row["account_id"]].append(row)
    for some in by_account.values():
        for start in range(0, len(some), ROWS_PER_TRANSACTION):
            yield some[start : start + ROWS_PER_TRANSACTION]


def _repair_levels(rows: Sequence[Row], actor: str) -> Sequence[Row]:
    account_id = rows[0]["account_id"]
    places = {(row["variant_id"], row["location_id"]) for row in rows}
    variants = {variant_id for variant_id, _location_id in places}
    with unit_of_work() as uow:
        session = uow.session
        ledger.lock_levels(session, account_id, places)
        wrong = wrong_levels(session, account_id=account_id, variant_ids=sorted(variants))
        ledger.restore(session, account_id, {(row["variant_id"], row["location_id"]) for row in wrong})
        at = cell_store.now(session)
        ledger.book(
            session,
            account_id,
            [
                ledger.Entry(
                    variant_id=row["variant_id"],
                    location_id=row["location_id"],
                    movement=Movement(committed=row["committed_held"] - row["committed_moved"]),
                    cause="adjustment",
                    source_key="repair:{variant_id}:{location_id}:{last_movement_id}".format(**row),
                    occurred_at=at,
                )
                for row in wrong
            ],
        )
        locked, at = cell_store.lock_at(session, variant_ids={row["variant_id"] for row in wrong})
        cell_store.want(uow, locked.values(), at)
        _write_down(session, account_id, actor, Mismatches(wrong, ()))
        uow.commit()
    log.warning("levels_repaired", account_id=account_id, levels=len(wrong))
    return wrong


def _repair_cells(rows: Sequence[Row], actor: str) -> Sequence[Row]:
    account_id = rows[0]["account_id"]
    settings: Settings = current_app.extensions["settings"]
    with unit_of_work() as uow:
        session = uow.session
        locked, at = cell_store.lock_at(session, cell_ids=[row["cell_id"] for row in rows])
        wrong = wrong_cells(session, account_id=account_id, cell_ids=list(locked))
        touched = [locked[row["cell_id"]] for row in wrong]
        settle = timedelta(seconds=settings.drift_settle_seconds)
        drifted = [locked[row["cell_id"]] for row in wrong if CellFault.DRIFT in row["faults"]]
        drifts.note(session, drifted, at, settle)
        for cell in touched:
            _look_into(cell, at)
        cell_store.save(session, touched)
        for connection_id in {cell.connection_id for cell in touched}:
            uow.after_commit(partial(nudge, Drain.PUSH, connection_id))
        _write_down(session, account_id, actor, Mismatches((), wrong))
        uow.commit()
    log.warning("cells_repaired", account_id=account_id, cells=len(wrong))
    return wrong


def _look_into(cell: Cell, at: datetime) -> None:
    """A reading tells what the number is, and decides unanswered writes; then a push has a look."""
    cell.wanted_version = max(cell.wanted_version, cell.synced_version)
    cell.want(at)
    if cell.account is not None:
        cell.look_again(at)


def _write_down(session: Session, account_id: int, actor: str, repaired: Mismatches) -> None:
    """In the audit log, and as events that are over."""
    for row in repaired.levels:
        subject, names = f"variant:{row['variant_id']}", ("location_id", *LEVEL_NUMBERS)
        detail = {name: row[name] for name in names}
        audit_subject(session, account_id, actor, "ledger.repaired", subject, detail)
    for row in repaired.cells:
        detail = {name: row[name] for name in ("faults", *CELL_NUMBERS)}
        audit_subject(session, account_id, actor, "ledger.repaired", f"cell:{row['cell_id']}", detail)
    happenings = _happenings(repaired)
    raise_events(session, happenings)
    clear_events(session, [(h.kind, h.subject) for h in happenings])


def _happenings(found: Mismatches) -> list[Happening]:
    """One for each place, or each shop's number there."""
    details: dict[Subject, dict[str, Any]] = defaultdict(dict)
    for row in found.levels:
        subject = Subject(row["account_id"], row["variant_id"], row["location_id"])
        details[subject] = {name: row[name] for name in LEVEL_NUMBERS}
    for row in found.cells:
        subject = Subject(row["account_id"], row["variant_id"], row["location_id"], row["connection_id"])
        cells = details[subject].setdefault("cells", [])
        cells.append({name: row[name] for name in ("faults", *CELL_NUMBERS)})
    return [Happening(EventKind.LEDGER_MISMATCH, subject, detail) for subject, detail in details.items()]


_PROVED = text("UPDATE accounts SET ledger_proved_at = clock_timestamp() WHERE id = :account_id")
