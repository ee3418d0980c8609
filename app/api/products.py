"""What variants are of. Products come from shops' catalogs and have no stock of their own."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.variants import ProductSchema, VariantSchema
from app.services.queries import variants as queries
from app.services.queries.paging import Page, Row

blp = Resource("products", __name__, description="What variants are of.")


@blp.route("/products")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(ProductSchema))
def list_products(args: dict[str, Any]) -> Page:
    """All of them."""
    return queries.products(principal().account_id, **args)


@blp.route("/products/<int:product_id>")
@blp.response(OK, ProductSchema)
def get_product(product_id: int) -> Row:
    """One product."""
    return queries.product(principal().account_id, product_id)


@blp.route("/products/<int:product_id>/variants")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(VariantSchema))
def list_product_variants(args: dict[str, Any], product_id: int) -> Page:
    """Its variants, archived ones too."""
    return queries.variants_of(principal().account_id, product_id, **args)
