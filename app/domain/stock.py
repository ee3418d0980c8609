"""The ledger's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of one variant at one location. Both numbers may be negative for a while."""

    on_hand: int = 0
    committed: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.committed


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of a level; the whole effect of an order line is one too."""

    on_hand: int = 0
    committed: int = 0

    def __sub__(self, other: Movement) -> Movement:
        return Movement(self.on_hand - other.on_hand, self.committed - other.committed)

    def __add__(self, other: Movement) -> Movement:
        return Movement(self.on_hand + other.on_hand, self.committed + other.committed)

    def scaled(self, factor: int) -> Movement:
        """The same in units of the variant, for a listing that sells packs of `factor`."""
        return Movement(self.on_hand * factor, self.committed * factor)

    @property
    def moves_nothing(self) -> bool:
        return self.on_hand == 0 and self.committed == 0


def apply(level: StockLevel, movement: Movement) -> StockLevel:
    """The level after the movement."""
    return StockLevel(level.on_hand + movement.on_hand, level.committed + movement.committed)


def place_hit(places: Sequence[tuple[int, int]], change: int) -> int:
    """Where a change of so many units happens, of (place, units available there), the first one first.

    What comes goes to the first place. What goes is taken from the first that has all of it; if none has,
    from the first, whose shortage the others then keep back.
    """
    has_all = (place for place, available in places if change >= 0 or available + change >= 0)
    return next(has_all, places[0][0])


@dataclass(frozen=True, slots=True)
class Band:
    """Something that begins at `at_most` available units and is over only above `over_above`.

    What lies between changes nothing: a number that goes up and down there is told once.
    """

    at_most: int
    over_above: int

    def begins(self, before: int | None, after: int) -> bool:
        """`before` is None where nothing was counted yet."""
        return after <= self.at_most and (before is None or before > self.at_most)

    def ends(self, before: int | None, after: int) -> bool:
        return before is not None and before <= self.over_above < after


OVERSOLD = Band(at_most=-1, over_above=-1)


def low_stock(threshold: int) -> Band:
    """Low at the threshold or below; over when a tenth of it, and at least one unit, lies between."""
    return Band(at_most=threshold, over_above=threshold + max(1, -(-threshold // 10)))
