"""Listings that people link: to a variant, to none, or to one made for them."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response

from app.api.errors import OK
from app.api.files import CSV, FILE, csv_file
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.connections import ConfigureListingSchema, ListingSchema
from app.api.schemas.listings import (
    LinkSchema,
    LinksSchema,
    ListingFilters,
    ListingSearchArgs,
    MadeVariantsSchema,
    MakeVariantsSchema,
    SuggestionArgs,
    SuggestionSchema,
    UnlinksSchema,
    VerdictsSchema,
)
from app.api.schemas.stock import WhyArgs, WhySchema
from app.api.versions import seen
from app.services import bulk_linking, linking, publishing
from app.services.queries import connections as queries
from app.services.queries.catalog_exports import listing_rows
from app.services.queries.connections import listing
from app.services.queries.paging import Page, Row
from app.services.queries.suggestions import suggestions
from app.services.queries.why import why_listing
from app.services.versions import version_of

blp = Resource("listings", __name__, description="What shops sell, and which variant it is.")
_version = partial(version_of, names=publishing.LISTING_SETTINGS)


@blp.route("/listings/<int:listing_id>")
@blp.response(OK, ListingSchema)
@blp.versioned(_version)
def get_listing(listing_id: int) -> Row:
    """What a shop sells, and the reason if it is not kept in step."""
    return listing(principal().account_id, listing_id)


@blp.route("/listings")
@blp.arguments(ListingSearchArgs, location="query")
@blp.response(OK, page_of(ListingSchema))
def search_listings(args: dict[str, Any]) -> Page:
    """The listings of all shops, by filter."""
    return queries.search_listings(principal().account_id, **args)


@blp.route("/listings.csv")
@blp.arguments(ListingFilters, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_listings(args: dict[str, Any]) -> Response:
    """All that match, as a file."""
    return csv_file("listings", listing_rows(principal().account_id, **args))


@blp.route("/listings/links", methods=("POST",))
@blp.arguments(LinksSchema)
@blp.response(OK, VerdictsSchema)
def link_listings(given: dict[str, Any]) -> dict[str, Any]:
    """Say of many which variants they are. Each pair is done, or its `problem` says why not."""
    caller = principal()
    pairs = [(link["listing_id"], link["variant_id"]) for link in given["links"]]
    return {"items": bulk_linking.link_many(caller.account_id, pairs, actor=caller.actor)}


@blp.route("/listings/unlinks", methods=("POST",))
@blp.arguments(UnlinksSchema)
@blp.response(OK, VerdictsSchema)
def unlink_listings(given: dict[str, Any]) -> dict[str, Any]:
    """Say of many that they are none."""
    caller = principal()
    return {"items": bulk_linking.unlink_many(caller.account_id, given["listing_ids"], actor=caller.actor)}


@blp.route("/listings/reopened", methods=("POST",))
@blp.arguments(UnlinksSchema)
@blp.response(OK, VerdictsSchema)
def reopen_listings(given: dict[str, Any]) -> dict[str, Any]:
    """Take back what was said of many, that they are a variant or none: each waits to be linked again."""
    caller = principal()
    return {"items": bulk_linking.reopen_many(caller.account_id, given["listing_ids"], actor=caller.actor)}


@blp.route("/listings/<int:listing_id>", methods=("PATCH",))
@blp.arguments(ConfigureListingSchema)
@blp.response(OK, ListingSchema)
@blp.versioned(_version)
def configure_listing(given: dict[str, Any], listing_id: int) -> Row:
    """Pause one listing, or change how much of what is available it shows; null: as the connection does."""
    caller = principal()
    publishing.configure_listing(caller.account_id, listing_id, given, actor=caller.actor, seen=seen())
    return listing(caller.account_id, listing_id)


@blp.route("/listings/<int:listing_id>/link", methods=("POST",))
@blp.arguments(LinkSchema)
@blp.response(OK, ListingSchema)
def link_listing(given: dict[str, Any], listing_id: int) -> Row:
    """Say which variant it is. Its number is written once it was read."""
    caller = principal()
    linking.link(caller.account_id, listing_id, given["variant_id"], actor=caller.actor)
    return listing(caller.account_id, listing_id)


@blp.route("/listings/<int:listing_id>/unlink", methods=("POST",))
@blp.response(OK, ListingSchema)
def unlink_listing(listing_id: int) -> Row:
    """Say that it is none. It stays so, whatever its SKU and barcode."""
    caller = principal()
    linking.unlink(caller.account_id, listing_id, actor=caller.actor)
    return listing(caller.account_id, listing_id)


@blp.route("/listings/variants", methods=("POST",))
@blp.arguments(MakeVariantsSchema)
@blp.response(OK, MadeVariantsSchema)
def make_variants(given: dict[str, Any]) -> dict[str, Any]:
    """Make a variant from each listing that is not linked yet."""
    caller = principal()
    made = linking.create_variants(caller.account_id, given["listing_ids"], actor=caller.actor)
    return {"items": made}


@blp.route("/connections/<int:connection_id>/suggestions")
@blp.arguments(SuggestionArgs, location="query")
@blp.response(OK, page_of(SuggestionSchema))
def list_suggestions(args: dict[str, Any], connection_id: int) -> Page:
    """The shop's listings that wait to be linked, or those that somebody left unlinked, each with the
    variants that its title suggests. Links nothing."""
    return suggestions(principal().account_id, connection_id, **args)


@blp.route("/listings/<int:listing_id>/why")
@blp.arguments(WhyArgs, location="query")
@blp.response(OK, page_of(WhySchema))
def explain_listing(args: dict[str, Any], listing_id: int) -> Page:
    """What led to the number that a listing shows, newest first: its variant's movements, what the shop
    was told, and what was changed there."""
    return why_listing(principal().account_id, listing_id, **args)
