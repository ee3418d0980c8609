"""The least that a propagation can take here: one webhook delivery, one order read and one write, in turn.

Measured on idle shops at the trial's latency, with the product's own clients and nothing else going on.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace

from app.platforms.base import CellRef, StockWrite, WriteKind, WriteOutcome
from app.services.shops import open_channel
from syncflow.trial.facts import PlacedOrder, ShopLog
from syncflow.trial.scenario import CatalogItem, Line
from syncflow.trial.shops import Shop
from syncflow.trial.stage import Stage

PROBE = CatalogItem(sku="TRIAL-PROBE", title="Probe", price_minor=100, product=-1, opening=1000)
"""Bought only to measure."""
PROBES = 3
QUIET_SECONDS = 60.0
DELIVERY_SECONDS = 20.0
WRITE_SECONDS = 20.0
POLL_SECONDS = 0.02


class FloorNotFound(Exception):
    """The shops or the product did not do on their own what even one sale needs."""


def measure_floor(stage: Stage) -> tuple[float, list[PlacedOrder]]:
    """(milliseconds, the probes' orders): the mean over both directions of the median of a few probes."""
    probes: list[PlacedOrder] = []
    directions: list[float] = []
    for source, target in (("shopify", "woocommerce"), ("woocommerce", "shopify")):
        taken: list[float] = []
        for _ in range(PROBES):
            seconds, order = _probe(stage, source, target)
            taken.append(seconds)
            probes.append(order)
        directions.append(statistics.median(taken))
    return statistics.mean(directions) * 1000, probes


def _probe(stage: Stage, source: str, target: str) -> tuple[float, PlacedOrder]:
    _wait_until_quiet(stage)
    shop = stage.shops[source]
    before = shop.last_event()
    answer = shop.buy([Line(PROBE.sku, 1)], reference="floor")
    order = replace(PlacedOrder(source, answer.order_id, answer.placed_at), played=False)
    delivery = _delivery_seconds(shop, before, order)
    _wait_until_quiet(stage)
    return delivery + _read_seconds(stage, order) + _write_seconds(stage, target), order


def _delivery_seconds(shop: Shop, after: int, order: PlacedOrder) -> float:
    """From the shop taking the order to the answer to its first webhook, by the shop's clock."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while time.monotonic() < deadline:
        log = ShopLog(shop.platform)
        for page in shop.events(after):
            log.extend(page)
        taken = [event.at for event in log.stock if event.order_id == order.order_id]
        delivered = [
            event.at
            for event in log.webhooks
            if event.action == "delivered" and event.concerns_orders and event.resource_id == order.order_id
        ]
        if taken and delivered:
            return max(delivered[0] - taken[0], 0.0)
        time.sleep(POLL_SECONDS)
    raise FloorNotFound(f"No webhook about {shop.platform} order {order.order_id} was delivered.")


def _read_seconds(stage: Stage, order: PlacedOrder) -> float:
    with stage.app.app_context():
        channel = open_channel(stage.connections[order.shop]).channel
        began = time.monotonic()
        batch = channel.fetch_orders([order.order_id])
        taken = time.monotonic() - began
    if not batch.orders:
        raise FloorNotFound(f"The {order.shop} shop does not have its order {order.order_id}.")
    return taken


def _write_seconds(stage: Stage, target: str) -> float:
    """Write the number that is there already, so that nothing has to follow."""
    ref, number = _probe_cell(stage.shops[target])
    with stage.app.app_context():
        channel = open_channel(stage.connections[target]).channel
        began = time.monotonic()
        [result] = channel.write_levels(
            [StockWrite(ref, number, number)],
            kind=WriteKind.SET,
            key=str(uuid.uuid4()),
            deadline=began + WRITE_SECONDS,
        )
        taken = time.monotonic() - began
    if result.outcome is not WriteOutcome.APPLIED:
        raise FloorNotFound(f"A write to the {target} shop ended {result.outcome}: {result.message}")
    return taken


def _probe_cell(shop: Shop) -> tuple[CellRef, int]:
    item: Mapping[str, str] = shop.truth_of(PROBE.sku)
    return CellRef(item["stock_id"], item["location_id"]), int(item["quantity"])


def _wait_until_quiet(stage: Stage) -> None:
    if not stage.merchant.wait_until_quiet(QUIET_SECONDS):
        status = stage.merchant.ask("GET", "status")
        raise FloorNotFound(f"SyncFlow did not become quiet before the first order: {status}")
