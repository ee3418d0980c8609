"""Calls and webhooks: how many there were, and how few it could have been."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from syncflow.trial.facts import Bundles, Cell, LedgerEntry, ShopLog
from syncflow.trial.judge.physical import on_sale

FLOOR_WINDOW_SECONDS = 0.25
QUIET_SECONDS = 60.0
PAGE_SIZE = 100
"""The smaller one of the two platforms."""
ORDERS_PER_CALL = 10
CALLS_OF_A_POLL = 3
"""Orders, orders in the bin, levels; where nothing changed each takes one call."""


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
    changes: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    batch: dict[tuple[str, str], int] = {}
    for at, cell in _changes(ledger, cells, bundles):
        if at >= began_at:
            changes[cell.shop, cell.endpoint].append((at, cell.sku))
            batch[cell.shop, cell.endpoint] = cell.batch
    return sum(
        ceil(len(skus) / batch[endpoint])
        for endpoint, timed in changes.items()
        for skus in _windows(sorted(timed))
    )


def _changes(
    ledger: Iterable[LedgerEntry], cells: Iterable[Cell], bundles: Bundles
) -> Iterator[tuple[float, Cell]]:
    """Ledger changes by which another number than the one that they come from has to change."""
    made_of: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        for sku in bundles.get(cell.sku, (cell.sku,)):
            made_of[sku].append(cell)
    available: dict[str, int] = {}
    for entry in ledger:
        others = [cell for cell in made_of[entry.sku] if (cell.shop, cell.sku) != entry.origin]
        available[entry.sku] = entry.after - entry.delta
        before = [on_sale(cell.sku, available, bundles) for cell in others]
        available[entry.sku] = entry.after
        for cell, shown in zip(others, before, strict=True):
            if on_sale(cell.sku, available, bundles) != shown:
                yield entry.at, cell


def _windows(changes: Iterable[tuple[float, str]]) -> Iterator[set[str]]:
    skus: set[str] = set()
    opened_at = 0.0
    for at, sku in changes:
        if skus and at > opened_at + FLOOR_WINDOW_SECONDS:
            yield skus
            skus = set()
        if not skus:
            opened_at = at
        skus.add(sku)
    if skus:
        yield skus


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
    orders_by_shop: Mapping[str, int], listings_by_shop: Mapping[str, int], schedule: Schedule
) -> int:
    """The most calls that the looks due in that minute may take: each poll goes through the orders and the
    levels that changed lately, each sweep through all levels, a page at a time. The first poll after the last
    orders reads them once more: a shop dates to the second, and they may have changed again in theirs."""
    polls = ceil(QUIET_SECONDS / schedule.order_poll_seconds) + 1
    sweeps = ceil(QUIET_SECONDS / schedule.level_sweep_seconds)
    calls = 0
    for shop, listings in listings_by_shop.items():
        pages = ceil(listings / PAGE_SIZE) + 1
        poll = ceil(orders_by_shop.get(shop, 0) / PAGE_SIZE) + CALLS_OF_A_POLL + pages
        again = ceil(orders_by_shop.get(shop, 0) / ORDERS_PER_CALL)
        calls += polls * poll + again + sweeps * pages
    return calls


def webhooks(logs: Iterable[ShopLog], began_at: float) -> Counter[str]:
    """Webhook events by action: `queued` is what the shops wanted to send."""
    return Counter(event.action for log in logs for event in log.webhooks if event.at >= began_at)
