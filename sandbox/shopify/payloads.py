"""Webhook bodies in the REST shape that Shopify's webhooks keep (snake_case, numeric ids, string money)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.core.store import Document
from sandbox.shopify.state import SHOP_ID, State, gid
from sandbox.shopify.totals import amount, current, unfulfilled

RESTOCK = {"RETURN": "return", "CANCEL": "cancel", "NO_RESTOCK": "no_restock"}
FULFILLMENT = {"UNFULFILLED": None, "PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled"}


def once(build: Callable[[], Document]) -> Callable[[], Document]:
    """Build a body on first use and share it, so that two topics of one change carry the same one."""
    built: list[Document] = []

    def body() -> Document:
        if not built:
            built.append(build())
        return built[0]

    return body


def moment(at: float | None) -> str | None:
    """REST writes the shop's own offset; this shop keeps UTC."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).isoformat()


def order(state: State, order: Document) -> Document:
    customer = state.customers.get(order["customer_id"]) if order["customer_id"] else None
    totals, lines = order["totals"], _lines(order)
    return {
        "id": order["id"],
        "admin_graphql_api_id": gid("Order", order["id"]),
        "name": f"#{order['number']}",
        "number": order["number"] - 1000,
        "order_number": order["number"],
        "created_at": moment(order["created_at"]),
        "updated_at": moment(order["updated_at"]),
        "processed_at": moment(order["created_at"]),
        "cancelled_at": moment(order["cancelled_at"]),
        "cancel_reason": (order["cancel_reason"] or "").lower() or None,
        "closed_at": moment(order["closed_at"]),
        "confirmed": True,
        "test": order["test"],
        "currency": order["currency"],
        "presentment_currency": order["currency"],
        "financial_status": order["financial"].lower(),
        "fulfillment_status": FULFILLMENT[order["fulfillment"]],
        "email": customer["email"] if customer else "",
        "note": None,
        "source_identifier": order["reference"],
        "tags": "",
        "source_name": "web",
        "taxes_included": False,
        "total_price": totals["original"],
        "subtotal_price": totals["original"],
        "current_total_price": totals["current"],
        "current_subtotal_price": totals["current"],
        "total_line_items_price": totals["original"],
        "total_outstanding": totals["outstanding"],
        "total_tax": "0.00",
        "current_total_tax": "0.00",
        "total_discounts": "0.00",
        "total_price_set": _bag(totals["original"], order["currency"]),
        "total_shipping_price_set": _bag("0.00", order["currency"]),
        "customer": _customer(customer),
        "line_items": list(lines.values()),
        "fulfillments": [_fulfillment(order, row, lines) for row in order["fulfillments"]],
        "refunds": [_refund(order, row, lines) for row in order["refunds"]],
        "discount_codes": [],
        "shipping_lines": [],
        "tax_lines": [],
    }


def refund(order: Document, refund: Document) -> Document:
    return _refund(order, refund, _lines(order))


def _refund(order: Document, refund: Document, lines: Mapping[int, Document]) -> Document:
    return {
        "id": refund["id"],
        "admin_graphql_api_id": gid("Refund", refund["id"]),
        "order_id": order["id"],
        "created_at": moment(refund["created_at"]),
        "processed_at": moment(refund["created_at"]),
        "note": refund["note"],
        "restock": any(row["restocked"] for row in refund["lines"]),
        "refund_line_items": [
            {
                "id": row["id"],
                "line_item_id": row["line_id"],
                "location_id": row["location_id"],
                "quantity": row["quantity"],
                "restock_type": RESTOCK[row["restock_type"]],
                "subtotal": row["subtotal"],
                "subtotal_set": _bag(row["subtotal"], order["currency"]),
                "total_tax": "0.00",
                "line_item": lines[row["line_id"]],
            }
            for row in refund["lines"]
        ],
        "transactions": [
            {
                "id": t["id"],
                "order_id": order["id"],
                "kind": "refund",
                "status": "success",
                "amount": t["amount"],
            }
            for t in order["transactions"]
            if t["id"] in refund["transactions"]
        ],
        "order_adjustments": [],
    }


