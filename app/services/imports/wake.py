"""Wake a worker for an import. As with connections, the row is the truth and the job is a nudge."""

from __future__ import annotations

from sqlalchemy import text

from app.services.nudge import try_enqueue

JOB_SECONDS = 600

DUE = text(
    """
    UPDATE csv_imports SET wake_at = clock_timestamp() + interval '1 minute'
    WHERE wake_at <= clock_timestamp() RETURNING id
    """
)
"""Imports on which nobody works though there is something to do."""


def wake(import_id: int) -> None:
    """Should it be lost, `wake_at` brings the sweeper."""
    try_enqueue("reports", "work_on_import", import_id, timeout_seconds=JOB_SECONDS)
