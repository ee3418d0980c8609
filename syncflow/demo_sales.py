"""Sales in the demo's shops, and how each of them reaches the other shop."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncflow.trial.facts import EDIT, SALES, WRITES, ShopItem, ShopLog, StockEvent
from syncflow.trial.scenario import SHOPS, Line
from syncflow.trial.shops import Shop, ShopFailed

NAMES = {"shopify": "Shopify", "woocommerce": "WooCommerce"}
OTHER = {"shopify": "woocommerce", "woocommerce": "shopify"}
PAUSE_SECONDS = (2.0, 5.0)
RESTOCK_BELOW = 3
RESTOCK_UNITS = 24
PATIENCE_SECONDS = 20.0
"""After which a sale is told of although the other shop does not show it yet."""


class Buyers(threading.Thread):
    """Buys something every few seconds in either shop; a merchant restocks what runs low."""

    def __init__(self, shops: Mapping[str, Shop], rng: random.Random) -> None:
        super().__init__(name="buyers", daemon=True)
        self._shops = {slug: shop.twin() for slug, shop in shops.items()}
        self._rng = rng
        self._stopping = threading.Event()
        self.failed: ShopFailed | None = None

    def run(self) -> None:
        while not self._stopping.wait(self._rng.uniform(*PAUSE_SECONDS)):
            try:
                self._buy(self._shops[self._rng.choice(SHOPS)])
            except ShopFailed as err:
                self.failed = err
                return

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _buy(self, shop: Shop) -> None:
        item = self._rng.choice(_known_once(shop.items()))
        quantity = self._rng.choice((1, 1, 1, 2))
        if item.quantity < RESTOCK_BELOW:
            shop.edit_stock(item.sku, RESTOCK_UNITS)
        elif item.quantity >= quantity:
            shop.buy([Line(item.sku, quantity)], reference="demo")


def _known_once(items: list[ShopItem]) -> list[ShopItem]:
    """Those whose SKU no other listing has: only they are kept in step."""
    times: dict[str, int] = {}
    for item in items:
        times[item.sku] = times.get(item.sku, 0) + 1
    return [item for item in items if times[item.sku] == 1]


@dataclass(slots=True)
class Watcher:
    """Follows both shops' logs and puts each sale and edit into a line once the other shop shows it."""

    shops: Mapping[str, Shop]
    _seen: dict[str, int] = field(default_factory=dict)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _under_way: list[StockEvent] = field(default_factory=list)

    def start(self) -> None:
        """Forget what was before now."""
        for slug, shop in self.shops.items():
            self._seen[slug] = shop.last_event()
            self._numbers |= {(slug, item.sku): item.quantity for item in shop.items()}

    def lines(self) -> Iterator[str]:
        """What there is to tell since the last call. Raises ShopFailed."""
        for event in sorted(self._news(), key=lambda event: event.at):
            self._numbers[event.shop, event.sku] = event.after
            if event.cause in WRITES:
                yield from self._arrived(event)
            elif event.cause in SALES or event.cause == EDIT:
                self._under_way.append(event)
        for event in [event for event in self._under_way if time.time() - event.at > PATIENCE_SECONDS]:
            self._under_way.remove(event)
            there = self._numbers.get((OTHER[event.shop], event.sku))
            yield _line(event, f"{NAMES[OTHER[event.shop]]} still {there}")

    def _news(self) -> Iterator[StockEvent]:
        for slug, shop in self.shops.items():
            log = ShopLog(slug)
            for page in shop.events(self._seen[slug]):
                log.extend(page)
                self._seen[slug] = page[-1]["seq"]
            yield from log.stock

    def _arrived(self, write: StockEvent) -> Iterator[str]:
        """The changes in the other shop that a write brings this one level with."""
        if write.after != self._numbers.get((OTHER[write.shop], write.sku)):
            return
        for event in [e for e in self._under_way if e.sku == write.sku and e.shop == OTHER[write.shop]]:
            self._under_way.remove(event)
            taken = f"after {(write.at - event.at) * 1000:.0f} ms"
            yield _line(event, f"{NAMES[write.shop]} {write.before} -> {write.after} {taken}")


def _line(event: StockEvent, other: str) -> str:
    moment = datetime.fromtimestamp(event.at).astimezone().strftime("%H:%M:%S")
    what = f"sold {-event.delta}" if event.delta < 0 else f"got back {event.delta}"
    if event.cause == EDIT:
        what = f"was corrected by {event.delta:+d}"
    here = f"{NAMES[event.shop]} {event.before} -> {event.after}"
    return f"{moment}  {NAMES[event.shop]:<11} {what:<20} {event.sku:<18} {here:<22} {other}"
