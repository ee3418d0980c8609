"""``/products`` and ``/variations``. Source: WC_REST_Products_Controller and its variations."""

import time
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request

from sandbox.core import current_call
from sandbox.core.store import Document
from sandbox.woocommerce import prices
from sandbox.woocommerce.catalog import Catalog
from sandbox.woocommerce.errors import RestError, invalid_id, invalid_param
from sandbox.woocommerce.listing import list_rows
from sandbox.woocommerce.php import as_list, intval, is_true
from sandbox.woocommerce.rest import ROOT, Store, answer, arguments, body_object, run_batch

DELTA_GAP_S = 0.02
"""Between reading a quantity and saving it plus ``inventory_delta`` the real shop takes this long, and
others write meanwhile: the delta is not atomic."""
TEXT_FIELDS = {"name": "name", "description": "description"}


class ProductWrites:
    """Creates and updates, for single calls and batches alike; ``variation`` routes have a parent."""

    def __init__(self, store: Store, parent_id: int | None, *, validate: bool) -> None:
        self._store = store
        self._parent_id = parent_id
        self._validate = validate
        call = current_call(request.environ)
        self._call_id = None if call is None else call.call_id
        self._read_quantities: dict[int, int] = {}

    @property
    def post_type(self) -> str:
        return "product" if self._parent_id is None else "product_variation"

    def view(self, product: Document) -> Document:
        view = self._store.product_view
        return view.product(product) if self._parent_id is None else view.variation(product)

    def read_for_deltas(self, items: Iterable[Document]) -> bool:
        """Read what deltas will be added to; whether there are any."""
        for item in items:
            product = self._store.catalog.get(intval(item.get("id")))
            if product is not None and "inventory_delta" in item and "stock_quantity" not in item:
                self._read_quantities[product["id"]] = self._store.catalog.quantity(product) or 0
        return bool(self._read_quantities)

    def create(self, item: Document) -> Document:
        if item.get("id"):
            code = f"woocommerce_rest_{self.post_type}_exists"
            raise RestError(code, f"Cannot create existing {self.post_type}.", 400)
        fields: Document = {"type": str(item.get("type") or "simple")}
        if self._parent_id is not None:
            parent = self._store.catalog.table[self._parent_id]
            options = {a["name"]: a["option"] for a in item.get("attributes") or []}
            fields = {"type": "variation", "parent_id": parent["id"], "name": parent["name"]}
            fields["attributes"] = options
        elif item.get("attributes"):
            fields["attributes"] = {a["name"]: list(a.get("options") or []) for a in item["attributes"]}
        sku = str(item.get("sku") or "")
        placeholder = {"id": 0, "sku": ""}
        if sku:
            self._store.catalog.check_sku(placeholder, sku)
        fields["manage_stock"] = is_true(item.get("manage_stock", False))
        fields["stock"] = intval(item.get("stock_quantity")) if fields["manage_stock"] else None
        fields["sku"] = sku
        for name, field in TEXT_FIELDS.items():
            if name in item and (name != "name" or self._parent_id is None):
                fields[field] = str(item[name])
        fields |= prices.wanted(fields, item)
        return self.view(self._store.catalog.create(fields, cause="api", call_id=self._call_id))

    def update(self, product_id: int, item: Document) -> Document:
        product = self._store.catalog.get(product_id)
        if product is None:
            raise invalid_id(self.post_type, 400)
        if self._parent_id is None and product["type"] == "variation":
            raise RestError(
                "woocommerce_rest_invalid_product_id",
                "To manipulate product variations you should use the "
                "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
                404,
            )
        if self._parent_id is not None and product["parent_id"] != self._parent_id:
            raise invalid_id(self.post_type, 400)
        if self._validate:
            _check_types(item)
        self._apply(product, item)
        return self.view(product)

    def delete(self, product_id: int, *, force: bool) -> Document:
        product = self._store.catalog.get(product_id)
        if product is None or (self._parent_id is not None and product["parent_id"] != self._parent_id):
            raise invalid_id(self.post_type, 404)
        body = self.view(product)
        if force:
            self._store.catalog.delete(product)
        elif product["status"] == "trash":
            raise RestError(
                "woocommerce_rest_already_trashed", f"The {self.post_type} has already been deleted.", 410
            )
        else:
            self._store.catalog.trash(product)
        return body

    def _apply(self, product: Document, item: Document) -> None:
        catalog = self._store.catalog
        if "sku" in item:
            catalog.set_sku(product, str(item["sku"]))
        for name, field in TEXT_FIELDS.items():
            if name in item and (name != "name" or product["type"] != "variation"):
                product[field] = str(item[name])
        catalog.set_prices(product, prices.wanted(product, item), cause="api", call_id=self._call_id)
        for name in ("status", "backorders", "stock_status"):
            if name in item:
                product[name] = str(item[name])
        if item.get("manage_stock") is not None:
            product["manage_stock"] = item["manage_stock"] != "parent" and is_true(item["manage_stock"])
            product["stock"] = (product["stock"] or 0) if product["manage_stock"] else None
        self._apply_stock(catalog, product, item)
        # Every write is saved and echoed, one that changed nothing too.
        catalog.touch(product)

    def _apply_stock(self, catalog: Catalog, product: Document, item: Document) -> None:
        """Where the product keeps no number of its own the write is ignored without a word."""
        if not product["manage_stock"]:
            return
        if item.get("stock_quantity") is not None:
            quantity = intval(item["stock_quantity"])
        elif item.get("inventory_delta") is not None:
            read = self._read_quantities.get(product["id"])
            before: int = product["stock"] if read is None else read
            quantity = before + intval(item["inventory_delta"])
        else:
            return
        catalog.set_stock(product, quantity, cause="api", call_id=self._call_id)


