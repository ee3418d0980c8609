"""How long it took: from a sale to the other shop's number, and from a lost webhook to the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from syncflow.trial.facts import Evidence
from syncflow.trial.judge.physical import Shelf
from syncflow.trial.judge.told import NEVER
from syncflow.trial.scenario import SHOPS

TAKES_UNITS = frozenset({"order", "pay"})


def propagation_seconds(shelves: Iterable[Shelf], began_at: float) -> Iterator[float]:
    """Seconds from each sale to the other shop's number.

    A sale has arrived with the first write to the other shop of no more than what was left at some
    moment from the sale to that write. Sales after which the other shop's number was already low enough,
    or became so by its own sales, need no write and are left out.
    """
    for shelf in shelves:
        for index, sale in enumerate(shelf.events):
            if sale.cause not in TAKES_UNITS or sale.delta >= 0 or sale.at < began_at:
                continue
            for other in SHOPS:
                number = shelf.number_at(other, sale.at)
                if other == sale.shop or number is None or number <= max(shelf.after(index), 0):
                    continue
                arrived_at = _arrival(shelf, index, other)
                if arrived_at is not None:
                    yield arrived_at - sale.at


def _arrival(shelf: Shelf, index: int, other: str) -> float | None:
    sale = shelf.events[index]
    for write in shelf.writes_between(other, sale.at, NEVER):
        if write.after <= max(shelf.peak(index, write.at), 0):
            return write.at
    return None


def heal_seconds(evidence: Evidence) -> Iterator[float]:
    """Of each order that was recorded before any webhook about it arrived although one was sent and lost:
    the seconds from its placing to its row."""
    lost: set[tuple[str, str]] = set()
    arrived: dict[tuple[str, str], float] = defaultdict(lambda: NEVER)
    for log in evidence.logs:
        for event in log.webhooks:
            key = (log.shop, event.resource_id)
            if event.concerns_orders and event.action == "dropped":
                lost.add(key)
            elif event.concerns_orders and event.action == "delivered":
                arrived[key] = min(arrived[key], event.at)
    placed = {(order.shop, order.order_id): order.placed_at for order in evidence.placed}
    for order in evidence.record.orders:
        key = (order.shop, order.order_id)
        if key in lost and key in placed and order.recorded_at < arrived[key]:
            yield max(order.recorded_at - placed[key], 0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank of sorted values; 0 of none."""
    return values[max(ceil(share * len(values)), 1) - 1] if values else 0.0
