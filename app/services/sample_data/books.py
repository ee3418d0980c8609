"""The sample shop's stock while its story is told: levels, movements, and what each shop was told."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.stock import Movement, StockLevel, apply
from app.services.sample_data.goods import Item

Place = tuple[str, str]
"""(SKU, location)"""
_AGAIN = {
    "stale": ("", ""),
    "not_applied": ("platform_transient", "The shop answered with the status 503."),
}
"""Outcomes of writes that were tried again, and what the shop said."""


@dataclass(frozen=True, slots=True)
class Shop:
    """`share`: of the orders, in percent. `kinds`: which goods it sells; every `leaves_out`th it does not."""

    number: int
    platform: str
    name: str
    location: str
    share: int
    kinds: frozenset[str]
    leaves_out: int = 0

    def sells(self, position: int, item: Item) -> bool:
        if item.components:
            return self.number == 0
        return item.kind in self.kinds and not (self.leaves_out and position % self.leaves_out == 0)


@dataclass(slots=True)
class Cell:
    """A shop's number of an item. `account`: what it shows, by all that is known."""

    shop: Shop
    item: Item
    account: int = 0
    writes: int = 0


@dataclass(slots=True)
class Books:
    """Movements and writes are rows in the order in which they happened; `levels` is what they add up to."""

    items: Mapping[str, Item]
    cells: Mapping[tuple[int, str], Cell]
    rng: random.Random
    levels: dict[Place, StockLevel] = field(default_factory=dict)
    movements: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)
    _showing: dict[Place, list[Cell]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for cell in self.cells.values():
            for sku, _units in parts_of(cell.item):
                self._showing[sku, cell.shop.location].append(cell)

    def available(self, item: Item, location: str) -> int:
        """Of a bundle as many as its components make."""
        none = StockLevel()
        return min(self.levels.get((sku, location), none).available // units for sku, units in parts_of(item))

    def on_hand(self, sku: str, location: str) -> int:
        return self.levels.get((sku, location), StockLevel()).on_hand

    def move(self, at: datetime, place: Place, cause: str, movement: Movement, **source: Any) -> None:
        """`source`: what the movement's source key is made of, see `store`."""
        level = apply(self.levels.get(place, StockLevel()), movement)
        self.levels[place] = level
        self.movements.append(
            {
                "at": at.isoformat(),
                "sku": place[0],
                "location": place[1],
                "cause": cause,
                "on_hand": movement.on_hand,
                "committed": movement.committed,
                "on_hand_after": level.on_hand,
                "committed_after": level.committed,
                **source,
            }
        )

    def tell_shops(self, at: datetime, places: Iterable[Place]) -> None:
        """Write to each shop that shows something else than there is at these places now."""
        for cell in {id(c): c for place in places for c in self._showing[place]}.values():
            target = max(self.available(cell.item, cell.shop.location), 0)
            if cell.account != target:
                self._write(at + timedelta(milliseconds=self.rng.randint(400, 2500)), cell, target)

    def _write(self, at: datetime, cell: Cell, target: int) -> None:
        chance = self.rng.random()
        if chance < 0.025:
            self._attempt(at, cell, target, "stale" if chance < 0.015 else "not_applied")
            at += timedelta(seconds=self.rng.randint(3, 60))
        self._attempt(at, cell, target, "applied")
        cell.account = target

    def _attempt(self, at: datetime, cell: Cell, target: int, outcome: str) -> None:
        code, message = _AGAIN.get(outcome, ("", ""))
        cell.writes += 1
        self.writes.append(
            {
                "at": at.isoformat(),
                "until": (at + timedelta(milliseconds=self.rng.randint(150, 900))).isoformat(),
                "shop": cell.shop.number,
                "sku": cell.item.sku,
                "from_quantity": cell.account,
                "to_quantity": target,
                "version": cell.writes,
                "outcome": outcome,
                "code": code,
                "message": message,
            }
        )


def parts_of(item: Item) -> Sequence[tuple[str, int]]:
    """What a unit of it takes: itself, or a bundle's components."""
    return item.components or ((item.sku, 1),)
