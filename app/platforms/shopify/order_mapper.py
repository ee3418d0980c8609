"""A Shopify order as a boundary order: what happened to each unit, dated. Pure.

The raw order is complete: `lineItems`, `fulfillments` and `refunds` hold all their nodes. What Shopify
does to its own number: an order takes its units when it is created, in any payment state, and only a
refund line that says it was restocked gives units back. Shipping moves `on_hand`, not `available`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.money import to_minor
from app.domain.orders import ChannelEffect, LinePart, PartKind
from app.platforms.base import ExternalOrder, ExternalOrderLine, OrderStamp, OrderState, PaymentState
from app.platforms.shopify.mapper import moment, number_of
from app.platforms.shopify.order_places import home_of, open_units

_PAYMENTS = {
    "AUTHORIZED": PaymentState.AUTHORIZED,
    "EXPIRED": PaymentState.FAILED,
    "PAID": PaymentState.PAID,
    "PARTIALLY_PAID": PaymentState.PARTIALLY_PAID,
    "PARTIALLY_REFUNDED": PaymentState.PARTIALLY_REFUNDED,
    "PENDING": PaymentState.PENDING,
    "REFUNDED": PaymentState.REFUNDED,
    "VOIDED": PaymentState.VOIDED,
}
NEVER_SHIPPED = frozenset({"CANCELLED", "ERROR", "FAILURE"})
"""Fulfillment states in which nothing left the house."""
DONE = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED"})


@dataclass(frozen=True, slots=True)
class _Shipment:
    quantity: int
    at: datetime
    location_id: str
    """"" where Shopify does not tell; likewise below."""


@dataclass(frozen=True, slots=True)
class _Refund:
    quantity: int
    restock_type: str
    restocked: bool
    at: datetime
    location_id: str


@dataclass(slots=True)
class _History:
    """What happened to one line after it was ordered, oldest first."""

    shipments: list[_Shipment] = field(default_factory=list)
    refunds: list[_Refund] = field(default_factory=list)


def to_order(raw: Mapping[str, Any]) -> ExternalOrder:
    currency = raw["currencyCode"]
    customer = raw.get("customer") or {}
    customer_id = number_of(customer["id"]) if customer.get("id") else None
    return ExternalOrder(
        external_id=number_of(raw["id"]),
        number=raw["name"],
        state=_state(raw),
        # Shopify leaves the state out of some imported orders, which count as placed and unpaid.
        payment=_PAYMENTS.get(raw["displayFinancialStatus"] or "PENDING", PaymentState.PENDING),
        created_at=moment(raw["createdAt"]),
        updated_at=moment(raw["updatedAt"]),
        currency=currency,
        total_minor=_amount(raw["totalPriceSet"], currency),
        # `subtotalPriceSet` is after discounts.
        subtotal_minor=sum(
            line["quantity"] * _amount(line["originalUnitPriceSet"], currency)
            for line in raw["lineItems"]["nodes"]
        ),
        tax_minor=_amount(raw["totalTaxSet"], currency),
        shipping_minor=_amount(raw["totalShippingPriceSet"], currency),
        discount_minor=_amount(raw["totalDiscountsSet"], currency),
        refunded_minor=_amount(raw["totalRefundedSet"], currency),
        customer_key=customer_key(raw.get("email"), customer_id),
        lines=tuple(_lines(raw, currency)),
        is_test=bool(raw["test"]),
    )


def to_stamp(raw: Mapping[str, Any]) -> OrderStamp:
    return OrderStamp(number_of(raw["id"]), moment(raw["updatedAt"]))


def customer_key(email: object, customer_id: str | None) -> str | None:
    """The same person's key in orders and in privacy requests; never the address itself."""
    if isinstance(email, str) and email.strip():
        return hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return customer_id


def _state(raw: Mapping[str, Any]) -> OrderState:
    if raw["cancelledAt"]:
        return OrderState.CANCELLED
    return OrderState.FULFILLED if raw["displayFulfillmentStatus"] in DONE else OrderState.OPEN


