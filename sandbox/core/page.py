"""The human page: the shop's catalog and latest orders, with forms to buy and to change stock."""

from pathlib import Path
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sandbox.core.shop import Core, Invalid, OutOfStock, Shop, Unknown

LATEST_ORDERS = 10


def make_page(core: Core, shop: Shop) -> Flask:
    """Build the page's app: ``GET /``, ``POST /shop/buy`` and ``/shop/stock`` (loopback, same origin)."""
    app = Flask("sandbox.page", root_path=str(Path(__file__).parent))

    @app.before_request
    def only_from_here() -> None:
        if request.method != "POST":
            return
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.host
        if foreign or request.remote_addr not in ("127.0.0.1", "::1"):
            abort(403)

    @app.get("/")
    def show() -> str:
        with core.store.transaction():
            orders = shop.latest_orders(LATEST_ORDERS)
            items = shop.items()
        return render_template(
            "shop.html", shop=shop, items=items, orders=orders, notice=request.args.get("notice")
        )

    @app.post("/shop/buy")
    def buy() -> BaseResponse:
        line = {"sku": request.form.get("sku", ""), "quantity": _number("quantity")}
        try:
            with core.store.transaction():
                placed = shop.place_order({"lines": [line], "paid": True, "reference": "page"})
        except OutOfStock:
            return _back(f"Not enough {line['sku']} in stock")
        except (Invalid, Unknown) as error:
            return _back(str(error))
        return _back(f"Order {placed['number']} placed")

    @app.post("/shop/stock")
    def set_stock() -> BaseResponse:
        sku = request.form.get("sku", "")
        try:
            with core.store.transaction():
                change = shop.set_stock(
                    sku=sku,
                    quantity=_number("quantity"),
                    delta=None,
                    location_id=request.form.get("location_id") or None,
                )
        except (Invalid, Unknown) as error:
            return _back(str(error))
        return _back(f"{sku}: {change['from']} to {change['to']}")

    return app


def _number(name: str) -> int:
    try:
        return int(request.form.get(name, ""))
    except ValueError:
        abort(Response(f"{name} is a whole number", 400))


def _back(notice: str) -> BaseResponse:
    return redirect(f"/?notice={quote(notice)}", code=303)
