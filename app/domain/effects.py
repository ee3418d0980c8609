"""What becomes of a number that a shop shows."""

from __future__ import annotations

WRITTEN = ("raised", "lowered", "to_zero")
EFFECTS = (*WRITTEN, "unchanged")


def effect(old: int, new: int) -> str:
    """Which of the EFFECTS it is where a shop shows `old` now and `new` then."""
    if new == old:
        return "unchanged"
    if new > old:
        return "raised"
    return "lowered" if new else "to_zero"
