"""A WooCommerce order with its refunds as one ExternalOrder: what happened to each unit, and when. Pure.

What the shop did to its own number stands in the line's meta: `_reduced_stock` is what is taken at
present (removed when a cancellation gives it back, lowered by a refund with restock), and
`_restock_refunded_items` how many refunded units were put back (wc-stock-functions.php,
wc_restock_refunded_items).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

from app.domain.money import to_minor
from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import ExternalOrder, ExternalOrderLine, OrderState, PaymentState
from app.platforms.woocommerce.mapper import Doc, gmt, units

ORDER_FIELDS = (
    "id,number,status,currency,date_created_gmt,date_modified_gmt,date_paid_gmt,date_completed_gmt,"
    "total,total_tax,shipping_total,discount_total,customer_id,billing,line_items,refunds"
)
TRASHED_ORDER_FIELDS = f"{ORDER_FIELDS},meta_data"
REFUND_FIELDS = "id,date_created_gmt,line_items"
STAMP_FIELDS = "id,status,date_modified_gmt"

OPEN_STATUSES = ("pending", "on-hold", "processing")
_DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft", "new"})
_UNDONE = frozenset({"cancelled", "failed"})

_PAYMENTS = {
    "pending": PaymentState.PENDING,
    "on-hold": PaymentState.ON_HOLD,
    "processing": PaymentState.PAID,
    "completed": PaymentState.PAID,
    "cancelled": PaymentState.VOIDED,
    "refunded": PaymentState.REFUNDED,
    "failed": PaymentState.FAILED,
}


def is_draft(order: Doc) -> bool:
    """A basket on its way through the checkout; no order yet."""
    return order.get("status") in _DRAFTS


def order_from(doc: Doc, refunds: Sequence[Doc]) -> ExternalOrder:
    """The order as it stands. `refunds`: its full refund documents, in any order."""
    facts = _facts(doc, refunds)
    currency = str(doc["currency"])
    return ExternalOrder(
        external_id=str(doc["id"]),
        number=str(doc.get("number") or doc["id"]),
        state=_state(facts),
        payment=_payment(facts, doc),
        created_at=facts.created_at,
        updated_at=facts.modified_at,
        currency=currency,
        total_minor=to_minor(doc["total"], currency),
        subtotal_minor=sum(to_minor(line["subtotal"], currency) for line in doc["line_items"]),
        tax_minor=to_minor(doc["total_tax"], currency),
        shipping_minor=to_minor(doc["shipping_total"], currency),
        discount_minor=to_minor(doc["discount_total"], currency),
        refunded_minor=sum(abs(to_minor(found["total"], currency)) for found in doc.get("refunds") or ()),
        customer_key=_customer_key(doc),
        lines=tuple(_line(line, facts, currency) for line in doc["line_items"]),
    )


@dataclass(frozen=True, slots=True)
class _Refunded:
    """Units of one line in one refund."""

    line_id: str
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the whole order says about each of its lines."""

    status: str
    """The status, for a trashed order the one it had before where that is known."""
    trashed: bool
    created_at: datetime
    modified_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    refunded_at: datetime
    refunded: tuple[_Refunded, ...]
    """Oldest first."""
    took_stock: bool

    @property
    def took_stock_at(self) -> datetime:
        """When the shop took the units: at payment, or when placed if it awaits an off-line payment."""
        return self.created_at if self.status == "on-hold" else self.paid_at or self.created_at


def _facts(doc: Doc, refunds: Sequence[Doc]) -> _Facts:
    created_at = gmt(doc.get("date_created_gmt")) or gmt(doc.get("date_modified_gmt"))
    if created_at is None:
        raise ValueError("an order without a date")
    trashed = doc["status"] == "trash"
    status = str(doc["status"])
    if trashed:
        # WordPress and WooCommerce's own order tables keep the former status in the order's meta.
        status = str(_meta(doc, "_wp_trash_meta_status") or status).removeprefix("wc-")
    refunded = sorted(_refunded(refunds), key=lambda found: found.at)
    completed_at = gmt(doc.get("date_completed_gmt"))
    return _Facts(
        status=status,
        trashed=trashed,
        created_at=created_at,
        modified_at=gmt(doc.get("date_modified_gmt")) or created_at,
        paid_at=gmt(doc.get("date_paid_gmt")),
        # The date survives a step back to an open status, which says that nothing was shipped after all.
        shipped_at=None if status in OPEN_STATUSES else completed_at,
        refunded_at=max(
            (found for refund in refunds if (found := gmt(refund["date_created_gmt"]))),
            default=gmt(doc.get("date_modified_gmt")) or created_at,
        ),
        refunded=tuple(refunded),
        took_stock=any(_reduced(line) for line in doc["line_items"]),
    )


def _refunded(refunds: Sequence[Doc]) -> Iterator[_Refunded]:
    for refund in refunds:
        at = gmt(refund["date_created_gmt"])
        for item in refund.get("line_items") or ():
            line_id, quantity = _meta(item, "_refunded_item_id"), abs(units(item["quantity"]))
            if at and line_id and quantity:
                yield _Refunded(str(line_id), quantity, at)


def _state(facts: _Facts) -> OrderState:
    if facts.trashed:
        return OrderState.TRASHED
    if facts.status in _UNDONE:
        return OrderState.CANCELLED
    if facts.shipped_at or facts.status == "completed":
        return OrderState.FULFILLED
    return OrderState.CANCELLED if facts.status == "refunded" else OrderState.OPEN


