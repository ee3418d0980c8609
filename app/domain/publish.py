"""From what is available to what a channel shows, and whether to write it now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.account import Belief


@dataclass(frozen=True, slots=True)
class Publishing:
    """How much of what is available one listing shows."""

    share_percent: int = 100
    buffer: int = 0
    cap: int | None = None


def target(available: int, *, holds: int, factor: int = 1, rules: Publishing = Publishing()) -> int:
    """The number a channel should show, in units of its listing. Never negative.

    `holds`: units that a fall of some channel's number has taken, provisionally.
    """
    units = (available * rules.share_percent) // 100 - holds - rules.buffer
    shown = max(units // factor, 0)
    return shown if rules.cap is None else min(shown, rules.cap)


def hold(drift: int) -> int:
    """A fall is a hold at once; a rise is none."""
    return max(-drift, 0)


class Decision(StrEnum):
    RIGHT = "right"
    """The channel shows the target already."""
    SET = "set"
    DELTA = "delta"
    """Lower by the difference: our expectation is stale, and a delta overwrites nothing."""
    WAIT = "wait"
    """Only a new reading can tell what to write."""


def decide(belief: Belief, wanted: int, *, in_doubt: bool, stale: bool, deltas: bool) -> Decision:
    """What lowers goes now, what raises waits for an expectation without doubt.

    `in_doubt`: a reading is due. `stale`: compare-and-set (or the read before a write) found another
    number since the last reading. `deltas`: the platform can add to its number.
    """
    expected = belief.expected
    if expected == wanted or (wanted == 0 and expected < 0):
        return Decision.RIGHT
    if wanted > expected:
        return Decision.WAIT if in_doubt or stale else Decision.SET
    if belief.drift > 0 and belief.account <= wanted:
        return Decision.WAIT  # only a rise that is not booked yet stands above the target
    if stale:
        return Decision.DELTA if deltas else Decision.WAIT
    return Decision.SET
