"""How long it took: from a sale to the other shop's number, and from a lost webhook to the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from syncflow.trial.facts import Evidence, Number
from syncflow.trial.judge.physical import Shelf, enough_for
from syncflow.trial.judge.told import NEVER

TAKES_UNITS = frozenset({"order", "pay"})


def propagation_seconds(shelves: Iterable[Shelf], began_at: float) -> Iterator[float]:
    """Seconds from each sale to each other number of the same units.

    A sale has arrived with the first write after which the other number, at a shop with locations that of
    all of them, is no more than what was left at some moment from the sale to that write. Sales after which
    the other number was already low enough, or became so by its own sales, need no write and are left out.
    """
    for shelf in shelves:
        for index, sale in enumerate(shelf.events):
            if sale.cause not in TAKES_UNITS or sale.delta >= 0 or sale.at < began_at:
                continue
            for other in shelf.numbers:
                shown = shelf.last_before(other, sale.at)
                if other == sale.number or shown is None:
                    continue
                if shown.shown <= enough_for(shelf.after(index), shown.units):
                    continue
                arrived_at = _arrival(shelf, index, other)
                if arrived_at is not None:
                    yield arrived_at - sale.at


def _arrival(shelf: Shelf, index: int, other: Number) -> float | None:
    sale = shelf.events[index]
    for write in shelf.writes_between(other, sale.at, NEVER):
        if write.shown <= enough_for(shelf.peak(index, write.at), write.units):
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