def add_product_routes(app: Flask, store: Store) -> None:
    @app.get(f"{ROOT}/products")
    def list_products() -> Response:
        args = arguments()
        with store.core.store.transaction():
            page = list_rows(_product_rows(store, args), args, url=store.url("products"))
            bodies = [store.product_view.product(row) for row in page.rows]
        return answer(bodies, headers=page.headers)

    @app.get(f"{ROOT}/products/<int:product_id>")
    def show_product(product_id: int) -> Response:
        with store.core.store.transaction():
            product = store.catalog.get(product_id)
            if product is None:
                raise invalid_id("product", 404)
            body = store.product_view.product(product)
        return answer(body)

    @app.post(f"{ROOT}/products")
    def create_product() -> Response:
        return _write_one(store, None, 0)

    @app.route(f"{ROOT}/products/<int:product_id>", methods=["PUT", "PATCH", "POST"])
    def update_product(product_id: int) -> Response:
        return _write_one(store, None, product_id)

    @app.delete(f"{ROOT}/products/<int:product_id>")
    def delete_product(product_id: int) -> Response:
        return _delete_one(store, None, product_id)

    @app.route(f"{ROOT}/products/batch", methods=["POST", "PUT", "PATCH"])
    def batch_products() -> Response:
        return _write_batch(store, None)


def add_variation_routes(app: Flask, store: Store) -> None:
    base = f"{ROOT}/products/<int:parent_id>/variations"

    @app.get(base)
    def list_variations(parent_id: int) -> Response:
        with store.core.store.transaction():
            parent = store.catalog.get(parent_id)
            children = [] if parent is None else [store.catalog.table[c] for c in parent["children"]]
            return _variation_page(store, children, f"products/{parent_id}/variations")

    @app.get(f"{ROOT}/variations")
    def list_all_variations() -> Response:
        with store.core.store.transaction():
            if not store.plan.lists_all_variations:
                raise RestError(
                    "rest_no_route", "No route was found matching the URL and request method.", 404
                )
            rows = [p for p in store.catalog.table.values() if p["type"] == "variation"]
            return _variation_page(store, rows, "variations")

    @app.get(f"{base}/<int:product_id>")
    def show_variation(parent_id: int, product_id: int) -> Response:
        with store.core.store.transaction():
            product = store.catalog.get(product_id)
            if product is None or product["parent_id"] != parent_id:
                raise invalid_id("product_variation", 404)
            body = store.product_view.variation(product)
        return answer(body)

    @app.post(base)
    def create_variation(parent_id: int) -> Response:
        return _write_one(store, parent_id, 0)

    @app.route(f"{base}/<int:product_id>", methods=["PUT", "PATCH", "POST"])
    def update_variation(parent_id: int, product_id: int) -> Response:
        return _write_one(store, parent_id, product_id)

    @app.delete(f"{base}/<int:product_id>")
    def delete_variation(parent_id: int, product_id: int) -> Response:
        return _delete_one(store, parent_id, product_id)

    @app.route(f"{base}/batch", methods=["POST", "PUT", "PATCH"])
    def batch_variations(parent_id: int) -> Response:
        return _write_batch(store, parent_id)


