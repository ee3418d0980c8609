"""What the queues hold and the workers do, as Redis has it: a few round trips, however many there are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import redis
from flask import current_app
from rq.utils import as_text
from sqlalchemy import text

from app.services.queries.paging import Row, read
from app.services.queue_states import QUEUES, queue_states
from app.services.queues import done_key

RATE_MINUTES = 5
LATE_SECONDS = 30
"""A worker that was silent for so long is probably gone; RQ forgets it soon after."""


def queues() -> list[Row]:
    """Each queue: what waits and for how long, what is under way, failed, done by the minute, and its pause.
    Raises RedisError."""
    now, paused, states = time.time(), {row["queue"]: row for row in read(_PAUSES)}, queue_states(_redis())
    pipeline = _redis().pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.zcard(f"rq:wip:{queue}")
        pipeline.mget([done_key(queue, now - 60 * ago) for ago in range(1, RATE_MINUTES + 1)])
    found = pipeline.execute()
    return [
        asdict(states[queue])
        | {
            "queue": queue,
            "words": states[queue].words(queue),
            "under_way": under_way,
            "per_minute": sum(int(count) for count in done if count) / RATE_MINUTES,
            "paused": paused.get(queue),
        }
        for queue, under_way, done in zip(QUEUES, found[::2], found[1::2], strict=True)
    ]


def workers() -> list[Row]:
    """Each worker process with what it works on and since when; by queue and name. Raises RedisError."""
    keys = sorted(as_text(key) for key in _redis().smembers("rq:workers"))
    pipeline = _redis().pipeline(transaction=False)
    for key in keys:
        pipeline.hgetall(key)
        pipeline.smembers(f"{key}:executions")
    found = pipeline.execute()
    executions = [sorted(each.decode() for each in members) for members in found[1::2]]
    jobs = _jobs([each for several in executions for each in several])
    rows = [
        _worker(key, {name.decode(): value.decode() for name, value in fields.items()})
        | {"jobs": [jobs[each] for each in several if each in jobs]}
        for key, fields, several in zip(keys, found[::2], executions, strict=True)
        if fields  # else it ended just now
    ]
    return sorted(rows, key=lambda row: (row["queue"], row["name"]))


def _worker(key: str, fields: dict[str, str]) -> Row:
    heard = _moment(fields.get("last_heartbeat"))
    silent = None if heard is None else (datetime.now(UTC) - heard).total_seconds()
    return {
        "name": key.rpartition(":")[2],
        "queue": fields.get("queues", ""),
        "host": fields.get("hostname", ""),
        "pid": fields.get("pid", ""),
        "state": fields.get("state", ""),
        "begun": _moment(fields.get("birth")),
        "heard": heard,
        "late": silent is None or silent > LATE_SECONDS,
        "done": int(fields.get("successful_job_count", 0)),
        "failed": int(fields.get("failed_job_count", 0)),
    }


def _jobs(executions: Sequence[str]) -> dict[str, Row]:
    """What each execution (`job:execution`) works on, and since when; without those that ended just now."""
    pipeline = _redis().pipeline(transaction=False)
    for each in executions:
        pipeline.hget(f"rq:execution:{each}", "created_at")
        pipeline.hget(f"rq:job:{each.rpartition(':')[0]}", "description")
    found = pipeline.execute()
    return {
        each: {
            "job": description.decode().removeprefix("workers.jobs."),
            "since": datetime.fromtimestamp(float(begun), UTC),
        }
        for each, begun, description in zip(executions, found[::2], found[1::2], strict=True)
        if begun and description
    }


def _moment(value: str | None) -> datetime | None:
    """As RQ writes them, in UTC."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client


_PAUSES = text(
    """
    SELECT p.queue, p.reason, p.created_at, coalesce(u.email, 'command line') AS who
    FROM queue_pauses p LEFT JOIN staff_users u ON u.id = p.staff_user_id
    """
)
