"""How fast one connection may call its platform, shared by all workers through Redis.

A token bucket: a call takes its cost and waits while the bucket is in debt. The bucket starts full
and learns its size and speed from the platform's own answers, so an emptied Redis costs at most one
burst, which the platform then throttles.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

import structlog
from redis import Redis, RedisError

from app.platforms.errors import Transient

log = structlog.get_logger(__name__)

LONGEST_WAIT_SECONDS = 30.0
"""A call without a deadline waits this long for its turn; after that the worker has better to do."""

ALONE_SHARE = 0.25
"""The share of the budget that one process uses while it cannot see what the others do."""

ALONE_SECONDS = 5.0
"""How long Redis is left alone after it failed to answer, so that not every call waits for it."""

SHORT_PAUSE_SECONDS = 5.0
"""A longer Retry-After is meant; a short one holds everybody up only if more of them follow."""

_SCRIPT = files(__package__).joinpath("rate_budget.lua").read_text()


class Budget(Protocol):
    def start_with(self, *, maximum: float, restore_per_second: float) -> None:
        """The size and speed to assume until the platform tells."""

    def acquire(self, cost: float, deadline: float | None) -> None:
        """Wait for the turn of a call. Raises Transient if it would come after `deadline`."""

    def observe(self, *, available: float, maximum: float, restore_per_second: float) -> None:
        """What the platform says of its own bucket."""

    def pause(self, seconds: float) -> None:
        """Nobody calls for that long (Retry-After)."""


class Unlimited:
    """The budget of calls that belong to no connection yet."""

    def start_with(self, *, maximum: float, restore_per_second: float) -> None: ...

    def acquire(self, cost: float, deadline: float | None) -> None: ...

    def observe(self, *, available: float, maximum: float, restore_per_second: float) -> None: ...

    def pause(self, seconds: float) -> None: ...


class RateBudget:
    """The budget called `name` in Redis; while Redis is away, a local one of a quarter of its speed."""

    def __init__(
        self,
        redis: Redis,
        name: str,
        *,
        maximum: float = 40.0,
        restore_per_second: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key = f"rate_budget:{name}"
        self._script = redis.register_script(_SCRIPT)
        self._maximum, self._restore = maximum, restore_per_second
        self._clock, self._sleep = clock, sleep
        self._alone = _LocalBucket(clock)
        self._alone_until: float | None = None

    def start_with(self, *, maximum: float, restore_per_second: float) -> None:
        self._maximum, self._restore = maximum, restore_per_second

    def acquire(self, cost: float, deadline: float | None) -> None:
        """Take `cost` tokens and sleep until they are there.

        Raises Transient, nothing taken, if that would be after `deadline` (by the monotonic clock) or
        in more than `LONGEST_WAIT_SECONDS`; its `retry_after` says when to come back.
        """
        patience = LONGEST_WAIT_SECONDS
        if deadline is not None:
            patience = max(0.0, min(patience, deadline - self._clock()))
        taken, wait = self._take(cost, patience)
        if not taken:
            raise Transient("The connection's rate budget is used up.", retry_after=wait)
        if wait > 0:
            self._sleep(wait)

    def observe(self, *, available: float, maximum: float, restore_per_second: float) -> None:
        if maximum <= 0 or restore_per_second <= 0:
            return
        self.start_with(maximum=maximum, restore_per_second=restore_per_second)
        self._tell("observe", maximum, restore_per_second, available)

    def pause(self, seconds: float) -> None:
        self._alone.pause(seconds)
        self._tell("pause", seconds * 1000, SHORT_PAUSE_SECONDS * 1000)

    def _take(self, cost: float, patience: float) -> tuple[bool, float]:
        answer = self._tell("take", self._maximum, self._restore, cost, patience * 1000)
        if answer is None:
            return self._alone.take(
                cost, patience, maximum=self._maximum * ALONE_SHARE, restore=self._restore * ALONE_SHARE
            )
        taken, wait_ms = answer
        return taken, wait_ms / 1000

    def _tell(self, operation: str, *numbers: float) -> tuple[bool, int] | None:
        """What rate_budget.lua answers; None while Redis is away."""
        if self._alone_until is not None and self._clock() < self._alone_until:
            return None
        try:
            done, wait_ms = self._script(keys=[self._key], args=[operation, *numbers])
        except (RedisError, OSError) as err:
            log.warning("rate_budget_alone", budget=self._key, error=type(err).__name__)
            self._alone_until = self._clock() + ALONE_SECONDS
            return None
        self._alone_until = None
        return bool(done), int(wait_ms)


class _LocalBucket:
    """The same arithmetic as rate_budget.lua, in one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: float | None = None
        self._at = self._paused_until = clock()

    def take(self, cost: float, patience: float, *, maximum: float, restore: float) -> tuple[bool, float]:
        with self._lock:
            now = self._clock()
            held = maximum if self._tokens is None else self._tokens
            held = min(maximum, held + (now - self._at) * restore)
            cost = min(cost, maximum)
            wait = max(0.0, (cost - held) / restore, self._paused_until - now)
            if wait > patience:
                return False, wait
            self._tokens, self._at = held - cost, now
            return True, wait

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget: calls that could be made at once, of how many, how fast they come back."""

    calls: float
    maximum: float
    restore_per_second: float
    paused_seconds: float


def left(redis: Redis, name: str) -> Left | None:
    """None where nobody has called for a day, or Redis is away. Takes nothing."""
    try:
        with redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.hmget(f"rate_budget:{name}", "tokens", "at", "maximum", "restore", "paused_until")
            (seconds, micros), stored = pipe.execute()
    except (RedisError, OSError) as err:
        log.warning("rate_budget_not_read", budget=name, error=type(err).__name__)
        return None
    tokens, at, maximum, restore, paused_until = (None if each is None else float(each) for each in stored)
    if maximum is None or restore is None:
        return None
    now = seconds * 1000 + micros / 1000
    held = maximum if tokens is None else tokens
    held += max(0.0, now - (at or now)) * restore / 1000
    return Left(
        calls=max(0.0, min(maximum, held)),
        maximum=maximum,
        restore_per_second=restore,
        paused_seconds=max(0.0, ((paused_until or 0.0) - now) / 1000),
    )