def edited(order: Document, raised: list[tuple[Document, int]], refund: Document | None) -> Document:
    lowered = refund["lines"] if refund else []
    return {
        "order_edit": {
            "id": order["id"],
            "app_id": None,
            "created_at": moment(order["updated_at"]),
            "notify_customer": False,
            "order_id": order["id"],
            "staff_note": "",
            "user_id": None,
            "line_items": {
                "additions": [{"id": line["id"], "delta": units} for line, units in raised],
                "removals": [{"id": row["line_id"], "delta": row["quantity"]} for row in lowered],
            },
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def level(level: Document) -> Document:
    return {
        "inventory_item_id": level["item_id"],
        "location_id": level["location_id"],
        "available": level["available"],
        "updated_at": moment(level["updated_at"]),
        "admin_graphql_api_id": level_gid(level),
    }


def level_gid(level: Document) -> str:
    return f"{gid('InventoryLevel', level['id'])}?inventory_item_id={level['item_id']}"


def item(variant: Document) -> Document:
    return {
        "id": variant["item_id"],
        "admin_graphql_api_id": gid("InventoryItem", variant["item_id"]),
        "sku": variant["sku"],
        "created_at": moment(variant["created_at"]),
        "updated_at": moment(variant["updated_at"]),
        "requires_shipping": True,
        "cost": variant["cost"],
        "tracked": variant["tracked"],
    }


def product(state: State, product: Document) -> Document:
    variants = [state.variants[number] for number in product["variant_ids"]]
    return {
        "id": product["id"],
        "admin_graphql_api_id": gid("Product", product["id"]),
        "title": product["title"],
        "vendor": product["vendor"],
        "product_type": product["type"],
        "handle": product["handle"],
        "status": "active",
        "tags": "",
        "created_at": moment(product["created_at"]),
        "updated_at": moment(product["updated_at"]),
        "published_at": moment(product["created_at"]),
        "image": {"src": product["image"]} if product["image"] else None,
        "variants": [
            {
                "id": variant["id"],
                "admin_graphql_api_id": gid("ProductVariant", variant["id"]),
                "product_id": product["id"],
                "inventory_item_id": variant["item_id"],
                "title": variant["title"],
                "sku": variant["sku"] or "",
                "barcode": variant["barcode"],
                "price": variant["price"],
                "position": variant["position"],
                "inventory_policy": "deny",
                "inventory_quantity": sum(
                    level["available"] for level in state.levels_of_item.get(variant["item_id"], {}).values()
                ),
                "created_at": moment(variant["created_at"]),
                "updated_at": moment(variant["updated_at"]),
            }
            for variant in variants
        ],
    }


def shop(state: State) -> Document:
    return {
        "id": SHOP_ID,
        "name": state.domain.split(".", 1)[0],
        "domain": state.domain,
        "myshopify_domain": state.domain,
        "email": f"owner@{state.domain}",
        "currency": "USD",
        "iana_timezone": "Etc/UTC",
        "created_at": moment(state.created_at),
    }


def bulk_finish(operation: Document) -> Document:
    return {
        "admin_graphql_api_id": gid("BulkOperation", operation["id"]),
        "completed_at": moment(operation["completed_at"]),
        "created_at": moment(operation["created_at"]),
        "error_code": None,
        "status": operation["status"].lower(),
        "type": "query",
    }


def _lines(order: Document) -> dict[int, Document]:
    """The bodies of an order's lines by line id: built once, however many refunds and parcels name them."""
    return {line["id"]: _line(line) for line in order["lines"]}


def _line(line: Document) -> Document:
    return {
        "id": line["id"],
        "admin_graphql_api_id": gid("LineItem", line["id"]),
        "product_id": line["product_id"],
        "variant_id": line["variant_id"],
        "sku": line["sku"] or "",
        "title": line["title"],
        "variant_title": line["variant_title"],
        "name": line["title"],
        "vendor": line["vendor"],
        "quantity": line["quantity"],
        "current_quantity": current(line),
        "fulfillable_quantity": unfulfilled(line),
        "fulfillment_status": None
        if not line["fulfilled"]
        else "partial"
        if unfulfilled(line)
        else "fulfilled",
        "price": line["price"],
        "price_set": _bag(line["price"], line["currency"]),
        "total_discount": "0.00",
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "variant_inventory_management": "shopify",
        "tax_lines": [],
    }


def _fulfillment(order: Document, fulfillment: Document, lines: Mapping[int, Document]) -> Document:
    return {
        "id": fulfillment["id"],
        "admin_graphql_api_id": gid("Fulfillment", fulfillment["id"]),
        "order_id": order["id"],
        "location_id": fulfillment["location_id"],
        "created_at": moment(fulfillment["created_at"]),
        "updated_at": moment(fulfillment["updated_at"]),
        "status": "success",
        "tracking_company": fulfillment["tracking"].get("company"),
        "tracking_number": fulfillment["tracking"].get("number"),
        "tracking_url": fulfillment["tracking"].get("url"),
        "line_items": [lines[row["line_id"]] | {"quantity": row["quantity"]} for row in fulfillment["lines"]],
    }


def _customer(customer: Document | None) -> Document | None:
    if customer is None:
        return None
    names = {name: customer[name] for name in ("id", "email", "first_name", "last_name")}
    return {**names, "admin_graphql_api_id": gid("Customer", customer["id"])}


def _bag(value: Any, currency: str) -> Document:
    money = {"amount": amount(Decimal(value)), "currency_code": currency}
    return {"shop_money": money, "presentment_money": money}
