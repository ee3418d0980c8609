"""Which of the shop's locations an order is shipped from, by its fulfilment orders. Pure.

Shopify takes the units of an order from the location that their fulfilment order is assigned to, and gives
them back there when it is moved elsewhere (the official schema's description of FulfillmentOrder).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from app.platforms.shopify.mapper import number_of

GONE = frozenset({"CANCELLED"})
"""States of fulfilment orders that another one has taken the place of."""


def location_of(fulfillment_order: Mapping[str, Any]) -> str:
    """ "" where the location was deleted since."""
    location = fulfillment_order["assignedLocation"]["location"]
    return number_of(location["id"]) if location else ""


def home_of(order: Mapping[str, Any]) -> str:
    """Where the order, or its first part, is or was to be shipped from; "" where Shopify does not tell."""
    nodes = sorted(order["fulfillmentOrders"]["nodes"], key=lambda each: each["status"] in GONE)
    return next((place for place in map(location_of, nodes) if place), "")


def open_units(order: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Line -> location -> units that are still to be shipped from there. Empty for an order of one location,
    whose lines need not be read for it."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for each in order["fulfillmentOrders"]["nodes"]:
        if each["status"] not in GONE and "lineItems" in each:
            for row in each["lineItems"]["nodes"]:
                found[row["lineItem"]["id"]][location_of(each)] += row["remainingQuantity"]
    return found
