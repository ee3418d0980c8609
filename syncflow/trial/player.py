"""Plays a scenario in the shops at its times, one thread a shop."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncflow.trial.facts import PlacedOrder
from syncflow.trial.scenario import (
    Action,
    Buy,
    CatalogItem,
    FollowUp,
    Line,
    MerchantEdit,
    Sequel,
    Timed,
    bundles_of,
)
from syncflow.trial.shops import Shop

EDIT_MARGIN = 10
"""A number is only corrected while so many units more than the correction are left: at zero the shop's
number says nothing about what is owed."""
PLACE_MARGIN = 3
"""The same of one place of several."""
REFERENCE = "trial-"


class Stopped(Exception):
    """The trial ends before the scenario does."""


class StockBook:
    """What the players know to be on the shelves: units left by SKU, shared by the players' threads. A
    bundle's are its components'."""

    def __init__(self, catalog: Sequence[CatalogItem]) -> None:
        self._left = {item.sku: item.opening for item in catalog if not item.components}
        self._bundles = bundles_of(catalog)
        self._lock = threading.Lock()

    def move(self, deltas: Mapping[str, int]) -> None:
        with self._lock:
            for sku, delta in deltas.items():
                for part, units in self._bundles.get(sku, {sku: 1}).items():
                    self._left[part] += delta * units

    def left(self, sku: str) -> int:
        with self._lock:
            return self._left[sku]


@dataclass(slots=True)
class Player:
    """One shop's buyers and its merchant. `tally` counts what could not be played as planned."""

    shop: Shop
    book: StockBook
    stopping: threading.Event
    on_buy: Callable[[], None]
    placed: list[PlacedOrder] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    _orders: dict[int, tuple[str, dict[str, int]]] = field(default_factory=dict)
    """By the scenario's number: the shop's id, and the units that the buyer still has."""

    def play(self, actions: Sequence[Timed], began_at: float) -> None:
        """Play the shop's own actions; `began_at` by time.monotonic(). Raises Stopped, ShopFailed."""
        for timed in actions:
            if timed.action.shop == self.shop.platform:
                if self.stopping.wait(max(began_at + timed.at_seconds - time.monotonic(), 0)):
                    raise Stopped
                self._act(timed.action)

    def _act(self, action: Action) -> None:
        if isinstance(action, Buy):
            self._buy(action)
            self.on_buy()
        elif isinstance(action, MerchantEdit):
            self._edit(action)
        elif action.order in self._orders:
            self._follow_up(action)
        else:
            self.tally["sequels_of_refused_orders"] += 1

    def _buy(self, buy: Buy) -> None:
        """Check out; what the shop has not enough of is left out of a second try."""
        lines = buy.lines
        while lines:
            answer = self.shop.buy(lines, reference=f"{REFERENCE}{buy.order}", paid=buy.paid, place=buy.place)
            if not answer.short:
                units = {line.sku: line.quantity for line in lines}
                self._orders[buy.order] = (answer.order_id, units)
                self.placed.append(PlacedOrder(self.shop.platform, answer.order_id, answer.placed_at))
                self.book.move({sku: -quantity for sku, quantity in units.items()})
                return
            self.tally["lines_out_of_stock"] += len(answer.short)
            lines = tuple(line for line in lines if line.sku not in answer.short)
        self.tally["orders_refused"] += 1

    def _edit(self, edit: MerchantEdit) -> None:
        if self.book.left(edit.sku) - abs(edit.delta) < EDIT_MARGIN or self._is_scarce_there(edit):
            self.tally["edits_left_out"] += 1
            return
        self.shop.edit_stock(edit.sku, edit.delta, place=edit.place)
        self.book.move({edit.sku: edit.delta})

    def _is_scarce_there(self, edit: MerchantEdit) -> bool:
        if edit.place is None:
            return False
        shown = self.shop.truth_of(edit.sku, place=edit.place)["quantity"]
        return bool(shown - abs(edit.delta) < PLACE_MARGIN)

    def _follow_up(self, action: FollowUp) -> None:
        order_id, units = self._orders[action.order]
        lines = _possible(action, units)
        if action.lines and not lines:
            self.tally["sequels_of_refused_orders"] += 1
            return
        if not self.shop.change_order(order_id, action.kind, lines, place=action.place):
            self.tally["sequels_refused"] += 1
            return
        back = _units_back(action.kind, lines, units)
        for sku, quantity in back.items():
            units[sku] -= quantity
        self.book.move(back)


def _possible(action: FollowUp, units: Mapping[str, int]) -> tuple[Line, ...]:
    """The lines of a sequel that the order still has units for."""
    if action.kind is not Sequel.REFUND:
        return tuple(line for line in action.lines if line.sku in units)
    capped = (Line(line.sku, min(line.quantity, units.get(line.sku, 0))) for line in action.lines)
    return tuple(line for line in capped if line.quantity)


def _units_back(kind: Sequel, lines: Sequence[Line], units: Mapping[str, int]) -> dict[str, int]:
    if kind is Sequel.CANCEL:
        return dict(units)
    if kind is Sequel.REFUND:
        return {line.sku: line.quantity for line in lines}
    if kind is Sequel.EDIT:
        return {line.sku: units[line.sku] - line.quantity for line in lines}
    return {}
