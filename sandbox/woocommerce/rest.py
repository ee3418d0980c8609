"""The REST API's frame: authentication, arguments, errors, batches; the resources are in rest_*.py."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.core import Call, Core, current_call
from sandbox.core.store import Document
from sandbox.woocommerce.catalog import Catalog
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.keys import Incoming, Keys, check_permission
from sandbox.woocommerce.listing import pick_fields, split_batch
from sandbox.woocommerce.order_view import OrderView
from sandbox.woocommerce.orders import Orders
from sandbox.woocommerce.php import json_encode, parse_query
from sandbox.woocommerce.plan import Plan
from sandbox.woocommerce.product_view import ProductView
from sandbox.woocommerce.refunds import Refunds

ROOT = "/wp-json/wc/v3"
DENIED = {
    "list": ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources."),
    "GET": ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
    "POST": ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources."),
    "PUT": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "PATCH": ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    "DELETE": ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource."),
    "batch": (
        "woocommerce_rest_cannot_batch",
        "Sorry, you are not allowed to batch manipulate this resource.",
    ),
}
_STOCK_WRITE = re.compile(r"^products(/<id>)?(/variations)?(/<id>)?(/batch)?$")


@dataclass(frozen=True)
class Store:
    """All parts of one shop that the routes work on."""

    core: Core
    hooks: Hooks
    keys: Keys
    plan: Plan
    catalog: Catalog
    orders: Orders
    refunds: Refunds
    product_view: ProductView
    order_view: OrderView
    title: str
    currency: str

    def url(self, path: str) -> str:
        return f"{self.core.base_url}{ROOT}/{path}"


def guard(app: Flask, store: Store) -> None:
    """Install the request's frame: rate limit, authentication, error bodies."""

    @app.before_request
    def admit() -> Response | None:
        call = current_call(request.environ)
        if call is None:
            return None
        describe_call(call, request.get_data())
        with store.core.store.transaction():
            wait_s = store.plan.take(time.time())
            if wait_s is not None:
                call.throttled = True
                return too_many_requests(wait_s)
            g.key = store.keys.authenticate(
                Incoming(
                    method=request.method,
                    target=request.environ["RAW_URI"],
                    authorization=request.headers.get("Authorization", ""),
                    is_https=request.headers.get("X-Forwarded-Proto", "").lower() == "https",
                )
            )
        if request.path.rstrip("/") not in ("/wp-json", ROOT) and request.url_rule is not None:
            _check_access(g.key)
        return None

    @app.errorhandler(RestError)
    def rest_error(error: RestError) -> Response:
        return answer(error.as_body(), status=error.status, headers=error.headers)

    @app.errorhandler(HTTPException)
    def no_route(error: HTTPException) -> Response:
        if error.code not in (404, 405):
            return Response(error.get_body(), status=error.code, mimetype="text/html")
        missing = RestError("rest_no_route", "No route was found matching the URL and request method.", 404)
        return answer(missing.as_body(), status=404)


def describe_call(call: Call, body: bytes) -> None:
    """Name the endpoint by its template and count the stock numbers in the body."""
    path = call.path.removeprefix(ROOT).strip("/") or "/"
    call.endpoint = re.sub(r"\b\d+\b", "<id>", path)
    if call.method in ("POST", "PUT", "PATCH") and _STOCK_WRITE.match(call.endpoint):
        call.items = sum("stock_quantity" in i or "inventory_delta" in i for i in _items(body))
        call.write = call.items > 0


def answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response as WordPress sends it, cut down to ``_fields``."""
    fields = request.args.get("_fields")
    if fields and status < 400:
        body = pick_fields(body, fields)
    response = Response(json_encode(body), status=status, content_type="application/json; charset=UTF-8")
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(headers or {})
    return response


def too_many_requests(wait_s: int) -> Response:
    """WooCommerce has no limit of its own: the host's front server answers, in HTML."""
    page = "<html><head><title>429 Too Many Requests</title></head><body>429 Too Many Requests</body></html>"
    return Response(page, status=429, headers={"Retry-After": str(wait_s)}, mimetype="text/html")


def arguments() -> dict[str, Any]:
    """Query arguments as PHP reads them."""
    return parse_query(request.query_string.decode())


def body_object() -> Document:
    """The JSON body. Raises RestError when it is broken."""
    if not request.data:
        return {}
    try:
        body = json.loads(request.data)
    except ValueError:
        raise RestError(
            "rest_invalid_json",
            "Invalid JSON body passed.",
            400,
            data={"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"},
        ) from None
    return body if isinstance(body, dict) else {}


def run_batch(
    body: Document,
    *,
    create: Callable[[Document], Any],
    update: Callable[[int, Document], Any],
    delete: Callable[[int], Any],
) -> Document:
    """A batch: each item succeeds or fails alone, the answer is 200 either way."""
    creates, updates, deletes = split_batch(body)
    result: Document = {}
    if creates:
        result["create"] = [_item(0, create, item) for item in creates]
    if updates:
        result["update"] = [_item(_id_of(item), update, _id_of(item), item) for item in updates]
    if deletes:
        ids = [_id_of({"id": item}) for item in deletes]
        result["delete"] = [_item(item_id, delete, item_id) for item_id in ids if item_id]
    return result


def _item(item_id: int, action: Callable[..., Any], *args: Any) -> Any:
    try:
        return action(*args)
    except RestError as error:
        return {"id": item_id, "error": error.as_body()}


def _id_of(item: Any) -> int:
    value = item.get("id") if isinstance(item, dict) else None
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0


def _items(body: bytes) -> list[Document]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(parsed, dict):
        return []
    batch = [*(parsed.get("create") or []), *(parsed.get("update") or [])]
    return [item for item in (batch or [parsed]) if isinstance(item, dict)]


def _check_access(key: Document | None) -> None:
    if key is not None:
        check_permission(key, request.method)
        return
    kind = request.method
    if request.path.endswith("/batch"):
        kind = "batch"
    elif kind == "GET" and not request.path.rstrip("/").rsplit("/", 1)[-1].isdigit():
        kind = "list"
    code, message = DENIED[kind]
    raise RestError(code, message, 401)
