"""Around each job: what is logged during it carries its ids, and one line tells how it went."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from rq.exceptions import DeserializationError
from rq.job import Job, JobStatus

from app import tracing
from app.measures.catalogue import JOB_SECONDS, JOB_WAIT_SECONDS, JOBS
from app.measures.current import meter
from app.services.nudge import TRACED, WOKEN_BY
from workers import jobs

log = structlog.get_logger(__name__)

UNKNOWN = "unknown"
"""The kind of a job that is none of `workers.jobs`."""


def at_work(job: Job, run: Callable[[], bool]) -> None:
    """`run` the job, which says whether it went well; who runs it logs what fails."""
    kind, ids = _what(job)
    with (
        structlog.contextvars.bound_contextvars(job=kind, job_id=job.id, **ids),
        tracing.span(f"job {kind}", kind="consumer", parent=job.meta.get(TRACED)) as span,
    ):
        began = time.perf_counter()
        waited = (datetime.now(UTC) - job.enqueued_at).total_seconds() if job.enqueued_at else 0.0
        outcome = "done" if run() else _undone(job)
        seconds = time.perf_counter() - began
        span.set("messaging.destination.name", job.origin)
        span.set("syncflow.outcome", outcome)
        meter().count(JOBS, kind, outcome)
        meter().observe(JOB_SECONDS, seconds, kind)
        meter().observe(JOB_WAIT_SECONDS, waited, job.origin)
        log.info(
            "job",
            outcome=outcome,
            ms=round(seconds * 1000, 1),
            waited_ms=round(waited * 1000, 1),
        )


def _undone(job: Job) -> str:
    """`again`: it is back in its queue, since its worker stops or it is tried again."""
    again = job.get_status(refresh=False) in (JobStatus.QUEUED, JobStatus.SCHEDULED)
    return "again" if again else "failed"


def _what(job: Job) -> tuple[str, dict[str, object]]:
    """The job's kind, and what is bound: its argument under the name that its function has for it.

    `woken_by` is the request whose nudge this was; others may have shared it. One that cannot be read or that
    this release does not know fails when it is run, not here.
    """
    try:
        name, args = str(job.func_name).rpartition(".")[2], job.args
    except DeserializationError:
        return UNKNOWN, {}
    ids: dict[str, object] = {}
    function = getattr(jobs, name, None)
    if function is not None and args:
        ids[function.__code__.co_varnames[0].lstrip("_")] = args[0]
    if woken_by := job.meta.get(WOKEN_BY):
        ids[WOKEN_BY] = woken_by
    return name if function is not None else UNKNOWN, ids
