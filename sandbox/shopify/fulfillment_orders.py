"""Which location is to ship which units of an order: its fulfilment orders, kept in the order's document.

An order starts with one at the primary location; moving units makes further ones. One with nothing left to
ship is closed. After the official schema's description of FulfillmentOrder; that a partly shipped one is in
progress is unverified.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sandbox.core import Invalid
from sandbox.core.store import Document
from sandbox.shopify.state import State, number_of

FULFILLABLE = ("OPEN", "IN_PROGRESS")
WRONG_QUANTITY = "Invalid fulfillment order line item quantity requested."
SEVERAL_PLACES = "All fulfillment orders must be assigned to the same location and belong to the same order."


class NotFulfillable(Exception):
    """A user error of `fulfillmentCreate`; nothing was shipped."""


@dataclass(frozen=True)
class Share:
    """Units of one line that one fulfilment order is to ship."""

    fulfillment_order: Document
    row: Document
    units: int


def add_units(
    state: State, order: Document, line: Document, units: int, *, location_id: int | None = None
) -> None:
    """Units to ship, from a location (the order's own if none is named)."""
    place = order["location_id"] if location_id is None else location_id
    found = next(
        (o for o in order["fulfillment_orders"] if o["location_id"] == place and o["status"] in FULFILLABLE),
        None,
    )
    if found is None:
        found = {
            "id": state.next_id("fulfillment_orders"),
            "kind": "FulfillmentOrder",
            "order_id": order["id"],
            "location_id": place,
            "status": "OPEN",
            "created_at": time.time(),
            "updated_at": time.time(),
            "lines": [],
        }
        order["fulfillment_orders"].append(found)
    row = next((row for row in found["lines"] if row["line_id"] == line["id"]), None)
    if row is None:
        row = {
            "id": state.next_id("fulfillment_order_lines"),
            "kind": "FulfillmentOrderLineItem",
            "order_id": order["id"],
            "line_id": line["id"],
            "total_quantity": 0,
            "remaining_quantity": 0,
        }
        found["lines"].append(row)
    row["total_quantity"] += units
    row["remaining_quantity"] += units


def shares_of(order: Document, line: Document, units: int) -> list[Share]:
    """The first open units of a line. Raises Invalid where fewer are open."""
    found: list[Share] = []
    for fulfillment_order in order["fulfillment_orders"]:
        for row in fulfillment_order["lines"]:
            if row["line_id"] == line["id"] and (share := min(units, row["remaining_quantity"])):
                found.append(Share(fulfillment_order, row, share))
                units -= share
    if units:
        raise Invalid(f"{line['sku']}: that is {units} more than is left to ship")
    return found


def take(shares: list[Share], *, shipped: bool) -> None:
    """Units leave their fulfilment orders, shipped or removed from the order."""
    for share in shares:
        share.row["remaining_quantity"] -= share.units
        if not shipped:
            share.row["total_quantity"] -= share.units
        share.fulfillment_order["updated_at"] = time.time()
        if not any(row["remaining_quantity"] for row in share.fulfillment_order["lines"]):
            share.fulfillment_order["status"] = "CLOSED"
        elif shipped:
            share.fulfillment_order["status"] = "IN_PROGRESS"


def asked_for(state: State, given: list[dict[str, Any]]) -> list[Share]:
    """What `lineItemsByFulfillmentOrder` names. Raises NotFulfillable."""
    if not given:
        raise NotFulfillable("Line items by fulfillment order can't be blank.")
    pairs = [(_fulfillment_order(state, each["fulfillmentOrderId"]), each) for each in given]
    if len({(found["order_id"], found["location_id"]) for found, _each in pairs}) > 1:
        raise NotFulfillable(SEVERAL_PLACES)
    shares = [share for found, each in pairs for share in _rows(found, each)]
    asked: dict[int, int] = {}
    for share in shares:
        asked[share.row["id"]] = asked.get(share.row["id"], 0) + share.units
        if share.units < 1 or asked[share.row["id"]] > share.row["remaining_quantity"]:
            raise NotFulfillable(WRONG_QUANTITY)
    return shares


def _fulfillment_order(state: State, global_id: str) -> Document:
    found = state.fulfillment_orders.get(number_of(global_id, "FulfillmentOrder") or 0)
    if found is None:
        raise NotFulfillable("Fulfillment order does not exist.")
    if found["status"] not in FULFILLABLE:
        words = str(found["status"]).lower()
        raise NotFulfillable(f"Fulfillment order {found['id']} has an unfulfillable status= {words}.")
    return found


def _rows(found: Document, asked: dict[str, Any]) -> list[Share]:
    """The lines that are named; all that is left where none is."""
    named = asked.get("fulfillmentOrderLineItems")
    if not named:
        return [
            Share(found, row, row["remaining_quantity"])
            for row in found["lines"]
            if row["remaining_quantity"]
        ]
    rows = {row["id"]: row for row in found["lines"]}
    shares = []
    for each in named:
        row = rows.get(number_of(each["id"], "FulfillmentOrderLineItem") or 0)
        if row is None:
            raise NotFulfillable("Fulfillment order line item does not exist.")
        shares.append(Share(found, row, each["quantity"]))
    return shares