def _product_rows(store: Store, args: dict[str, Any]) -> Iterable[Document]:
    """The list has no variations, unless it is asked by SKU."""
    rows: Iterable[Document]
    if args.get("sku"):
        rows = [p for sku in as_list(args["sku"]) for p in store.catalog.find_by_sku(sku)]
    else:
        rows = (p for p in store.catalog.table.values() if p["type"] != "variation")
    return _with_status(rows, args)


def _variation_page(store: Store, rows: Iterable[Document], path: str) -> Response:
    args = arguments()
    if args.get("sku"):
        skus = {sku.casefold() for sku in as_list(args["sku"])}
        rows = (row for row in rows if row["sku"].casefold() in skus)
    page = list_rows(_with_status(rows, args), args, url=store.url(path))
    return answer([store.product_view.variation(row) for row in page.rows], headers=page.headers)


def _with_status(rows: Iterable[Document], args: dict[str, Any]) -> Iterable[Document]:
    status = args.get("status", "any")
    if args.get("type"):
        rows = (row for row in rows if row["type"] == args["type"])
    return (row for row in rows if row["status"] == status or (status == "any" and row["status"] != "trash"))


def _write_one(store: Store, parent_id: int | None, product_id: int) -> Response:
    item = body_object()
    writes = ProductWrites(store, parent_id, validate=True)
    _wait_for_deltas(store, writes, [item | {"id": product_id}])
    with store.core.store.transaction(), store.hooks.request():
        _check_parent(store, parent_id)
        if product_id:
            return answer(writes.update(product_id, item))
        body = writes.create(item)
        return answer(body, status=201, headers={"Location": body["_links"]["self"][0]["href"]})


def _write_batch(store: Store, parent_id: int | None) -> Response:
    body = body_object()
    writes = ProductWrites(store, parent_id, validate=False)
    _wait_for_deltas(store, writes, [i for i in body.get("update") or [] if isinstance(i, dict)])
    with store.core.store.transaction(), store.hooks.request():
        _check_parent(store, parent_id)
        result = run_batch(
            body,
            create=writes.create,
            update=writes.update,
            delete=lambda product_id: writes.delete(product_id, force=True),
        )
    return answer(result)


def _delete_one(store: Store, parent_id: int | None, product_id: int) -> Response:
    writes = ProductWrites(store, parent_id, validate=True)
    with store.core.store.transaction(), store.hooks.request():
        return answer(writes.delete(product_id, force=is_true(arguments().get("force", False))))


def _wait_for_deltas(store: Store, writes: ProductWrites, items: list[Document]) -> None:
    with store.core.store.transaction():
        any_delta = writes.read_for_deltas(items)
    if any_delta:
        time.sleep(DELTA_GAP_S)


def _check_parent(store: Store, parent_id: int | None) -> None:
    if parent_id is not None and store.catalog.get(parent_id) is None:
        raise invalid_id("product", 404)


def _check_types(item: Document) -> None:
    """Single calls are checked against the schema; batches are not."""
    for name in ("stock_quantity", "inventory_delta"):
        value = item.get(name)
        if value is not None and not _is_integer(value):
            raise invalid_param(name, f"{name} is not of type integer.")
    prices.check_types(item)


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return value.lstrip("+-").isdigit()
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
