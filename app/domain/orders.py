"""Whole orders and the two effects each line has: on our ledger and on the channel's own number.

Orders are state, not events. A mapper turns a platform's order into dated *parts*; the functions
here sum them. Nothing in this module knows a platform, a clock or a database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.stock import Movement


class PartKind(StrEnum):
    """What happened to some units of a line. The kinds are disjoint."""

    ORDERED = "ordered"
    """Units asked for, units added by a later edit included."""
    REMOVED_RESTOCKED = "removed_restocked"
    """Unshipped units taken off (cancelled, edited, refunded) that are on the shelf again."""
    REMOVED_LOST = "removed_lost"
    """Unshipped units taken off that are gone (refunded without restock)."""
    FULFILLED = "fulfilled"
    """Units that left the house."""
    RETURNED_RESTOCKED = "returned_restocked"
    """Shipped units that came back to the shelf."""


@dataclass(frozen=True, slots=True)
class LinePart:
    """`quantity` >= 0 units, `at` aware UTC by the platform's clock."""

    kind: PartKind
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ChannelEffect:
    """A signed change that the channel itself made to its own number because of the line."""

    delta: int
    at: datetime


def ledger_effect(parts: Iterable[LinePart], *, holds_stock: bool, until: datetime | None = None) -> Movement:
    """The whole effect of a line's state on the ledger.

    `holds_stock`: by our policy this order's payment state reserves units. Units that were shipped,
    lost or returned count whatever the payment state. `until` keeps only the parts dated up to and
    including it: the state of an order at a baseline.
    """
    counted = [part for part in parts if until is None or part.at <= until]
    units = _units(counted)
    return Movement(
        committed=open_units(counted) if holds_stock else 0,
        on_hand=-units[PartKind.FULFILLED]
        - units[PartKind.REMOVED_LOST]
        + units[PartKind.RETURNED_RESTOCKED],
    )


def open_units(parts: Iterable[LinePart]) -> int:
    """The units of a line that neither left the house nor were taken off it; never below 0."""
    units = _units(parts)
    removed = units[PartKind.REMOVED_RESTOCKED] + units[PartKind.REMOVED_LOST]
    return max(units[PartKind.ORDERED] - removed - units[PartKind.FULFILLED], 0)


def fulfilled_units(parts: Iterable[LinePart]) -> int:
    """The units of a line that left the house, those that came back since included."""
    return _units(parts)[PartKind.FULFILLED]


def _units(parts: Iterable[LinePart]) -> dict[PartKind, int]:
    units = dict.fromkeys(PartKind, 0)
    for part in parts:
        units[part.kind] += part.quantity
    return units


def channel_total(effects: Iterable[ChannelEffect], *, until: datetime | None = None) -> int:
    """What the channel did to its own number for this line, all in all (usually <= 0)."""
    return sum(e.delta for e in effects if until is None or e.at <= until)


def channel_changes(
    effects: Sequence[ChannelEffect], *, known: Sequence[ChannelEffect], applied: int, undated_at: datetime
) -> tuple[ChannelEffect, ...]:
    """The part of the channel's effect that our account has not been moved by yet.

    `known`: the effects as they were when it was moved last. Those that came to them keep their dates, also
    where they add up to nothing: units that were taken and given back before we looked. Else the newest
    dated effects that add up to the change do; a change that no run of newest effects explains (a platform
    that only shows a total) is dated `undated_at`.
    """
    change = channel_total(effects) - applied
    new = list((Counter(effects) - Counter(known)).elements())
    if channel_total(new) == change and not Counter(known) - Counter(effects):
        return tuple(sorted((e for e in new if e.delta), key=lambda e: e.at))
    if change == 0:
        return ()
    newest: list[ChannelEffect] = []
    for effect in sorted(effects, key=lambda e: e.at, reverse=True):
        newest.append(effect)
        if sum(e.delta for e in newest) == change:
            return tuple(e for e in reversed(newest) if e.delta)
    return (ChannelEffect(change, undated_at),)


def opening_on_hand(channel_number: int, effects: Iterable[tuple[Movement, int]]) -> int:
    """The shelf behind a channel's `available` at a baseline.

    `effects`: per order line known to the channel, our ledger effect and the channel's own effect at
    that moment. What the channel took and has not shipped is still on the shelf.
    """
    return channel_number + sum(ledger.on_hand - channel for ledger, channel in effects)
