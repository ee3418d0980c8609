"""Payloads as Shopify sends them, cut down to what is asked for."""

from __future__ import annotations

from typing import Any

CREATED = "2026-10-01T10:00:00Z"
LATER = "2026-10-02T10:00:00Z"
LATEST = "2026-10-03T10:00:00Z"


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def page(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(nodes)}


def line(number: int = 1, quantity: int = 3, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "name": "Mug - Red",
        "sku": "MUG-R",
        "quantity": quantity,
        "currentQuantity": quantity,
        "unfulfilledQuantity": quantity,
        "variant": {"id": "gid://shopify/ProductVariant/77"},
        "originalUnitPriceSet": money("9.99"),
        "totalDiscountSet": money("1.00"),
    } | changed


def location(number: int | None) -> dict[str, Any] | None:
    return None if number is None else {"id": f"gid://shopify/Location/{number}"}


def fulfillment(
    quantity: int, at: str = LATER, *, number: int = 1, status: str = "SUCCESS", place: int | None = None
) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Fulfillment/5",
        "status": status,
        "createdAt": at,
        "location": location(place),
        "fulfillmentLineItems": page(
            {"quantity": quantity, "lineItem": {"id": f"gid://shopify/LineItem/{number}"}}
        ),
    }


def refund(
    quantity: int,
    restock_type: str,
    at: str = LATEST,
    *,
    number: int = 1,
    restocked: bool | None = None,
    place: int | None = None,
) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Refund/6",
        "createdAt": at,
        "processedAt": at,
        "refundLineItems": page(
            {
                "quantity": quantity,
                "restockType": restock_type,
                "restocked": restock_type != "NO_RESTOCK" if restocked is None else restocked,
                "location": location(place),
                "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
            }
        ),
    }


def to_ship(place: int, units: int | None = None, *, number: int = 1, status: str = "OPEN") -> dict[str, Any]:
    """A fulfilment order; with its lines, as read of an order of several locations, if `units` are given."""
    shown = {"status": status, "assignedLocation": {"location": location(place)}}
    if units is None:
        return shown
    rows = page({"remainingQuantity": units, "lineItem": {"id": f"gid://shopify/LineItem/{number}"}})
    return {"id": f"gid://shopify/FulfillmentOrder/{place}", **shown, "lineItems": rows}


def order(*lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/450789469",
        "name": "#1001",
        "test": False,
        "edited": False,
        "createdAt": CREATED,
        "updatedAt": LATEST,
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currencyCode": "EUR",
        "email": " Ada@Example.com ",
        "customer": {"id": "gid://shopify/Customer/8"},
        "totalPriceSet": money("35.97"),
        "totalTaxSet": money("2.00"),
        "totalShippingPriceSet": money("5.00"),
        "totalDiscountsSet": money("1.00"),
        "totalRefundedSet": money("0.0"),
        "fulfillments": [],
        "refunds": [],
        "fulfillmentOrders": {"nodes": []},
        "lineItems": page(*(lines or (line(),))),
    } | changed


def variant(**changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/ProductVariant/77",
        "sku": "MUG-R",
        "barcode": "4006381333931",
        "title": "Red",
        "price": "9.99",
        "requiresComponents": False,
        "inventoryItem": {
            "id": "gid://shopify/InventoryItem/88",
            "tracked": True,
            "unitCost": {"amount": "4.0"},
        },
    } | changed


def product(**changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Product/55",
        "title": "Mug",
        "vendor": "Acme",
        "productType": "",
        "updatedAt": CREATED,
        "featuredMedia": {"preview": {"image": {"url": "https://cdn.example/mug.jpg"}}},
    } | changed
