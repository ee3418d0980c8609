"""When the product was told of what: a webhook it answered with 2xx, or a read whose result it recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from syncflow.trial.facts import EDIT, Bundles, LedgerEntry, ShopLog, StockEvent
from syncflow.trial.judge.physical import on_shelves

NEVER = float("inf")
SAME_MOMENT_SECONDS = 0.25
"""A shop may queue an order's webhook just before it takes the order's units."""


class Told:
    """Answers, for a unit that left a shelf, when the product knew."""

    def __init__(self, logs: Iterable[ShopLog], ledger: Iterable[LedgerEntry], bundles: Bundles) -> None:
        logs = list(logs)
        self._deliveries = _deliveries(logs)
        self._booked: dict[tuple[str, str, str], list[tuple[float, int]]] = defaultdict(list)
        self._edits_booked: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        for entry in sorted(ledger, key=lambda entry: entry.at):
            if entry.origin_shop and entry.order_id:
                key = (entry.origin_shop, entry.order_id, entry.sku)
                earlier = self._booked[key][-1][1] if self._booked[key] else 0
                self._booked[key].append((entry.at, earlier + entry.delta))
            elif entry.origin_shop:
                self._edits_booked[entry.origin_shop, entry.sku, entry.origin_location].append(entry.at)
        self._taken = _units_of_orders(logs, bundles)

    def at(self, event: StockEvent) -> float:
        """When the product was told of a fall of a shop's own number; NEVER if it was not.

        Of a sale: when the first webhook about the order that the shop queued from then on was answered
        with 2xx, or when the ledger first shows as many units of the order gone, whichever was first. Of
        a merchant's edit: when the ledger shows a drift of that number.
        """
        if event.cause == EDIT or event.order_id is None:
            booked = self._edits_booked.get((event.shop, event.sku, event.location), ())
            return next((at for at in booked if at >= event.at), NEVER)
        delivered = min(
            (
                answered
                for queued, answered in self._deliveries.get((event.shop, event.order_id), ())
                if queued >= event.at - SAME_MOMENT_SECONDS
            ),
            default=NEVER,
        )
        gone = self._taken[event.shop, event.seq, event.sku]
        ledger = self._booked.get((event.shop, event.order_id, event.sku), ())
        recorded = next((at for at, units in ledger if at >= event.at and units <= gone), NEVER)
        return min(delivered, recorded)


def _deliveries(logs: Iterable[ShopLog]) -> Mapping[tuple[str, str], list[tuple[float, float]]]:
    """By shop and order: (queued, answered with 2xx) of each delivery about it."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for log in logs:
        queued: dict[int, float] = {}
        for event in log.webhooks:
            if not event.concerns_orders:
                continue
            if event.action == "queued":
                queued[event.delivery] = event.at
            elif event.action == "delivered" and event.delivery in queued:
                found[log.shop, event.resource_id].append((queued[event.delivery], event.at))
    return found


def _units_of_orders(logs: Iterable[ShopLog], bundles: Bundles) -> dict[tuple[str, int, str], int]:
    """By shop, `seq` and SKU: what the order has taken from the shelf up to and including that event."""
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    found: dict[tuple[str, int, str], int] = {}
    for log in logs:
        for event in on_shelves(log.stock, bundles):
            if event.order_id is not None:
                totals[log.shop, event.order_id, event.sku] += event.delta
                found[log.shop, event.seq, event.sku] = totals[log.shop, event.order_id, event.sku]
    return found
