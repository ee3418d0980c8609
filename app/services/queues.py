"""The queues: which of them are paused, and how many jobs of each are done.

A pause is a row. Workers look at a copy in Redis once a second, which the scheduler makes anew every few
seconds: after Redis was emptied, a paused queue goes on for that long.
"""

from __future__ import annotations

import time

import redis
import structlog
from flask import current_app
from sqlalchemy import text

from app.errors import Conflict, NotFound
from app.services.nudge import PAUSED_KEY
from app.services.queue_states import QUEUES
from app.services.staff.acting import Staff, record
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)

MINUTES_KEPT = 15
"""For how long it is known how many jobs were done."""


def pause(staff: Staff, queue: str, reason: str) -> None:
    """Have workers take nothing more from a queue; what is under way ends. Raises NotFound, Conflict."""
    _require(queue)
    with unit_of_work() as uow:
        params = {"queue": queue, "staff_id": staff.id, "reason": reason}
        if uow.session.execute(_PAUSE, params).one_or_none() is None:
            raise Conflict("This queue is paused already.")
        record(uow.session, staff, "queue.paused", f"queue:{queue}", detail={"reason": reason})
        uow.after_commit(keep_paused)
        uow.commit()


def resume(staff: Staff, queue: str) -> None:
    """Have workers take jobs from it again. Raises NotFound, Conflict."""
    _require(queue)
    with unit_of_work() as uow:
        if uow.session.execute(_RESUME, {"queue": queue}).one_or_none() is None:
            raise Conflict("This queue is not paused.")
        record(uow.session, staff, "queue.resumed", f"queue:{queue}")
        uow.after_commit(keep_paused)
        uow.commit()


def keep_paused() -> None:
    """Tell Redis what the rows say. Never raises for Redis: the scheduler does it again."""
    with unit_of_work() as uow:
        paused = list(uow.session.execute(_PAUSED).scalars())
    pipeline = _redis().pipeline()
    pipeline.delete(PAUSED_KEY)
    if paused:
        pipeline.sadd(PAUSED_KEY, *paused)
    try:
        pipeline.execute()
    except redis.RedisError as err:
        log.warning("pauses_not_told", error=type(err).__name__)


def is_paused(connection: redis.Redis, queue: str) -> bool:
    """For workers. Raises RedisError."""
    return bool(connection.sismember(PAUSED_KEY, queue))


def count_job(connection: redis.Redis, queue: str) -> None:
    """A worker has done a job, well or not. Raises RedisError."""
    key = done_key(queue, time.time())
    pipeline = connection.pipeline(transaction=False)
    pipeline.incr(key)
    pipeline.expire(key, MINUTES_KEPT * 60)
    pipeline.execute()


def done_key(queue: str, moment: float) -> str:
    """Where the jobs of the minute are counted."""
    return f"syncflow:jobs_done:{queue}:{int(moment // 60)}"


def _require(queue: str) -> None:
    if queue not in QUEUES:
        raise NotFound("There is no such queue.")


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client


_PAUSE = text(
    """
    INSERT INTO queue_pauses (queue, staff_user_id, reason) VALUES (:queue, :staff_id, :reason)
    ON CONFLICT (queue) DO NOTHING RETURNING id
    """
)
_RESUME = text("DELETE FROM queue_pauses WHERE queue = :queue RETURNING id")
_PAUSED = text("SELECT queue FROM queue_pauses ORDER BY queue")
