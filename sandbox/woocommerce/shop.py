"""The WooCommerce stand-in as the sandbox's core sees it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from sandbox.core import Call, Core, Delivery, Invalid, Outgoing
from sandbox.core.shop import MerchantAction, OrderAction
from sandbox.core.store import Document
from sandbox.woocommerce.admin import Admin
from sandbox.woocommerce.catalog import Catalog, add_control_products
from sandbox.woocommerce.consent import add_consent_routes
from sandbox.woocommerce.errors import RestError, invalid_id
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.keys import Keys
from sandbox.woocommerce.order_view import OrderView
from sandbox.woocommerce.orders import Orders, meta_number
from sandbox.woocommerce.plan import Plan
from sandbox.woocommerce.product_view import ProductView
from sandbox.woocommerce.refunds import Refunds
from sandbox.woocommerce.rest import Store, describe_call, guard
from sandbox.woocommerce.rest_notes import add_note_routes
from sandbox.woocommerce.rest_orders import add_order_routes, add_refund_routes
from sandbox.woocommerce.rest_products import add_product_routes, add_variation_routes
from sandbox.woocommerce.rest_shop import add_shop_routes
from sandbox.woocommerce.rest_webhooks import add_webhook_routes

CURRENCY = "USD"
FRONT_SERVER_ANSWERS = {"429": (429, "429 Too Many Requests"), "5xx": (502, "502 Bad Gateway")}


class WooShop:
    """One store. Methods but ``api`` run under the state lock, inside a transaction."""

    platform = "woocommerce"
    api_prefixes: tuple[str, ...] = ("/wp-json/",)
    webhook_workers = 1
    webhook_timeout_s = 60.0
    webhook_retry_delays_s: tuple[float, ...] = ()

    def __init__(self, core: Core) -> None:
        self.name = core.shop or "SyncFlow demo store"
        hooks = Hooks(core)
        plan = Plan(core)
        catalog = Catalog(core, hooks, plan)
        orders = Orders(core, catalog, hooks, CURRENCY)
        refunds = Refunds(core, orders)
        self._store = Store(
            core=core,
            hooks=hooks,
            keys=Keys(core),
            plan=plan,
            catalog=catalog,
            orders=orders,
            refunds=refunds,
            product_view=ProductView(catalog, lambda: core.base_url),
            order_view=OrderView(orders, refunds, lambda: core.base_url),
            title=self.name,
            currency=CURRENCY,
        )
        self._app = _build_app(self._store)
        admin = Admin(self._store)
        self.order_actions: Mapping[str, OrderAction] = admin.order_actions
        self.merchant_actions: Mapping[str, MerchantAction] = admin.merchant_actions

    def api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, start_response)

    def add_products(self, products: list[Document]) -> list[Document]:
        with self._store.hooks.request():
            return [self._item(product) for product in add_control_products(self._store.catalog, products)]

    def place_order(self, request: Document) -> Document:
        with self._store.hooks.request():
            order = self._store.orders.check_out(request)
        return {"id": order["id"], "number": str(order["id"]), "placed_at": order["created"]}

    def set_stock(
        self, *, sku: str, quantity: int | None, delta: int | None, location_id: str | None
    ) -> Document:
        if location_id:
            raise Invalid("this shop knows no locations")
        keeper = self._store.catalog.keeper(self._store.catalog.sold_as(sku))
        if keeper is None:
            raise Invalid(f"{sku} has no stock to set: it is not tracked")
        before = keeper["stock"]
        after = before + delta if quantity is None and delta is not None else quantity
        with self._store.hooks.request():
            at = self._store.catalog.set_stock(keeper, int(after or 0), cause="merchant")
        return {"from": before, "to": keeper["stock"], "at": keeper["modified"] if at is None else at}

    def items(self) -> list[Document]:
        return [self._item(product) for product in self._store.catalog.listings()]

    def order_count(self) -> int:
        return len(self._store.orders.table)

    def orders(self, *, after: int, limit: int) -> list[Document]:
        found = (order for order_id, order in self._store.orders.table.items() if order_id > after)
        return [self._order_item(order) for order, _ in zip(found, range(limit), strict=False)]

    def latest_orders(self, limit: int) -> list[Document]:
        newest = list(self._store.orders.table.values())[-limit:]
        return [self._order_item(order) for order in reversed(newest)]

    def get_plan(self) -> Document:
        return dict(self._store.plan.settings)

    def set_plan(self, plan: Document) -> None:
        self._store.plan.change(plan)

    def describe_call(self, call: Call, body: bytes) -> None:
        describe_call(call, body)

    def fault_response(self, fault: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """The host's front server answers for a shop that cannot: in HTML."""
        status, title = FRONT_SERVER_ANSWERS[fault]
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        headers = [("Content-Type", "text/html")]
        if status == 429:
            headers.append(("Retry-After", "1"))
        return status, headers, page.encode()

    def build_delivery(self, delivery: Delivery) -> Outgoing | None:
        return self._store.hooks.build(delivery, self._payload)

    def delivery_done(self, delivery: Delivery, *, status: int | None, will_retry: bool) -> None:
        self._store.hooks.done(delivery, status)

    def _payload(self, resource: str, resource_id: int) -> Any:
        """What ``GET /wc/v3/<resource>s/<id>`` answers right now; its error body when it is gone."""
        try:
            if resource == "order":
                order = self._store.orders.table.get(resource_id)
                if order is None:
                    raise invalid_id("shop_order", 404)
                return self._store.order_view.order(order)
            product = self._store.catalog.get(resource_id)
            if product is None:
                raise invalid_id("product", 404)
            return self._store.product_view.product(product)
        except RestError as error:
            return error.as_body()

    def _item(self, product: Document) -> Document:
        quantity = self._store.catalog.quantity(product)
        return {
            "sku": product["sku"] or None,
            "listing_id": str(product["id"]),
            "stock_id": self._store.catalog.stock_id(product),
            "location_id": "",
            "quantity": quantity,
            "tracked": quantity is not None,
            "title": self._store.catalog.full_name(product),
            "price": product["price"],
        }

    def _order_item(self, order: Document) -> Document:
        refunded = self._store.refunds.refunded_amount(order)
        financial = "paid" if order["paid_at"] else "pending"
        if refunded:
            financial = "refunded" if order["status"] == "refunded" else "partially_refunded"
        lines = [
            {
                "sku": line["sku"] or None,
                "listing_id": str(line["variation_id"] or line["product_id"]),
                "quantity": line["quantity"] - self._store.refunds.refunded_quantity(order, line["id"]),
                "restocked": meta_number(line, "_restock_refunded_items"),
                "reduced_stock": meta_number(line, "_reduced_stock"),
            }
            for line in order["lines"]
        ]
        return {
            "id": order["id"],
            "reference": order["reference"],
            "status": order["status"],
            "financial": financial,
            "lines": lines,
            "placed_at": order["created"],
        }


def _build_app(store: Store) -> Flask:
    app = Flask("sandbox.woocommerce", root_path=str(Path(__file__).parent))
    # WordPress takes both /wp-json and /wp-json/.
    app.url_map.strict_slashes = False
    guard(app, store)
    for add_routes in (
        add_product_routes,
        add_variation_routes,
        add_order_routes,
        add_refund_routes,
        add_note_routes,
        add_webhook_routes,
        add_shop_routes,
        add_consent_routes,
    ):
        add_routes(app, store)
    return app
