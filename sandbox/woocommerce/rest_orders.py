"""``/orders`` and ``/orders/<id>/refunds``. Source: WC_REST_Orders_Controller and its refunds."""

import time
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Flask, Response, request

from sandbox.core import current_call
from sandbox.core.store import Document
from sandbox.woocommerce.errors import RestError, invalid_id, invalid_param
from sandbox.woocommerce.listing import list_rows
from sandbox.woocommerce.orders import STATUSES, Actor, find_line
from sandbox.woocommerce.php import as_list, intval, is_true
from sandbox.woocommerce.refunds import RefundRefused
from sandbox.woocommerce.rest import ROOT, Store, answer, arguments, body_object, run_batch

ACTIONS = {"cancelled": "cancelled", "completed": "fulfilled"}


def add_order_routes(app: Flask, store: Store) -> None:
    @app.get(f"{ROOT}/orders")
    def list_orders() -> Response:
        args = arguments()
        with store.core.store.transaction():
            page = list_rows(_with_status(store, args), args, url=store.url("orders"))
            bodies = [store.order_view.order(row) for row in page.rows]
        return answer(bodies, headers=page.headers)

    @app.get(f"{ROOT}/orders/<int:order_id>")
    def show_order(order_id: int) -> Response:
        with store.core.store.transaction():
            body = store.order_view.order(_order(store, order_id, 404))
        return answer(body)

    @app.post(f"{ROOT}/orders")
    def create_order() -> Response:
        with store.core.store.transaction(), store.hooks.request():
            body = _create(store, body_object())
        return answer(body, status=201, headers={"Location": body["_links"]["self"][0]["href"]})

    @app.route(f"{ROOT}/orders/<int:order_id>", methods=["PUT", "PATCH", "POST"])
    def update_order(order_id: int) -> Response:
        with store.core.store.transaction(), store.hooks.request():
            return answer(_update(store, order_id, body_object()))

    @app.delete(f"{ROOT}/orders/<int:order_id>")
    def delete_order(order_id: int) -> Response:
        with store.core.store.transaction(), store.hooks.request():
            return answer(_delete(store, order_id, force=is_true(arguments().get("force", False))))

    @app.route(f"{ROOT}/orders/batch", methods=["POST", "PUT", "PATCH"])
    def batch_orders() -> Response:
        with store.core.store.transaction(), store.hooks.request():
            result = run_batch(
                body_object(),
                create=lambda item: _create(store, item),
                update=lambda order_id, item: _update(store, order_id, item),
                delete=lambda order_id: _delete(store, order_id, force=True),
            )
        return answer(result)


def add_refund_routes(app: Flask, store: Store) -> None:
    base = f"{ROOT}/orders/<int:order_id>/refunds"

    @app.get(base)
    def list_refunds(order_id: int) -> Response:
        args = arguments()
        with store.core.store.transaction():
            order = store.orders.table.get(order_id)
            rows = [] if order is None else store.refunds.of_order(order)
            rows = [row | {"modified": row["created"]} for row in rows]
            page = list_rows(rows, args, url=store.url(f"orders/{order_id}/refunds"))
            bodies = [store.order_view.refund(row) for row in page.rows]
        return answer(bodies, headers=page.headers)

    @app.get(f"{base}/<int:refund_id>")
    def show_refund(order_id: int, refund_id: int) -> Response:
        with store.core.store.transaction():
            refund = store.refunds.table.get(refund_id)
            if refund is None or refund["order_id"] != order_id:
                raise invalid_id("shop_order_refund", 404)
            return answer(store.order_view.refund(refund))

    @app.post(base)
    def create_refund(order_id: int) -> Response:
        with store.core.store.transaction(), store.hooks.request():
            body = _refund(store, order_id, body_object())
        return answer(body, status=201)


def _order(store: Store, order_id: int, status: int) -> Document:
    order = store.orders.table.get(order_id)
    if order is None:
        raise invalid_id("shop_order", status)
    return order


def _with_status(store: Store, args: dict[str, Any]) -> Iterable[Document]:
    statuses = set(as_list(args.get("status", "any")))
    if odd := statuses - {"any", "trash", *STATUSES}:
        message = f"status[0] is not one of any, trash, {', '.join(STATUSES)}."
        raise invalid_param("status", f"{message} ({', '.join(sorted(odd))})", "rest_not_in_enum")
    if "any" in statuses:
        statuses = set(STATUSES)
    return (order for order in store.orders.table.values() if order["status"] in statuses)


def _actor(cause: str) -> Actor:
    call = current_call(request.environ)
    return Actor(cause, None if call is None else call.call_id)