def _amount(bag: Mapping[str, Any] | None, currency: str) -> int:
    """A MoneyBag in the shop's currency, in minor units; some of an order's bags may be null."""
    return to_minor(bag["shopMoney"]["amount"], currency) if bag else 0


def _lines(raw: Mapping[str, Any], currency: str) -> Iterable[ExternalOrderLine]:
    """One for each location that units of a line are taken from, or came back to."""
    histories = _histories(raw)
    home, open_at = home_of(raw), open_units(raw)
    for line in raw["lineItems"]["nodes"]:
        share = _Placed()
        if not raw["test"]:
            share = _parts(raw, line, histories[line["id"]], _Where(home, open_at.get(line["id"], {})))
        variant = line.get("variant") or {}
        for position, location_id in enumerate(share.ordered or {home: line["quantity"]}):
            yield ExternalOrderLine(
                external_id=number_of(line["id"]),
                listing_external_id=number_of(variant["id"]) if variant.get("id") else None,
                sku=line["sku"] or None,
                title=line["name"],
                quantity=share.ordered.get(location_id, line["quantity"]),
                unit_price_minor=_amount(line["originalUnitPriceSet"], currency),
                parts=tuple(share.parts[location_id]),
                channel_effects=tuple(share.effects[location_id]),
                discount_minor=0 if position else _amount(line["totalDiscountSet"], currency),
                location_id=location_id,
            )


def _histories(raw: Mapping[str, Any]) -> dict[str, _History]:
    found: dict[str, _History] = defaultdict(_History)
    for fulfillment in raw["fulfillments"]:
        if fulfillment["status"] in NEVER_SHIPPED:
            continue
        at = moment(fulfillment["createdAt"])
        place = _id_of(fulfillment["location"])
        for node in fulfillment["fulfillmentLineItems"]["nodes"]:
            found[node["lineItem"]["id"]].shipments.append(_Shipment(node["quantity"] or 0, at, place))
    for refund in raw["refunds"]:
        # A refund that was imported from elsewhere has no time of creation.
        at = moment(refund["createdAt"] or refund["processedAt"])
        for node in refund["refundLineItems"]["nodes"]:
            restocked = bool(node["restocked"]) and node["restockType"] != "NO_RESTOCK"
            found[node["lineItem"]["id"]].refunds.append(
                _Refund(node["quantity"], node["restockType"], restocked, at, _id_of(node["location"]))
            )
    for history in found.values():
        history.shipments.sort(key=lambda each: each.at)
        history.refunds.sort(key=lambda each: each.at)
    return found


def _id_of(location: Mapping[str, Any] | None) -> str:
    return number_of(location["id"]) if location else ""


@dataclass(frozen=True, slots=True)
class _Where:
    """`home`: where the order is shipped from; `open_at`: units of the line still to ship, by location."""

    home: str
    open_at: Mapping[str, int]


@dataclass(slots=True)
class _Placed:
    """What happened to a line, by location. `ordered` names them all, the one with most units first."""

    ordered: dict[str, int] = field(default_factory=dict)
    parts: dict[str, list[LinePart]] = field(default_factory=lambda: defaultdict(list))
    effects: dict[str, list[ChannelEffect]] = field(default_factory=lambda: defaultdict(list))


