"""Resolvers of fulfilment orders and of the mutation that ships their units."""

from __future__ import annotations

from typing import Any

from sandbox.core.store import Document
from sandbox.shopify.constants import NOWHERE
from sandbox.shopify.fulfillment_orders import FULFILLABLE, NotFulfillable, asked_for
from sandbox.shopify.lookup import Info, find, state_of
from sandbox.shopify.order_fields import line_of
from sandbox.shopify.paging import Page, page_of_list
from sandbox.shopify.registry import Request, Resolver, resolves
from sandbox.shopify.state import gid, number_of


@resolves("QueryRoot", "fulfillmentOrder")
def fulfillment_order(_source: Any, info: Info, id: str) -> Document | None:
    return find(info, id) if number_of(id, "FulfillmentOrder") is not None else None


@resolves("Order", "fulfillmentOrders")
def fulfillment_orders(order: Document, _info: Info, **args: Any) -> Page:
    return page_of_list(order["fulfillment_orders"], args)


def _order_of(row: Document, info: Info) -> Document:
    return state_of(info).orders[row["order_id"]]


def _assigned(row: Document, info: Info) -> Document:
    place = state_of(info).locations[row["location_id"]]
    return {**NOWHERE, "name": place["name"], "location": place}


def _actions(row: Document, _info: Info) -> list[Document]:
    can = row["status"] in FULFILLABLE
    return [{"action": "CREATE_FULFILLMENT", "external_url": None}] if can else []


_FULFILLMENT_ORDER: dict[str, Resolver] = {
    "order": _order_of,
    "orderId": lambda row, _info: gid("Order", row["order_id"]),
    "orderName": lambda row, info: f"#{_order_of(row, info)['number']}",
    "orderProcessedAt": lambda row, info: _order_of(row, info)["created_at"],
    "assignedLocation": _assigned,
    "requestStatus": lambda _row, _info: "UNSUBMITTED",
    "supportedActions": _actions,
    "lineItems": lambda row, _info, **args: page_of_list(row["lines"], args),
}
for _field, _resolver in _FULFILLMENT_ORDER.items():
    resolves("FulfillmentOrder", _field)(_resolver)

_LINE: dict[str, Resolver] = {
    "lineItem": line_of,
    "inventoryItemId": lambda row, info: gid("InventoryItem", line_of(row, info)["item_id"]),
    "productTitle": lambda row, info: line_of(row, info)["title"],
    "requiresShipping": lambda _row, _info: True,
    "sku": lambda row, info: line_of(row, info)["sku"],
    "variant": lambda row, info: state_of(info).variants.get(line_of(row, info)["variant_id"]),
    "variantTitle": lambda row, info: line_of(row, info)["variant_title"],
    "vendor": lambda row, info: line_of(row, info)["vendor"],
}
for _field, _resolver in _LINE.items():
    resolves("FulfillmentOrderLineItem", _field)(_resolver)


@resolves("Mutation", "fulfillmentCreate")
def create_fulfillment(
    _source: Any, info: Info, fulfillment: dict[str, Any], message: str | None = None
) -> Document:
    """`notifyCustomer` is kept with the fulfilment for the tests to see; no mail is sent."""
    request: Request = info.context
    try:
        shares = asked_for(request.shop.state, fulfillment["lineItemsByFulfillmentOrder"])
    except NotFulfillable as refused:
        error = {"field": ["fulfillment"], "message": str(refused)}
        return {"fulfillment": None, "user_errors": [error]}
    tracking = {
        name: value
        for name, value in (fulfillment.get("trackingInfo") or {}).items()
        if name in ("company", "number", "url")
    }
    order = request.shop.state.orders[shares[0].fulfillment_order["order_id"]]
    notify = bool(fulfillment.get("notifyCustomer"))
    parcel = request.shop.book.ship(order, shares, tracking=tracking, notify=notify)
    return {"fulfillment": parcel, "user_errors": []}
