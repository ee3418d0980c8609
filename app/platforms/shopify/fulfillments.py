"""Shipping in Shopify: what it shows of a shipment, and telling it the rest.

Shopify ships by fulfilment order, which belongs to a location; one `fulfillmentCreate` speaks of one location
(the official schema's description of it), so units that lie at several make several parcels. The mutation
takes no idempotency key: the shop is looked at instead. Ours is what it did not show before we told it first,
with our tracking number and none but our units. Pure but for what takes a client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from app.platforms.base import Fulfilled, Shipment, ShipmentShown
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import OutcomeUnknown
from app.platforms.shopify.client import Refused, ShopifyClient, understood
from app.platforms.shopify.documents import (
    FULFILL,
    FULFILLMENT_LINES,
    FULFILLMENT_ORDER_LINES,
    FULFILLMENT_ORDER_PAGE,
    FULFILLMENT_ORDERS,
    IDS_PER_CALL,
    LINE_PAGE,
    MOVED_LINE_PAGE,
    SHIPPED,
    SHIPPED_LIST,
    TRACKINGS,
    TRACKINGS_PER_CALL,
)
from app.platforms.shopify.mapper import gid, number_of

NEVER_TOLD = frozenset({"ERROR", "FAILURE"})
"""Fulfillments that came to nothing. One that somebody cancelled later had been told."""
RECONNECT = (
    "This shop was connected before SyncFlow could ship its orders: connect it again, and agree to what it"
    " asks for."
)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """Units of one line that one fulfilment order has left to ship."""

    location_id: str
    fulfillment_order_id: str
    row_id: str
    line_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A fulfillment of the order; units by line."""

    id: str
    units: Mapping[str, int]


def shipment_shown(client: ShopifyClient, shipment: Shipment) -> ShipmentShown:
    """See `Channel.shipment_shown`."""
    found = client.execute(SHIPPED, {"id": gid("Order", shipment.order_id), "first": SHIPPED_LIST})["order"]
    if found is None:
        raise Permanent("The shop no longer has this order.")
    with understood(SHIPPED.name):
        listed = {number_of(each["id"]): each["status"] for each in found["fulfillments"]}
        cancelled = bool(found["cancelledAt"])
    if len(listed) >= SHIPPED_LIST:
        raise Permanent(f"The order has {SHIPPED_LIST} shipments or more in the shop.")
    before = frozenset(listed) if shipment.known_before is None else shipment.known_before
    new = [each for each, status in listed.items() if each not in before and status not in NEVER_TOLD]
    ours = ours_of(shipment, _parcels(client, new, shipment.tracking_number))
    units = {line: sum(parcel.units.get(line, 0) for parcel in ours) for line in shipment.units}
    whole = units == dict(shipment.units)
    if cancelled and not whole:
        raise Permanent("The order was cancelled in the shop.")
    return ShipmentShown(frozenset(listed), units, Fulfilled(tuple(p.id for p in ours)), whole)


def fulfill(client: ShopifyClient, shipment: Shipment, shown: ShipmentShown, *, deadline: float) -> Fulfilled:
    """See `Channel.fulfill`."""
    missing = {line: units - shown.units.get(line, 0) for line, units in shipment.units.items()}
    try:
        rows = _open_rows(client, shipment.order_id)
    except OutcomeUnknown as err:  # of a read
        raise Transient(str(err), retry_after=err.retry_after) from err
    done: list[str] = []
    for parcel in plan(rows, missing, shipment.places):
        try:
            done.append(_create(client, shipment, parcel, deadline))
        except (Transient, AuthExpired, Permanent) as err:
            if not done:
                raise
            raise OutcomeUnknown(str(err), retry_after=getattr(err, "retry_after", None)) from err
    return Fulfilled((*shown.found.ids, *done))


def ours_of(shipment: Shipment, parcels: Sequence[Parcel]) -> Sequence[Parcel]:
    """Those parcels that can be parts of the shipment, oldest first, as long as they fit into it."""
    left = dict(shipment.units)
    ours = []
    for parcel in sorted(parcels, key=lambda each: int(each.id)):
        if parcel.units and all(left.get(line, 0) >= units for line, units in parcel.units.items()):
            ours.append(parcel)
            left = {line: units - parcel.units.get(line, 0) for line, units in left.items()}
    return ours


