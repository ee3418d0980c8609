"""Counting what is on the shelves of a location while sales go on.

A counted number stands for `on_hand` at the moment it was counted, so it is compared with what the ledger had
for that moment, and only the difference is booked: whatever moved the level since then stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.stock import Movement
from app.errors import Conflict, InvalidInput, NotFound
from app.services import cells as cell_store
from app.services import ledger
from app.services.audit import audit_subject
from app.services.stock_changes import MOST_VARIANTS, book_and_push, require_owned, require_text
from app.services.uow import UnitOfWork, unit_of_work

LINES_PER_TRANSACTION = 500
"""Of corrections, whose levels and cells are locked that long."""
MOST_COUNTED = 100_000_000
"""Of one variant. Any correction to it fits into the ledger's columns."""
OLDEST = timedelta(days=31)
CLOCKS_DIFFER = timedelta(minutes=2)
"""How far ahead of ours the clock may be that dated a number."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`quantity` units of a variant lay on the shelf `at` that moment."""

    variant_id: int
    quantity: int
    at: datetime


def begin(account_id: int, location_id: int, *, note: str = "", actor: str, key: str) -> int:
    """Open a count at a location. Returns its id.

    Safe to repeat: a call with the same `key` (of the account) opens no other. Raises NotFound, InvalidInput,
    and Conflict if the key belongs to a count of another location.
    """
    require_text(note, key)
    params = {"account_id": account_id, "location_id": location_id, "note": note, "actor": actor, "key": key}
    with unit_of_work() as uow:
        require_owned(uow.session, account_id, location_ids=[location_id])
        count_id: int | None = uow.session.execute(_BEGIN, params).scalar_one_or_none()
        if count_id is None:
            row = uow.session.execute(_BEGUN, params).one()
            if row.location_id != location_id:
                raise Conflict("This key belongs to a count of another location.")
            return int(row.id)
        audit_subject(uow.session, account_id, actor, "stock_count.begun", f"stock_count:{count_id}")
        uow.commit()
    return count_id


def record(account_id: int, count_id: int, counted: Mapping[int, int], *, at: datetime, actor: str) -> None:
    """Note what was counted `at` a moment: variant id -> units on the shelf, reserved ones too. All or none.

    Of two numbers of a variant the one counted later stands, whichever comes first; of two of one moment, the
    one recorded last: the same call again changes nothing. Raises NotFound, InvalidInput, and Conflict unless
    the count is open.
    """
    if not 1 <= len(counted) <= MOST_VARIANTS:
        raise InvalidInput(f"Record 1 to {MOST_VARIANTS} variants at a time.")
    with unit_of_work() as uow:
        session = uow.session
        require_state(lock(session, account_id, count_id), "open")
        require_owned(session, account_id, variant_ids=counted, location_ids=())
        now = cell_store.now(session)
        numbers = [Counted(variant_id, units, at) for variant_id, units in counted.items()]
        for number in numbers:
            if fault := what_is_wrong(number, now):
                raise InvalidInput(fault)
        write(session, account_id, count_id, numbers, actor=actor)
        write_down(session, account_id, count_id, len(numbers), actor=actor)
        uow.commit()


