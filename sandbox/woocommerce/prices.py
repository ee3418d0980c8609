"""Regular and sale prices, kept as the text that WordPress stores; what a buyer pays follows from both.

Source: `wc_format_decimal`, WC_Product::is_on_sale, WC_REST_Products_Controller::prepare_object_for_database.
"""

import re
from typing import Any

from sandbox.core.store import Document
from sandbox.woocommerce.errors import invalid_param

FIELDS = {"regular_price": "price", "sale_price": "sale_price"}
"""What the API calls it -> our document's key."""
_NOT_NUMERIC = re.compile(r"[^\d.-]")


def decimal_text(value: Any) -> str:
    """`wc_format_decimal`: what is no digit, point or minus is dropped without a word; "abc" is no price."""
    kept = _NOT_NUMERIC.sub("", str(value))
    try:
        float(kept)
    except ValueError:
        return ""
    return kept


def check_types(item: Document) -> None:
    """Single calls are checked against the schema; batches are not. Raises RestError."""
    for name in FIELDS:
        if name in item and not isinstance(item[name], str):
            raise invalid_param(name, f"{name} is not of type string.")


def wanted(product: Document, item: Document) -> Document:
    """The prices that a write asks for, by our keys; a variable product ignores them without a word."""
    if product["type"] == "variable":
        return {}
    return {key: decimal_text(item[name]) for name, key in FIELDS.items() if item.get(name) is not None}


def is_on_sale(product: Document) -> bool:
    regular, sale = product["price"], product.get("sale_price", "")
    return bool(regular and sale) and float(sale) < float(regular)


def selling_price(product: Document) -> str:
    """What a buyer pays; "" for what cannot be bought."""
    return str(product["sale_price"] if is_on_sale(product) else product["price"])
