"""Products, variations and where their stock is kept."""

import time
from collections.abc import Iterator

from sandbox.core import Core, Invalid, Unknown
from sandbox.core.store import Document
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.plan import Plan


class Catalog:
    """All products, variations among them (WordPress keeps both as posts with one id sequence).

    Call under the state lock, inside a transaction and a ``hooks.request()``.
    """

    def __init__(self, core: Core, hooks: Hooks, plan: Plan) -> None:
        self._core = core
        self._hooks = hooks
        self._plan = plan
        self.table = core.store.table("products")
        self._by_sku: dict[str, list[int]] = {}
        for product in self.table.values():
            self._index(product)

    def get(self, product_id: int) -> Document | None:
        return self.table.get(product_id)

    def create(self, fields: Document, *, cause: str, call_id: int | None = None) -> Document:
        """Store a new product or variation with its opening stock."""
        product_id = self._core.store.next_id("posts", start=10)
        now = time.time()
        product: Document = {
            "id": product_id,
            "type": "simple",
            "parent_id": 0,
            "name": "",
            "sku": "",
            "price": "",
            "sale_price": "",
            "manage_stock": False,
            "stock": None,
            "backorders": "no",
            "stock_status": "instock",
            "status": "publish",
            "description": "",
            "brand": "",
            "category": "",
            "image": "",
            "attributes": {},
            "children": [],
            "meta": [],
            "total_sales": 0,
            "created": now,
            "modified": now,
            **fields,
        }
        self.table.put(product_id, product)
        self._index(product)
        if product["parent_id"]:
            parent = self.table[product["parent_id"]]
            parent["children"].append(product_id)
            self.table.save(parent["id"])
        if product["manage_stock"]:
            self._log_stock(product, None, product["stock"], cause, None, call_id)
        self._hooks.fire("product.created", product_id)
        return product

    def full_name(self, product: Document) -> str:
        """As shops show it: a variation with its options."""
        if product["type"] != "variation":
            return str(product["name"])
        return f"{product['name']} - {', '.join(product['attributes'].values())}"

    def keeper(self, product: Document) -> Document | None:
        """The product whose number counts for this one: itself, its parent, or None when untracked."""
        if product["manage_stock"]:
            return product
        parent = self.table.get(product["parent_id"]) if product["parent_id"] else None
        return parent if parent is not None and parent["manage_stock"] else None

    def stock_id(self, product: Document) -> str:
        """``"PRODUCT"`` or ``"PARENT:VARIATION"`` of the place that keeps this product's number."""
        keeper = self.keeper(product) or product
        return f"{keeper['parent_id']}:{keeper['id']}" if keeper["parent_id"] else str(keeper["id"])

    def quantity(self, product: Document) -> int | None:
        keeper = self.keeper(product)
        return None if keeper is None else keeper["stock"]

    def set_stock(
        self,
        keeper: Document,
        quantity: int,
        *,
        cause: str,
        order_id: int | None = None,
        call_id: int | None = None,
    ) -> float | None:
        """Store a number in the product that keeps it; return the change's time, None without one."""
        before = keeper["stock"]
        keeper["stock"] = quantity
        at = self._log_stock(keeper, before, quantity, cause, order_id, call_id)
        self.touch(keeper, moves_date=order_id is None or self._plan.stock_moves_date_modified)
        return at

    def set_prices(
        self, product: Document, prices: Document, *, cause: str, call_id: int | None = None
    ) -> None:
        """Store a `price` and a `sale_price`, or one of them; the caller saves the product."""
        before = product["price"]
        product.update(prices)
        if "price" in prices:
            self._core.events.price(
                listing_id=str(product["id"]),
                sku=product["sku"] or None,
                before=before,
                after=product["price"],
                cause=cause,
                call_id=call_id,
            )

    def touch(self, product: Document, *, moves_date: bool = True) -> None:
        """Every save moves ``date_modified`` and fires product.updated, of the saved one only."""
        if moves_date:
            product["modified"] = time.time()
        self.table.save(product["id"])
        self._hooks.fire("product.updated", product["id"])

    def check_sku(self, product: Document, sku: str) -> None:
        """Raises RestError for a SKU that another product has, a trashed one too. MySQL compares without
        regard to case."""
        others = [other for other in self._by_sku.get(sku.casefold(), []) if other != product["id"]]
        if sku and others:
            raise RestError(
                "product_invalid_sku",
                "Invalid or duplicated SKU.",
                400,
                data={"status": 400, "resource_id": others[0], "unique_sku": f"{sku}-1"},
            )

    def set_sku(self, product: Document, sku: str) -> None:
        """Rename, after ``check_sku``."""
        self.check_sku(product, sku)
        self._unindex(product)
        product["sku"] = sku
        self._index(product)

    def find_by_sku(self, sku: str) -> list[Document]:
        """As ``?sku=`` does: products and variations, without regard to case."""
        return [self.table[product_id] for product_id in self._by_sku.get(sku.casefold(), [])]

    def sold_as(self, sku: str) -> Document:
        """What a buyer gets who asks for this very SKU. Raises Unknown."""
        for product in self.find_by_sku(sku):
            if product["sku"] == sku and product["type"] != "variable" and product["status"] == "publish":
                return product
        raise Unknown(f"nothing is sold as {sku!r}")

    def listings(self) -> Iterator[Document]:
        """Everything that can be bought: simple products and variations, oldest first."""
        return (p for p in self.table.values() if p["type"] != "variable" and p["status"] != "trash")

    def trash(self, product: Document) -> None:
        """To the bin, with the variations; the SKU stays taken."""
        for child_id in product["children"]:
            self._bin(self.table[child_id])
        self._bin(product)
        self._hooks.fire("product.deleted", product["id"])

    def delete(self, product: Document) -> None:
        """For good; no webhook tells."""
        for child_id in list(product["children"]):
            self.delete(self.table[child_id])
        if product["parent_id"] in self.table:
            parent = self.table[product["parent_id"]]
            parent["children"].remove(product["id"])
            self.table.save(parent["id"])
        self._unindex(product)
        del self.table[product["id"]]

    def _bin(self, product: Document) -> None:
        product["status"] = "trash"
        product["modified"] = time.time()
        self.table.save(product["id"])

    def _index(self, product: Document) -> None:
        if product["sku"]:
            self._by_sku.setdefault(product["sku"].casefold(), []).append(product["id"])

    def _unindex(self, product: Document) -> None:
        if product["sku"]:
            self._by_sku[product["sku"].casefold()].remove(product["id"])

    def _log_stock(
        self,
        keeper: Document,
        before: int | None,
        after: int | None,
        cause: str,
        order_id: int | None,
        call_id: int | None,
    ) -> float | None:
        return self._core.events.stock(
            stock_id=self.stock_id(keeper),
            location_id="",
            sku=keeper["sku"] or None,
            before=before,
            after=after,
            cause=cause,
            order_id=order_id,
            call_id=call_id,
        )


