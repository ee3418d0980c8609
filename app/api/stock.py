"""The ledger of stock, and what the channels show of it."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.stock import MovementSchema, StockArgs, StockSchema, ThresholdSchema
from app.services.queries import stock
from app.services.queries.paging import Page, Row
from app.services.stock_catch_up import set_low_stock_threshold

blp = Resource("stock", __name__, description="The ledger of stock.")


@blp.route("/stock")
@blp.arguments(StockArgs, location="query")
@blp.response(OK, page_of(StockSchema))
def list_stock(args: dict[str, Any]) -> Page:
    """Every variant: what there is, and what each channel shows and should show."""
    return stock.stock(principal().account_id, **args)


@blp.route("/stock/<int:variant_id>", methods=("PATCH",))
@blp.arguments(ThresholdSchema)
@blp.response(OK, StockSchema)
def set_threshold(given: dict[str, Any], variant_id: int) -> Row:
    """Say at how many units a variant is low; null for the usual number."""
    caller = principal()
    set_low_stock_threshold(caller.account_id, variant_id, given["low_stock_threshold"], actor=caller.actor)
    return stock.stock_of(caller.account_id, variant_id)


@blp.route("/stock/<int:variant_id>/movements")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(MovementSchema))
def list_movements(args: dict[str, Any], variant_id: int) -> Page:
    """What moved a variant's stock, newest first."""
    return stock.movements(principal().account_id, variant_id, **args)
