"""``/orders/<id>/notes``. Source: WC_REST_Order_Notes_Controller (v3) and the ones that it extends.

A list comes whole, newest first, without pages. A note changes neither the order nor its `date_modified`, and
fires no webhook. The notes that WooCommerce writes by itself (status changes) are not modelled.
"""

import time

from flask import Flask, Response

from sandbox.core.store import Document
from sandbox.woocommerce.dates import gmt, local
from sandbox.woocommerce.errors import RestError, invalid_id, invalid_param
from sandbox.woocommerce.php import is_true
from sandbox.woocommerce.rest import ROOT, Store, answer, arguments, body_object

KINDS = {"any": (True, False), "customer": (True,), "internal": (False,)}


def add_note_routes(app: Flask, store: Store) -> None:
    base = f"{ROOT}/orders/<int:order_id>/notes"

    @app.get(base)
    def list_notes(order_id: int) -> Response:
        kind = str(arguments().get("type", "any"))
        if kind not in KINDS:
            raise invalid_param("type", "type is not one of any, customer, and internal.", "rest_not_in_enum")
        with store.core.store.transaction():
            _require(store, order_id)
            notes = [n for n in store.core.store.table("notes").values() if n["order_id"] == order_id]
            bodies = [_view(store, note) for note in notes if note["customer_note"] in KINDS[kind]]
        return answer(bodies[::-1])

    @app.get(f"{base}/<int:note_id>")
    def show_note(order_id: int, note_id: int) -> Response:
        with store.core.store.transaction():
            _require(store, order_id)
            note = store.core.store.table("notes").get(note_id)
            if note is None or note["order_id"] != order_id:
                raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
            return answer(_view(store, note))

    @app.post(base)
    def create_note(order_id: int) -> Response:
        given = body_object()
        if not given.get("note"):
            raise RestError("rest_missing_callback_param", "Missing parameter(s): note", 400)
        with store.core.store.transaction():
            _require(store, order_id)
            body = _view(store, _write(store, order_id, given))
        return answer(body, status=201, headers={"Location": body["_links"]["self"][0]["href"]})


def _require(store: Store, order_id: int) -> None:
    if order_id not in store.orders.table:
        raise invalid_id("shop_order", 404)


def _write(store: Store, order_id: int, given: Document) -> Document:
    note_id = store.core.store.next_id("comments")
    note: Document = {
        "id": note_id,
        "order_id": order_id,
        "author": "admin" if is_true(given.get("added_by_user", False)) else "system",
        "created": time.time(),
        "note": str(given["note"]),
        "customer_note": is_true(given.get("customer_note", False)),
    }
    return store.core.store.table("notes").put(note_id, note)


def _view(store: Store, note: Document) -> Document:
    collection = f"orders/{note['order_id']}/notes"
    return {
        "id": note["id"],
        "author": note["author"],
        "date_created": local(note["created"]),
        "date_created_gmt": gmt(note["created"]),
        "note": note["note"],
        "customer_note": note["customer_note"],
        "_links": {
            "self": [{"href": store.url(f"{collection}/{note['id']}")}],
            "collection": [{"href": store.url(collection)}],
            "up": [{"href": store.url(f"orders/{note['order_id']}")}],
        },
    }
