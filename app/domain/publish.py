"""From what is available to what a channel shows, and whether to write it now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.account import Belief


@dataclass(frozen=True, slots=True)
class Publishing:
    """How much of what is available one listing shows. The buffer is in units of the variant, or of each
    component of a bundle; the cap and the fixed quantity are in units of the listing."""

    share_percent: int = 100
    buffer: int = 0
    cap: int | None = None
    fixed_quantity: int | None = None
    """Shown whatever is available: made to order, or sold beyond what is in stock on purpose."""

    @property
    def is_identity(self) -> bool:
        """One more in stock is one more shown, so that one more shown may mean one more in stock."""
        return self.share_percent == 100 and self.cap is None and self.fixed_quantity is None


def target(available: int, *, holds: int, factor: int = 1, rules: Publishing = Publishing()) -> int:
    """The number a channel should show, in units of its listing. Never negative.

    `holds`: units that a fall of some channel's number has taken, provisionally.
    """
    if rules.fixed_quantity is not None:
        return rules.fixed_quantity
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


def decide(
    belief: Belief, wanted: int, *, in_doubt: bool, stale: bool, deltas: bool, in_review: bool = False
) -> Decision:
    """What lowers goes now, what raises waits for an expectation without doubt.

    `in_doubt`: a reading is due. `stale`: compare-and-set (or the read before a write) found another
    number since the last reading. `deltas`: the platform can add to its number. `in_review`: its drift waits
    for a person; a rise is not sold from meanwhile, nor is a fall undone.
    """
    expected = belief.expected
    if in_review:
        wanted = min(wanted, expected)
    if expected == wanted or (wanted == 0 and expected < 0):
        return Decision.RIGHT
    if wanted > expected:
        return Decision.WAIT if in_doubt or stale else Decision.SET
    if belief.drift > 0 and belief.account <= wanted and not in_review:
        return Decision.WAIT  # only a rise that is not booked yet stands above the target
    if stale:
        return Decision.DELTA if deltas else Decision.WAIT
    return Decision.SET