def plan(
    rows: Sequence[OpenRow],
    missing: Mapping[str, int],
    told: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> Sequence[Sequence[tuple[OpenRow, int]]]:
    """What to ship from which location: from those that we are told of, if they have it; else from the first
    one that has it all, else from each what it has.

    `told`: line -> location -> units. Raises Permanent if fewer units are open than are missing.
    """
    places = list(dict.fromkeys(row.location_id for row in rows))
    as_told = [
        _take(
            rows,
            place,
            {line: min(units, told.get(line, {}).get(place, 0)) for line, units in missing.items()},
        )
        for place in places
    ]
    if sum(units for taken in as_told for _row, units in taken) == sum(missing.values()):
        return [call for taken in as_told for call in _in_calls(taken)]
    for place in places:
        taken = _take(rows, place, missing)
        if sum(units for _row, units in taken) == sum(missing.values()):
            return _in_calls(taken)
    left = dict(missing)
    parcels: list[list[tuple[OpenRow, int]]] = []
    for place in places:
        taken = _take(rows, place, left)
        parcels += _in_calls(taken)
        for row, units in taken:
            left[row.line_id] -= units
    if short := sum(left.values()):
        raise Permanent(
            f"The shop has {short} units fewer open to ship than that: they were shipped or taken off the"
            " order there, are on hold, or belong to a fulfilment service."
        )
    return parcels


def _in_calls(taken: list[tuple[OpenRow, int]]) -> list[list[tuple[OpenRow, int]]]:
    return [taken[start : start + IDS_PER_CALL] for start in range(0, len(taken), IDS_PER_CALL)]


def _take(rows: Sequence[OpenRow], location_id: str, wanted: Mapping[str, int]) -> list[tuple[OpenRow, int]]:
    left = dict(wanted)
    taken = []
    for row in rows:
        if row.location_id == location_id and (units := min(row.remaining, left.get(row.line_id, 0))) > 0:
            taken.append((row, units))
            left[row.line_id] -= units
    return taken


def _parcels(client: ShopifyClient, ids: Sequence[str], tracking_number: str) -> list[Parcel]:
    """Those of the fulfillments that carry the tracking number (none at all if it is empty)."""
    parcels = []
    for start in range(0, len(ids), TRACKINGS_PER_CALL):
        some = [gid("Fulfillment", each) for each in ids[start : start + TRACKINGS_PER_CALL]]
        nodes = client.execute(TRACKINGS, {"ids": some})["nodes"]
        with understood(TRACKINGS.name):
            carrying = [node["id"] for node in nodes if node and _carries(node, tracking_number)]
        parcels += [Parcel(number_of(each), _units_of(client, each)) for each in carrying]
    return parcels


def _carries(fulfillment: Mapping[str, Any], tracking_number: str) -> bool:
    numbers = {info["number"] for info in fulfillment["trackingInfo"] if info["number"]}
    return tracking_number in numbers if tracking_number else not numbers


def _units_of(client: ShopifyClient, fulfillment_id: str) -> dict[str, int]:
    units: dict[str, int] = {}
    variables = {"id": fulfillment_id, "first": MOVED_LINE_PAGE}
    for page in client.pages(FULFILLMENT_LINES, variables, "node", "fulfillmentLineItems"):
        with understood(FULFILLMENT_LINES.name):
            for row in page:
                line = number_of(row["lineItem"]["id"])
                units[line] = units.get(line, 0) + (row["quantity"] or 0)
    return units


def _open_rows(client: ShopifyClient, order_id: str) -> list[OpenRow]:
    """What may be shipped now, fulfilment order by fulfilment order."""
    variables = {"id": gid("Order", order_id), "first": FULFILLMENT_ORDER_PAGE}
    path = ("order", "fulfillmentOrders")
    try:
        found = [each for page in client.pages(FULFILLMENT_ORDERS, variables, *path) for each in page]
    except Refused as refused:
        raise _scope_fault(refused) from refused
    rows = []
    for each in found:
        with understood(FULFILLMENT_ORDERS.name):
            actions = {action["action"] for action in each["supportedActions"]}
            place = each["assignedLocation"]["location"]
        if "CREATE_FULFILLMENT" in actions:
            rows += _rows_of(client, each["id"], number_of(place["id"]) if place else "")
    return rows


def _rows_of(client: ShopifyClient, fulfillment_order_id: str, location_id: str) -> list[OpenRow]:
    rows = []
    variables = {"id": fulfillment_order_id, "first": LINE_PAGE}
    for page in client.pages(FULFILLMENT_ORDER_LINES, variables, "fulfillmentOrder", "lineItems"):
        with understood(FULFILLMENT_ORDER_LINES.name):
            rows += [
                OpenRow(
                    location_id,
                    fulfillment_order_id,
                    node["id"],
                    number_of(node["lineItem"]["id"]),
                    node["remainingQuantity"],
                )
                for node in page
            ]
    return rows


def _create(
    client: ShopifyClient, shipment: Shipment, parcel: Sequence[tuple[OpenRow, int]], deadline: float
) -> str:
    """One parcel; the fulfillment's id. Sent at most once."""
    try:
        data = client.execute(FULFILL, _variables(shipment, parcel), deadline=deadline, repeatable=False)
    except Refused as refused:
        raise _scope_fault(refused) from refused
    with understood(FULFILL.name):
        payload = data["fulfillmentCreate"]
        if payload["userErrors"]:
            words = "; ".join(error["message"] for error in payload["userErrors"][:3])
            raise Permanent(f"Shopify refused: {words}"[:500])
        return number_of(payload["fulfillment"]["id"])


def _variables(shipment: Shipment, parcel: Sequence[tuple[OpenRow, int]]) -> dict[str, Any]:
    by_order: dict[str, list[dict[str, Any]]] = {}
    for row, units in parcel:
        by_order.setdefault(row.fulfillment_order_id, []).append({"id": row.row_id, "quantity": units})
    tracking = {
        "company": shipment.carrier,
        "number": shipment.tracking_number,
        "url": shipment.tracking_url,
    }
    given = {name: value for name, value in tracking.items() if value}
    return {
        "fulfillment": {
            "lineItemsByFulfillmentOrder": [
                {"fulfillmentOrderId": each, "fulfillmentOrderLineItems": rows}
                for each, rows in by_order.items()
            ],
            "notifyCustomer": shipment.notify_customer,
            **({"trackingInfo": given} if given else {}),
        }
    }


def _scope_fault(refused: Refused) -> Permanent:
    return Permanent(RECONNECT) if "ACCESS_DENIED" in refused.codes else refused
