"""Variants that are made of others."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.bundles import BundleSchema, ComponentsSchema
from app.api.stock_changes import by_variant
from app.api.versions import seen
from app.services import bundles
from app.services.queries import bundles as queries
from app.services.queries.paging import Page, Row

blp = Resource("bundles", __name__, description="Variants that are made of others.")


def _version(bundle: Row) -> str:
    return bundles.version_of({part["variant_id"]: part["quantity"] for part in bundle["components"]})


@blp.route("/bundles")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(BundleSchema))
def list_bundles(args: dict[str, Any]) -> Page:
    """All of them, with their components."""
    return queries.bundles(principal().account_id, **args)


@blp.route("/bundles/<int:variant_id>")
@blp.response(OK, BundleSchema)
@blp.versioned(_version)
def get_bundle(variant_id: int) -> Row:
    """What a variant is made of; no components where it is none."""
    return queries.bundle(principal().account_id, variant_id)


@blp.route("/bundles/<int:variant_id>", methods=("PUT",))
@blp.arguments(ComponentsSchema)
@blp.response(OK, BundleSchema)
@blp.versioned(_version)
def define_bundle(given: dict[str, Any], variant_id: int) -> Row:
    """Make a variant a bundle of others, or with no components a plain one again."""
    caller = principal()
    components = by_variant(given["components"], "quantity")
    bundles.define(caller.account_id, variant_id, components, actor=caller.actor, seen=seen())
    return queries.bundle(caller.account_id, variant_id)
