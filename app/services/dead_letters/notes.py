"""Write failures down as they happen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.backoff import MAX_ATTEMPTS
from app.services.dead_letters.kinds import JOB_ATTEMPTS, KINDS, OF_ACCOUNTS, OF_CONNECTIONS
from app.services.error_meter import note_error
from app.services.faults import Fault


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed. `is_last`: it is dead by that; None for a job, which is after some in a row."""

    kind: str
    subject_id: int
    fault: Fault
    is_last: bool | None = None
    queue: str = ""
    account_id: int | None = None
    connection_id: int | None = None


def note_failures(session: Session, failures: Sequence[Failure]) -> list[int]:
    """Keep them in the caller's transaction; returns the ids of their letters. A letter that was mended,
    discarded or replayed begins anew."""
    if not failures:
        return []
    for failure in failures:
        note_error(failure.fault, kind=failure.kind, connection_id=failure.connection_id)
    rows = [_row(failure) for failure in sorted(failures, key=lambda one: (one.kind, one.subject_id))]
    return list(session.execute(_NOTE, {"rows": json.dumps(rows)}).scalars())


def _row(failure: Failure) -> dict[str, object]:
    kind, fault = failure.kind, failure.fault
    return {
        "kind": kind,
        "subject_id": failure.subject_id,
        "queue": failure.queue or KINDS[kind].queue,
        "account_id": failure.subject_id if kind in OF_ACCOUNTS else failure.account_id,
        "connection_id": failure.subject_id if kind in OF_CONNECTIONS else failure.connection_id,
        "is_last": failure.is_last,
        "most": JOB_ATTEMPTS.get(kind, MAX_ATTEMPTS),
        "error_class": fault.error_class,
        "code": fault.code,
        "message": fault.message,
        "traceback": fault.traceback,
    }


# Ids of accounts and connections that are gone by now are left out.
_NOTE = text(
    """
    WITH given AS (
        SELECT v.*, a.id AS about_id, c.id AS shop_id
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS v (kind text, subject_id bigint, queue text,
            account_id bigint, connection_id bigint, is_last boolean, most int,
            error_class text, code text, message text, traceback text)
        LEFT JOIN connections c ON c.id = v.connection_id
        LEFT JOIN accounts a ON a.id = coalesce(v.account_id, c.account_id)
        ORDER BY v.kind, v.subject_id
    ), noted AS (
        INSERT INTO dead_letters AS d (kind, subject_id, queue, about_account_id, connection_id, state,
            attempts, error_class, code, message, failed_at)
        SELECT kind, subject_id, queue, about_id, shop_id,
            CASE WHEN coalesce(is_last, most <= 1) THEN 'dead' ELSE 'trying' END, 1,
            error_class, code, message, clock_timestamp()
        FROM given ORDER BY kind, subject_id
        ON CONFLICT (kind, subject_id) DO UPDATE SET
            queue = excluded.queue, error_class = excluded.error_class, code = excluded.code,
            message = excluded.message, failed_at = excluded.failed_at, closed_at = NULL, discarded_by = '',
            discarded_because = '',
            attempts = CASE WHEN d.closed_at IS NULL THEN d.attempts ELSE 0 END + 1,
            state = CASE
                WHEN (
                    SELECT coalesce(
                        g.is_last,
                        CASE WHEN d.closed_at IS NULL THEN d.attempts ELSE 0 END + 1 >= g.most
                    )
                    FROM given g WHERE g.kind = d.kind AND g.subject_id = d.subject_id
                ) THEN 'dead'
                ELSE 'trying'
            END
        RETURNING d.id, d.kind, d.subject_id, d.failed_at
    ), kept AS (
        INSERT INTO failed_attempts (letter_id, failed_at, error_class, code, message, traceback)
        SELECT n.id, n.failed_at, g.error_class, g.code, g.message, g.traceback
        FROM noted n JOIN given g USING (kind, subject_id)
    )
    SELECT id FROM noted ORDER BY id
    """
)
