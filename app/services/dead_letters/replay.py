"""Put dead letters back to work, or give them up. Both change nothing where they were done before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

import redis
import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import InvalidInput, SyncFlowError
from app.services import fulfillments, outward
from app.services.dead_letters import registry
from app.services.dead_letters.kinds import KINDS
from app.services.nudge import try_enqueue
from app.services.staff.acting import COMMAND_LINE, Staff, record_about
from app.services.uow import UnitOfWork, unit_of_work

log = structlog.get_logger()

JOB_SECONDS = 1800
MOST_AT_ONCE = 500
LONGEST_REASON = 500


def replay(staff: Staff, letter_ids: Collection[int]) -> list[int]:
    """Have these letters tried again from the first attempt; returns those that are now.

    Dead and discarded ones are; others are left as they are, and so are those that cannot be replayed
    (`Kind.instead`). Raises InvalidInput for too many at once.
    """
    _check(letter_ids)
    return _put_back(letter_ids, staff.actor, staff)


def replay_share(actor: str, letter_ids: Collection[int]) -> list[int]:
    """`replay`, of some of those whose replay was recorded when it began."""
    return _put_back(letter_ids, actor, None)


def _put_back(letter_ids: Collection[int], actor: str, recorded_by: Staff | None) -> list[int]:
    rows = _letters(letter_ids)
    again = [row.id for row in rows if row.kind == "fulfillment" and _tell_again(row, actor)]
    with unit_of_work() as uow:
        again += _rows_again(uow, rows)
        jobs = [row for row in rows if row.kind not in KINDS]
        params = {"ids": sorted(again), "jobs": sorted(row.id for row in jobs)}
        done = list(uow.session.execute(_REPLAYED, params).scalars())
        for row in jobs:
            if row.id in done:
                uow.after_commit(partial(_try_again, row))
        rows = [row for row in rows if row.id in done]
        if recorded_by is not None:
            _record(uow.session, rows, recorded_by, "dead_letter.replayed", {})
        uow.after_commit(partial(_take_out, rows))
        uow.commit()
    return done


def replay_one(letter_id: int) -> None:
    """What an entry of RQ's registry runs when it is requeued by RQ's own means."""
    replay(COMMAND_LINE, [letter_id])


def discard(staff: Staff, letter_ids: Collection[int], reason: str) -> list[int]:
    """Give dead letters up, for a reason; returns those that are now. They are kept, can be replayed later,
    and come back when they fail anew. Raises InvalidInput without a reason."""
    _check(letter_ids)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say why, in at most {LONGEST_REASON} characters.")
    with unit_of_work() as uow:
        params = {"ids": list(letter_ids), "actor": staff.actor, "reason": reason}
        rows = uow.session.execute(_DISCARD, params).all()
        _record(uow.session, rows, staff, "dead_letter.discarded", {"reason": reason})
        uow.after_commit(partial(_take_out, rows))
        uow.commit()
    return [row.id for row in rows]


def _check(letter_ids: Collection[int]) -> None:
    if len(letter_ids) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} at once; more of them go by a filter.")


def _letters(letter_ids: Collection[int]) -> Sequence[Row[Any]]:
    with unit_of_work() as uow:
        return uow.session.execute(_LETTERS, {"ids": list(letter_ids)}).all()


def _rows_again(uow: UnitOfWork, letters: Iterable[Row[Any]]) -> list[int]:
    """Rows before letters, as for those who note failures. Returns the letters whose rows are tried again."""
    by_kind: dict[str, dict[int, int]] = defaultdict(dict)
    for letter in letters:
        if letter.kind in KINDS and KINDS[letter.kind].replay:
            by_kind[letter.kind][letter.subject_id] = letter.id
    again: list[int] = []
    for kind in sorted(by_kind):
        subjects = {"ids": sorted(by_kind[kind])}
        found = uow.session.execute(text(KINDS[kind].replay), subjects).scalars()
        again += [by_kind[kind][subject_id] for subject_id in found]
    if "webhook" in by_kind:
        uow.after_commit(outward.wake, once=outward.wake)
    return again


def _tell_again(letter: Row[Any], actor: str) -> bool:
    """A shipment: what its order has left to ship may have changed, which its own service looks at."""
    try:
        fulfillments.retry(letter.about_account_id, letter.subject_id, actor=actor)
    except SyncFlowError as err:
        log.info("shipment_not_replayed", fulfillment_id=letter.subject_id, code=err.code)
        return False
    return True


def _try_again(letter: Row[Any]) -> None:
    try_enqueue(letter.queue, letter.kind, letter.subject_id, timeout_seconds=JOB_SECONDS)


def _take_out(letters: Sequence[Row[Any]]) -> None:
    by_queue = defaultdict(list)
    for letter in letters:
        by_queue[letter.queue].append(letter.id)
    try:
        for queue, ids in by_queue.items():
            registry.take_out(queue, registry.names_of(ids))
    except redis.RedisError as err:  # `follow` takes them out
        log.warning("entries_kept", error=type(err).__name__)


def _record(
    session: Session, letters: Sequence[Row[Any]], staff: Staff, action: AuditAction, detail: dict[str, Any]
) -> None:
    """Once for each account, naming its letters."""
    by_account = defaultdict(list)
    for letter in letters:
        by_account[letter.about_account_id].append(letter)
    for account_id, of_account in by_account.items():
        kinds = sorted({letter.kind for letter in of_account})
        told = {"letters": [letter.id for letter in of_account], "kinds": kinds} | detail
        subject = f"dead_letter:{of_account[0].id}"
        record_about(session, staff, action, subject, account_id=account_id, detail=told)


_LETTERS = text(
    """
    SELECT id, kind, subject_id, queue, about_account_id FROM dead_letters
    WHERE id = ANY(CAST(:ids AS bigint[])) AND state IN ('dead', 'discarded') ORDER BY id
    """
)
_REPLAYED = text(
    """
    WITH those AS (
        SELECT id FROM dead_letters
        WHERE id = ANY(CAST(:ids AS bigint[]))
            OR id = ANY(CAST(:jobs AS bigint[])) AND state IN ('dead', 'discarded')
        ORDER BY kind, subject_id FOR NO KEY UPDATE
    )
    UPDATE dead_letters d SET state = 'trying', attempts = 0, replayed_at = clock_timestamp(),
        closed_at = NULL, discarded_by = '', discarded_because = ''
    FROM those WHERE d.id = those.id RETURNING d.id
    """
)
_DISCARD = text(
    """
    WITH those AS (
        SELECT id FROM dead_letters WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'dead'
        ORDER BY kind, subject_id FOR NO KEY UPDATE
    )
    UPDATE dead_letters d SET state = 'discarded', closed_at = clock_timestamp(), discarded_by = :actor,
        discarded_because = :reason
    FROM those WHERE d.id = those.id RETURNING d.id, d.kind, d.queue, d.about_account_id
    """
)
