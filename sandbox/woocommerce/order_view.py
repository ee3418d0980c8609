"""Orders and refunds as REST v3 shows them (spec: _orders.md, _order-refunds.md)."""

from collections.abc import Callable
from decimal import Decimal

from sandbox.core.store import Document
from sandbox.woocommerce.dates import gmt, local
from sandbox.woocommerce.hooks import VERSION
from sandbox.woocommerce.orders import Orders, order_total
from sandbox.woocommerce.refunds import Refunds

ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)


class OrderView:
    def __init__(self, orders: Orders, refunds: Refunds, base_url: Callable[[], str]) -> None:
        self._orders = orders
        self._refunds = refunds
        self._base_url = base_url

    def order(self, order: Document) -> Document:
        total = money(order_total(order))
        address = {key: order["billing"].get(key, "") for key in ADDRESS}
        path = "orders"
        return {
            "id": order["id"],
            "parent_id": 0,
            "status": order["status"],
            "currency": order["currency"],
            "version": VERSION,
            "prices_include_tax": False,
            "date_created": local(order["created"]),
            "date_modified": local(order["modified"]),
            "discount_total": "0.00",
            "discount_tax": "0.00",
            "shipping_total": "0.00",
            "shipping_tax": "0.00",
            "cart_tax": "0.00",
            "total": total,
            "total_tax": "0.00",
            "customer_id": 0,
            "order_key": f"wc_order_{order['id']:013x}",
            "billing": address | {"email": order["billing"].get("email", ""), "phone": ""},
            "shipping": address | {"phone": ""},
            "payment_method": order["payment_method"],
            "payment_method_title": "Direct bank transfer",
            "transaction_id": order["transaction_id"],
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": order["via"],
            "customer_note": order["customer_note"],
            "date_completed": local(order["completed_at"]),
            "date_paid": local(order["paid_at"]),
            "cart_hash": "",
            "number": str(order["id"]),
            "meta_data": order["meta"],
            "line_items": [self._line(line, line["quantity"], None) for line in order["lines"]],
            "tax_lines": [],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [
                {"id": r["id"], "reason": r["reason"], "total": money(-Decimal(r["amount"]))}
                for r in self._refunds.of_order(order)
            ],
            "payment_url": f"{self._base_url()}/checkout/order-pay/{order['id']}/",
            "is_editable": order["status"] in ("pending", "on-hold"),
            "needs_payment": order["status"] in ("pending", "failed"),
            "needs_processing": order["status"] == "processing",
            "date_created_gmt": gmt(order["created"]),
            "date_modified_gmt": gmt(order["modified"]),
            "date_completed_gmt": gmt(order["completed_at"]),
            "date_paid_gmt": gmt(order["paid_at"]),
            "currency_symbol": "$",
            "_links": self._links(f"{path}/{order['id']}", path),
        }

    def refund(self, refund: Document) -> Document:
        path = f"orders/{refund['order_id']}/refunds"
        return {
            "id": refund["id"],
            "date_created": local(refund["created"]),
            "date_created_gmt": gmt(refund["created"]),
            "amount": money(Decimal(refund["amount"])),
            "reason": refund["reason"],
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            "line_items": [
                self._line(line, line["quantity"], Decimal(line["total"])) for line in refund["lines"]
            ],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
            "_links": self._links(f"{path}/{refund['id']}", path),
        }

    def _line(self, line: Document, quantity: int, total: Decimal | None) -> Document:
        product = self._orders.product_of(line)
        amount = money(Decimal(line["price"]) * quantity if total is None else total)
        return {
            "id": line["id"],
            "name": line["name"],
            "product_id": line["product_id"],
            "variation_id": line["variation_id"],
            "quantity": quantity,
            "tax_class": "",
            "subtotal": amount,
            "subtotal_tax": "0.00",
            "total": amount,
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": [
                entry | {"display_key": entry["key"], "display_value": entry["value"]}
                for entry in line["meta"]
            ],
            "sku": None if product is None else product["sku"],
            "global_unique_id": "" if product is None else product.get("global_unique_id", ""),
            "price": _number(Decimal(amount) / quantity if quantity else Decimal(0)),
            "image": {"id": "", "src": "" if product is None else product["image"]},
            "parent_name": line["parent_name"],
        }

    def _links(self, own: str, collection: str) -> Document:
        root = f"{self._base_url()}/wp-json/wc/v3"
        return {"self": [{"href": f"{root}/{own}"}], "collection": [{"href": f"{root}/{collection}"}]}


def money(amount: Decimal) -> str:
    """Two decimals, as ``wc_format_decimal`` writes the store's prices."""
    return f"{amount:.2f}"


def _number(amount: Decimal) -> int | float:
    """PHP writes 3.0 as 3."""
    return int(amount) if amount == int(amount) else float(amount)
