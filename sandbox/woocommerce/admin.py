"""What the merchant does in the store's own admin: the control API's actions on orders and products."""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.core import Invalid, OutOfStock, Unknown
from sandbox.core.shop import MerchantAction, OrderAction
from sandbox.core.store import Document
from sandbox.woocommerce.keys import PERMISSIONS
from sandbox.woocommerce.orders import Actor, find_line
from sandbox.woocommerce.prices import decimal_text
from sandbox.woocommerce.refunds import RefundRefused
from sandbox.woocommerce.rest import Store


class Admin:
    """``order_actions`` take the order's id and the request's body, ``merchant_actions`` the body."""

    def __init__(self, store: Store) -> None:
        self._hooks = store.hooks
        self._keys = store.keys
        self._catalog = store.catalog
        self._orders = store.orders
        self._refunds = store.refunds
        self.order_actions: Mapping[str, OrderAction] = {
            "pay": self._pay,
            "cancel": self._cancel,
            "refund": self._refund,
            "edit": self._edit,
            "fulfill": self._fulfill,
            "status": self._set_status,
            "trash": self._trash,
        }
        self.merchant_actions: Mapping[str, MerchantAction] = {
            "keys": self._make_keys,
            "trash_product": self._trash_product,
            "change_product": self._change_product,
        }

    def _order(self, order_id: int) -> Document:
        order = self._orders.table.get(order_id)
        if order is None:
            raise Unknown(f"there is no order {order_id}")
        return order

    def _pay(self, order_id: int, body: Document) -> None:
        order = self._order(order_id)
        if order["status"] not in ("pending", "on-hold", "failed"):
            raise Invalid(f"an order that is {order['status']} cannot be paid")
        with self._hooks.request():
            self._orders.set_status(order, "processing", Actor("pay"), action="paid")

    def _cancel(self, order_id: int, body: Document) -> None:
        if not body.get("restock", True):
            raise Invalid("a cancelled WooCommerce order always gives its stock back")
        order = self._order(order_id)
        if order["status"] in ("cancelled", "refunded", "trash"):
            raise Invalid(f"an order that is {order['status']} cannot be cancelled")
        with self._hooks.request():
            self._orders.set_status(order, "cancelled", Actor("cancel"), action="cancelled")

    def _fulfill(self, order_id: int, body: Document) -> None:
        order = self._order(order_id)
        if order["status"] not in ("processing", "on-hold"):
            raise Invalid(f"an order that is {order['status']} cannot be completed")
        with self._hooks.request():
            self._orders.set_status(order, "completed", Actor("order"), action="fulfilled")

    def _set_status(self, order_id: int, body: Document) -> None:
        order = self._order(order_id)
        with self._hooks.request():
            self._orders.set_status(order, str(body.get("status")), Actor("pay"), action="status")

    def _trash(self, order_id: int, body: Document) -> None:
        with self._hooks.request():
            self._orders.trash(self._order(order_id))

    def _refund(self, order_id: int, body: Document) -> Document:
        order = self._order(order_id)
        wanted = body.get("lines")
        quantities: dict[int, tuple[int, Decimal]] = {}
        for line in order["lines"]:
            left = line["quantity"] - self._refunds.refunded_quantity(order, line["id"])
            units = left if wanted is None else _units(wanted, line)
            if units > left:
                raise Invalid(f"only {left} of {line['sku']} are left to refund")
            if units:
                quantities[line["id"]] = (units, Decimal(line["price"]) * units)
        with self._hooks.request():
            try:
                refund = self._refunds.create(
                    order,
                    quantities,
                    amount=None,
                    reason=str(body.get("reason") or ""),
                    restock=bool(body.get("restock", True)),
                    actor=Actor("refund"),
                )
            except RefundRefused as refused:
                raise Invalid(str(refused)) from refused
        return {"id": refund["id"]}

    def _edit(self, order_id: int, body: Document) -> None:
        """The merchant's edit of an order's lines. Raises OutOfStock when a raise is more than there is."""
        order = self._order(order_id)
        changes = [self._edit_of(order, wanted) for wanted in body.get("lines") or []]
        missing = [
            sku
            for product, _, quantity, before in changes
            if quantity > before
            for sku in self._orders.missing_for(product, quantity - before)
        ]
        if missing:
            raise OutOfStock(missing)
        with self._hooks.request():
            for product, line, quantity, _ in changes:
                if line is not None:
                    self._orders.set_quantity(order, line, quantity, Actor("edit_order"))
                elif quantity:
                    self._orders.add_line(order, product, quantity, Actor("edit_order"))
            self._orders.touch(order)
            self._orders.log("edited", order)

    def _edit_of(self, order: Document, wanted: Document) -> tuple[Document, Document | None, int, int]:
        """Product, its line if there is one, the wanted and the present quantity."""
        product = self._catalog.sold_as(str(wanted.get("sku")))
        quantity = wanted.get("quantity")
        if not isinstance(quantity, int) or quantity < 0:
            raise Invalid("a line's quantity is a whole number from 0")
        sold = [line for line in order["lines"] if line["sku"] == product["sku"]]
        line = find_line(order, sold[0]["id"]) if sold else None
        return product, line, quantity, line["quantity"] if line else 0

    def _make_keys(self, body: Document) -> Document:
        permissions = body.get("permissions", "read_write")
        if permissions not in PERMISSIONS:
            raise Invalid(f"permissions is one of {', '.join(PERMISSIONS)}")
        key = self._keys.create(permissions, "made in the admin")
        return {"consumer_key": key["consumer_key"], "consumer_secret": key["consumer_secret"]}

    def _trash_product(self, body: Document) -> Document:
        product = self._catalog.sold_as(str(body.get("sku")))
        with self._hooks.request():
            self._catalog.trash(product)
        return {"ok": True}

    def _change_product(self, body: Document) -> Document:
        """The merchant types another price, or puts it on sale."""
        product = self._catalog.sold_as(str(body.get("sku")))
        typed: Document = {key: decimal_text(body[key]) for key in ("price", "sale_price") if key in body}
        with self._hooks.request():
            self._catalog.set_prices(product, typed, cause="merchant")
            self._catalog.touch(product)
        return {"listing_id": str(product["id"])}


def _units(wanted: list[Document], line: Document) -> int:
    return sum(int(entry["quantity"]) for entry in wanted if entry["sku"] == line["sku"])
