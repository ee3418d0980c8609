"""What was really on the shelf: opening stock, the units that both shops sold and took back, and edits.

A bundle is on no shelf: what happens to one happens to its components.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate

from syncflow.trial.facts import (
    EVERYWHERE,
    OPENING,
    WRITES,
    Bundles,
    Levels,
    Number,
    ShopLog,
    StockEvent,
)

WITHOUT_COMPARE_AND_SET = frozenset({"woocommerce"})
"""Shops where a write puts its number over whatever is there."""
OVERWRITES_SECONDS = 1.5
"""How long before such a write a sale may have happened that it did overwrite: it was computed from a number
read a moment earlier."""


class Shelf:
    """One SKU's history. `events`: what physically happened in both shops, in order of time.

    `numbers` are those in the shops that show it: its own listings', and those of bundles made of it.
    """

    def __init__(self, sku: str, opening: int, events: Iterable[StockEvent]) -> None:
        ordered = sorted(events, key=lambda event: (event.at, event.seq))
        self.sku = sku
        self.events = [event for event in ordered if event.is_physical]
        self.opening_at = {
            event.location: event.after
            for event in ordered
            if event.cause == OPENING and event.location != EVERYWHERE and not event.listed_as
        }
        """What lay at each location of a shop that has several of the SKU."""
        self._times = [event.at for event in self.events]
        self._balances = list(accumulate((event.delta for event in self.events), initial=opening))
        self.numbers: dict[Number, list[StockEvent]] = {}
        self._writes: dict[Number, list[StockEvent]] = {}
        for event in ordered:
            self.numbers.setdefault(event.number, []).append(event)
            if event.cause in WRITES:
                self._writes.setdefault(event.number, []).append(event)

    def before(self, index: int) -> int:
        """Units left just before the `index`-th event."""
        return self._balances[index]

    def after(self, index: int) -> int:
        return self._balances[index + 1]

    @property
    def final(self) -> int:
        return self._balances[-1]

    def peak(self, index: int, until: float) -> int:
        """The most units that were left at any time from just after the `index`-th event up to `until`."""
        return max(self._balances[index + 1 : bisect_right(self._times, until) + 1])

    def most_left(self, index: int, until: float, number: Number) -> int:
        """What is left at `until` for all that one knows who knows of the `index`-th event and of all that
        moved `number` itself, but of no later sale elsewhere."""
        last = bisect_right(self._times, until)
        later = self.events[index + 1 : last]
        return self._balances[last] + sum(max(-e.delta, 0) for e in later if e.number != number)

    def given_back(self, index: int) -> int:
        """Units of the `index`-th event, a sale, that a write without compare-and-set put back into the
        number that it was sold by, as they were sold between the reading before that write and the write."""
        sale = self.events[index]
        if sale.delta >= 0 or sale.shop not in WITHOUT_COMPARE_AND_SET:
            return 0
        writes = self.writes_between(sale.number, sale.at, sale.at + OVERWRITES_SECONDS)
        too_many = (
            write.shown - enough_for(self.most_left(index, write.at, sale.number), write.units)
            for write in writes
        )
        return min(max(too_many, default=0) * sale.units, -sale.delta)

    def writes(self) -> Iterator[StockEvent]:
        """All of them, in no order."""
        for writes in self._writes.values():
            yield from writes

    def writes_between(self, number: Number, after: float, before: float) -> Iterator[StockEvent]:
        """The writes to a number that landed within an open span of time, in order."""
        writes = self._writes.get(number, ())
        for index in range(bisect_right(writes, after, key=_at), len(writes)):
            if writes[index].at >= before:
                return
            yield writes[index]

    def last_before(self, number: Number, at: float) -> StockEvent | None:
        """The event by which the shop's number became what it was just before `at`; None before the first."""
        events = self.numbers[number]
        index = bisect_left(events, at, key=_at)
        return events[index - 1] if index else None


def shelves(opening: Mapping[str, int], logs: Iterable[ShopLog], bundles: Bundles) -> dict[str, Shelf]:
    """The history of every SKU of the trial that is no bundle."""
    events: dict[str, list[StockEvent]] = {sku: [] for sku in opening}
    for log in logs:
        for event in on_shelves(log.stock, bundles):
            if event.sku in events:
                events[event.sku].append(event)
    return {sku: Shelf(sku, opening[sku], of_sku) for sku, of_sku in events.items()}


def on_shelves(events: Iterable[StockEvent], bundles: Bundles) -> Iterator[StockEvent]:
    """Each event as the shelves see it that it concerns: of a bundle, one for each component."""
    for event in events:
        if event.sku not in bundles:
            yield event
            continue
        for sku, units in bundles[event.sku].items():
            yield replace(event, sku=sku, units=units, listed_as=event.sku)


def enough_for(left: int, units: int) -> int:
    """How many that are made of so many units each what is left is enough for."""
    return max(left, 0) // units


def on_sale(sku: str, location: str, levels: Levels, bundles: Bundles) -> int | None:
    """How many of a listing there are for a number of that location. None where nothing was ever counted.

    What is short at one location has to come from the others. A bundle is made of what lies in one place, as
    many as its scarcest component allows for.
    """
    parts = bundles.get(sku, {sku: 1})
    if not parts.keys() <= levels.keys():
        return None
    if location != EVERYWHERE:
        return _at_one(location, parts, levels)
    if sku not in bundles:
        return max(sum(levels[sku].values()), 0)
    return sum(_at_one(place, parts, levels) for place in {place for part in parts for place in levels[part]})


def _at_one(location: str, parts: Mapping[str, int], levels: Levels) -> int:
    return min(
        enough_for(levels[part].get(location, 0) - _short_elsewhere(location, levels[part]), units)
        for part, units in parts.items()
    )


def _short_elsewhere(location: str, there: Mapping[str, int]) -> int:
    return sum(max(-units, 0) for place, units in there.items() if place != location)


def _at(event: StockEvent) -> float:
    return event.at
