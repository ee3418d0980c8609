"""What the trial does to the product while it works, and to its shops."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import redis

from syncflow.embedded import Services
from syncflow.processes import kill_group
from syncflow.procfile import read_procfile
from syncflow.product import PROCFILE, Product
from syncflow.readiness import WORKER_MODULE
from syncflow.trial.facts import Disturbance

FAULTS: Mapping[str, Mapping[str, float]] = {
    "none": {},
    "deaf": {"webhook_drop": 1.0},
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

EVERY_SECONDS: Mapping[str, float] = {
    "workers": 15.0,
    "scheduler": 60.0,
    "web": 60.0,
    "postgres": 60.0,
    "redis": 60.0,
    "flush": 30.0,
}
"""What --chaos takes, and how often it happens; each at least once."""
LAST = 0.9
"""The share of the play after which nothing is disturbed any more."""


@dataclass(slots=True)
class Chaos:
    """Disturbances at times drawn from the seed, all but at the ends of the play; `done` is what was done.

    Servers are started again in the thread that calls `act`, so it must live as long as they should.
    """

    product: Product
    services: Services
    rng: random.Random
    done: list[Disturbance] = field(default_factory=list)
    _due: list[tuple[float, str]] = field(default_factory=list)
    _workers: list[str] = field(default_factory=list)

    def plan(self, play_seconds: float, kinds: Collection[str]) -> None:
        """Draw the times, in seconds from the first order."""
        drawn = [
            kind
            for kind, every in EVERY_SECONDS.items()
            if kind in kinds
            for _ in range(max(1, round(play_seconds / every)))
        ]
        self._due = sorted((self.rng.uniform(0.05, LAST) * play_seconds, kind) for kind in drawn)

    def act(self, seconds: float) -> None:
        """Do what is due `seconds` after the first order."""
        while self._due and self._due[0][0] <= seconds:
            _, kind = self._due.pop(0)
            at = time.time()
            try:
                self._acts[kind]()
            except LookupError:  # It is just being started again.
                continue
            self.done.append(Disturbance(at, kind))

    @property
    def _acts(self) -> Mapping[str, Callable[[], None]]:
        return {
            "workers": lambda: self._kill(self._next_worker()),
            "scheduler": lambda: self._kill("scheduler"),
            "web": lambda: self._kill("web"),
            "postgres": lambda: self.services.crash("postgres"),
            "redis": lambda: self.services.crash("valkey"),
            "flush": self._flush,
        }

    def _kill(self, name: str) -> None:
        """Kill -9 a process, with its children. Raises LookupError."""
        kill_group(self.product.launcher.kill(name))

    def _next_worker(self) -> str:
        """One of each queue's workers before any queue's comes again."""
        if not self._workers:
            self._workers = list(worker_kinds())
            self.rng.shuffle(self._workers)
        return self._workers.pop()

    def _flush(self) -> None:
        with redis.Redis.from_url(self.product.settings.redis_url) as connection:
            connection.flushall()


def worker_kinds() -> Sequence[str]:
    """The names of the processes that work on queues."""
    return [name for name, command in read_procfile(PROCFILE).items() if WORKER_MODULE in command]
