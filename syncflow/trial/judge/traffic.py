"""Calls and webhooks: how many there were, and how few it could have been."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from syncflow.trial.facts import Bundles, Cell, LedgerEntry, ShopItem, ShopLog
from syncflow.trial.judge.physical import on_sale

FLOOR_WINDOW_SECONDS = 0.25
QUIET_SECONDS = 60.0
PAGE_SIZE = 100
"""The smaller one of the two platforms."""
ORDERS_PER_CALL = 10
ORDER_CALLS_OF_A_POLL = 2
"""Orders, orders in the bin; where nothing changed each takes one call."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often the product looks by itself."""

    order_poll_seconds: int
    level_sweep_seconds: int


def push_calls_floor(
    ledger: Iterable[LedgerEntry], cells: Iterable[Cell], bundles: Bundles, *, began_at: float
) -> int:
    """The fewest write calls that could have published every change since then within its window.

    Greedy: a window opens at the first change not yet covered and takes every change of the same
    shop and endpoint in the next FLOOR_WINDOW_SECONDS; its calls are full batches of distinct numbers.
    """
    changes: dict[tuple[str, str], list[tuple[float, ListedAt]]] = defaultdict(list)
    batch: dict[tuple[str, str], int] = {}
    for at, cell in _changes(ledger, cells, bundles):
        if at >= began_at:
            changes[cell.shop, cell.endpoint].append((at, (cell.sku, cell.location)))
            batch[cell.shop, cell.endpoint] = cell.batch
    return sum(
        ceil(len(numbers) / batch[endpoint])
        for endpoint, timed in changes.items()
        for numbers in _windows(sorted(timed))
    )


def _changes(
    ledger: Iterable[LedgerEntry], cells: Iterable[Cell], bundles: Bundles
) -> Iterator[tuple[float, Cell]]:
    """Ledger changes by which another number than the one that they come from has to change."""
    made_of: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        for sku in bundles.get(cell.sku, (cell.sku,)):
            made_of[sku].append(cell)
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    for entry in ledger:
        others = [cell for cell in made_of[entry.sku] if not entry.comes_from(cell)]
        levels[entry.sku][entry.location] = entry.after - entry.delta
        before = [on_sale(cell.sku, cell.location, levels, bundles) for cell in others]
        levels[entry.sku][entry.location] = entry.after
        for cell, shown in zip(others, before, strict=True):
            if on_sale(cell.sku, cell.location, levels, bundles) != shown:
                yield entry.at, cell


ListedAt = tuple[str, str]
"""SKU and location."""


def _windows(changes: Iterable[tuple[float, ListedAt]]) -> Iterator[set[ListedAt]]:
    numbers: set[ListedAt] = set()
    opened_at = 0.0
    for at, number in changes:
        if numbers and at > opened_at + FLOOR_WINDOW_SECONDS:
            yield numbers
            numbers = set()
        if not numbers:
            opened_at = at
        numbers.add(number)
    if numbers:
        yield numbers


def calls_since(logs: Iterable[ShopLog], began_at: float) -> int:
    return sum(call.started_at >= began_at for log in logs for call in log.calls)


def writes_since(logs: Iterable[ShopLog], began_at: float) -> int:
    """Calls that write stock, failed ones included."""
    return sum(call.write and call.started_at >= began_at for log in logs for call in log.calls)


def quiet_writes(logs: Iterable[ShopLog], quiet_at: float) -> int:
    """Calls that write stock in the minute after everything was quiet."""
    return sum(
        call.write and quiet_at < call.started_at <= quiet_at + QUIET_SECONDS
        for log in logs
        for call in log.calls
    )


def quiet_reads(logs: Iterable[ShopLog], quiet_at: float) -> int:
    """Calls that read, in the minute after everything was quiet."""
    return sum(
        not call.write and quiet_at < call.started_at <= quiet_at + QUIET_SECONDS
        for log in logs
        for call in log.calls
    )


def quiet_reads_scheduled(
    orders_by_shop: Mapping[str, int], items: Iterable[ShopItem], schedule: Schedule
) -> int:
    """The most calls that the looks due in that minute may take: each poll goes through the orders and the
    levels that changed lately, each sweep through all levels, a page of a location at a time. The first poll
    after the last orders reads them once more: a shop dates to the second, and they may have changed again in
    theirs."""
    polls = ceil(QUIET_SECONDS / schedule.order_poll_seconds) + 1
    sweeps = ceil(QUIET_SECONDS / schedule.level_sweep_seconds)
    numbers: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        numbers[item.shop][item.location] += 1
    calls = 0
    for shop, listed in numbers.items():
        pages = sum(ceil(number / PAGE_SIZE) + 1 for number in listed.values())
        orders = ceil(orders_by_shop.get(shop, 0) / PAGE_SIZE) + ORDER_CALLS_OF_A_POLL
        poll = orders + len(listed) + pages
        again = ceil(orders_by_shop.get(shop, 0) / ORDERS_PER_CALL)
        calls += polls * poll + again + sweeps * pages
    return calls


def webhooks(logs: Iterable[ShopLog], began_at: float) -> Counter[str]:
    """Webhook events by action: `queued` is what the shops wanted to send."""
    return Counter(event.action for log in logs for event in log.webhooks if event.at >= began_at)