def cancel(account_id: int, count_id: int, *, actor: str) -> None:
    """Close the count without booking anything. Safe to repeat. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        count = lock(uow.session, account_id, count_id)
        if count.state == "cancelled":
            return
        require_state(count, "open")
        _close(uow, account_id, count_id, "cancelled", actor)
        uow.commit()


def finish(account_id: int, count_id: int, *, actor: str) -> None:
    """Book the difference between each counted number and what the ledger had at that moment.

    A large count takes several transactions. Should it end after one of them, whoever calls this again books
    the rest: a line is marked in the transaction of its movement, and its moment does not change. Safe to
    repeat. Raises NotFound, and Conflict if the count was cancelled.
    """
    after: int | None = 0
    while after is not None:
        after = _book_some(account_id, count_id, after, actor)


def lock(session: Session, account_id: int, count_id: int) -> Row[Any]:
    """`state` and `location_id` of a count, which stays as it is until the transaction ends.

    Raises NotFound.
    """
    row = session.execute(_LOCK, {"account_id": account_id, "id": count_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such count.")
    return row


def require_state(count: Row[Any], *states: str) -> None:
    """Raises Conflict."""
    if count.state not in states:
        raise Conflict(f"The count is {count.state}.")


def what_is_wrong(number: Counted, now: datetime) -> str | None:
    """Why a number cannot be recorded, in words."""
    if not 0 <= number.quantity <= MOST_COUNTED:
        return f"A counted number is from 0 to {MOST_COUNTED}."
    if number.at > now + CLOCKS_DIFFER:
        return "It cannot have been counted in the future."
    if number.at < now - OLDEST:
        return f"A number that was counted more than {OLDEST.days} days ago is too old."
    return None


def write_down(session: Session, account_id: int, count_id: int, numbers: int, *, actor: str) -> None:
    """That so many numbers were recorded; the lines say which."""
    detail = {"numbers": numbers}
    audit_subject(session, account_id, actor, "stock_count.recorded", f"stock_count:{count_id}", detail)


def write(
    session: Session, account_id: int, count_id: int, numbers: Iterable[Counted], *, actor: str
) -> None:
    """Write numbers that nothing is wrong with into a locked, open count."""
    rows = [
        {"position": i, "variant_id": n.variant_id, "counted": n.quantity, "counted_at": n.at.isoformat()}
        for i, n in enumerate(numbers)
    ]
    session.execute(
        _WRITE, {"account_id": account_id, "count_id": count_id, "rows": json.dumps(rows), "actor": actor}
    )


def _book_some(account_id: int, count_id: int, after: int, actor: str) -> int | None:
    """One transaction: the next lines by variant. Returns the last one's variant, None at the end."""
    with unit_of_work() as uow:
        session = uow.session
        count = lock(session, account_id, count_id)
        if count.state == "finished":
            return None
        require_state(count, "open", "finishing")
        params = {"count_id": count_id, "location_id": count.location_id}
        variants = list(
            session.execute(_NEXT, {**params, "after": after, "limit": LINES_PER_TRANSACTION}).scalars()
        )
        ledger.lock_levels(session, account_id, [(variant, count.location_id) for variant in variants])
        lines = session.execute(_COMPARE, {**params, "variants": variants}).all()
        corrected = [line for line in lines if _correction(line)]
        book_and_push(uow, account_id, [_entry(line, count.location_id) for line in corrected])
        session.execute(_BOOKED, {"rows": json.dumps([_booked(line) for line in lines])})
        more = len(variants) == LINES_PER_TRANSACTION
        if more:
            session.execute(_FINISHING, {"id": count_id})
        else:
            _close(uow, account_id, count_id, "finished", actor)
        uow.commit()
    return variants[-1] if more else None


def _correction(line: Row[Any]) -> int:
    return 0 if line.superseded or line.is_bundle else int(line.counted - line.on_hand_then)


def _entry(line: Row[Any], location_id: int) -> ledger.Entry:
    return ledger.Entry(
        variant_id=line.variant_id,
        location_id=location_id,
        movement=Movement(on_hand=_correction(line)),
        cause="count",
        source_key=f"count:{line.id}",
        occurred_at=line.counted_at,
    )


def _booked(line: Row[Any]) -> dict[str, object]:
    return {
        "id": line.id,
        "on_hand_then": line.on_hand_then,
        "correction": _correction(line),
        "superseded": line.superseded,
    }


def _close(uow: UnitOfWork, account_id: int, count_id: int, state: str, actor: str) -> None:
    uow.session.execute(_CLOSE, {"id": count_id, "state": state})
    action: AuditAction = "stock_count.finished" if state == "finished" else "stock_count.cancelled"
    audit_subject(uow.session, account_id, actor, action, f"stock_count:{count_id}")


