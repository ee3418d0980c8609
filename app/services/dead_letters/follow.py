"""Dead letters in step with the rows, and RQ's registries in step with dead letters.

The rows are the truth: a letter dies and is mended by its row, and an entry of a registry that was emptied is
made again by its letter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.dead_letters import registry
from app.services.dead_letters.jobs import adopt
from app.services.dead_letters.kinds import KINDS, QUIET, QUIET_OF, Kind, words_for
from app.services.dead_letters.notes import Failure, note_failures
from app.services.faults import told
from app.services.uow import unit_of_work

log = structlog.get_logger()

ROWS_AT_ONCE = 500
"""Of a kind, or entries of a registry, in one run."""
ENTRIES = 5000
"""The most that the registries hold; the console and the CLI know all letters."""
ADOPTED_AT_ONCE = 200


def follow(queues: Sequence[str]) -> None:
    """Every ten seconds. What one run leaves, the next one does."""
    for queue in queues:
        adopt(queue, ADOPTED_AT_ONCE)
    with unit_of_work() as uow:
        for name, kind in KINDS.items():
            _follow_rows(uow.session, name, kind)
        _mend_quiet_jobs(uow.session)
        uow.commit()
    keep_entries(queues)


def _follow_rows(session: Session, name: str, kind: Kind) -> None:
    known = {"kind": name, "limit": ROWS_AT_ONCE}
    session.execute(text(_DIES.format(kind=kind)), known | {"noted": kind.noted})
    found = session.execute(text(_UNKNOWN.format(kind=kind)), known).all()
    note_failures(
        session,
        [
            Failure(
                kind=name,
                subject_id=row.id,
                fault=told("", row.code, row.message),
                is_last=True,
                account_id=row.account_id,
                connection_id=row.connection_id,
            )
            for row in found
        ],
    )
    session.execute(text(_MENDED.format(kind=kind)), known)


def _mend_quiet_jobs(session: Session) -> None:
    params = {"kinds": list(KINDS), "names": list(QUIET_OF), "quiet": list(QUIET_OF.values()), "usual": QUIET}
    session.execute(_QUIET, params)


def keep_entries(queues: Collection[str]) -> None:
    """Make the registries name the letters that are dead, and no others."""
    with unit_of_work() as uow:
        rows = uow.session.execute(_DEAD, {"kept": registry.KEPT, "limit": ENTRIES}).all()
    wanted = {row.id: row.queue for row in rows}
    missing: set[int] = set()
    for queue in {*queues, *wanted.values()}:
        present, _others = registry.entries(queue)
        of_queue = {letter_id for letter_id, its_queue in wanted.items() if its_queue == queue}
        missing |= of_queue - present
        surplus = sorted(present - of_queue)[:ROWS_AT_ONCE]
        registry.take_out(queue, registry.names_of(surplus))
    if missing:
        put(sorted(missing, reverse=True)[:ROWS_AT_ONCE])


def put(letter_ids: Collection[int]) -> None:
    """Give letters that are dead their entries."""
    with unit_of_work() as uow:
        rows = uow.session.execute(_ENTRIES, {"ids": list(letter_ids)}).all()
    made = registry.put(
        registry.Entry(
            letter_id=row.id,
            queue=row.queue,
            failed_at=row.failed_at,
            words=f"{words_for(row.kind, row.subject_id)}: {row.message}",
            trace=f"{row.traceback}\n{row.error_class} {row.code}: {row.message}".strip(),
        )
        for row in rows
    )
    if made:
        log.info("dead_letters_listed", entries=made)


_DIES = """
    WITH those AS (
        SELECT d.id FROM dead_letters d
        WHERE d.kind = :kind AND d.state = 'trying' AND :noted AND d.attempts > 0 AND EXISTS (
            SELECT 1 FROM {kind.table} t WHERE t.id = d.subject_id AND ({kind.dead})
        )
        ORDER BY d.subject_id LIMIT :limit FOR NO KEY UPDATE OF d SKIP LOCKED
    )
    UPDATE dead_letters d SET state = 'dead' FROM those WHERE d.id = those.id
"""
_UNKNOWN = """
    SELECT t.id, {kind.account} AS account_id, {kind.connection} AS connection_id, {kind.message} AS message,
        {kind.code} AS code
    FROM {kind.table} t
    WHERE ({kind.dead}) AND NOT EXISTS (
        SELECT 1 FROM dead_letters d
        WHERE d.kind = :kind AND d.subject_id = t.id AND d.state IN ('dead', 'discarded')
    )
    ORDER BY t.id LIMIT :limit
"""
_MENDED = """
    WITH those AS (
        SELECT d.id FROM dead_letters d
        WHERE d.kind = :kind AND d.state <> 'mended' AND NOT EXISTS (
            SELECT 1 FROM {kind.table} t WHERE t.id = d.subject_id AND ({kind.unwell})
        )
        ORDER BY d.subject_id LIMIT :limit FOR NO KEY UPDATE OF d SKIP LOCKED
    )
    UPDATE dead_letters d SET state = 'mended', closed_at = clock_timestamp() FROM those WHERE d.id = those.id
"""
_QUIET = text(
    """
    WITH those AS (
        SELECT d.id FROM dead_letters d
        LEFT JOIN unnest(CAST(:names AS text[]), CAST(:quiet AS interval[])) AS q (kind, quiet)
            ON q.kind = d.kind
        WHERE d.kind <> ALL(CAST(:kinds AS text[])) AND d.state <> 'mended'
            AND greatest(d.failed_at, d.replayed_at) < now() - coalesce(q.quiet, :usual)
        ORDER BY d.kind, d.subject_id FOR NO KEY UPDATE OF d SKIP LOCKED
    )
    UPDATE dead_letters d SET state = 'mended', closed_at = clock_timestamp() FROM those WHERE d.id = those.id
    """
)
_DEAD = text(
    """
    SELECT id, queue FROM dead_letters WHERE state = 'dead' AND failed_at > now() - :kept
    ORDER BY failed_at DESC, id DESC LIMIT :limit
    """
)
_ENTRIES = text(
    """
    SELECT d.id, d.queue, d.kind, d.subject_id, d.failed_at, d.error_class, d.code, d.message,
        coalesce(a.traceback, '') AS traceback
    FROM dead_letters d
    LEFT JOIN LATERAL (
        SELECT traceback FROM failed_attempts WHERE letter_id = d.id ORDER BY id DESC LIMIT 1
    ) a ON true
    WHERE d.id = ANY(CAST(:ids AS bigint[])) AND d.state = 'dead'
    """
)
