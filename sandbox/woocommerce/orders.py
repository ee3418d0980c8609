"""Orders and what they do to stock.

Source: wc_reduce_stock_levels, wc_increase_stock_levels, wc_maybe_adjust_line_item_product_stock.
"""

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.core import Core, Invalid, OutOfStock, Unknown
from sandbox.core.store import Document
from sandbox.woocommerce.catalog import Catalog
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.prices import selling_price

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
REDUCING = ("processing", "completed", "on-hold")
RESTORING = ("cancelled", "pending")
PAID = ("processing", "completed")
HOLD_STOCK_S = 3600
"""A buyer's unpaid order reserves its units from other buyers this long (hold stock: 60 minutes)."""


@dataclass(frozen=True)
class Actor:
    """Who acts: ``cause`` and the API call go into the stock events."""

    cause: str
    call_id: int | None = None


class Orders:
    """All orders. Call under the state lock, inside a transaction and a ``hooks.request()``."""

    def __init__(self, core: Core, catalog: Catalog, hooks: Hooks, currency: str) -> None:
        self._core = core
        self._catalog = catalog
        self._hooks = hooks
        self._currency = currency
        self.table = core.store.table("orders")
        self._unpaid = {o["id"] for o in self.table.values() if o["status"] == "pending"}

    def check_out(self, request: Document) -> Document:
        """A buyer's checkout, whole or not at all. Raises OutOfStock, Unknown, Invalid."""
        wanted = _wanted(request.get("lines"))
        products = [(self._catalog.sold_as(sku), quantity) for sku, quantity in wanted.items()]
        missing = self._missing(products)
        if missing:
            lines = [{"sku": sku, "quantity": quantity} for sku, quantity in wanted.items()]
            self._core.events.order("refused", order_id=None, reference=request.get("reference"), lines=lines)
            raise OutOfStock(missing)
        order = self.create(request | {"via": "checkout"})
        for product, quantity in products:
            order["lines"].append(self.new_line(product, quantity))
        status = "processing" if request.get("paid", True) else request.get("status", "pending")
        # The checkout saves its draft order again before it announces it as created.
        self._hooks.fire("order.updated", order["id"])
        self._hooks.fire("order.created", order["id"])
        self._core.events.order(
            "placed", order_id=order["id"], reference=order["reference"], lines=log_lines(order)
        )
        self.set_status(order, status, Actor("order"), action=None)
        return order

    def create(self, fields: Document) -> Document:
        """Store an empty pending order."""
        order_id = self._core.store.next_id("posts", start=10)
        now = time.time()
        customer = fields.get("customer") or {}
        order: Document = {
            "id": order_id,
            "status": "pending",
            "via": fields["via"],
            "created": now,
            "modified": now,
            "paid_at": None,
            "completed_at": None,
            "currency": fields.get("currency") or self._currency,
            "reference": fields.get("reference"),
            "billing": {key: str(customer.get(key) or "") for key in ("first_name", "last_name", "email")},
            "customer_note": "",
            "payment_method": "bacs",
            "transaction_id": "",
            "lines": [],
            "refunds": [],
            "meta": [],
            "stock_reduced": False,
            "status_before_trash": None,
        }
        self._unpaid.add(order_id)
        return self.table.put(order_id, order)

    def new_line(self, product: Document, quantity: int) -> Document:
        price = Decimal(selling_price(product) or "0")
        is_variation = product["type"] == "variation"
        line: Document = {
            "id": self._core.store.next_id("order_items"),
            "product_id": product["parent_id"] if is_variation else product["id"],
            "variation_id": product["id"] if is_variation else 0,
            "sku": product["sku"],
            "name": self._catalog.full_name(product),
            "parent_name": product["name"] if is_variation else None,
            "quantity": quantity,
            "price": str(price),
            "meta": [],
        }
        if is_variation:
            for name, option in product["attributes"].items():
                self.set_meta(line, name.lower(), option)
        return line

    def set_status(self, order: Document, status: str, actor: Actor, *, action: str | None) -> None:
        """Move to another status, with its effect on stock; ``action`` names the order event."""
        if status not in STATUSES:
            raise Invalid(f"there is no order status {status!r}")
        changed = status != order["status"]
        order["status"] = status
        now = time.time()
        if status in PAID and order["paid_at"] is None:
            order["paid_at"] = now
        if status == "completed" and order["completed_at"] is None:
            order["completed_at"] = now
        (self._unpaid.add if status == "pending" else self._unpaid.discard)(order["id"])
        if changed and status in REDUCING and not order["stock_reduced"]:
            self._reduce(order, actor)
        elif changed and status in RESTORING and order["stock_reduced"]:
            self._increase(order, Actor("cancel" if actor.cause == "pay" else actor.cause, actor.call_id))
        self.touch(order)
        if action is not None:
            self.log(action, order)

    def set_quantity(self, order: Document, line: Document, quantity: int, actor: Actor) -> None:
        """Change a line; 0 removes it. Stock follows in the statuses that hold it."""
        if order["status"] in REDUCING:
            self._adjust(order, line, quantity, actor)
        if quantity:
            line["quantity"] = quantity
        else:
            order["lines"].remove(line)

    def add_line(self, order: Document, product: Document, quantity: int, actor: Actor) -> None:
        """Append a line; stock follows in the statuses that hold it."""
        line = self.new_line(product, quantity)
        order["lines"].append(line)
        if order["status"] in REDUCING:
            self._adjust(order, line, quantity, actor)

    def trash(self, order: Document) -> None:
        """To the bin: the status is kept for the way back, stock is not restored."""
        order["status_before_trash"] = order["status"]
        order["status"] = "trash"
        order["modified"] = time.time()
        self._unpaid.discard(order["id"])
        self.table.save(order["id"])
        self._hooks.fire("order.deleted", order["id"])
        self.log("trashed", order)

    def delete(self, order: Document) -> None:
        """For good: neither stock nor a webhook follows."""
        self._unpaid.discard(order["id"])
        del self.table[order["id"]]

    def touch(self, order: Document) -> None:
        order["modified"] = time.time()
        self.table.save(order["id"])
        self._hooks.fire("order.updated", order["id"])

    def log(self, action: str, order: Document) -> float:
        """Write an order event with the order's present lines."""
        return self._core.events.order(
            action, order_id=order["id"], reference=order["reference"], lines=log_lines(order)
        )

    def product_of(self, line: Document) -> Document | None:
        """The product that a line sold, None when it is gone for good."""
        return self._catalog.get(line["variation_id"] or line["product_id"])

    def keeper_of(self, line: Document) -> Document | None:
        product = self.product_of(line)
        return None if product is None else self._catalog.keeper(product)

    def set_meta(self, holder: Document, key: str, value: Any) -> None:
        """Item meta is stored as text, as in the database."""
        for entry in holder["meta"]:
            if entry["key"] == key:
                entry["value"] = str(value)
                return
        holder["meta"].append({"id": self._core.store.next_id("meta"), "key": key, "value": str(value)})

    def missing_for(self, product: Document, extra: int) -> list[str]:
        """The SKU if a buyer could not get that many more, else nothing."""
        return self._missing([(product, extra)])

    def _reduce(self, order: Document, actor: Actor) -> None:
        for line in order["lines"]:
            keeper = self.keeper_of(line)
            if meta_number(line, "_reduced_stock") or keeper is None:
                continue
            self._move_stock(keeper, -line["quantity"], order, actor)
            self.set_meta(line, "_reduced_stock", line["quantity"])
        order["stock_reduced"] = True

    def _increase(self, order: Document, actor: Actor) -> None:
        for line in order["lines"]:
            reduced = meta_number(line, "_reduced_stock")
            keeper = self.keeper_of(line)
            if not reduced or keeper is None:
                continue
            self._move_stock(keeper, reduced, order, actor)
            line["meta"] = [entry for entry in line["meta"] if entry["key"] != "_reduced_stock"]
        order["stock_reduced"] = False

    def _adjust(self, order: Document, line: Document, quantity: int, actor: Actor) -> None:
        keeper = self.keeper_of(line)
        if keeper is None:
            return
        reduced = meta_number(line, "_reduced_stock")
        restocked = meta_number(line, "_restock_refunded_items")
        taken_more = quantity - restocked - reduced if quantity else -reduced
        if taken_more == 0:
            return
        self._move_stock(keeper, -taken_more, order, actor)
        self.set_meta(line, "_reduced_stock", quantity - restocked)
        if quantity:
            order["stock_reduced"] = True

    def restock(self, order: Document, line: Document, quantity: int, actor: Actor) -> None:
        """Give refunded units back (wc_restock_refunded_items)."""
        reduced = meta_number(line, "_reduced_stock")
        keeper = self.keeper_of(line)
        if not reduced or not quantity or keeper is None:
            return
        self._move_stock(keeper, quantity, order, actor)
        self.set_meta(line, "_reduced_stock", reduced - quantity)
        self.set_meta(
            line, "_restock_refunded_items", meta_number(line, "_restock_refunded_items") + quantity
        )

    def _move_stock(self, keeper: Document, delta: int, order: Document, actor: Actor) -> None:
        self._catalog.set_stock(
            keeper, keeper["stock"] + delta, cause=actor.cause, order_id=order["id"], call_id=actor.call_id
        )

    def _missing(self, products: list[tuple[Document, int]]) -> list[str]:
        """SKUs that the stock cannot serve, counting what sibling lines and unpaid orders hold."""
        needed: dict[int, int] = {}
        for product, quantity in products:
            keeper = self._catalog.keeper(product)
            if keeper is not None and keeper["backorders"] == "no":
                needed[keeper["id"]] = needed.get(keeper["id"], 0) + quantity
        held = self._held_by_unpaid_orders() if needed else {}
        short = {
            keeper_id
            for keeper_id, quantity in needed.items()
            if quantity > self._catalog.table[keeper_id]["stock"] - held.get(keeper_id, 0)
        }
        return [p["sku"] for p, _ in products if (k := self._catalog.keeper(p)) and k["id"] in short]

    def _held_by_unpaid_orders(self) -> dict[int, int]:
        held: dict[int, int] = {}
        oldest = time.time() - HOLD_STOCK_S
        for order_id in self._unpaid:
            order = self.table[order_id]
            if order["via"] != "checkout" or order["created"] < oldest:
                continue
            for line in order["lines"]:
                keeper = self.keeper_of(line)
                if keeper is not None:
                    held[keeper["id"]] = held.get(keeper["id"], 0) + line["quantity"]
        return held


