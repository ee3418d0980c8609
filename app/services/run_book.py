"""Keeps the history of runs up to date beside the work, so that no write and no order costs a statement more.

What was written is already on record, each number by itself (`push_attempts`): a few times a minute the sums
of the current windows are made from it. Runs that a person asked for are followed to their end.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from app.services.runs import THIS_WINDOW, WINDOW
from app.services.uow import unit_of_work

LINGER = timedelta(minutes=2)
"""A shop that sells all the time is never quiet: a run is over by then if all was looked at."""
GIVEN_UP = timedelta(minutes=30)
FAILURES = 3
"""A shop that failed so often in a row is not waited for."""
LOST_AFTER = timedelta(hours=3)
"""No run takes longer: its worker died."""


def sum_up_pushes() -> None:
    """Make the rows of what was written to shops in the windows that may still change. Safe to repeat."""
    with unit_of_work() as uow:
        uow.session.execute(_SUM_UP)
        uow.commit()


def follow() -> None:
    """End the runs that people asked for where all is done, and those whose worker died. Safe to repeat."""
    with unit_of_work() as uow:
        uow.session.execute(_LOST, {"lost_after": LOST_AFTER})
        ended = [end for row in uow.session.execute(_ASKED) if (end := _end(row)) is not None]
        if ended:
            uow.session.execute(_END, {"rows": json.dumps(ended)})
        uow.commit()


def _end(row: Row[Any]) -> dict[str, object] | None:
    """What becomes of a run that a person asked for, but for what its numbers say; None while it goes on."""
    over = row.looked and (row.quiet or row.age > LINGER)
    if row.unable < row.connections and not over and row.age <= GIVEN_UP:
        return None
    state, code, error = "succeeded", "", ""
    if row.unable:
        state = "failed" if row.unable == row.connections else "partly"
        code = "platform_auth_expired" if row.needs_auth else "platform_transient"
        error = row.last_error or ""
    if row.unable == row.connections:
        error = error or "No shop of it can be worked on."
    elif not over:
        state, code, error = "failed", "not_finished", "It did not come to an end within half an hour."
    return {"id": row.id, "state": state, "code": code, "error": error[:500]}


OF_RUN = """
    c.variant_id = ANY(ARRAY(
        SELECT v.id FROM variants v WHERE v.account_id = r.account_id
            AND (v.id = r.variant_id OR v.product_id = r.product_id)
    ))
"""
"""Whether a cell `c` is one of the variant or the product that a run `r` is about."""
_SUM_UP = text(
    f"""
    WITH this AS (SELECT {THIS_WINDOW} AS at), spans AS (
        SELECT c.account_id, c.id AS connection_id, w.at
        FROM connections c
        CROSS JOIN this
        CROSS JOIN LATERAL (
            SELECT this.at UNION ALL SELECT this.at - interval '{WINDOW}'
            WHERE clock_timestamp() < this.at + interval '2 minutes'
        ) w
        WHERE c.state NOT IN ('connecting', 'disconnected')
        UNION
        SELECT account_id, connection_id, window_at FROM sync_runs
        WHERE kind = 'push' AND state = 'running'
    ), sums AS (
        SELECT s.*, a.* FROM spans s
        CROSS JOIN LATERAL (
            SELECT CAST(count(*) AS int) AS looked_at, max(coalesce(closed_at, created_at)) AS until,
                CAST(count(*) FILTER (WHERE outcome = 'applied') AS int) AS changed,
                CAST(count(*) FILTER (WHERE outcome = 'rejected') AS int) AS failed,
                CAST(count(*) FILTER (WHERE outcome IN ('stale', 'not_applied')) AS int) AS again,
                CAST(count(*) FILTER (WHERE outcome IN ('open', 'unknown')) AS int) AS unanswered,
                (array_agg(code ORDER BY id DESC) FILTER (WHERE outcome = 'rejected'))[1] AS code,
                (array_agg(message ORDER BY id DESC) FILTER (WHERE outcome = 'rejected'))[1] AS message
            FROM push_attempts
            WHERE connection_id = s.connection_id AND created_at >= s.at
                AND created_at < s.at + interval '{WINDOW}'
        ) a
        WHERE a.looked_at > 0
    )
    INSERT INTO sync_runs AS r (account_id, connection_id, kind, trigger, created_at, window_at, finished_at,
        looked_at, changed, failed, counts, code, error, state)
    SELECT account_id, connection_id, 'push', 'change', at, at, until, looked_at, changed, failed,
        jsonb_build_object('again', again, 'unanswered', unanswered),
        coalesce(code, ''), coalesce(message, ''),
        CASE WHEN unanswered > 0 THEN 'running' WHEN failed = 0 THEN 'succeeded'
            WHEN changed > 0 THEN 'partly' ELSE 'failed' END
    FROM sums ORDER BY connection_id, at
    ON CONFLICT (connection_id, kind, window_at) WHERE window_at IS NOT NULL DO UPDATE SET
        finished_at = excluded.finished_at, looked_at = excluded.looked_at, changed = excluded.changed,
        failed = excluded.failed, counts = excluded.counts, code = excluded.code, error = excluded.error,
        state = excluded.state
    WHERE (r.looked_at, r.counts, r.changed, r.state)
        IS DISTINCT FROM (excluded.looked_at, excluded.counts, excluded.changed, excluded.state)
    """  # noqa: S608  (constants)
)
_LOST = text(
    """
    UPDATE sync_runs SET state = 'failed', code = 'worker_lost', finished_at = clock_timestamp(),
        error = 'The worker that did it ended in the middle.'
    WHERE state = 'running' AND kind NOT IN ('push', 'manual')
        AND created_at < now() - CAST(:lost_after AS interval)
    """
)
_CELLS = f"""
    stock_cells c WHERE (r.product_id IS NULL AND r.variant_id IS NULL OR {OF_RUN})
        AND c.account_id = r.account_id AND c.account IS NOT NULL AND c.variant_id IS NOT NULL
