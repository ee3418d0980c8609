"""`productVariantsBulkUpdate`, for prices: what the real one's description and error codes tell.

Without `allowPartialUpdates` any error keeps all variants from changing; with it the valid ones are written.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.catalog import Catalog
from sandbox.shopify.state import State, number_of
from sandbox.shopify.totals import amount

HIGHEST = Decimal("1000000000000")
MESSAGES = {
    "PRODUCT_DOES_NOT_EXIST": "Product does not exist",
    "PRODUCT_VARIANT_ID_MISSING": "Product variant is missing ID attribute",
    "PRODUCT_VARIANT_DOES_NOT_EXIST": "Product variant does not exist",
    "NEGATIVE_PRICE_VALUE": "Price cannot take a negative value",
    "INVALID_INPUT": "Price is too high",
}


class Prices:
    """Checks each variant, then writes those that may be written."""

    def __init__(self, state: State, catalog: Catalog) -> None:
        self.state = state
        self.catalog = catalog

    def update(self, args: dict[str, Any], call_id: int | None) -> Document:
        product = self.state.products.get(number_of(args["productId"], "Product") or 0)
        if product is None:
            return _payload(None, [], [_error("PRODUCT_DOES_NOT_EXIST", "productId")])
        errors: list[Document] = []
        wanted: list[tuple[Document, str | None]] = []
        for position, given in enumerate(args["variants"]):
            price = _money(given.get("price"))
            variant = self.state.variants.get(number_of(given.get("id") or "", "ProductVariant") or 0)
            code, name = self._fault(product, given, variant, price)
            if code:
                errors.append(_error(code, "variants", str(position), name))
            elif variant is not None:
                wanted.append((variant, None if price is None else amount(price)))
        if errors and not args.get("allowPartialUpdates"):
            return _payload(product, [], errors)
        if wanted:
            self.catalog.reprice(product, wanted, cause="api", call_id=call_id)
        return _payload(product, [variant for variant, _price in wanted], errors)

    def _fault(
        self, product: Document, given: Document, variant: Document | None, price: Decimal | None
    ) -> tuple[str, str]:
        """(error code or "", the input field at fault)"""
        if not given.get("id"):
            return "PRODUCT_VARIANT_ID_MISSING", "id"
        if variant is None or variant["product_id"] != product["id"]:
            return "PRODUCT_VARIANT_DOES_NOT_EXIST", "id"
        if price is not None and price < 0:
            return "NEGATIVE_PRICE_VALUE", "price"
        if price is not None and price >= HIGHEST:
            return "INVALID_INPUT", "price"
        return "", ""


def _money(given: Any) -> Decimal | None:
    """A Money input is a decimal, best as text. Raises GraphQLError for anything else, as coercion does."""
    if given is None:
        return None
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise GraphQLError(f"Invalid money {given!r}", extensions={"code": "INVALID_VARIABLE"})
    return value


def _error(code: str, *path: str) -> Document:
    return {"code": code, "field": list(path), "message": MESSAGES[code]}


def _payload(product: Document | None, variants: list[Document], errors: list[Document]) -> Document:
    return {"product": product, "product_variants": variants or None, "user_errors": errors}
