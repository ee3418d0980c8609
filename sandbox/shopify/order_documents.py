"""The documents that an order is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

from sandbox.core.store import Document
from sandbox.shopify.fulfillment_orders import Share
from sandbox.shopify.state import CURRENCY, State
from sandbox.shopify.totals import amount

FIRST_NUMBER = 1001


@dataclass
class Removal:
    """Units leaving a line, `shipped` or not, and the location that they go back to (the order's own where
    none is named)."""

    line: Document
    quantity: int
    shipped: bool
    restock: bool
    location_id: int | None = None

    @property
    def restock_type(self) -> str:
        if not self.restock:
            return "NO_RESTOCK"
        return "RETURN" if self.shipped else "CANCEL"


def order_document(state: State, request: Document, customer_id: int | None, now: float) -> Document:
    return {
        "id": state.next_id("orders"),
        "kind": "Order",
        "number": state.store.next_id("order_numbers", start=FIRST_NUMBER),
        "reference": request.get("reference"),
        "created_at": now,
        "updated_at": now,
        "currency": request.get("currency") or CURRENCY,
        "customer_id": customer_id,
        "cancelled_at": None,
        "cancel_reason": None,
        "closed_at": None,
        "edited": False,
        "test": bool(request.get("test", False)),
        "location_id": int(request.get("location_id") or state.primary["id"]),
        "lines": [],
        "refunds": [],
        "fulfillments": [],
        "fulfillment_orders": [],
        "transactions": [],
    }


def add_line(state: State, order: Document, variant: Document, quantity: int) -> Document:
    product = state.products[variant["product_id"]]
    line = {
        "id": state.next_id("lines"),
        "kind": "LineItem",
        "order_id": order["id"],
        "currency": order["currency"],
        "variant_id": variant["id"],
        "product_id": product["id"],
        "item_id": variant["item_id"],
        "sku": variant["sku"],
        "title": product["title"],
        "variant_title": variant["title"],
        "vendor": product["vendor"],
        "price": variant["price"],
        "quantity": quantity,
        "fulfilled": 0,
        "removed": 0,
        "removed_unfulfilled": 0,
        "restocked": 0,
    }
    order["lines"].append(line)
    return line


def add_transaction(state: State, order: Document, kind: str, value: Decimal) -> Document:
    """kind: SALE or REFUND, in the words of the API."""
    transaction = {
        "id": state.next_id("transactions"),
        "kind": "OrderTransaction",
        "transaction": kind,
        "amount": amount(value),
        "currency": order["currency"],
        "created_at": time.time(),
    }
    order["transactions"].append(transaction)
    return transaction


def add_refund(state: State, order: Document, removals: list[Removal], repaid: Decimal) -> Document:
    """The record of removed units; with money only where some came in."""
    paid = [add_transaction(state, order, "REFUND", repaid)["id"]] if repaid > 0 else []
    refund = {
        "id": state.next_id("refunds"),
        "kind": "Refund",
        "order_id": order["id"],
        "created_at": time.time(),
        "currency": order["currency"],
        "amount": amount(repaid),
        "transactions": paid,
        "note": "",
        "lines": [_refund_line(state, order, removal) for removal in removals],
    }
    order["refunds"].append(refund)
    return refund


def _refund_line(state: State, order: Document, removal: Removal) -> Document:
    return {
        "id": state.next_id("refund_lines"),
        "order_id": order["id"],
        "line_id": removal.line["id"],
        "currency": order["currency"],
        "quantity": removal.quantity,
        "restock_type": removal.restock_type,
        "restocked": removal.restock,
        "location_id": (removal.location_id or order["location_id"]) if removal.restock else None,
        "price": removal.line["price"],
        "subtotal": amount(Decimal(removal.line["price"]) * removal.quantity),
    }


def add_fulfillment(
    state: State, order: Document, shares: list[Share], *, tracking: Document, notify: bool
) -> Document:
    """The record of one parcel; all shares are of one location."""
    now = time.time()
    parcel: Document = {
        "id": state.next_id("fulfillments"),
        "kind": "Fulfillment",
        "order_id": order["id"],
        "location_id": shares[0].fulfillment_order["location_id"],
        "created_at": now,
        "updated_at": now,
        "tracking": tracking,
        "notified": notify,
        "lines": [
            {
                "id": state.next_id("fulfillment_lines"),
                "order_id": order["id"],
                "line_id": share.row["line_id"],
                "quantity": share.units,
            }
            for share in shares
        ],
    }
    order["fulfillments"].append(parcel)
    return parcel
