"""How the queues are doing, in two round trips to Redis whatever waits in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from app.services.nudge import PAUSED_KEY

OK, PAUSED = "ok", "paused"
QUEUES = ("intake", "hints", "push", "sync", "retries", "notify", "reports")
"""All that there are; each has workers of its own."""
LATE_SECONDS = 60.0
"""A job that waits longer says that its queue's workers do not keep up. Of REPORTS_LATE_SECONDS in `reports`,
whose jobs may go through a whole account."""
REPORTS_LATE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class QueueState:
    """`oldest_seconds`: how long the next job has waited; 0 if there is none. `failed`: jobs in the registry
    of those that failed for good."""

    waiting: int
    oldest_seconds: float
    workers: int
    failed: int
    paused: bool

    def words(self, name: str) -> str:
        """What is wrong, else OK or PAUSED (by staff)."""
        if self.paused:
            return PAUSED
        if not self.workers:
            return "no worker"
        late = REPORTS_LATE_SECONDS if name == "reports" else LATE_SECONDS
        return OK if self.oldest_seconds <= late else f"a job waits for {self.oldest_seconds:.0f} s"


def queue_states(client: redis.Redis, now: datetime | None = None) -> Mapping[str, QueueState]:
    """By queue. Reads RQ's own keys. Raises RedisError."""
    with client.pipeline(transaction=False) as pipe:
        for name in QUEUES:
            pipe.llen(f"rq:queue:{name}")
            pipe.lindex(f"rq:queue:{name}", 0)
            pipe.smembers(f"rq:workers:{name}")
            pipe.zcard(f"rq:failed:{name}")
        pipe.smembers(PAUSED_KEY)
        found: list[Any] = pipe.execute()
    rows = {name: found[4 * i : 4 * i + 4] for i, name in enumerate(QUEUES)}
    with client.pipeline(transaction=False) as pipe:
        for _waiting, next_job, workers, _failed in rows.values():
            pipe.hget(b"rq:job:" + (next_job or b"none"), "enqueued_at")
            pipe.exists(*workers or {"none"})  # a dead worker's key runs out; the set keeps its name
        more: list[Any] = pipe.execute()
    now = now or datetime.now(UTC)
    return {
        name: QueueState(
            waiting=rows[name][0],
            oldest_seconds=_age(more[2 * i], now),
            workers=more[2 * i + 1],
            failed=rows[name][3],
            paused=name.encode() in found[-1],
        )
        for i, name in enumerate(QUEUES)
    }


def _age(enqueued_at: bytes | None, now: datetime) -> float:
    if not enqueued_at:
        return 0.0
    at = datetime.fromisoformat(enqueued_at.decode().replace("Z", "+00:00"))
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((now - at).total_seconds(), 0.0)
