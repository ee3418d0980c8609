"""A hand-made history of two shops and a product, to be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from syncflow.trial.facts import (
    Bundles,
    CallEvent,
    Cell,
    Disturbance,
    Evidence,
    LedgerEntry,
    OrderRecord,
    PlacedOrder,
    Record,
    ShopItem,
    ShopLog,
    StockEvent,
    UnansweredWrite,
    WebhookEvent,
)
from syncflow.trial.judge.figures import Judgement, Measured, judge
from syncflow.trial.judge.traffic import Schedule

SHOPIFY, WOO = "shopify", "woocommerce"
OTHER = {SHOPIFY: WOO, WOO: SHOPIFY}
BATCH = {SHOPIFY: 250, WOO: 100}
MEASURED = Measured(
    seed=1,
    propagation_floor_ms=80.0,
    duration_s=100.0,
    peak_rss_mb=90.0,
    became_quiet=True,
    quiet_within_s=None,
    schedule=Schedule(order_poll_seconds=30, level_sweep_seconds=900),
)


class World:
    """Methods put one thing on record each; `at` is in seconds. Numbers follow from the calls' order.

    `bundles`: units of each component, by bundle; their numbers open as the components allow for.
    """

    def __init__(self, bundles: Bundles | None = None, /, **opening: int) -> None:
        self.opening = opening
        self.bundles = bundles or {}
        self.logs = {shop: ShopLog(shop) for shop in (SHOPIFY, WOO)}
        self.available = dict(opening)
        listed = {sku: self.on_sale(sku) for sku in (*opening, *self.bundles)}
        self.numbers = {(shop, sku): stock for shop in self.logs for sku, stock in listed.items()}
        self.ledger: list[LedgerEntry] = []
        self.orders: list[OrderRecord] = []
        self.placed: list[PlacedOrder] = []
        self.disturbances: list[Disturbance] = []
        self.unbalanced: set[str] = set()
        self.unanswered: list[UnansweredWrite] = []
        self.cells = [Cell(shop, sku, "set", BATCH[shop]) for shop in self.logs for sku in listed]
        self.quiet_at = 1000.0
        self._seq = 0
        self._ids: dict[str, int] = defaultdict(int)
        for shop in self.logs:
            for sku, stock in listed.items():
                self._number(shop, sku, 0.0, before=0, after=stock, cause="catalog")

    # ------------------------------------------------------------------------------ in the shops

    def sale(self, shop: str, sku: str, at: float, units: int = 1, *, cause: str = "order") -> str:
        """A buyer takes units; nobody is told yet."""
        self._ids[shop] += 1
        order_id = str(self._ids[shop])
        self.placed.append(PlacedOrder(shop, order_id, at))
        self.change(shop, sku, at, -units, cause=cause, order_id=order_id)
        return order_id

    def change(
        self, shop: str, sku: str, at: float, delta: int, *, cause: str, order_id: str | None = None
    ) -> None:
        before = self.numbers[shop, sku]
        self._number(shop, sku, at, before=before, after=before + delta, cause=cause, order_id=order_id)

    def edit(self, shop: str, sku: str, at: float, delta: int) -> None:
        self.change(shop, sku, at, delta, cause="merchant")

    def write(
        self, shop: str, sku: str, at: float, value: int, *, items: int = 1, fault: str | None = None
    ) -> None:
        """The product's call sets the shop's number (unless the call fails)."""
        if fault is None:
            before = self.numbers[shop, sku]
            cause = "api_same" if before == value else "api"
            self._number(shop, sku, at, before=before, after=value, cause=cause)
        self.call(shop, at, write=True, items=items, fault=fault)

    def call(
        self, shop: str, at: float, *, write: bool = False, items: int = 0, fault: str | None = None
    ) -> None:
        status = None if fault in ("timeout", "disconnect") else 200 if fault is None else 503
        self.logs[shop].calls.append(
            CallEvent(shop, at + 0.01, at - 0.01, "set", status, fault, write, items)
        )

    def webhook(
        self, shop: str, order_id: str, at: float, *, delivered: float | None, topic: str = "orders/create"
    ) -> None:
        """A webhook queued at `at`; lost if it is never delivered."""
        self._ids["deliveries"] += 1
        fate = [(at, "queued"), (at, "dropped") if delivered is None else (delivered, "delivered")]
        for moment, action in fate:
            self._seq += 1
            self.logs[shop].webhooks.append(
                WebhookEvent(shop, self._seq, moment, action, self._ids["deliveries"], topic, order_id)
            )

    # ---------------------------------------------------------------------------- in the product

    def record(self, shop: str, order_id: str, sku: str, at: float, units: int) -> None:
        """The order's row, and the movement of its line (signed units of `available`)."""
        self.orders.append(OrderRecord(shop, order_id, at))
        self.book(sku, at, units, shop=shop, order_id=order_id)

    def book(
        self, sku: str, at: float, delta: int, *, shop: str | None = None, order_id: str | None = None
    ) -> None:
        """Of a bundle, what its components' movements are."""
        listed_as = sku if sku in self.bundles else None
        for part, units in self._parts(sku).items():
            self.available[part] += delta * units
            self.ledger.append(
                LedgerEntry(at, part, delta * units, self.available[part], shop, order_id, listed_as)
            )

    def on_sale(self, sku: str) -> int:
        """What a shop should show."""
        return max(min(self.available[part] // units for part, units in self._parts(sku).items()), 0)

    def _parts(self, sku: str) -> Mapping[str, int]:
        return self.bundles.get(sku, {sku: 1})

    def happy_sale(self, shop: str, sku: str, at: float, units: int = 1) -> str:
        """A sale as it should go: told after 20 ms, recorded after 100, in all other numbers after 300."""
        order_id = self.sale(shop, sku, at, units)
        self.webhook(shop, order_id, at, delivered=at + 0.02)
        self.record(shop, order_id, sku, at + 0.1, -units)
        for number in self.numbers:
            if number != (shop, sku) and self._parts(number[1]).keys() & self._parts(sku).keys():
                self.write(*number, at + 0.3, self.on_sale(number[1]))
        return order_id

    # -------------------------------------------------------------------------------- the verdict

    def evidence(self) -> Evidence:
        return Evidence(
            logs=list(self.logs.values()),
            items=[ShopItem(shop, sku, number) for (shop, sku), number in self.numbers.items()],
            placed=self.placed,
            record=Record(
                orders=self.orders,
                ledger=self.ledger,
                levels={sku: {"": units} for sku, units in self.available.items()},
                unbalanced=frozenset(self.unbalanced),
                cells=self.cells,
                unanswered=self.unanswered,
            ),
            opening=self.opening,
            bundles=self.bundles,
            disturbances=self.disturbances,
            began_at=1.0,
            played_at=990.0,
            quiet_at=self.quiet_at,
        )

    def judge(self, measured: Measured = MEASURED) -> Judgement:
        return judge(self.evidence(), measured)

    def figures(self) -> dict[str, Any]:
        return dict(self.judge().figures)

    def _number(
        self,
        shop: str,
        sku: str,
        at: float,
        *,
        before: int,
        after: int,
        cause: str,
        order_id: str | None = None,
    ) -> None:
        self._seq += 1
        self.numbers[shop, sku] = after
        self.logs[shop].take_stock(StockEvent(shop, self._seq, at, sku, before, after, cause, order_id))
