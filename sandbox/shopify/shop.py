"""One Shopify shop, put together for the core: see `sandbox.core.Shop` for what each method promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIEnvironment

from sandbox.core import Call, Core, Delivery, Invalid, Outgoing
from sandbox.core.shop import MerchantAction, OrderAction
from sandbox.core.store import Document
from sandbox.shopify.bulk import Bulk
from sandbox.shopify.catalog import Catalog
from sandbox.shopify.cost import RESTORE_RATES, Bucket
from sandbox.shopify.engine import Engine, describe
from sandbox.shopify.http_api import make_api
from sandbox.shopify.idempotency import Answers
from sandbox.shopify.inventory import Inventory
from sandbox.shopify.oauth import OAuth
from sandbox.shopify.order_fields import status_of
from sandbox.shopify.orders import Orders
from sandbox.shopify.prices import Prices
from sandbox.shopify.state import State
from sandbox.shopify.stock import Stock
from sandbox.shopify.totals import current
from sandbox.shopify.webhooks import PRIVACY_TOPICS, RETRY_DELAYS_S, TIMEOUT_S, Webhooks

DEFAULT_PLAN = "enterprise"


class ShopifyShop:
    """The stand-in. Merchant actions of its own, all `POST /_sandbox/NAME`:

    - ``expire_tokens`` {"refresh": false}: every access token ends now (and refresh tokens, if asked);
    - ``uninstall``: app/uninstalled goes out, subscriptions and tokens are gone;
    - ``privacy`` {"topic", "url"?, "payload"?}: fires a privacy topic at the app's address;
    - ``change_product`` {"sku", "title"?, "price"?, "cost"?, "barcode"?, "tracked"?, "new_sku"?};
    - ``delete_product`` {"sku"};
    - ``locations`` {"name"}: a further location, where nothing is stocked until a stock edit names it;
    - ``processing`` {"mutation_ms"?, "bulk_ms"?}: how long a keyed mutation or a bulk operation takes.
    """

    platform = "shopify"
    api_prefixes: tuple[str, ...] = ("/admin/api/", "/admin/oauth/access_token")
    webhook_workers = 8
    webhook_timeout_s = TIMEOUT_S
    webhook_retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S

    def __init__(
        self, core: Core, *, client_id: str, client_secret: str, token_seconds: int, privacy_url: str | None
    ) -> None:
        self.client_id = client_id
        self.privacy_url = privacy_url
        self.state = State(core)
        self.name = self.state.domain
        self.plan: str = self.state.settings.get("plan", {"plan": DEFAULT_PLAN})["plan"]
        self.bucket = Bucket(RESTORE_RATES[self.plan])
        self.processing: dict[str, float] = {"mutation_ms": 0.0, "bulk_ms": 0.0}
        self.webhooks = Webhooks(self.state, client_secret)
        stock = Stock(self.state, self.webhooks.announce_level)
        self.catalog = Catalog(self.state, stock, self.webhooks)
        self.prices = Prices(self.state, self.catalog)
        self.book = Orders(self.state, stock, self.webhooks)
        self.inventory = Inventory(self.state, stock)
        self.answers = Answers(self.state)
        self.oauth = OAuth(self.state, client_id, client_secret, token_seconds)
        self.engine = Engine()
        self.bulk = Bulk(self)
        self._app = make_api(self)
        self.order_actions: Mapping[str, OrderAction] = {
            "pay": self.book.pay,
            "cancel": self.book.cancel,
            "refund": self.book.refund,
            "edit": self.book.edit,
            "fulfill": self.book.fulfill,
            "move": self.book.move,
        }
        self.merchant_actions: Mapping[str, MerchantAction] = {
            "expire_tokens": self._expire_tokens,
            "uninstall": self._uninstall,
            "privacy": self._privacy,
            "change_product": self.catalog.change,
            "delete_product": self.catalog.delete,
            "locations": self._add_location,
            "processing": self._set_processing,
        }

    def api(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, start_response)

    def add_products(self, products: list[Document]) -> list[Document]:
        return self.catalog.add(products)

    def place_order(self, request: Document) -> Document:
        return self.book.place(request)

    def set_stock(
        self, *, sku: str, quantity: int | None, delta: int | None, location_id: str | None
    ) -> Document:
        return self.catalog.set_stock(sku=sku, quantity=quantity, delta=delta, location_id=location_id)

    def items(self) -> list[Document]:
        return [
            self.catalog.listing(variant, level)
            | {
                "tracked": variant["tracked"],
                "title": self.state.products[variant["product_id"]]["title"],
                "price": variant["price"],
            }
            for variant, level in self.state.listed()
        ]

    def order_count(self) -> int:
        return len(self.state.orders)

    def orders(self, *, after: int, limit: int) -> list[Document]:
        last = self.state.last_order_id()
        found: list[Document] = []
        for number in range(max(after + 1, int(next(iter(self.state.orders), 0))), last + 1):
            order = self.state.orders.get(number)
            if order is not None:
                found.append(_shown(order))
            if len(found) == limit:
                break
        return found

    def latest_orders(self, limit: int) -> list[Document]:
        return self.orders(after=self.state.last_order_id() - limit, limit=limit)[::-1]

    def get_plan(self) -> Document:
        return {"plan": self.plan, "restore_rate": self.bucket.rate}

    def set_plan(self, plan: Document) -> None:
        name = plan.get("plan")
        if name not in RESTORE_RATES:
            raise Invalid(f"the plans are {', '.join(RESTORE_RATES)}")
        self.plan = str(name)
        self.state.settings.put("plan", {"plan": self.plan})
        self.bucket.set_rate(RESTORE_RATES[self.plan])

    def describe_call(self, call: Call, body: bytes) -> None:
        if not call.path.endswith("graphql.json"):
            return
        try:
            asked = json.loads(body)
            operation = self.engine.compile(asked["query"]).pick(asked.get("operationName"))
        except (ValueError, KeyError, TypeError):
            return
        if operation is not None:
            describe(call, operation, asked.get("variables") or {})

    def fault_response(self, fault: str) -> tuple[int, list[tuple[str, str]], bytes]:
        if fault == "429":
            body = b'{"errors":"Exceeded 2 calls per second for api client. Reduce request rates to resume."}'
            return 429, [("Content-Type", "application/json"), ("Retry-After", "2.0")], body
        return 502, [("Content-Type", "text/html")], b"<html><body><h1>502 Bad Gateway</h1></body></html>"

    def build_delivery(self, delivery: Delivery) -> Outgoing | None:
        return self.webhooks.build(delivery)

    def delivery_done(self, delivery: Delivery, *, status: int | None, will_retry: bool) -> None:
        self.webhooks.done(delivery, status=status, will_retry=will_retry)

    def _expire_tokens(self, body: Document) -> Document:
        return {"expired": self.oauth.expire(refresh_too=bool(body.get("refresh", False)))}

    def _uninstall(self, _body: Document) -> Document:
        self.webhooks.emit_uninstalled()
        self.oauth.forget()
        return {"ok": True}

    def _privacy(self, body: Document) -> Document:
        topic, url = body.get("topic"), body.get("url") or self.privacy_url
        if topic not in PRIVACY_TOPICS or not url:
            raise Invalid(f"give one of {', '.join(PRIVACY_TOPICS)}, and an address by --privacy-url or url")
        shop = {"shop_id": self.state.shop_id, "shop_domain": self.name}
        self.webhooks.emit_privacy(topic, str(url), shop | (body.get("payload") or {}))
        return {"ok": True}

    def _add_location(self, body: Document) -> Document:
        return {
            "location_id": str(self.state.add_location(str(body.get("name") or "Second warehouse"))["id"])
        }

    def _set_processing(self, body: Document) -> Document:
        for name, value in body.items():
            if name not in self.processing or not isinstance(value, int | float) or value < 0:
                raise Invalid("processing takes mutation_ms and bulk_ms")
            self.processing[name] = float(value)
        return dict(self.processing)


def _shown(order: Document) -> Document:
    lines = [
        {
            "sku": line["sku"],
            "listing_id": str(line["variant_id"]),
            "quantity": current(line),
            "restocked": line["restocked"],
        }
        for line in order["lines"]
    ]
    return {
        "id": order["id"],
        "number": order["number"],
        "reference": order["reference"],
        "status": status_of(order),
        "financial": order["financial"].lower(),
        "fulfillment": order["fulfillment"].lower(),
        "lines": lines,
        "placed_at": order["created_at"],
    }
