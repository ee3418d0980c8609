"""What was really on the shelf: opening stock, the units that both shops sold and took back, and edits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from syncflow.trial.facts import WRITES, ShopLog, StockEvent


@dataclass(frozen=True, slots=True)
class Shelf:
    """One SKU's history. `events` are the physical ones of both shops in order of time."""

    sku: str
    events: tuple[StockEvent, ...]
    numbers: Mapping[str, tuple[StockEvent, ...]]
    """By shop: every change of its stored number and every write, in order of time."""
    _times: tuple[float, ...]
    _balances: tuple[int, ...]
    """`_balances[n]`: units left before `events[n]`; one more for the end."""

    @classmethod
    def of(cls, sku: str, opening: int, events: Iterable[StockEvent]) -> Shelf:
        ordered = sorted(events, key=lambda event: (event.at, event.seq))
        physical = tuple(event for event in ordered if event.is_physical)
        numbers: dict[str, list[StockEvent]] = {}
        for event in ordered:
            numbers.setdefault(event.shop, []).append(event)
        return cls(
            sku=sku,
            events=physical,
            numbers={shop: tuple(of_shop) for shop, of_shop in numbers.items()},
            _times=tuple(event.at for event in physical),
            _balances=tuple(accumulate((event.delta for event in physical), initial=opening)),
        )

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

    def writes(self, shop: str) -> Sequence[StockEvent]:
        return [event for event in self.numbers.get(shop, ()) if event.cause in WRITES]

    def number_at(self, shop: str, at: float) -> int | None:
        """What the shop stored just before `at`; None if it stored nothing yet."""
        latest = None
        for event in self.numbers.get(shop, ()):
            if event.at >= at:
                break
            latest = event.after
        return latest


def shelves(opening: Mapping[str, int], logs: Iterable[ShopLog]) -> dict[str, Shelf]:
    """The history of every SKU of the trial."""
    events: dict[str, list[StockEvent]] = {sku: [] for sku in opening}
    for log in logs:
        for event in log.stock:
            if event.sku in events:
                events[event.sku].append(event)
    return {sku: Shelf.of(sku, opening[sku], of_sku) for sku, of_sku in events.items()}