def add_control_products(catalog: Catalog, products: list[Document]) -> list[Document]:
    """Take in ``POST /_sandbox/catalog``; return the new listings in order."""
    added: list[Document] = []
    for entry in products:
        variants = entry.get("variants") or []
        if not variants:
            raise Invalid("a product has at least one variant")
        shared = entry.get("shared_stock")
        if len(variants) == 1 and shared is None:
            added.append(catalog.create(_common(entry) | _variant(variants[0]), cause="catalog"))
            continue
        parent = catalog.create(
            _common(entry)
            | {"type": "variable", "manage_stock": shared is not None, "stock": shared}
            | {"attributes": {"Option": [str(v.get("title") or v.get("sku")) for v in variants]}},
            cause="catalog",
        )
        for variant in variants:
            fields = _variant(variant) | {
                "type": "variation",
                "parent_id": parent["id"],
                "name": parent["name"],
                "attributes": {"Option": str(variant.get("title") or variant.get("sku"))},
            }
            if shared is not None:
                fields |= {"manage_stock": False, "stock": None}
            added.append(catalog.create(fields, cause="catalog"))
    return added


def _common(entry: Document) -> Document:
    return {
        "name": str(entry.get("title") or ""),
        "brand": str(entry.get("vendor") or ""),
        "category": str(entry.get("type") or ""),
        "image": str(entry.get("image") or ""),
    }


def _variant(variant: Document) -> Document:
    stock = variant.get("stock")
    return {
        "sku": str(variant.get("sku") or ""),
        "global_unique_id": str(variant.get("barcode") or ""),
        "price": str(variant.get("price") or ""),
        "sale_price": str(variant.get("sale_price") or ""),
        "manage_stock": stock is not None,
        "stock": stock,
    }
