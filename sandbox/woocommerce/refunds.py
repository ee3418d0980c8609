"""Refunds: documents of their own, with negative lines. Source: wc_create_refund."""

import time
from decimal import Decimal

from sandbox.core import Core
from sandbox.core.store import Document
from sandbox.woocommerce.orders import Actor, Orders, find_line, order_total


class RefundRefused(Exception):
    """The amount is below zero or above what is left to refund."""


class Refunds:
    """All refunds. Call under the state lock, inside a transaction and a ``hooks.request()``."""

    def __init__(self, core: Core, orders: Orders) -> None:
        self._core = core
        self._orders = orders
        self.table = core.store.table("refunds")

    def create(
        self,
        order: Document,
        quantities: dict[int, tuple[int, Decimal]],
        *,
        amount: Decimal | None,
        reason: str,
        restock: bool,
        actor: Actor,
    ) -> Document:
        """Refund ``quantities`` (line id -> units, money); ``amount`` defaults to the lines' sum."""
        total = sum((money for _, money in quantities.values()), Decimal(0)) if amount is None else amount
        remaining = order_total(order) - self.refunded_amount(order)
        if total < 0 or total > remaining:
            raise RefundRefused("Invalid refund amount.")
        refund = self._store(order, quantities, total, reason)
        if restock:
            for line_id, (quantity, _) in quantities.items():
                line = find_line(order, line_id)
                if line is not None:
                    self._orders.restock(order, line, quantity, actor)
        if remaining - total <= 0:
            order["status"] = "refunded"
        self._orders.touch(order)
        self._orders.log("refunded", order)
        return refund

    def of_order(self, order: Document) -> list[Document]:
        return [self.table[refund_id] for refund_id in order["refunds"]]

    def refunded_amount(self, order: Document) -> Decimal:
        return sum((Decimal(refund["amount"]) for refund in self.of_order(order)), Decimal(0))

    def refunded_quantity(self, order: Document, line_id: int) -> int:
        """Units of a line refunded so far."""
        lines = (line for refund in self.of_order(order) for line in refund["lines"])
        return sum(-line["quantity"] for line in lines if line["refunded_item_id"] == line_id)

    def _store(
        self, order: Document, quantities: dict[int, tuple[int, Decimal]], total: Decimal, reason: str
    ) -> Document:
        refund_id = self._core.store.next_id("posts", start=10)
        lines = []
        for line_id, (quantity, money) in quantities.items():
            sold = find_line(order, line_id)
            if sold is None or (not quantity and not money):
                continue
            line = sold | {
                "id": self._core.store.next_id("order_items"),
                "quantity": -quantity,
                "total": str(-money),
                "refunded_item_id": line_id,
                "meta": [],
            }
            self._orders.set_meta(line, "_refunded_item_id", line_id)
            lines.append(line)
        order["refunds"].append(refund_id)
        return self.table.put(
            refund_id,
            {
                "id": refund_id,
                "order_id": order["id"],
                "created": time.time(),
                "amount": str(total),
                "reason": reason,
                "lines": lines,
            },
        )
