"""The ledger of stock, and what the channels show of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response

from app.api.errors import OK
from app.api.files import CSV, FILE, csv_file
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.dashboard import SpanArgs
from app.api.schemas.stock import (
    AsOfArgs,
    LevelAsOfSchema,
    MovementArgs,
    MovementFileArgs,
    MovementSchema,
    StockArgs,
    StockCountSchema,
    StockFileArgs,
    StockFilters,
    StockHistorySchema,
    StockSchema,
    ThresholdSchema,
    WhyArgs,
    WhySchema,
)
from app.services.queries import exports, movement_lists, stock
from app.services.queries import why as explained
from app.services.queries.movement_lists import MovementFilter
from app.services.queries.paging import Page, Row
from app.services.queries.stock_history import history
from app.services.stock_catch_up import set_low_stock_threshold

blp = Resource("stock", __name__, description="The ledger of stock.")


@blp.route("/stock")
@blp.arguments(StockArgs, location="query")
@blp.response(OK, page_of(StockSchema))
def list_stock(args: dict[str, Any]) -> Page:
    """Variants by filter: what there is, and what each channel shows and should show."""
    return stock.stock(principal().account_id, **args)


@blp.route("/stock/count")
@blp.arguments(StockFilters, location="query")
@blp.response(OK, StockCountSchema)
def count_stock(args: dict[str, Any]) -> Row:
    """How many variants a filter finds."""
    return stock.count(principal().account_id, **args)


@blp.route("/stock/<int:variant_id>", methods=("PATCH",))
@blp.arguments(ThresholdSchema)
@blp.response(OK, StockSchema)
def set_threshold(given: dict[str, Any], variant_id: int) -> Row:
    """Say at how many units a variant is low; null for the account's number."""
    caller = principal()
    set_low_stock_threshold(caller.account_id, variant_id, given["low_stock_threshold"], actor=caller.actor)
    return stock.stock_of(caller.account_id, variant_id)


@blp.route("/stock.csv")
@blp.arguments(StockFileArgs, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_stock(args: dict[str, Any]) -> Response:
    """Every level as a CSV file: a row for each variant and location."""
    return csv_file("stock", exports.stock_rows(principal().account_id, **args))


@blp.route("/stock/as-of")
@blp.arguments(AsOfArgs, location="query")
@blp.response(OK, page_of(LevelAsOfSchema))
def list_stock_as_of(args: dict[str, Any]) -> Page:
    """The levels as they were at a moment, and what each channel had been told last by then."""
    return explained.as_of(principal().account_id, args.pop("at"), **args)


@blp.route("/stock/movements")
@blp.arguments(MovementArgs, location="query")
@blp.response(OK, page_of(MovementSchema))
def list_all_movements(args: dict[str, Any]) -> Page:
    """What moved any variant's stock, newest first."""
    limit, cursor = args.pop("limit"), args.pop("cursor")
    return movement_lists.movements(principal().account_id, _filter(args), limit=limit, cursor=cursor)


@blp.route("/stock/movements.csv")
@blp.arguments(MovementFileArgs, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_movements(args: dict[str, Any]) -> Response:
    """Movements as a CSV file, newest first."""
    variant_id = args.pop("variant_id")
    return csv_file("movements", exports.movement_rows(principal().account_id, _filter(args), variant_id))


@blp.route("/stock/<int:variant_id>/movements")
@blp.arguments(MovementArgs, location="query")
@blp.response(OK, page_of(MovementSchema))
def list_movements(args: dict[str, Any], variant_id: int) -> Page:
    """What moved a variant's stock, newest first."""
    limit, cursor = args.pop("limit"), args.pop("cursor")
    return movement_lists.movements_of(
        principal().account_id, variant_id, _filter(args), limit=limit, cursor=cursor
    )


@blp.route("/stock/<int:variant_id>/why")
@blp.arguments(WhyArgs, location="query")
@blp.response(OK, page_of(WhySchema))
def explain_stock(args: dict[str, Any], variant_id: int) -> Page:
    """What led to a variant's numbers, newest first: movements, writes, and changes at channels."""
    return explained.why(principal().account_id, variant_id, **args)


@blp.route("/stock/<int:variant_id>/history")
@blp.arguments(SpanArgs, location="query")
@blp.response(OK, StockHistorySchema)
def get_stock_history(args: dict[str, Any], variant_id: int) -> Row:
    """What there was of a variant at each location, by the merchant's clock."""
    return history(principal().account_id, variant_id, **args, now=datetime.now(UTC))


def _filter(args: dict[str, Any]) -> MovementFilter:
    return MovementFilter(causes=args.pop("cause"), **args)
