"""RQ's registries of failed jobs: one entry for each dead letter, by which `rq requeue` replays it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
from flask import current_app
from rq import Queue
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.results import Result

from app.services.nudge import KEPT_FAILED_SECONDS

KEPT = timedelta(seconds=KEPT_FAILED_SECONDS)
JOB = "workers.jobs.replay_letter"
JOB_SECONDS = 120
PREFIX = "letter-"
UNDER_WAY = (JobStatus.QUEUED, JobStatus.STARTED, JobStatus.SCHEDULED, JobStatus.DEFERRED)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the registry shows of a dead letter."""

    letter_id: int
    queue: str
    failed_at: datetime
    words: str
    trace: str


def entries(queue: str) -> tuple[set[int], list[str]]:
    """The letters that the queue's registry names, and the ids of jobs that are no letters'."""
    letters, others = set(), []
    for job_id in FailedJobRegistry(queue, connection=_redis()).get_job_ids(cleanup=True):
        number = job_id.removeprefix(PREFIX)
        if number != job_id and number.isdigit():
            letters.add(int(number))
        else:
            others.append(job_id)
    return letters, others


def put(found: Iterable[Entry]) -> int:
    """Add entries that are missing; those that are on their way back to work are left alone."""
    wanted = {f"{PREFIX}{entry.letter_id}": entry for entry in found}
    under_way = {
        job.id
        for job in Job.fetch_many(list(wanted), connection=_redis())
        if job is not None and job.get_status(refresh=False) in UNDER_WAY
    }
    for job_id in under_way:
        del wanted[job_id]
    with _redis().pipeline() as pipe:
        for job_id, entry in wanted.items():
            left = int((entry.failed_at + KEPT - datetime.now(UTC)).total_seconds())
            job = Job.create(
                JOB,
                args=[entry.letter_id],
                connection=_redis(),
                id=job_id,
                origin=entry.queue,
                timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=KEPT_FAILED_SECONDS,
                status=JobStatus.FAILED,
                description=entry.words,
            )
            job.ended_at = entry.failed_at
            FailedJobRegistry(entry.queue, connection=_redis()).add(
                job, ttl=max(left, 1), exc_string=entry.trace, pipeline=pipe
            )
            Result.create_failure(job, max(left, 1), exc_string=entry.trace, pipeline=pipe)
        pipe.execute()
    return len(wanted)


def take_out(queue: str, job_ids: Collection[str]) -> None:
    """Remove entries, with their jobs."""
    registry = FailedJobRegistry(queue, connection=_redis())
    found = Job.fetch_many(list(job_ids), connection=_redis())
    for job_id, job in zip(job_ids, found, strict=True):
        if job is None or job.get_status(refresh=False) in UNDER_WAY:
            registry.remove(job_id)
        else:
            registry.remove(job, delete_job=True)


def jobs(job_ids: Collection[str]) -> Mapping[str, Job | None]:
    """The jobs of those ids; None for one that has gone."""
    return dict(zip(job_ids, Job.fetch_many(list(job_ids), connection=_redis()), strict=True))


def names_of(letter_ids: Collection[int]) -> list[str]:
    return [f"{PREFIX}{letter_id}" for letter_id in letter_ids]


def depth(queue: str) -> int:
    """How many jobs wait."""
    return int(Queue(queue, connection=_redis()).count)


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client
