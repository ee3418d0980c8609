"""Jobs that raised: what they were about, and their way from RQ's registry into letters."""

from __future__ import annotations

import redis
import structlog
from rq.exceptions import DeserializationError
from rq.job import Job
from sqlalchemy.exc import SQLAlchemyError

from app.services.dead_letters import registry
from app.services.dead_letters.kinds import KIND_OF_JOB
from app.services.dead_letters.notes import Failure, note_failures
from app.services.faults import Fault, LastAttempt, fault_of, told
from app.services.uow import unit_of_work

log = structlog.get_logger()

JOBS = "workers.jobs."
LONGEST_KIND = 32
NOTED = "noted"
"""In the meta data of a job whose failure was kept."""
LOST = "AbandonedJobError"
LOST_WORDS = "The worker ended while it was at it."


def note_failed_job(job: Job, err: BaseException) -> None:
    """For RQ to call when a job raised, before it makes an entry: keep what happened.

    Never raises: what could not be kept while PostgreSQL was away is adopted from the entry.
    """
    if job.id.startswith(registry.PREFIX):
        return  # a replay that failed: its letter is as dead as before
    try:
        if not isinstance(err, LastAttempt):
            with unit_of_work() as uow:
                note_failures(uow.session, [_failure(job, fault_of(err))])
                uow.commit()
        job.meta[NOTED] = True
        job.save_meta()  # type: ignore[no-untyped-call]  # RQ has no types there
    except (SQLAlchemyError, redis.RedisError) as fault:
        log.warning("failed_job_not_noted", job_id=job.id, error=type(fault).__name__)


def adopt(queue: str, limit: int) -> None:
    """Put letters in the place of a registry's other entries: also of jobs whose worker was killed, or that
    failed while PostgreSQL was away."""
    _letters, others = registry.entries(queue)
    found = registry.jobs(others[:limit])
    failures = {
        (failure.kind, failure.subject_id): failure
        for job in found.values()
        if job is not None and NOTED not in job.get_meta(refresh=False)
        for failure in [_failure(job, _told_by(job))]
    }
    if found:
        with unit_of_work() as uow:
            note_failures(uow.session, list(failures.values()))
            uow.commit()
        registry.take_out(queue, list(found))


def _failure(job: Job, fault: Fault) -> Failure:
    """Whether it was the last attempt at a row, that row says."""
    name, subject_id = _called(job)
    kind = KIND_OF_JOB.get(name)
    return Failure(
        kind=kind or name,
        subject_id=subject_id,
        fault=fault,
        is_last=None if kind is None else False,
        queue=job.origin,
    )


def _called(job: Job) -> tuple[str, int]:
    try:
        name, args = str(job.func_name), job.args
    except (DeserializationError, TypeError, ValueError):
        return "unreadable", 0
    subject_id = args[0] if len(args) == 1 and type(args[0]) is int else 0
    return name.removeprefix(JOBS)[-LONGEST_KIND:], subject_id


def _told_by(job: Job) -> Fault:
    """What RQ has kept of it; of the text of the exception only the places in the code are taken over."""
    result = job.latest_result()
    lines = ((result.exc_string if result else "") or "").splitlines()
    trace = "\n".join(line for line in lines if line.startswith("  "))
    if not trace:
        return told(LOST, "job_lost", LOST_WORDS)
    error_class = lines[-1].partition(":")[0].rpartition(".")[2][:80]
    return told(error_class, "internal", error_class, traceback=trace[-8000:])
