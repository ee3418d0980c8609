"""Every channel's orders."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.api.errors import OK
from app.api.files import CSV, FILE, csv_file
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.orders import (
    OrderArgs,
    OrderDetailSchema,
    OrderFileArgs,
    OrderFilterArgs,
    OrderSchema,
    TimelineSchema,
    TotalsSchema,
)
from app.services.queries import exports, order_lists, order_totals, orders, timeline
from app.services.queries.order_filters import OrderFilter, Sort
from app.services.queries.order_totals import Totals
from app.services.queries.paging import Page, Row

blp = Resource("orders", __name__, description="Every channel's orders.")


@blp.route("/orders")
@blp.arguments(OrderArgs, location="query")
@blp.response(OK, page_of(OrderSchema))
def list_orders(args: dict[str, Any]) -> Page:
    """Newest first, unless sorted otherwise. A page of a search for a term that very many orders match may be
    shorter than asked for, even empty, and have a `next`."""
    sort, limit, cursor = Sort(args.pop("sort")), args.pop("limit"), args.pop("cursor")
    return order_lists.orders(principal().account_id, _filter(args), sort=sort, limit=limit, cursor=cursor)


@blp.route("/orders/totals")
@blp.arguments(OrderFilterArgs, location="query")
@blp.response(OK, TotalsSchema)
def get_order_totals(args: dict[str, Any]) -> Totals:
    """How many orders there are, and what they come to in each currency, for the filters of the list."""
    return order_totals.totals(principal().account_id, _filter(args))


@blp.route("/orders.csv")
@blp.arguments(OrderFileArgs, location="query")
@blp.response(OK, FILE, content_type=CSV)
def export_orders(args: dict[str, Any]) -> Response:
    """The orders of the list's filters as a CSV file, the newest first, or their lines."""
    rows_of = exports.order_line_rows if args.pop("rows") == "lines" else exports.order_rows
    return csv_file("orders", rows_of(principal().account_id, _filter(args)))


@blp.route("/orders/<int:order_id>")
@blp.response(OK, OrderDetailSchema)
def get_order(order_id: int) -> Row:
    """One order with its lines and what each did to the ledger."""
    return orders.order(principal().account_id, order_id)


@blp.route("/orders/<int:order_id>/timeline")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(TimelineSchema))
def get_order_timeline(args: dict[str, Any], order_id: int) -> Page:
    """What happened to an order, and because of it, oldest first."""
    return timeline.timeline(principal().account_id, order_id, **args)


def _filter(args: dict[str, Any]) -> OrderFilter:
    return OrderFilter(states=args.pop("state"), payments=args.pop("payment"), **args)
