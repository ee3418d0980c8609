"""How a shop is doing, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FAILURES_THAT_ARE_NO_HICCUP = 3
"""Calls in a row; each waits longer than the one before."""


class Light(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    """It works in part, or waits for a person."""
    RED = "red"
    """Its orders are not taken in."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a connection. `failures`: calls in a row that failed."""

    state: str
    failures: int = 0
    braked: bool = False
    writes_stopped: bool = False
    failed_cells: int = 0
    reviews: int = 0


def light(facts: Facts) -> tuple[Light, tuple[str, ...]]:
    """The light, and why it is not green: stable words for programs, the worst first."""
    red, amber = [], []
    if facts.state in ("needs_auth", "disconnected"):
        red.append(facts.state)
    if facts.state in ("connecting", "importing", "review", "paused"):
        amber.append(facts.state)
    if facts.failures >= FAILURES_THAT_ARE_NO_HICCUP:
        red.append("failing")
    elif facts.failures:
        amber.append("failing")
    for reason, is_so in (
        ("writes_stopped", facts.writes_stopped),
        ("braked", facts.braked),
        ("refused", facts.failed_cells),
        ("in_review", facts.reviews),
    ):
        if is_so:
            amber.append(reason)
    if red:
        return Light.RED, (*red, *amber)
    return (Light.AMBER if amber else Light.GREEN), tuple(amber)
