"""The sample shop's orders, and what became of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.orders import PartKind
from app.domain.stock import Movement
from app.services.sample_data.books import Books, Shop, parts_of
from app.services.sample_data.goods import Item

SHIPPING_MINOR, FREE_FROM_MINOR = 490, 6000
TAX_PERCENT = 19
"""Contained in prices."""
CANCELLED, RETURNED = 0.04, 0.05
"""How many of the orders."""


@dataclass(slots=True)
class Line:
    """An order's line as it is by now."""

    item: Item
    quantity: int
    parts: list[tuple[str, int, str]]
    effects: list[tuple[int, str]]
    effect_seq: int = 0
    committed: int = 0
    on_hand: int = 0


@dataclass(slots=True)
class PlacedOrder:
    """`number` counts within the story."""

    books: Books
    number: int
    shop: Shop
    placed_at: datetime
    updated_at: datetime
    lines: list[Line]
    state: str = "open"
    payment: str = "paid"
    refunded_minor: int = 0

    @property
    def subtotal_minor(self) -> int:
        return sum(line.quantity * line.item.price_minor for line in self.lines)

    @property
    def shipping_minor(self) -> int:
        return 0 if self.subtotal_minor >= FREE_FROM_MINOR else SHIPPING_MINOR

    @property
    def total_minor(self) -> int:
        return self.subtotal_minor + self.shipping_minor

    def fate(self, rng: random.Random) -> Iterator[tuple[timedelta, Callable[[datetime], None]]]:
        """What happens to it, and how long after it was placed."""
        chance = rng.random()
        if chance < CANCELLED:
            yield timedelta(minutes=rng.randint(20, 300)), self.cancel
            return
        ships = timedelta(minutes=rng.randint(180, 2400))
        yield ships, self.ship
        if chance > 1 - RETURNED:
            yield ships + timedelta(days=rng.randint(4, 12)), self.take_back

    def reserve(self, line: Line) -> None:
        """The shop lowered its own number when it sold."""
        self.books.cells[self.shop.number, line.item.sku].account -= line.quantity
        self._move(self.placed_at, line, "order", Movement(committed=line.quantity))

    def ship(self, at: datetime) -> None:
        self.state, self.updated_at = "fulfilled", at
        for line in self.lines:
            line.parts.append((PartKind.FULFILLED.value, line.quantity, at.isoformat()))
            self._move(at, line, "fulfillment", Movement(-line.quantity, -line.quantity))

    def cancel(self, at: datetime) -> None:
        self.state, self.payment, self.updated_at = "cancelled", "refunded", at
        self.refunded_minor = self.total_minor
        for line in self.lines:
            line.parts.append((PartKind.REMOVED_RESTOCKED.value, line.quantity, at.isoformat()))
            self._restock(at, line, "order", Movement(committed=-line.quantity))

    def take_back(self, at: datetime) -> None:
        """Its first line comes back."""
        line, self.updated_at = self.lines[0], at
        self.payment = "partially_refunded" if len(self.lines) > 1 or self.shipping_minor else "refunded"
        self.refunded_minor = line.quantity * line.item.price_minor
        line.parts.append((PartKind.RETURNED_RESTOCKED.value, line.quantity, at.isoformat()))
        self._restock(at, line, "return", Movement(line.quantity))

    def _restock(self, at: datetime, line: Line, cause: str, movement: Movement) -> None:
        line.effects.append((line.quantity, at.isoformat()))
        self.books.cells[self.shop.number, line.item.sku].account += line.quantity
        self._move(at, line, cause, movement)

    def _move(self, at: datetime, line: Line, cause: str, movement: Movement) -> None:
        line.effect_seq += 1
        line.committed += movement.committed
        line.on_hand += movement.on_hand
        source = {"order": self.number, "line": self.lines.index(line), "seq": line.effect_seq}
        places = []
        for sku, units in parts_of(line.item):
            places.append((sku, self.shop.location))
            part = bool(line.item.components)
            self.books.move(at, places[-1], cause, movement.scaled(units), part=part, **source)
        self.books.tell_shops(at, places)


@dataclass(slots=True)
class OrderBook:
    books: Books
    rng: random.Random
    orders: list[PlacedOrder] = field(default_factory=list)

    def place(self, at: datetime, shop: Shop, wanted: Sequence[Item]) -> PlacedOrder | None:
        """An order of what there is of the wanted items; None if there is nothing."""
        order = PlacedOrder(self.books, len(self.orders), shop, at, at, [])
        for item in {item.sku: item for item in wanted}.values():
            quantity = self.rng.choice((1, 1, 1, 1, 1, 2, 2, 3))
            if self.books.available(item, shop.location) >= quantity:
                parts = [(PartKind.ORDERED.value, quantity, at.isoformat())]
                line = Line(item, quantity, parts, [(-quantity, at.isoformat())])
                order.lines.append(line)
                order.reserve(line)
        if not order.lines:
            return None
        self.orders.append(order)
        return order

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "number": order.number,
                "shop": order.shop.number,
                "state": order.state,
                "payment": order.payment,
                "placed_at": order.placed_at.isoformat(),
                "updated_at": order.updated_at.isoformat(),
                "subtotal": order.subtotal_minor,
                "shipping": order.shipping_minor,
                "total": order.total_minor,
                "tax": order.total_minor * TAX_PERCENT // (100 + TAX_PERCENT),
                "refunded": order.refunded_minor,
            }
            for order in self.orders
        ]

    def line_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "order": order.number,
                "line": position,
                "shop": order.shop.number,
                "sku": line.item.sku,
                "title": line.item.title,
                "location": order.shop.location,
                "quantity": line.quantity,
                "price": line.item.price_minor,
                "parts": line.parts,
                "effects": line.effects,
                "effect_seq": line.effect_seq,
                "committed": line.committed,
                "on_hand": line.on_hand,
                "channel": sum(delta for delta, _at in line.effects),
            }
            for order in self.orders
            for position, line in enumerate(order.lines)
        ]
