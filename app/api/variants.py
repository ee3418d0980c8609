"""What stock is counted of."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response

from app.api.errors import CREATED, NO_CONTENT, OK
from app.api.files import CSV, FILE, csv_file
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.variant_filters import VariantFilters
from app.api.schemas.variants import (
    ChangeVariantSchema,
    NewVariantSchema,
    VariantArgs,
    VariantDetailSchema,
    VariantSchema,
)
from app.api.versions import seen
from app.domain.variants import FIELDS
from app.services import variants
from app.services.queries import variants as queries
from app.services.queries.catalog_exports import variant_rows
from app.services.queries.paging import Page, Row
from app.services.versions import version_of

blp = Resource("variants", __name__, description="What stock is counted of.")
_version = partial(version_of, names=FIELDS)


@blp.route("/variants")
@blp.arguments(VariantArgs, location="query")
@blp.response(OK, page_of(VariantSchema))
def list_variants(args: dict[str, Any]) -> Page:
    """Variants by filter, those that are archived left out unless asked for."""
    return queries.variants(principal().account_id, **args)


@blp.route("/variants.csv")
@blp.arguments(VariantFilters, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_variants(args: dict[str, Any]) -> Response:
    """All that match, as a file that `POST /imports/catalog` takes: unchanged, it changes nothing."""
    return csv_file("variants", variant_rows(principal().account_id, **args))


@blp.route("/variants", methods=("POST",))
@blp.arguments(NewVariantSchema)
@blp.response(CREATED, VariantDetailSchema)
def create_variant(given: dict[str, Any]) -> Row:
    """Make a variant that no shop has yet."""
    caller = principal()
    product_id = given.pop("product_id")
    made = variants.create(caller.account_id, given, product_id=product_id, actor=caller.actor)
    return queries.variant(caller.account_id, made)


@blp.route("/variants/<int:variant_id>")
@blp.response(OK, VariantDetailSchema)
@blp.versioned(_version)
def get_variant(variant_id: int) -> Row:
    """One variant, its levels, its listings, its parts and the bundles that it is part of."""
    return queries.variant(principal().account_id, variant_id)


@blp.route("/variants/<int:variant_id>", methods=("PATCH",))
@blp.arguments(ChangeVariantSchema)
@blp.response(OK, VariantDetailSchema)
@blp.versioned(_version)
def change_variant(given: dict[str, Any], variant_id: int) -> Row:
    """Change what is given. Shops whose price sync is on follow the price."""
    caller = principal()
    variants.change(caller.account_id, variant_id, given, actor=caller.actor, seen=seen())
    return queries.variant(caller.account_id, variant_id)


@blp.route("/variants/<int:variant_id>/archive", methods=("POST",))
@blp.response(OK, VariantDetailSchema)
def archive_variant(variant_id: int) -> Row:
    """Leave it out of lists. Refused while it is linked, in a bundle, in stock or in open orders."""
    caller = principal()
    variants.archive(caller.account_id, variant_id, actor=caller.actor)
    return queries.variant(caller.account_id, variant_id)


@blp.route("/variants/<int:variant_id>/restore", methods=("POST",))
@blp.response(OK, VariantDetailSchema)
def restore_variant(variant_id: int) -> Row:
    """Have it in lists again."""
    caller = principal()
    variants.restore(caller.account_id, variant_id, actor=caller.actor)
    return queries.variant(caller.account_id, variant_id)


@blp.route("/variants/<int:variant_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
@blp.versioned(_version)
def delete_variant(variant_id: int) -> None:
    """Remove one that was never linked, counted or sold. Others can be archived."""
    caller = principal()
    variants.delete(caller.account_id, variant_id, actor=caller.actor, seen=seen())
