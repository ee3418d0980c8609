"""Documents as WooCommerce 10 sends them, cut to what matters and a little around it."""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]


def product(product_id: int = 799, **changes: Any) -> Doc:
    return {
        "id": product_id,
        "name": "Ship Your Idea &amp; More",
        "type": "simple",
        "parent_id": 0,
        "sku": "SHIP-1",
        "global_unique_id": "4006381333931",
        "price": "18.50",
        "regular_price": "21.99",
        "manage_stock": True,
        "stock_quantity": 7,
        "variations": [],
        "date_created_gmt": "2026-03-01T10:00:00",
        "date_modified_gmt": "2026-03-02T11:12:13",
        "images": [{"id": 42, "src": "https://shop.example/wp-content/ship.jpg"}],
        "categories": [{"id": 9, "name": "Clothing &amp; Shoes", "slug": "clothing"}],
        "brands": [{"id": 3, "name": "Acme", "slug": "acme"}],
        "cost_of_goods_sold": {"values": [{"defined_value": 4.5}], "total_value": 4.5},
    } | changes


def variable(product_id: int = 800, variations: tuple[int, ...] = (), **changes: Any) -> Doc:
    shape = {
        "type": "variable",
        "name": "Hoodie",
        "sku": "",
        "manage_stock": False,
        "stock_quantity": None,
        "variations": list(variations),
    }
    return product(product_id, **(shape | changes))


def variation(variation_id: int = 801, parent_id: int = 800, **changes: Any) -> Doc:
    return {
        "id": variation_id,
        "type": "variation",
        "parent_id": parent_id,
        "sku": "HOOD-BLUE-L",
        "global_unique_id": "",
        "price": "30.00",
        "regular_price": "30.00",
        "manage_stock": True,
        "stock_quantity": 4,
        "attributes": [
            {"id": 6, "name": "Color", "option": "Blue"},
            {"id": 0, "name": "Size", "option": "L"},
        ],
        "date_modified_gmt": "2026-03-02T11:12:13",
    } | changes


def line(line_id: int = 315, **changes: Any) -> Doc:
    """`reduced` and `restocked` become the line's hidden meta."""
    reduced, restocked = changes.pop("reduced", None), changes.pop("restocked", None)
    meta = []
    if reduced is not None:
        meta.append({"id": 1, "key": "_reduced_stock", "value": str(reduced)})
    if restocked is not None:
        meta.append({"id": 2, "key": "_restock_refunded_items", "value": str(restocked)})
    return {
        "id": line_id,
        "name": "Woo Single #1",
        "product_id": 93,
        "variation_id": 0,
        "quantity": 3,
        "subtotal": "30.00",
        "subtotal_tax": "5.70",
        "total": "27.00",
        "total_tax": "5.13",
        "sku": "WOO-1",
        "price": 9,
        "meta_data": meta,
    } | changes


def order(order_id: int = 727, **changes: Any) -> Doc:
    return {
        "id": order_id,
        "number": "727-A",
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-03-22T19:28:02",
        "date_modified_gmt": "2026-03-22T19:28:08",
        "date_paid_gmt": "2026-03-22T19:28:06",
        "date_completed_gmt": None,
        "total": "38.08",
        "total_tax": "6.08",
        "shipping_total": "5.00",
        "discount_total": "3.00",
        "customer_id": 0,
        "billing": {"first_name": "Ada", "email": "Ada@Example.com"},
        "line_items": [line(reduced=3)],
        "refunds": [],
    } | changes


def refund(refund_id: int, at: str, quantities: dict[int, int]) -> Doc:
    return {
        "id": refund_id,
        "date_created_gmt": at,
        "line_items": [
            {
                "id": 9000 + refund_id + line_id,
                "product_id": 93,
                "quantity": -quantity,
                "meta_data": [{"id": 5, "key": "_refunded_item_id", "value": str(line_id)}],
            }
            for line_id, quantity in quantities.items()
        ],
    }


def refund_stub(refund_id: int, total: str = "-9.00") -> Doc:
    return {"id": refund_id, "reason": "", "total": total}
