"""How long to wait before trying again."""

from __future__ import annotations

MAX_ATTEMPTS = 5


def delay_seconds(
    attempt: int, *, jitter: float, base: float = 2.0, ceiling: float = 300.0, at_least: float | None = None
) -> float:
    """Exponential backoff with full jitter over its upper half.

    `attempt` counts from 1; `jitter` is a random number in [0, 1); `at_least` is what the platform
    asked for (Retry-After), in seconds.
    """
    whole = min(base * 2.0 ** (attempt - 1), ceiling)
    return max(whole * (0.5 + jitter / 2), at_least or 0.0)