def _create(store: Store, item: Document) -> Document:
    """An order by API: nobody looks at the stock, so it can go below zero."""
    _check_status(item)
    lines = [_product_of(store, line) for line in item.get("line_items") or []]
    order = store.orders.create({"via": "rest-api", "currency": item.get("currency")})
    for product, quantity in lines:
        order["lines"].append(store.orders.new_line(product, quantity))
    _write_fields(order, item)
    store.hooks.fire("order.created", order["id"])
    store.core.store.table("orders").save(order["id"])
    store.orders.log("placed", order)
    status = str(item.get("status") or "pending")
    if is_true(item.get("set_paid", False)):
        status = "processing" if status == "pending" else status
    if status != "pending":
        store.orders.set_status(order, status, _actor("order"), action=None)
    return store.order_view.order(order)


def _update(store: Store, order_id: int, item: Document) -> Document:
    order = _order(store, order_id, 400)
    _check_status(item)
    for line in item.get("line_items") or []:
        _write_line(store, order, line)
    if item.get("line_items"):
        store.orders.log("edited", order)
    _write_fields(order, item)
    status = item.get("status")
    if is_true(item.get("set_paid", False)) and order["status"] in ("pending", "failed"):
        status = status or "processing"
    if status and status != order["status"]:
        action = "paid" if order["paid_at"] is None and status == "processing" else "status"
        store.orders.set_status(order, status, _actor("pay"), action=ACTIONS.get(status, action))
    else:
        store.orders.touch(order)
    return store.order_view.order(order)


def _delete(store: Store, order_id: int, *, force: bool) -> Document:
    order = _order(store, order_id, 404)
    if force:
        body = store.order_view.order(order)
        store.orders.delete(order)
        return body
    if order["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    store.orders.trash(order)
    return store.order_view.order(order)


def _check_status(item: Document) -> None:
    if item.get("status") is not None and item["status"] not in STATUSES:
        raise invalid_param("status", f"status is not one of {', '.join(STATUSES)}.", "rest_not_in_enum")


def _product_of(store: Store, line: Document) -> tuple[Document, int]:
    """A posted line's product and quantity."""
    product_id = intval(line.get("variation_id")) or intval(line.get("product_id"))
    product = store.catalog.get(product_id)
    if product is None and line.get("sku"):
        product = next(iter(store.catalog.find_by_sku(str(line["sku"]))), None)
    if product is None:
        raise RestError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    return product, intval(line.get("quantity", 1))


def _write_line(store: Store, order: Document, posted: Document) -> None:
    if not posted.get("id"):
        product, quantity = _product_of(store, posted)
        store.orders.add_line(order, product, quantity, _actor("edit_order"))
        return
    line = find_line(order, intval(posted["id"]))
    if line is None:
        raise RestError(
            "woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order.", 400
        )
    removed = posted.get("product_id", 0) is None
    if removed or posted.get("quantity") is not None:
        quantity = 0 if removed else intval(posted["quantity"])
        store.orders.set_quantity(order, line, quantity, _actor("edit_order"))


def _write_fields(order: Document, item: Document) -> None:
    for name in ("customer_note", "payment_method", "transaction_id"):
        if name in item:
            order[name] = str(item[name])
    if isinstance(item.get("billing"), dict):
        order["billing"] |= {key: str(value) for key, value in item["billing"].items()}
    if is_true(item.get("set_paid", False)) and order["paid_at"] is None:
        order["paid_at"] = time.time()


def _refund(store: Store, order_id: int, item: Document) -> Document:
    order = store.orders.table.get(order_id)
    if order is None:
        raise RestError("woocommerce_rest_invalid_order_id", "Invalid order ID.", 500, data=404)
    if is_true(item.get("api_refund", True)):
        raise _cannot_refund("The payment gateway for this order does not support automatic refunds.")
    quantities: dict[int, tuple[int, Decimal]] = {}
    for posted in item.get("line_items") or []:
        line = find_line(order, intval(posted.get("id")))
        if line is not None:
            money = _amount(posted.get("refund_total", 0))
            quantities[line["id"]] = (intval(posted.get("quantity", 0)), money)
    amount = None if item.get("amount") is None else _amount(item["amount"])
    try:
        refund = store.refunds.create(
            order,
            quantities,
            amount=amount,
            reason=str(item.get("reason") or ""),
            restock=is_true(item.get("api_restock", True)),
            actor=_actor("refund"),
        )
    except RefundRefused as refused:
        raise _cannot_refund(str(refused)) from refused
    return store.order_view.refund(refund)


def _amount(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def _cannot_refund(message: str) -> RestError:
    # The real one passes the bare status as the error's data, and answers 500.
    return RestError("woocommerce_rest_cannot_create_order_refund", message, 500, data=500)
