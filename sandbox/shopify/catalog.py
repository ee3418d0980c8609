"""The merchant's side of the shop: products, a hand-made stock edit, a product changed or deleted."""

from __future__ import annotations

import re
import time
from typing import Any

from sandbox.core import Invalid, Unknown
from sandbox.core.store import Document
from sandbox.shopify import payloads
from sandbox.shopify.state import State
from sandbox.shopify.stock import Cause, Stock
from sandbox.shopify.totals import amount
from sandbox.shopify.webhooks import Webhooks

VARIANT_CHANGES = ("barcode", "cost", "tracked")
PRODUCT_CHANGES = {"title": "title", "vendor": "vendor", "type": "type", "image": "image"}


class Catalog:
    """Every method runs inside a transaction."""

    def __init__(self, state: State, stock: Stock, webhooks: Webhooks) -> None:
        self.state = state
        self.stock = stock
        self.webhooks = webhooks

    def add(self, products: list[Document]) -> list[Document]:
        """Take products in; a variant's `stock` null is untracked, `bundle` true makes it a bundle parent.

        `stock` is at the first location; `stock_elsewhere` {location: units} at further ones."""
        return [item for product in products for item in self._add_product(product)]

    def listing(self, variant: Document, level: Document) -> Document:
        return {
            "sku": variant["sku"],
            "listing_id": str(variant["id"]),
            "stock_id": str(variant["item_id"]),
            "location_id": str(level["location_id"]),
            "quantity": level["available"],
        }

    def set_stock(
        self, *, sku: str, quantity: int | None, delta: int | None, location_id: str | None
    ) -> Document:
        """The merchant types another number, or adjusts it; at a location for the first time, he stocks the
        item there."""
        variant = self._variant(sku)
        place = int(location_id) if location_id else self.state.primary["id"]
        if not variant["tracked"] or place not in self.state.locations:
            raise Invalid(f"{sku} is not tracked" if not variant["tracked"] else "there is no such location")
        level = self.state.level(variant["item_id"], place)
        if level is None:
            level = self.state.add_level(variant["item_id"], place, 0)
            self.stock.start(level, Cause("merchant"))
        before = level["available"]
        change = quantity - before if quantity is not None else delta or 0
        at = self.stock.move(level, Cause("merchant"), available=change) if change else time.time()
        return {"from": before, "to": level["available"], "at": at}

    def change(self, body: Document) -> Document:
        """`{"sku", ...}` with new values for the variant (`new_sku` renames it) or its product."""
        variant = self._variant(str(body.get("sku")))
        product = self.state.products[variant["product_id"]]
        now = time.time()
        if "new_sku" in body:
            self._rename(variant, body["new_sku"])
        if "price" in body:
            self._set_price(variant, amount(body["price"]), cause="merchant")
        for name in VARIANT_CHANGES:
            if name in body:
                variant[name] = body[name]
        for given, name in PRODUCT_CHANGES.items():
            if given in body:
                product[name] = body[given]
        self._touch("variants", variant, now)
        self._touch("products", product, now)
        self.webhooks.emit("inventory_items/update", variant["item_id"], lambda: payloads.item(variant))
        self._tell("products/update", product)
        return {"listing_id": str(variant["id"]), "product_id": str(product["id"])}

    def reprice(
        self,
        product: Document,
        prices: list[tuple[Document, str | None]],
        *,
        cause: str,
        call_id: int | None = None,
    ) -> None:
        """Give variants of a product other prices (None: as it is); one products/update tells of all."""
        now = time.time()
        for variant, price in prices:
            if price is not None:
                self._set_price(variant, price, cause=cause, call_id=call_id)
            self._touch("variants", variant, now)
        self._touch("products", product, now)
        self._tell("products/update", product)

    def delete(self, body: Document) -> Document:
        """Delete the product that holds `{"sku"}`."""
        number = self._variant(str(body.get("sku")))["product_id"]
        self.state.remove_product(number)
        self.webhooks.emit("products/delete", number, lambda: {"id": number})
        return {"product_id": str(number)}

    def _variant(self, sku: str) -> Document:
        variant = self.state.by_sku(sku)
        if variant is None:
            raise Unknown(f"this shop does not sell {sku}")
        return variant

    def _set_price(self, variant: Document, price: str, *, cause: str, call_id: int | None = None) -> None:
        before, variant["price"] = variant["price"], price
        self.state.core.events.price(
            listing_id=str(variant["id"]),
            sku=variant["sku"],
            before=before,
            after=price,
            cause=cause,
            call_id=call_id,
        )

    def _touch(self, kind: str, row: Document, now: float) -> None:
        row["updated_at"] = now
        self.state.table(kind).save(row["id"])
        self.state.moved[kind].put(row["id"], now)

    def _rename(self, variant: Document, sku: str | None) -> None:
        sharing = self.state.variants_of_sku
        if variant["sku"] is not None:
            sharing[variant["sku"]].remove(variant["id"])
        variant["sku"] = sku
        if sku is not None:
            sharing.setdefault(sku, []).append(variant["id"])

    def _add_product(self, given: Document) -> list[Document]:
        variants = given.get("variants")
        if not isinstance(variants, list) or not variants:
            raise Invalid("a product has variants")
        now = time.time()
        title = str(given.get("title") or variants[0].get("sku") or "Product")
        number = self.state.next_id("products")
        product: Document = {
            "id": number,
            "kind": "Product",
            "title": title,
            "handle": f"{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}-{number % 100_000}",
            "vendor": given.get("vendor") or "",
            "type": given.get("type") or "",
            "image": given.get("image"),
            "variant_ids": [],
            "created_at": now,
            "updated_at": now,
        }
        items = [self._add_variant(product, row, position, now) for position, row in enumerate(variants, 1)]
        self.state.add_product(product)
        self._tell("products/create", product)
        self._tell("products/update", product)
        return items

    def _add_variant(self, product: Document, given: Document, position: int, now: float) -> Document:
        stock, state = given.get("stock"), self.state
        cost: Any = given.get("cost")
        variant = {
            "id": state.next_id("variants"),
            "kind": "ProductVariant",
            "product_id": product["id"],
            "item_id": state.next_id("items"),
            "sku": given.get("sku"),
            "barcode": given.get("barcode"),
            "title": given.get("title") or "Default Title",
            "price": amount(given.get("price") or 0),
            "cost": None if cost is None else amount(cost),
            "position": position,
            "tracked": stock is not None,
            "bundle": bool(given.get("bundle", False)),
            "created_at": now,
            "updated_at": now,
        }
        product["variant_ids"].append(variant["id"])
        state.add_variant(variant)
        level = state.add_level(variant["item_id"], state.primary["id"], stock or 0)
        further = (given.get("stock_elsewhere") or {}).items()
        for each in (level, *(state.add_level(variant["item_id"], int(at), units) for at, units in further)):
            if variant["tracked"]:
                self.stock.start(each, Cause("catalog"))
        return self.listing(variant, level)

    def _tell(self, topic: str, product: Document) -> None:
        self.webhooks.emit(topic, product["id"], lambda: payloads.product(self.state, product))
