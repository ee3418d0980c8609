"""What was really on the shelf: opening stock, the units that both shops sold and took back, and edits."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from syncflow.trial.facts import WRITES, ShopLog, StockEvent

WITHOUT_COMPARE_AND_SET = frozenset({"woocommerce"})
"""Shops where a write puts its number over whatever is there."""
OVERWRITES_SECONDS = 1.5
"""How long before such a write a sale may have happened that it did overwrite: it was computed from a number
read a moment earlier."""


class Shelf:
    """One SKU's history. `events`: what physically happened in both shops, in order of time."""

    def __init__(self, sku: str, opening: int, events: Iterable[StockEvent]) -> None:
        ordered = sorted(events, key=lambda event: (event.at, event.seq))
        self.sku = sku
        self.events = [event for event in ordered if event.is_physical]
        self._times = [event.at for event in self.events]
        self._balances = list(accumulate((event.delta for event in self.events), initial=opening))
        self._numbers: dict[str, list[StockEvent]] = {}
        self._writes: dict[str, list[StockEvent]] = {}
        for event in ordered:
            self._numbers.setdefault(event.shop, []).append(event)
            if event.cause in WRITES:
                self._writes.setdefault(event.shop, []).append(event)

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

    def most_left(self, index: int, until: float, shop: str) -> int:
        """What is left at `until` for all that one knows who knows of the `index`-th event and of all that
        `shop` did itself, but of no later sale in another shop."""
        last = bisect_right(self._times, until)
        later = self.events[index + 1 : last]
        return self._balances[last] + sum(max(-e.delta, 0) for e in later if e.shop != shop)

    def given_back(self, index: int) -> int:
        """Units of the `index`-th event, a sale, that a write without compare-and-set put back into its own
        shop's number, as they were sold between the reading before that write and the write."""
        sale = self.events[index]
        if sale.delta >= 0 or sale.shop not in WITHOUT_COMPARE_AND_SET:
            return 0
        writes = self.writes_between(sale.shop, sale.at, sale.at + OVERWRITES_SECONDS)
        too_many = (write.after - max(self.most_left(index, write.at, sale.shop), 0) for write in writes)
        return min(max(too_many, default=0), -sale.delta)

    def writes(self, shop: str) -> Sequence[StockEvent]:
        return self._writes.get(shop, ())

    def writes_between(self, shop: str, after: float, before: float) -> Iterator[StockEvent]:
        """The writes to a shop that landed within an open span of time, in order."""
        writes = self._writes.get(shop, ())
        for index in range(bisect_right(writes, after, key=_at), len(writes)):
            if writes[index].at >= before:
                return
            yield writes[index]

    def number_at(self, shop: str, at: float) -> int | None:
        """What the shop stored just before `at`; None if it stored nothing yet."""
        numbers = self._numbers.get(shop, ())
        index = bisect_left(numbers, at, key=_at)
        return numbers[index - 1].after if index else None


def shelves(opening: Mapping[str, int], logs: Iterable[ShopLog]) -> dict[str, Shelf]:
    """The history of every SKU of the trial."""
    events: dict[str, list[StockEvent]] = {sku: [] for sku in opening}
    for log in logs:
        for event in log.stock:
            if event.sku in events:
                events[event.sku].append(event)
    return {sku: Shelf(sku, opening[sku], of_sku) for sku, of_sku in events.items()}


def _at(event: StockEvent) -> float:
    return event.at
