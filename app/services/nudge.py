"""Wake a worker for a connection. The database is the truth; a lost nudge costs one sweep."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum

import redis
import structlog
from flask import current_app
from rq import Queue
from rq.job import Job, JobStatus
from structlog.contextvars import get_contextvars

from app import tracing
from app.platforms.base import Lane

log = structlog.get_logger()

FLAG_SECONDS = 120
"""How long one job keeps others of its connection off a queue from which nobody takes it."""
TRUSTED_SECONDS = 5
"""For so long a flag stands for a job without a look at whether it waits still: a drain that died before it
cleared its flag delays work by that much, which is the sweeper's interval."""

KEPT_FAILED_SECONDS = 30 * 24 * 3600
"""How long RQ keeps a job that failed for good."""

PAUSED_KEY = "syncflow:paused_queues"
"""The set of queues from which workers take nothing (`queues.py`)."""
EVERYBODY = 0
"""In the place of a connection's id where a drain is for all accounts together."""


WOKEN_BY = "woken_by"
"""The id of the request that put a job on its queue, directly or by jobs in between. Nudges are shared, so
others may have wanted it too."""

TRACED = tracing.HEADER
"""The trace that a job goes on with."""

Origin = Mapping[str, str]
"""Where a job comes from; its `meta`."""


class Drain(StrEnum):
    """What there is to do for a connection. The value names the job in `workers.jobs`."""

    INTAKE = "drain_intake"
    HINTS = "drain_hints"
    PRIVACY = "answer_privacy_requests"
    PUSH = "drain_push"
    RECONCILE = "reconcile"
    IMPORT = "import_connection"
    TRACK = "track_linked"
    FULFILL = "push_fulfillments"
    PRICES = "drain_prices"
    DELIVER = "deliver_webhooks"


QUEUES = {
    Drain.INTAKE: "intake",
    Drain.HINTS: "hints",
    Drain.PRIVACY: "intake",
    Drain.PUSH: "push",
    Drain.RECONCILE: "sync",
    Drain.IMPORT: "sync",
    Drain.TRACK: "sync",
    Drain.FULFILL: "retries",
    Drain.PRICES: "sync",
    Drain.DELIVER: "notify",
}
JOB_SECONDS = {
    Drain.INTAKE: 120,
    Drain.HINTS: 120,
    Drain.PRIVACY: 120,
    Drain.PUSH: 120,
    Drain.RECONCILE: 1800,
    Drain.IMPORT: 7200,
    Drain.TRACK: 1800,
    Drain.FULFILL: 180,
    Drain.PRICES: 120,
    Drain.DELIVER: 180,
}
DRAIN_OF_LANE = {
    Lane.ORDERS: Drain.INTAKE,
    Lane.HINTS: Drain.HINTS,
    Lane.PRIVACY: Drain.PRIVACY,
}


def origin() -> Origin:
    """Of what is enqueued here and now."""
    bound = get_contextvars()
    woken_by = bound.get("request_id") or bound.get(WOKEN_BY)
    found = {WOKEN_BY: woken_by, TRACED: tracing.current()}
    return {name: told for name, told in found.items() if told}


def nudge(drain: Drain, connection_id: int, *, came_from: Origin | None = None) -> None:
    """Have a worker run `drain` for the connection, unless one is about to. Never raises for Redis."""
    queue, flag, job_id = QUEUES[drain], _flag(drain, connection_id), str(uuid.uuid4())
    try:
        pipeline = _redis().pipeline(transaction=False)
        pipeline.set(flag, job_id, nx=True, ex=FLAG_SECONDS)
        pipeline.get(flag)
        pipeline.ttl(flag)
        pipeline.sismember(PAUSED_KEY, queue)
        is_first, known, seconds_left, is_paused = pipeline.execute()
        if is_paused:  # the sweeper finds what waits when the queue goes on
            return
        if not is_first:
            if seconds_left > FLAG_SECONDS - TRUSTED_SECONDS or (known and _waits(known.decode())):
                return
            _redis().set(flag, job_id, ex=FLAG_SECONDS)
        enqueue(
            queue,
            drain.value,
            connection_id,
            timeout_seconds=JOB_SECONDS[drain],
            job_id=job_id,
            came_from=came_from,
        )
    except redis.RedisError as err:
        log.warning("nudge_lost", drain=drain.name, connection_id=connection_id, error=type(err).__name__)


def begin(drain: Drain, connection_id: int) -> None:
    """A drain calls this BEFORE it selects, so that a row committed from now on nudges anew."""
    try:
        _redis().delete(_flag(drain, connection_id))
    except redis.RedisError as err:
        log.warning("nudge_flag_kept", drain=drain.name, error=type(err).__name__)


def enqueue(
    queue: str,
    job: str,
    subject_id: int,
    *,
    timeout_seconds: int,
    job_id: str | None = None,
    came_from: Origin | None = None,
) -> None:
    """Put `workers.jobs.<job>(subject_id)` on a queue, unless a job of that `job_id` waits there."""
    if job_id is not None and _waits(job_id):
        return
    Queue(queue, connection=_redis()).enqueue(
        f"workers.jobs.{job}",
        subject_id,
        job_id=job_id,
        job_timeout=timeout_seconds,
        result_ttl=0,
        failure_ttl=KEPT_FAILED_SECONDS,
        meta=dict(origin() if came_from is None else came_from) or None,
    )


def try_enqueue(
    queue: str, job: str, subject_id: int, *, timeout_seconds: int, job_id: str | None = None
) -> None:
    """`enqueue` what a clock finds again, should this be lost. Never raises for Redis."""
    try:
        enqueue(queue, job, subject_id, timeout_seconds=timeout_seconds, job_id=job_id)
    except redis.RedisError as err:
        log.warning("nudge_lost", job=job, subject_id=subject_id, error=type(err).__name__)


def _waits(job_id: str) -> bool:
    return bool(_redis().hget(Job.key_for(job_id), "status") == JobStatus.QUEUED.value.encode())


def _flag(drain: Drain, connection_id: int) -> str:
    return f"syncflow:nudge:{drain.value}:{connection_id}"


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client