ON_HAND_THEN = """
    coalesce(s.on_hand, 0) - coalesce((
        SELECT sum(m.on_hand_delta) FROM stock_movements m
        WHERE m.level_id = s.id AND m.cause <> 'import'
            AND least(m.occurred_at, m.created_at) > l.counted_at
            AND m.id > coalesce((
                SELECT p.id FROM stock_movements p
                WHERE p.level_id = s.id AND p.created_at <= l.counted_at - interval '10 minutes'
                ORDER BY p.id DESC LIMIT 1
            ), 0)
    ), 0)
"""
"""What level `s` had when line `l` was counted: what it has now, without what happened later.

A movement that was booked later may have happened before: a parcel that left, and of which the shop told us
then, was not on the shelf any more; neither did another count's correction happen when it was booked. Opening
numbers (`import`) are what a shop said, whenever it said so: the count knows better. Movements before `p`
need no look: no transaction takes ten minutes.
"""
_BEGIN = text(
    """
    INSERT INTO stock_counts (account_id, location_id, note, actor, idempotency_key)
    VALUES (:account_id, :location_id, :note, :actor, :key)
    ON CONFLICT (account_id, idempotency_key) DO NOTHING
    RETURNING id
    """
)
_BEGUN = text(
    "SELECT id, location_id FROM stock_counts WHERE account_id = :account_id AND idempotency_key = :key"
)
_LOCK = text(
    """
    SELECT state, location_id FROM stock_counts WHERE account_id = :account_id AND id = :id
    FOR NO KEY UPDATE
    """
)
_WRITE = text(
    """
    INSERT INTO stock_count_lines AS l (account_id, count_id, variant_id, counted, counted_at, actor)
    SELECT DISTINCT ON (r.variant_id) CAST(:account_id AS bigint), CAST(:count_id AS bigint), r.variant_id,
        r.counted, r.counted_at, :actor
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (position int, variant_id bigint, counted int,
        counted_at timestamptz)
    ORDER BY r.variant_id, r.counted_at DESC, r.position DESC
    ON CONFLICT (count_id, variant_id) DO UPDATE SET
        counted = EXCLUDED.counted, counted_at = EXCLUDED.counted_at, actor = EXCLUDED.actor
    WHERE l.counted_at <= EXCLUDED.counted_at
    """
)
_NEXT = text(
    """
    SELECT variant_id FROM stock_count_lines
    WHERE count_id = :count_id AND variant_id > :after AND booked_at IS NULL
    ORDER BY variant_id LIMIT :limit
    """
)
_COMPARE = text(
    f"""
    SELECT l.id, l.variant_id, l.counted, l.counted_at, CAST({ON_HAND_THEN} AS int) AS on_hand_then, EXISTS (
            SELECT 1 FROM stock_count_lines o JOIN stock_counts c ON c.id = o.count_id
            WHERE o.variant_id = l.variant_id AND o.counted_at > l.counted_at AND o.booked_at IS NOT NULL
                AND c.location_id = :location_id
        ) AS superseded,
        EXISTS (SELECT 1 FROM bundle_components b WHERE b.bundle_id = l.variant_id) AS is_bundle
    FROM stock_count_lines l
    LEFT JOIN stock_levels s ON s.variant_id = l.variant_id AND s.location_id = :location_id
    WHERE l.count_id = :count_id AND l.variant_id = ANY(CAST(:variants AS bigint[]))
    ORDER BY l.variant_id
    """  # noqa: S608  (a constant)
)
_BOOKED = text(
    """
    UPDATE stock_count_lines l SET booked_at = clock_timestamp(), on_hand_then = r.on_hand_then,
        correction = r.correction, superseded = r.superseded
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r (id bigint, on_hand_then int, correction int, superseded boolean)
    WHERE l.id = r.id
    """
)
_FINISHING = text("UPDATE stock_counts SET state = 'finishing' WHERE id = :id")
_CLOSE = text("UPDATE stock_counts SET state = :state, closed_at = clock_timestamp() WHERE id = :id")
