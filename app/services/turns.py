"""When a connection's regular work is due: each at a moment of its own, so that not all come at once."""

from __future__ import annotations

SPREAD = 7919
"""A prime: ids that follow each other are far apart, whatever the interval."""


def is_due(done_at: str, seconds: str) -> str:
    """SQL: whether what was last `done_at` (of `connections c`) has its turn again, or was asked for (NULL).

    Turns follow each other every `seconds`; when they are, the connection's id tells. So shops that were
    looked at together, as after a restart, are apart again from the next turn on, and none waits for longer
    than `seconds`, but for what was done a moment before its turn.
    """
    every = f"CAST({seconds} AS bigint)"
    phase = f"mod(c.id * {SPREAD}, {every})"

    def turn(moment: str) -> str:
        return f"floor((extract(epoch FROM {moment}) + {phase}) / {every})"

    return f"""(
        {done_at} IS NULL OR (
            {turn("clock_timestamp()")} > {turn(done_at)}
            AND {done_at} <= clock_timestamp() - make_interval(secs => least({every} / 10.0, 5.0))
        )
    )"""


POLL_IS_DUE = is_due("c.orders_polled_at", ":poll")
SWEEP_IS_DUE = f"""(
    {is_due("c.levels_swept_at", ":sweep")}
    AND (c.levels_swept_at IS NULL OR coalesce(c.sweep_not_before <= clock_timestamp(), true))
)"""
LAST_SUCCESS = "greatest(last_success_at, orders_polled_at, levels_swept_at)"
"""SQL: when one of `connections`, which alone has these columns, last worked."""
READ_ANEW = f"last_success_at = {LAST_SUCCESS}, orders_polled_at = NULL, levels_swept_at = NULL"
"""SQL: has `connections` be read at once. When that last went well is kept."""