def _parts(raw: Mapping[str, Any], line: Mapping[str, Any], history: _History, where: _Where) -> _Placed:
    updated_at = moment(raw["updatedAt"])
    ordered_at = moment(raw["createdAt"])
    if raw["edited"]:
        # Nothing tells which lines or units came with the edit: as late as the line's history allows.
        moved = [each.at for each in history.shipments] + [each.at for each in history.refunds]
        ordered_at = min([updated_at, *moved])
    units = _Units(line, history)
    taken = [(refund, *units.take(refund)) for refund in history.refunds]
    gone = units.gone_without_refund(cancelled=bool(raw["cancelledAt"]))
    found = _Placed()
    found.ordered, home = _ordered(line["quantity"], history, taken, where)
    for place, quantity in found.ordered.items():
        found.parts[place].append(LinePart(PartKind.ORDERED, quantity, ordered_at))
        found.effects[place].append(ChannelEffect(-quantity, ordered_at))
    for each in history.shipments:
        place = each.location_id or home
        found.parts[place].append(LinePart(PartKind.FULFILLED, each.quantity, each.at))
    for refund, unshipped, shipped in taken:
        place = refund.location_id or home
        if unshipped:
            kind = PartKind.REMOVED_RESTOCKED if refund.restocked else PartKind.REMOVED_LOST
            found.parts[place].append(LinePart(kind, unshipped, refund.at))
        if shipped and refund.restocked:
            found.parts[place].append(LinePart(PartKind.RETURNED_RESTOCKED, shipped, refund.at))
        if refund.restocked:
            found.effects[place].append(ChannelEffect(refund.quantity, refund.at))
    if gone:
        at = moment(raw["cancelledAt"]) if raw["cancelledAt"] else updated_at
        found.parts[home].append(LinePart(PartKind.REMOVED_LOST, gone, at))
    for place in found.parts:
        found.ordered.setdefault(place, 0)
    return found


def _ordered(
    quantity: int, history: _History, taken: Sequence[tuple[_Refund, int, int]], where: _Where
) -> tuple[dict[str, int], str]:
    """From which location how many of a line's units are taken, most first, and the line's own location.

    Shopify tells it of the units that it shipped, has yet to ship or put back; the others are the line's own.
    """
    known: Counter[str] = Counter(where.open_at)
    for shipment in history.shipments:
        known[shipment.location_id or where.home] += shipment.quantity
    for refund, unshipped, _shipped in taken:
        if unshipped and refund.location_id:
            known[refund.location_id] += unshipped
    known = +known
    home = known.most_common(1)[0][0] if known else where.home
    left = quantity - known.total()
    if left < 0:  # it changed while it was read; whoever tells of the change has it read again
        return {home: quantity}, home
    known[home] += left
    return dict(known.most_common()), home


class _Units:
    """Tells, refund by refund, whether the units had been shipped. Shopify only says it of some.

    CANCEL speaks of units that had not left, RETURN and LEGACY_RESTOCK of units that had, as far as
    there are any. NO_RESTOCK may be either: `unfulfilledQuantity` tells how many of a line will never
    be shipped; beyond that, it speaks of shipped units while there are any.
    """

    def __init__(self, line: Mapping[str, Any], history: _History) -> None:
        self._history = history
        self._shipped = 0
        self._seen = 0
        self._never_shipped: int = max(line["quantity"] - sum(s.quantity for s in history.shipments), 0)
        refunded = sum(r.quantity for r in history.refunds)
        self._edited_away: int = max(line["quantity"] - line["currentQuantity"] - refunded, 0)
        cancelled = sum(r.quantity for r in history.refunds if r.restock_type == "CANCEL")
        accounted = line["unfulfilledQuantity"] + cancelled + self._edited_away
        self._lost = max(self._never_shipped - accounted, 0)

    def take(self, refund: _Refund) -> tuple[int, int]:
        """(unshipped, shipped) units of this refund line; called in the order of time."""
        for shipment in self._history.shipments[self._seen :]:
            if shipment.at <= refund.at:
                self._shipped += shipment.quantity
                self._seen += 1
        if refund.restock_type == "CANCEL":
            unshipped = min(refund.quantity, self._never_shipped)
        elif refund.restock_type == "NO_RESTOCK":
            not_shipped_yet = refund.quantity - min(refund.quantity, self._shipped)
            unshipped = min(max(not_shipped_yet, min(refund.quantity, self._lost)), self._never_shipped)
            self._lost -= min(unshipped, self._lost)
        else:
            unshipped = min(refund.quantity - min(refund.quantity, self._shipped), self._never_shipped)
        shipped = min(refund.quantity - unshipped, self._shipped)
        self._never_shipped -= unshipped
        self._shipped -= shipped
        return unshipped, shipped

    def gone_without_refund(self, *, cancelled: bool) -> int:
        """Units that will not be shipped although no refund names them."""
        return self._never_shipped if cancelled else min(self._edited_away, self._never_shipped)