"""
_UNWRITTEN = """
    c.dirty_since IS NOT NULL AND c.state = 'active' AND c.failures = 0 AND n.state = 'active'
        AND t.writes_stopped_at IS NULL
"""
# Of a whole shop the partial indexes say whether it is quiet; of a product its few cells do.
_ASKED = text(
    f"""
    SELECT r.id, clock_timestamp() - r.created_at AS age, s.*
    FROM sync_runs r
    CROSS JOIN LATERAL (
        SELECT count(*) AS connections, count(*) FILTER (WHERE each.unable) AS unable,
            coalesce(bool_and(each.needs_auth) FILTER (WHERE each.unable), false) AS needs_auth,
            max(each.last_error) FILTER (WHERE each.unable) AS last_error,
            coalesce(bool_and(each.looked) FILTER (WHERE NOT each.unable), false) AS looked,
            coalesce(bool_and(each.quiet) FILTER (WHERE NOT each.unable), false) AS quiet
        FROM (
            SELECT n.state = 'needs_auth' AS needs_auth,
                n.state NOT IN ('active', 'paused') OR n.failures >= {FAILURES} AS unable,
                CASE WHEN n.state = 'needs_auth' THEN n.state_reason ELSE n.last_error END AS last_error,
                r.product_id IS NOT NULL OR r.variant_id IS NOT NULL OR coalesce(
                    n.levels_swept_at > r.created_at AND n.orders_polled_at > r.created_at, false
                ) AS looked,
                CASE WHEN r.product_id IS NULL AND r.variant_id IS NULL THEN NOT EXISTS (
                    SELECT 1 FROM stock_cells c WHERE c.connection_id = n.id AND c.check_due_at IS NOT NULL
                ) AND NOT EXISTS (
                    SELECT 1 FROM stock_cells c WHERE c.connection_id = n.id AND {_UNWRITTEN}
                ) AND NOT EXISTS (
                    SELECT 1 FROM push_attempts a
                    WHERE a.connection_id = n.id AND a.outcome IN ('open', 'unknown')
                ) ELSE NOT EXISTS (
                    SELECT 1 FROM {_CELLS} AND c.connection_id = n.id AND (
                        c.check_due_at IS NOT NULL OR {_UNWRITTEN} OR EXISTS (
                            SELECT 1 FROM push_attempts a
                            WHERE a.cell_id = c.id AND a.outcome IN ('open', 'unknown')
                        )
                    )
                ) END AS quiet
            FROM connections n JOIN accounts t ON t.id = n.account_id
            WHERE n.account_id = r.account_id AND n.state IN ('active', 'paused', 'needs_auth')
                AND (r.connection_id IS NULL OR n.id = r.connection_id)
                AND (r.product_id IS NULL AND r.variant_id IS NULL OR EXISTS (
                    SELECT 1 FROM {_CELLS} AND c.connection_id = n.id
                ))
        ) each
    ) s
    WHERE r.kind = 'manual' AND r.state = 'running'
    """  # noqa: S608  (constants)
)
_END = text(
    f"""
    UPDATE sync_runs u SET finished_at = clock_timestamp(), looked_at = n.looked_at, changed = n.changed,
        failed = n.failed, code = coalesce(nullif(n.code, ''), n.refusal, ''),
        error = coalesce(nullif(n.error, ''), n.message, ''),
        state = CASE WHEN n.state = 'succeeded' AND n.failed > 0 THEN 'partly' ELSE n.state END
    FROM (
        SELECT e.*, k.looked_at, a.* FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS e (id bigint, state text, code text, error text)
        JOIN sync_runs r ON r.id = e.id
        CROSS JOIN LATERAL (
            SELECT CAST(count(*) AS int) AS looked_at
            FROM {_CELLS} AND (r.connection_id IS NULL OR c.connection_id = r.connection_id)
        ) k
        CROSS JOIN LATERAL (
            SELECT CAST(count(*) FILTER (WHERE applied) AS int) AS changed,
                CAST(count(*) FILTER (WHERE last = 'rejected') AS int) AS failed,
                (array_agg(code ORDER BY id DESC) FILTER (WHERE last = 'rejected'))[1] AS refusal,
                (array_agg(message ORDER BY id DESC) FILTER (WHERE last = 'rejected'))[1] AS message
            FROM (
                SELECT max(p.id) AS id, bool_or(p.outcome = 'applied') AS applied,
                    (array_agg(p.outcome ORDER BY p.id DESC))[1] AS last,
                    (array_agg(p.code ORDER BY p.id DESC))[1] AS code,
                    (array_agg(p.message ORDER BY p.id DESC))[1] AS message
                FROM connections i
                JOIN push_attempts p ON p.connection_id = i.id AND p.created_at >= r.created_at
                JOIN stock_cells c ON c.id = p.cell_id
                WHERE i.account_id = r.account_id
                    AND (r.connection_id IS NULL OR i.id = r.connection_id)
                    AND (r.product_id IS NULL AND r.variant_id IS NULL OR {OF_RUN})
                GROUP BY p.cell_id
            ) of_cells
        ) a
    ) n
    WHERE u.id = n.id AND u.state = 'running'
    """  # noqa: S608  (constants)
)
