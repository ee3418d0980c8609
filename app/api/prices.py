"""Base prices, and the rules by which shops show them."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.connections import ListingSchema
from app.api.schemas.prices import (
    ApplySchema,
    BasePriceArgs,
    BasePriceSchema,
    ChangedSchema,
    DecidePriceSchema,
    FixPriceSchema,
    PreviewArgs,
    PreviewRowSchema,
    PriceRuleSchema,
    SetBasePriceSchema,
    SetBasePricesSchema,
    SetRuleSchema,
    SummarySchema,
)
from app.api.versions import seen
from app.services.prices import base, listings, rules
from app.services.prices.base import BasePrice
from app.services.prices.listings import Choice
from app.services.prices.preview import summary
from app.services.queries import prices as queries
from app.services.queries.connections import listing
from app.services.queries.paging import Page, Row
from app.services.versions import version_of

blp = Resource("prices", __name__, description="Base prices, and what shops show of them.")
_version = partial(version_of, names=rules.VERSIONED)


@blp.route("/prices")
@blp.arguments(BasePriceArgs, location="query")
@blp.response(OK, page_of(BasePriceSchema))
def list_base_prices(args: dict[str, Any]) -> Page:
    """Every variant with its base price."""
    return queries.base_prices(principal().account_id, **args)


@blp.route("/prices", methods=("PATCH",))
@blp.arguments(SetBasePricesSchema)
@blp.response(OK, ChangedSchema)
def set_base_prices(given: dict[str, Any]) -> dict[str, int]:
    """Set many base prices, all or none: `errors` of a refusal tells what is wrong, by variant."""
    caller = principal()
    prices = [BasePrice(**each) for each in given["items"]]
    return {"changed": base.set_base_prices(caller.account_id, prices, actor=caller.actor)}


@blp.route("/prices/<int:variant_id>", methods=("PATCH",))
@blp.arguments(SetBasePriceSchema)
@blp.response(OK, BasePriceSchema)
def set_base_price(given: dict[str, Any], variant_id: int) -> Row:
    """Set one variant's base price. Shops whose price sync is on follow within seconds."""
    caller = principal()
    base.set_base_price(caller.account_id, BasePrice(variant_id, **given), actor=caller.actor)
    return queries.base_price(caller.account_id, variant_id)


@blp.route("/connections/<int:connection_id>/price-rule")
@blp.response(OK, PriceRuleSchema)
@blp.versioned(_version)
def get_price_rule(connection_id: int) -> Row:
    """How the shop shows base prices, and whether it does."""
    return _rule(connection_id)


@blp.route("/connections/<int:connection_id>/price-rule", methods=("PUT",))
@blp.arguments(SetRuleSchema)
@blp.response(OK, PriceRuleSchema)
@blp.versioned(_version)
def set_price_rule(given: dict[str, Any], connection_id: int) -> Row:
    """Replace the rule. Switched on, it is shown as a preview and writes nothing before it is applied; one
    that is on already is followed at once."""
    caller = principal()
    rules.set_rule(caller.account_id, connection_id, given, actor=caller.actor, seen=seen())
    return _rule(connection_id)


@blp.route("/connections/<int:connection_id>/price-preview")
@blp.arguments(PreviewArgs, location="query")
@blp.response(OK, page_of(PreviewRowSchema))
def list_price_preview(args: dict[str, Any], connection_id: int) -> Page:
    """What becomes of each linked listing's price by the rule as it was set. Writes nothing."""
    return queries.preview_page(principal().account_id, connection_id, **args)


@blp.route("/connections/<int:connection_id>/price-preview/summary")
@blp.response(OK, SummarySchema)
def get_price_summary(connection_id: int) -> Row:
    """How many listings the rule raises, lowers and leaves, and why it cannot price the others."""
    return asdict(summary(principal().account_id, connection_id))


@blp.route("/connections/<int:connection_id>/price-rule/apply", methods=("POST",))
@blp.arguments(ApplySchema)
@blp.response(OK, PriceRuleSchema)
def apply_price_rule(given: dict[str, Any], connection_id: int) -> Row:
    """Write the prices of the rule whose preview was seen, from now on."""
    caller = principal()
    rules.apply(caller.account_id, connection_id, given["version"], actor=caller.actor)
    return _rule(connection_id)


@blp.route("/connections/<int:connection_id>/price-rule/release-brake", methods=("POST",))
@blp.response(OK, PriceRuleSchema)
def release_price_brake(connection_id: int) -> Row:
    """Let the prices that were held back be written."""
    rules.release_brake(principal().account_id, connection_id, actor=principal().actor)
    return _rule(connection_id)


@blp.route("/listings/<int:listing_id>/price", methods=("PUT",))
@blp.arguments(FixPriceSchema)
@blp.response(OK, ListingSchema)
def fix_listing_price(given: dict[str, Any], listing_id: int) -> Row:
    """Fix what one listing shows, whatever the rule; null: by the rule again."""
    caller = principal()
    listings.fix_price(caller.account_id, listing_id, given["override_minor"], actor=caller.actor)
    return listing(caller.account_id, listing_id)


@blp.route("/listings/<int:listing_id>/price/decision", methods=("POST",))
@blp.arguments(DecidePriceSchema)
@blp.response(OK, ListingSchema)
def decide_listing_price(given: dict[str, Any], listing_id: int) -> Row:
    """Say whose price is right, where it was changed at the shop, or have a refused one tried again."""
    caller = principal()
    listings.decide(caller.account_id, listing_id, Choice(given["choice"]), actor=caller.actor)
    return listing(caller.account_id, listing_id)


def _rule(connection_id: int) -> Row:
    return queries.rule(principal().account_id, connection_id)
