"""How long to wait before trying again, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a kind of work is tried, and how many seconds apart: `first`, doubled up to `longest`."""

    attempts: int = MAX_ATTEMPTS
    first: float = 2.0
    longest: float = 300.0

    def delay(self, attempt: int, *, jitter: float, at_least: float | None = None) -> float:
        """`delay_seconds` of this kind."""
        return delay_seconds(attempt, jitter=jitter, base=self.first, ceiling=self.longest, at_least=at_least)


RETRIES: Mapping[str, Retries] = {
    "event": Retries(),
    "cell": Retries(),
    "fulfillment": Retries(),
    "price": Retries(),
    "import": Retries(first=5.0),
    "export": Retries(attempts=3),
    "mail": Retries(attempts=8, first=15.0, longest=1800.0),
    "webhook": Retries(attempts=15, first=15.0, longest=6 * 3600.0),
}
"""Of each kind of work that is tried alone. Fifteen attempts take about a day."""


def delay_seconds(
    attempt: int, *, jitter: float, base: float = 2.0, ceiling: float = 300.0, at_least: float | None = None
) -> float:
    """Exponential backoff with full jitter over its upper half.

    `attempt` counts from 1; `jitter` is a random number in [0, 1); `at_least` is what the platform
    asked for (Retry-After), in seconds.
    """
    whole = min(base * 2.0 ** (attempt - 1), ceiling)
    return max(whole * (0.5 + jitter / 2), at_least or 0.0)
