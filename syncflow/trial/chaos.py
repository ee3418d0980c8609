"""What the trial does to the product while it works: killed workers, an emptied Redis; and to its shops."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import redis

from syncflow.procfile import read_procfile
from syncflow.product import PROCFILE, Product
from syncflow.readiness import WORKER_MODULE
from syncflow.trial.facts import Disturbance

FAULTS: Mapping[str, Mapping[str, float]] = {
    "none": {},
    "light": {
        "webhook_drop": 0.02,
        "webhook_double": 0.02,
        "webhook_delay": 0.02,
        "webhook_reorder": 0.03,
        "call_429": 0.01,
        "call_5xx": 0.005,
        "call_timeout": 0.002,
        "call_disconnect": 0.003,
    },
    "heavy": {
        "webhook_drop": 0.10,
        "webhook_double": 0.10,
        "webhook_delay": 0.10,
        "webhook_reorder": 0.10,
        "call_429": 0.04,
        "call_5xx": 0.03,
        "call_timeout": 0.01,
        "call_disconnect": 0.02,
    },
}
"""Shares of webhooks and calls, by what --faults takes."""

KILL_EVERY_SECONDS = 15.0
FLUSHES = 2


@dataclass(slots=True)
class Chaos:
    """Disturbances at times drawn from the seed, all but at the ends of the play; `done` is what was done."""

    product: Product
    rng: random.Random
    done: list[Disturbance] = field(default_factory=list)
    _due: list[tuple[float, str]] = field(default_factory=list)

    def plan(self, play_seconds: float, *, kills: bool, flushes: bool) -> None:
        """Draw the times, in seconds from the first order."""
        killed = max(1, round(play_seconds / KILL_EVERY_SECONDS)) if kills else 0
        kinds = ["kill"] * killed + ["flush"] * (FLUSHES if flushes else 0)
        self._due = sorted((self.rng.uniform(0.05, 0.95) * play_seconds, kind) for kind in kinds)

    def act(self, seconds: float) -> None:
        """Do what is due `seconds` after the first order."""
        while self._due and self._due[0][0] <= seconds:
            _, kind = self._due.pop(0)
            if self._kill() if kind == "kill" else self._flush():
                self.done.append(Disturbance(time.time(), kind))

    def _kill(self) -> bool:
        """Kill -9 a worker process at random."""
        try:
            self.product.launcher.kill(self.rng.choice(worker_kinds()))
        except LookupError:  # It is just being started again.
            return False
        return True

    def _flush(self) -> bool:
        with redis.Redis.from_url(self.product.settings.redis_url) as connection:
            connection.flushall()
        return True


def worker_kinds() -> Sequence[str]:
    """The names of the processes that work on queues."""
    return [name for name, command in read_procfile(PROCFILE).items() if WORKER_MODULE in command]
