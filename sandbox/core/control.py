"""The control API under ``/_sandbox``: what a demo, a trial or a test does to a shop from outside."""

import hmac
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.core.shop import Core, Invalid, OutOfStock, Shop, Unknown
from sandbox.core.store import Document

EVENTS_LIMIT = 5000
ORDERS_LIMIT = 1000


def make_control(core: Core, shop: Shop, *, token: str) -> Flask:
    """Build the control app; every route wants ``Authorization: Bearer TOKEN``."""
    app = Flask("sandbox.control")
    _guard(app, token)
    _buyer_routes(app, core, shop)
    _merchant_routes(app, core, shop)
    _reading_routes(app, core, shop)
    _settings_routes(app, core, shop)
    return app


def _guard(app: Flask, token: str) -> None:
    expected = f"Bearer {token}"

    @app.before_request
    def check_token() -> None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            abort(401, "the control token is missing or wrong")

    @app.errorhandler(OutOfStock)
    def out_of_stock(error: OutOfStock) -> tuple[Response, int]:
        return jsonify(refused="out_of_stock", skus=error.skus), 409

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @app.errorhandler(Unknown)
    def unknown(error: Unknown) -> tuple[Response, int]:
        return jsonify(error=str(error)), 404

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500


def _buyer_routes(app: Flask, core: Core, shop: Shop) -> None:
    @app.post("/_sandbox/orders")
    def place_order() -> tuple[Response, int]:
        with core.store.transaction():
            return jsonify(shop.place_order(_body())), 201

    @app.post("/_sandbox/orders/<int:order_id>/<action>")
    def act_on_order(order_id: int, action: str) -> Response:
        if action not in shop.order_actions:
            raise Unknown(f"{shop.platform} orders have no action {action}")
        with core.store.transaction():
            return jsonify(shop.order_actions[action](order_id, _body()) or {"ok": True})


def _merchant_routes(app: Flask, core: Core, shop: Shop) -> None:
    @app.post("/_sandbox/catalog")
    def add_products() -> Response:
        products = _body().get("products")
        if not isinstance(products, list):
            raise Invalid("products is a list")
        with core.store.transaction():
            return jsonify(items=shop.add_products(products))

    @app.post("/_sandbox/stock")
    def set_stock() -> Response:
        body = _body()
        quantity, delta = body.get("quantity"), body.get("delta")
        if (quantity is None) == (delta is None):
            raise Invalid("give either quantity or delta")
        with core.store.transaction():
            edit = shop.set_stock(
                sku=str(body.get("sku")),
                quantity=quantity,
                delta=delta,
                location_id=body.get("location_id"),
            )
            return jsonify(edit)

    @app.post("/_sandbox/<action>")
    def act_as_merchant(action: str) -> Response:
        if action not in shop.merchant_actions:
            raise Unknown(f"{shop.platform} shops have no action {action}")
        with core.store.transaction():
            return jsonify(shop.merchant_actions[action](_body()))


def _reading_routes(app: Flask, core: Core, shop: Shop) -> None:
    @app.get("/_sandbox/health")
    def health() -> Response:
        return jsonify(ok=True, platform=shop.platform, shop=shop.name)

    @app.get("/_sandbox/truth")
    def truth() -> Response:
        with core.store.transaction():
            return jsonify(items=shop.items(), orders=shop.order_count())

    @app.get("/_sandbox/orders")
    def orders() -> Response:
        limit = request.args.get("limit", ORDERS_LIMIT, int)
        with core.store.transaction():
            found = shop.orders(after=request.args.get("after", 0, int), limit=limit)
        return jsonify(orders=found, next=found[-1]["id"] if len(found) == limit else None)

    @app.get("/_sandbox/events")
    def events() -> Response:
        after = request.args.get("after", 0, int)
        rows = core.store.read_events(after=after, limit=request.args.get("limit", EVENTS_LIMIT, int))
        last = after
        if rows:
            # Entries begin with their seq; nothing between two entries is missing, but a page may be.
            last = int(rows[-1].split(",", 1)[0].removeprefix('{"seq":'))
        body = f'{{"events":[{",".join(rows)}],"next":{last}}}'
        return Response(body, mimetype="application/json")


def _settings_routes(app: Flask, core: Core, shop: Shop) -> None:
    @app.get("/_sandbox/faults")
    def read_faults() -> Response:
        with core.store.transaction():
            return jsonify(core.faults.settings())

    @app.put("/_sandbox/faults")
    def change_faults() -> Response:
        with core.store.transaction():
            core.faults.merge(_body())
            return jsonify(core.faults.settings())

    @app.get("/_sandbox/plan")
    def read_plan() -> Response:
        with core.store.transaction():
            return jsonify(shop.get_plan())

    @app.put("/_sandbox/plan")
    def change_plan() -> Response:
        with core.store.transaction():
            shop.set_plan(_body())
            return jsonify(shop.get_plan())


def _body() -> Document:
    if not request.data:
        return {}
    body: Any = request.get_json(force=True)
    if not isinstance(body, dict):
        raise Invalid("the body is a JSON object")
    return body
