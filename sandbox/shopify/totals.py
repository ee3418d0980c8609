"""An order's money and states, worked out from its lines, refunds and payments each time it changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.core.store import Document

CENT = Decimal("0.01")


def amount(value: Any) -> str:
    """A decimal string with two places, as Shopify stores the money of its common currencies."""
    return str(Decimal(str(value)).quantize(CENT))


def unfulfilled(line: Document) -> int:
    """Units that are neither shipped nor removed."""
    return int(line["quantity"] - line["fulfilled"] - line["removed_unfulfilled"])


def current(line: Document) -> int:
    """Units that the buyer still gets or has: `quantity` keeps counting removed ones."""
    return int(line["quantity"] - line["removed"])


def recompute(order: Document) -> None:
    """Bring `totals`, `financial` and `fulfillment` in line with the rest of the order."""
    lines = order["lines"]
    original = sum((Decimal(line["price"]) * line["quantity"] for line in lines), Decimal(0))
    now = sum((Decimal(line["price"]) * current(line) for line in lines), Decimal(0))
    received, refunded = _paid(order, "SALE"), _paid(order, "REFUND")
    order["totals"] = {
        "original": amount(original),
        "current": amount(now),
        "received": amount(received),
        "refunded": amount(refunded),
        "net": amount(received - refunded),
        "outstanding": amount(now - (received - refunded)),
        "quantity": sum(line["quantity"] for line in lines),
        "current_quantity": sum(current(line) for line in lines),
    }
    order["financial"] = _financial(order, now, received, refunded)
    order["fulfillment"] = _fulfillment(lines)


def _paid(order: Document, kind: str) -> Decimal:
    return sum((Decimal(t["amount"]) for t in order["transactions"] if t["transaction"] == kind), Decimal(0))


def _financial(order: Document, now: Decimal, received: Decimal, refunded: Decimal) -> str:
    if not order["transactions"]:
        return "VOIDED" if order["cancelled_at"] else "PENDING"
    if refunded and refunded >= received:
        return "REFUNDED"
    if refunded:
        return "PARTIALLY_REFUNDED"
    return "PARTIALLY_PAID" if received < now else "PAID"


def _fulfillment(lines: list[Document]) -> str:
    shipped = sum(line["fulfilled"] for line in lines)
    if not shipped:
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if any(unfulfilled(line) for line in lines) else "FULFILLED"