def meta_number(holder: Document, key: str) -> int:
    """A number kept in meta, 0 where there is none."""
    return next((int(entry["value"]) for entry in holder["meta"] if entry["key"] == key), 0)


def log_lines(order: Document) -> list[Document]:
    """Lines for the event log, by the SKU that the product had when it was sold."""
    return [{"sku": line["sku"] or None, "quantity": line["quantity"]} for line in order["lines"]]


def order_total(order: Document) -> Decimal:
    return sum((Decimal(line["price"]) * line["quantity"] for line in order["lines"]), Decimal(0))


def find_line(order: Document, line_id: int) -> Document | None:
    return next((line for line in order["lines"] if line["id"] == line_id), None)


def _wanted(lines: Any) -> dict[str, int]:
    """A cart: units by SKU, repeated SKUs in one line. Raises Invalid."""
    if not isinstance(lines, list) or not lines:
        raise Invalid("an order has at least one line")
    wanted: dict[str, int] = {}
    for line in lines:
        quantity = line.get("quantity")
        if not isinstance(quantity, int) or quantity < 1:
            raise Invalid("a line's quantity is a whole number from 1")
        if not isinstance(line.get("sku"), str):
            raise Unknown("a line names the SKU that it wants")
        wanted[line["sku"]] = wanted.get(line["sku"], 0) + quantity
    return wanted