def _payment(facts: _Facts, doc: Doc) -> PaymentState:
    """A plugin's status, and a trashed order's forgotten one, are judged by what the shop did."""
    payment = _PAYMENTS.get(facts.status)
    if payment is None and facts.trashed and not facts.took_stock:
        payment = PaymentState.PENDING
    if payment is None and facts.paid_at:
        payment = PaymentState.PAID
    if payment is None:
        payment = PaymentState.ON_HOLD if facts.took_stock else PaymentState.PENDING
    if payment is PaymentState.PAID and doc.get("refunds"):
        return PaymentState.PARTIALLY_REFUNDED
    return payment


def _customer_key(doc: Doc) -> str | None:
    email = str((doc.get("billing") or {}).get("email") or "").strip().lower()
    if email:
        return hashlib.sha256(email.encode()).hexdigest()
    return str(doc["customer_id"]) if doc.get("customer_id") else None


def _line(line: Doc, facts: _Facts, currency: str) -> ExternalOrderLine:
    quantity = units(line["quantity"])
    subtotal = Decimal(str(line["subtotal"] or 0))
    listing_id = line.get("variation_id") or line.get("product_id")
    refunded = [found for found in facts.refunded if found.line_id == str(line["id"])]
    restocked = _restocked(line, refunded)
    return ExternalOrderLine(
        external_id=str(line["id"]),
        listing_external_id=str(listing_id) if listing_id else None,
        sku=line.get("sku") or None,
        title=unescape(str(line.get("name") or "")),
        quantity=quantity,
        unit_price_minor=to_minor(subtotal / quantity if quantity else subtotal, currency),
        parts=tuple(part for part in _parts(line, facts, refunded, restocked) if part.quantity > 0),
        channel_effects=_channel_effects(line, facts, refunded, restocked),
        tax_minor=to_minor(line["total_tax"], currency),
        discount_minor=to_minor(subtotal, currency) - to_minor(line["total"], currency),
    )


def _restocked(line: Doc, refunded: Sequence[_Refunded]) -> tuple[int, ...]:
    """Of each refund the units that were put back. The shop keeps only their sum: oldest first."""
    left = units(_meta(line, "_restock_refunded_items") or 0)
    back = []
    for found in refunded:
        back.append(min(found.quantity, max(left, 0)))
        left -= back[-1]
    return tuple(back)


def _parts(
    line: Doc, facts: _Facts, refunded: Sequence[_Refunded], restocked: Sequence[int]
) -> Iterator[LinePart]:
    remaining = units(line["quantity"])
    returned = 0
    yield LinePart(PartKind.ORDERED, remaining, facts.created_at)
    for found, back in zip(refunded, restocked, strict=True):
        if facts.shipped_at is None or found.at < facts.shipped_at:
            yield LinePart(PartKind.REMOVED_RESTOCKED, back, found.at)
            yield LinePart(PartKind.REMOVED_LOST, found.quantity - back, found.at)
            remaining -= found.quantity
        else:
            yield LinePart(PartKind.RETURNED_RESTOCKED, back, found.at)
            returned += back
    if facts.shipped_at:
        yield LinePart(PartKind.FULFILLED, remaining, facts.shipped_at)
        if facts.status in _UNDONE and not _reduced(line):
            yield LinePart(PartKind.RETURNED_RESTOCKED, remaining - returned, facts.modified_at)
    elif facts.status == "completed":
        yield LinePart(PartKind.FULFILLED, remaining, facts.modified_at)
    elif facts.status in _UNDONE:
        yield LinePart(PartKind.REMOVED_RESTOCKED, remaining, facts.modified_at)
    elif facts.status == "refunded":
        # A refund of the money alone names no lines: what the shop still counts as taken is gone.
        lost = min(remaining, _reduced(line) or 0)
        yield LinePart(PartKind.REMOVED_LOST, lost, facts.refunded_at)
        yield LinePart(PartKind.REMOVED_RESTOCKED, remaining - lost, facts.refunded_at)


def _channel_effects(
    line: Doc, facts: _Facts, refunded: Sequence[_Refunded], restocked: Sequence[int]
) -> tuple[ChannelEffect, ...]:
    """In sum always minus `_reduced_stock`; each refund's restock keeps its own date.

    A paid order that was undone had taken its units and gave them back.
    """
    reduced = _reduced(line)
    if reduced is None:
        quantity = units(line["quantity"]) - sum(found.quantity for found in refunded)
        if facts.status not in _UNDONE or facts.paid_at is None or quantity <= 0:
            return ()
        return ChannelEffect(-quantity, facts.took_stock_at), ChannelEffect(quantity, facts.modified_at)
    taken = ChannelEffect(-(reduced + sum(restocked)), facts.took_stock_at)
    given_back = (
        ChannelEffect(back, found.at) for found, back in zip(refunded, restocked, strict=True) if back
    )
    return tuple(effect for effect in (taken, *given_back) if effect.delta)


def _reduced(line: Doc) -> int | None:
    """What the shop's own number is lower by because of the line; None where it never took any."""
    value = _meta(line, "_reduced_stock")
    return None if value in (None, "") else units(value)


def _meta(doc: Doc, key: str) -> Any:
    return next((entry.get("value") for entry in doc.get("meta_data") or () if entry.get("key") == key), None)
