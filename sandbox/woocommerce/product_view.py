"""Products and variations as REST v3 shows them (spec: _products.md, _product-variations.md)."""

from collections.abc import Callable

from sandbox.core.store import Document
from sandbox.woocommerce.catalog import Catalog
from sandbox.woocommerce.dates import gmt, local
from sandbox.woocommerce.prices import is_on_sale, selling_price


class ProductView:
    """Builds response bodies; ``base_url`` is asked anew each time, it is known only when serving."""

    def __init__(self, catalog: Catalog, base_url: Callable[[], str]) -> None:
        self._catalog = catalog
        self._base_url = base_url

    def product(self, product: Document) -> Document:
        """The shape of ``/products/<id>``, which a variation's webhook has too."""
        is_variation = product["type"] == "variation"
        body = {
            "id": product["id"],
            "name": self._catalog.full_name(product),
            "slug": _slug(product["name"]),
            "permalink": self._permalink(product),
            **_dates(product),
            "type": product["type"],
            "status": product["status"],
            "featured": False,
            "catalog_visibility": "visible",
            "description": product["description"],
            "short_description": "",
            **self._prices(product),
            "total_sales": product["total_sales"],
            **_delivery(),
            "external_url": "",
            "button_text": "",
            **self._stock(product),
            "sold_individually": False,
            **_measures(),
            "shipping_required": True,
            "shipping_taxable": True,
            "reviews_allowed": not is_variation,
            "average_rating": "0.00",
            "rating_count": 0,
            "upsell_ids": [],
            "cross_sell_ids": [],
            "parent_id": product["parent_id"],
            "purchase_note": "",
            "categories": _terms(product["category"], 15),
            "brands": _terms(product["brand"], 300),
            "tags": [],
            "images": [_image(product)] if product["image"] else [],
            "attributes": _options(product) if is_variation else _choices(product),
            "default_attributes": [],
            "variations": list(product["children"]),
            "grouped_products": [],
            "menu_order": 0,
            "related_ids": [],
            "meta_data": product["meta"],
            "has_options": product["type"] == "variable",
            "post_password": "",
            "global_unique_id": product.get("global_unique_id", ""),
        }
        return body | {"_links": self._links(f"products/{product['id']}", "products")}

    def variation(self, product: Document) -> Document:
        """The shape of ``/products/<parent>/variations/<id>``."""
        parent_path = f"products/{product['parent_id']}"
        body = {
            "id": product["id"],
            "type": "variation",
            **_dates(product),
            "description": product["description"],
            "permalink": self._permalink(product),
            **self._prices(product),
            "global_unique_id": product.get("global_unique_id", ""),
            "status": product["status"],
            **_delivery(),
            **self._stock(product),
            **_measures(),
            "image": _image(product) if product["image"] else None,
            "attributes": _options(product),
            "menu_order": 0,
            "meta_data": product["meta"],
            "name": ", ".join(product["attributes"].values()),
            "parent_id": product["parent_id"],
        }
        links = self._links(f"{parent_path}/variations/{product['id']}", f"{parent_path}/variations")
        links["up"] = [{"href": f"{self._base_url()}/wp-json/wc/v3/{parent_path}"}]
        return body | {"_links": links}

    def _prices(self, product: Document) -> Document:
        price = selling_price(product)
        return {
            "sku": product["sku"],
            "price": price or self._lowest_price(product),
            "regular_price": product["price"],
            "sale_price": product.get("sale_price", ""),
            "date_on_sale_from": None,
            "date_on_sale_from_gmt": None,
            "date_on_sale_to": None,
            "date_on_sale_to_gmt": None,
            "on_sale": is_on_sale(product),
            "purchasable": bool(price) or bool(product["children"]),
        }

    def _lowest_price(self, product: Document) -> str:
        prices = [selling_price(self._catalog.table[child]) for child in product["children"]]
        return min((p for p in prices if p), key=float, default="")

    def _stock(self, product: Document) -> Document:
        """``manage_stock`` is true, false, or "parent" for a variation whose parent keeps the number."""
        keeper = self._catalog.keeper(product)
        manage: bool | str = keeper is not None
        if keeper is not None and keeper is not product:
            manage = "parent"
        backorders = (keeper or product)["backorders"]
        quantity = None if keeper is None else keeper["stock"]
        return {
            "manage_stock": manage,
            "stock_quantity": quantity,
            "stock_status": self._stock_status(product),
            "backorders": backorders,
            "backorders_allowed": backorders != "no",
            "backordered": backorders != "no" and quantity is not None and quantity < 0,
            "low_stock_amount": None,
        }

    def _stock_status(self, product: Document) -> str:
        keeper = self._catalog.keeper(product)
        if keeper is None:
            children = [self._catalog.table[child] for child in product["children"]]
            if children and all(self._stock_status(child) == "outofstock" for child in children):
                return "outofstock"
            return str(product["stock_status"])
        if keeper["stock"] > 0:
            return "instock"
        return "outofstock" if keeper["backorders"] == "no" else "onbackorder"

    def _permalink(self, product: Document) -> str:
        return f"{self._base_url()}/product/{_slug(product['name'])}/"

    def _links(self, own: str, collection: str) -> Document:
        root = f"{self._base_url()}/wp-json/wc/v3"
        return {"self": [{"href": f"{root}/{own}"}], "collection": [{"href": f"{root}/{collection}"}]}


def _dates(product: Document) -> Document:
    return {
        "date_created": local(product["created"]),
        "date_created_gmt": gmt(product["created"]),
        "date_modified": local(product["modified"]),
        "date_modified_gmt": gmt(product["modified"]),
    }


def _delivery() -> Document:
    return {
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": "taxable",
        "tax_class": "",
    }


def _measures() -> Document:
    return {
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_class": "",
        "shipping_class_id": 0,
    }


def _terms(name: str, term_id: int) -> list[Document]:
    """Terms are not modelled; the id is the same for the same kind, only the name tells."""
    return [{"id": term_id, "name": name, "slug": _slug(name)}] if name else []


def _image(product: Document) -> Document:
    return {
        "id": product["id"] + 1_000_000,
        **_dates(product),
        "src": product["image"],
        "name": product["name"],
        "alt": "",
    }


def _choices(product: Document) -> list[Document]:
    return [
        {
            "id": 0,
            "name": name,
            "slug": name,
            "position": position,
            "visible": True,
            "variation": True,
            "options": options,
        }
        for position, (name, options) in enumerate(product["attributes"].items())
    ]


def _options(product: Document) -> list[Document]:
    return [
        {"id": 0, "name": name, "slug": name, "option": option}
        for name, option in product["attributes"].items()
    ]


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
