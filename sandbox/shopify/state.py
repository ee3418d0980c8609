"""What the shop holds: catalog, levels and orders as stored documents, with indices that make reads cheap.

Every method runs under the state lock, and every change inside ``store.transaction()``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from sandbox.core import Core
from sandbox.core.store import Document, Table
from sandbox.shopify.paging import Key, MovingIndex

FIRST_IDS = {
    "locations": 71_000_000_001,
    "products": 8_100_000_000_001,
    "variants": 44_200_000_000_001,
    "items": 46_300_000_000_001,
    "levels": 98_400_000_001,
    "orders": 5_500_000_000_001,
    "lines": 13_600_000_000_001,
    "refunds": 930_700_000_001,
    "refund_lines": 540_800_000_001,
    "fulfillments": 4_900_000_000_001,
    "fulfillment_orders": 6_700_000_000_001,
    "fulfillment_order_lines": 14_200_000_000_001,
    "fulfillment_lines": 12_100_000_000_001,
    "transactions": 6_200_000_000_001,
    "customers": 7_300_000_000_001,
    "subscriptions": 1_400_000_000_001,
    "adjustments": 3_500_000_001,
    "bulk": 2_600_000_000_001,
    "images": 33_000_000_000_001,
}
SHOP_ID = 64_500_000_001
DEFAULT_DOMAIN = "syncflow-demo.myshopify.com"
CURRENCY = "USD"


class State:
    """The shop's tables and their indices, rebuilt from the tables at start."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.store = core.store
        self.domain = core.shop or DEFAULT_DOMAIN
        self.locations, self.products = self.table("locations"), self.table("products")
        self.variants, self.levels = self.table("variants"), self.table("levels")
        self.orders, self.customers = self.table("orders"), self.table("customers")
        self.settings = self.table("settings")
        self.variant_of_item: dict[int, Document] = {}
        self.variants_of_sku: dict[str, list[int]] = {}
        self.customer_of_email: dict[str, int] = {}
        self.levels_of_item: dict[int, dict[int, Document]] = {}
        self.order_keys: list[Key] = []
        self.refunds: dict[int, Document] = {}
        self.fulfillments: dict[int, Document] = {}
        self.fulfillment_orders: dict[int, Document] = {}
        self.moved_levels: dict[int, MovingIndex] = {}
        self.moved = {name: MovingIndex() for name in ("orders", "products", "variants")}
        with self.store.transaction():
            self._start()

    def table(self, kind: str) -> Table:
        return self.store.table(kind)

    def next_id(self, kind: str) -> int:
        return self.store.next_id(kind, start=FIRST_IDS[kind])

    @property
    def shop_id(self) -> int:
        return SHOP_ID

    @property
    def created_at(self) -> float:
        return float(self.settings["shop"]["created_at"])

    @property
    def primary(self) -> Document:
        return next(iter(self.locations.values()))

    def add_location(self, name: str) -> Document:
        now = time.time()
        document: Document = {"id": self.next_id("locations"), "kind": "Location", "name": name}
        return self.locations.put(document["id"], {**document, "created_at": now, "updated_at": now})

    def add_product(self, product: Document) -> None:
        self.products.put(product["id"], product)
        self.moved["products"].put(product["id"], product["updated_at"])

    def add_variant(self, variant: Document) -> None:
        self.variants.put(variant["id"], variant)
        self._index_variant(variant)

    def add_level(self, item_id: int, location_id: int, available: int) -> Document:
        """Activate an item at a location. The caller has looked that it isn't yet."""
        now = time.time()
        level: Document = {"id": self.next_id("levels"), "kind": "InventoryLevel", "item_id": item_id}
        level |= {"location_id": location_id, "available": available, "committed": 0}
        self.levels.put(level["id"], {**level, "created_at": now, "updated_at": now})
        self._index_level(self.levels[level["id"]])
        return self.levels[level["id"]]

    def save_level(self, level: Document, *, at: float) -> None:
        level["updated_at"] = at
        self.levels.save(level["id"])
        self.moved_levels[level["location_id"]].put(level["id"], at)

    def save_order(self, order: Document, *, at: float) -> None:
        order["updated_at"] = at
        self.orders.put(order["id"], order)
        self._index_order(order)

    def add_customer(self, customer: Document) -> None:
        self.customers.put(customer["id"], customer)
        self.customer_of_email[customer["email"]] = customer["id"]

    def last_order_id(self) -> int:
        """Ids ascend by one; 0 before the first order."""
        return int(self.store.table("counters").get("orders", {"last": 0})["last"])

    def level(self, item_id: int, location_id: int) -> Document | None:
        return self.levels_of_item.get(item_id, {}).get(location_id)

    def levels_of_location(self, location_id: int) -> MovingIndex:
        return self.moved_levels.setdefault(location_id, MovingIndex())

    def by_sku(self, sku: str) -> Document | None:
        """The first variant with this SKU, which is case-sensitive and need not be unique."""
        found = self.variants_of_sku.get(sku)
        return self.variants[found[0]] if found else None

    def listed(self) -> Iterator[tuple[Document, Document]]:
        """Every variant with its level at each location that stocks it."""
        for variant in self.variants.values():
            for level in self.levels_of_item.get(variant["item_id"], {}).values():
                yield variant, level

    def available(self, item_id: int) -> int:
        """Over all locations."""
        return sum(level["available"] for level in self.levels_of_item.get(item_id, {}).values())

    def remove_product(self, product_id: int) -> Document:
        product = self.products.pop(product_id)
        self.moved["products"].discard(product_id)
        for variant_id in product["variant_ids"]:
            variant = self.variants.pop(variant_id)
            self.moved["variants"].discard(variant_id)
            self.variant_of_item.pop(variant["item_id"])
            if variant["sku"] is not None:
                self.variants_of_sku[variant["sku"]].remove(variant_id)
            for level in self.levels_of_item.pop(variant["item_id"], {}).values():
                del self.levels[level["id"]]
                self.moved_levels[level["location_id"]].discard(level["id"])
        return product

    def _start(self) -> None:
        if "shop" not in self.settings:
            self.settings.put("shop", {"created_at": time.time()})
        if not self.locations:
            self.add_location("Main warehouse")
        for product in self.products.values():
            self.moved["products"].put(product["id"], product["updated_at"])
        for variant in self.variants.values():
            self._index_variant(variant)
        for level in self.levels.values():
            self._index_level(level)
        for customer in self.customers.values():
            self.customer_of_email[customer["email"]] = customer["id"]
        for order in self.orders.values():
            self._index_order(order)

    def _index_variant(self, variant: Document) -> None:
        self.variant_of_item[variant["item_id"]] = variant
        self.moved["variants"].put(variant["id"], variant["updated_at"])
        if variant["sku"] is not None:
            self.variants_of_sku.setdefault(variant["sku"], []).append(variant["id"])

    def _index_order(self, order: Document) -> None:
        key = (order["id"], order["id"])
        if not self.order_keys or self.order_keys[-1] < key:  # ids ascend, and orders are never deleted
            self.order_keys.append(key)
        self.moved["orders"].put(order["id"], order["updated_at"])
        self.refunds.update((refund["id"], refund) for refund in order["refunds"])
        self.fulfillments.update((row["id"], row) for row in order["fulfillments"])
        self.fulfillment_orders.update((row["id"], row) for row in order["fulfillment_orders"])

    def _index_level(self, level: Document) -> None:
        self.levels_of_item.setdefault(level["item_id"], {})[level["location_id"]] = level
        self.levels_of_location(level["location_id"]).put(level["id"], level["updated_at"])


def gid(kind: str, number: Any) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str, kind: str) -> int | None:
    """The number in a global id of this kind; None for anything else."""
    prefix = f"gid://shopify/{kind}/"
    tail = global_id.removeprefix(prefix).split("?", 1)[0]
    return int(tail) if global_id.startswith(prefix) and tail.isdigit() else None
