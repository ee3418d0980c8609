"""The ledger's arithmetic."""

from __future__ import annotations

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
