"""Take back what changes at a shop, or a count, did to the stock: by movements the other way round.

What was booked stays booked; each movement is taken back at most once, and what happened since stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, text

from app.domain.stock import Movement
from app.errors import Conflict, InvalidInput, NotFound
from app.services import brakes, ledger
from app.services import cells as cell_store
from app.services.audit import audit_subject
from app.services.stock_changes import book_and_push
from app.services.uow import unit_of_work

MOVEMENTS_AT_A_TIME = 500
UNDONE = ("first_sync", "reconcile", "manual")
"""Kinds of runs that may change the ledger by a shop's numbers."""


@dataclass(frozen=True, slots=True)
class _What:
    """`exists` finds what is to be taken back, `movements` the next of its movements that were not yet."""

    exists: TextClause
    movements: TextClause


def undo_changes_at_shop(
    account_id: int, connection_id: int, since: datetime, until: datetime, *, actor: str
) -> int:
    """Take back what the ledger took over from a shop between the two moments: what somebody changed there,
    and what a first sync by the shop's numbers set. Every shop, that one included, is written the numbers
    that follow. Returns how many movements that were; safe to repeat. Raises NotFound, InvalidInput."""
    if since >= until:
        raise InvalidInput("The beginning has to be before the end.")
    span = {"connection_id": connection_id, "since": since, "until": until}
    return _undo(account_id, f"connection:{connection_id}", _CHANGES_AT_SHOP, span, actor)


def undo_run(account_id: int, run_id: int, *, actor: str) -> int:
    """Take back what the ledger took over from a shop while a run of it went on. Returns how many movements
    that were; safe to repeat. Raises NotFound, and Conflict for a run that goes on or has no one shop."""
    with unit_of_work() as uow:
        row = uow.session.execute(_RUN, {"account_id": account_id, "id": run_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    if row.state == "running":
        raise Conflict("This run is not over yet.")
    if row.connection_id is None or row.kind not in UNDONE:
        raise Conflict("This run changed nothing here that could be taken back.")
    return undo_changes_at_shop(account_id, row.connection_id, row.created_at, row.finished_at, actor=actor)


def undo_count(account_id: int, count_id: int, *, actor: str) -> int:
    """Take back what a count corrected. Returns how many movements that were; safe to repeat. Raises
    NotFound."""
    return _undo(account_id, f"count:{count_id}", _COUNT_LINES, {"count_id": count_id}, actor)


def _undo(account_id: int, subject: str, what: _What, params: Mapping[str, Any], actor: str) -> int:
    undone, some = 0, MOVEMENTS_AT_A_TIME
    params = {"account_id": account_id, "limit": MOVEMENTS_AT_A_TIME, **params}
    while some == MOVEMENTS_AT_A_TIME:
        with unit_of_work() as uow:
            session = uow.session
            if session.execute(what.exists, params).first() is None:
                raise NotFound("There is nothing of this kind to take back.")
            brakes.agree(session, account_id)
            found = session.execute(what.movements, params).all()
            ledger.lock_levels(session, account_id, {(row.variant_id, row.location_id) for row in found})
            rows = session.execute(what.movements, params).all()  # nobody else takes them back now
            at = cell_store.now(session)
            book_and_push(uow, account_id, [_the_other_way(row, at) for row in rows])
            audit_subject(session, account_id, actor, "stock.undone", subject, {"movements": len(rows)})
            uow.commit()
        some, undone = len(rows), undone + len(rows)
    return undone


def _the_other_way(row: Row[Any], at: datetime) -> ledger.Entry:
    return ledger.Entry(
        variant_id=row.variant_id,
        location_id=row.location_id,
        movement=Movement(on_hand=-row.on_hand_delta, committed=-row.committed_delta),
        cause="adjustment",
        source_key=f"undo:{row.id}",
        occurred_at=at,
    )


_RUN = text(
    """
    SELECT connection_id, kind, state, created_at, finished_at FROM sync_runs
    WHERE account_id = :account_id AND id = :id
    """
)
_CONNECTION = text("SELECT 1 FROM connections WHERE account_id = :account_id AND id = :connection_id")
_COUNT = text("SELECT 1 FROM stock_counts WHERE account_id = :account_id AND id = :count_id")
_NOT_UNDONE = """
    NOT EXISTS (
        SELECT 1 FROM stock_movements u WHERE u.account_id = m.account_id AND u.source_key = 'undo:' || m.id
    )
"""
_AT_SHOP = text(
    f"""
    SELECT m.id, m.variant_id, m.location_id, m.on_hand_delta, m.committed_delta
    FROM stock_cells c
    JOIN drifts d ON d.cell_id = c.id AND d.state = 'booked' AND d.closed_at BETWEEN :since AND :until
    CROSS JOIN LATERAL (
        SELECT c.variant_id AS id, '' AS suffix
        UNION ALL
        SELECT b.component_id, ':' || b.component_id FROM bundle_components b
        WHERE b.bundle_id = c.variant_id
    ) v
    JOIN stock_movements m ON m.account_id = c.account_id AND m.source_key = 'drift:' || d.id || v.suffix
    WHERE c.account_id = :account_id AND c.connection_id = :connection_id AND {_NOT_UNDONE}
    UNION
    SELECT m.id, m.variant_id, m.location_id, m.on_hand_delta, m.committed_delta
    FROM stock_movements m
    JOIN stock_cells c ON c.id = CAST(split_part(m.source_key, ':', 2) AS bigint)
        AND c.connection_id = :connection_id
    WHERE m.account_id = :account_id AND m.source_key LIKE 'first_sync:%'
        AND m.created_at BETWEEN :since AND :until AND {_NOT_UNDONE}
    ORDER BY id LIMIT :limit
    """  # noqa: S608  (a constant)
)
_COUNTED = text(
    f"""
    SELECT m.id, m.variant_id, m.location_id, m.on_hand_delta, m.committed_delta
    FROM stock_count_lines n
    JOIN stock_movements m ON m.account_id = n.account_id AND m.source_key = 'count:' || n.id
    WHERE n.account_id = :account_id AND n.count_id = :count_id AND {_NOT_UNDONE}
    ORDER BY m.id LIMIT :limit
    """  # noqa: S608  (a constant)
)
_CHANGES_AT_SHOP = _What(_CONNECTION, _AT_SHOP)
_COUNT_LINES = _What(_COUNT, _COUNTED)
