"""Shipping orders: the shop is told, and tells the customer."""

from __future__ import annotations

from typing import Any

from app.api.errors import CREATED, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.fulfillments import FulfillmentSchema, NewFulfillmentSchema
from app.errors import InvalidInput
from app.services import fulfillments
from app.services.fulfillments import Parcel
from app.services.queries import fulfillments as queries
from app.services.queries.paging import Page, Row

blp = Resource("fulfillments", __name__, description="Shipping orders.")


@blp.route("/orders/<int:order_id>/fulfillments")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(FulfillmentSchema))
def list_fulfillments(args: dict[str, Any], order_id: int) -> Page:
    """An order's shipments that were entered here, newest first."""
    return queries.fulfillments(principal().account_id, order_id, **args)


@blp.route("/orders/<int:order_id>/fulfillments", methods=("POST",))
@blp.arguments(NewFulfillmentSchema)
@blp.response(CREATED, FulfillmentSchema)
def fulfill(given: dict[str, Any], order_id: int) -> Row:
    """Say what of an order was shipped. The shop is told within seconds: see `state` and `waits_for`.

    Stock moves when the shop's order says that it was shipped. `remark` tells where a shop has no way to show
    a shipment of a part of an order.
    """
    caller = principal()
    key, lines = given.pop("key"), given.pop("lines")
    parcel = Parcel(units=None if lines is None else _by_line(lines), **given)
    return _now(fulfillments.create(caller.account_id, order_id, parcel, actor=caller.actor, key=key))


@blp.route("/fulfillments/<int:fulfillment_id>")
@blp.response(OK, FulfillmentSchema)
def get_fulfillment(fulfillment_id: int) -> Row:
    """One shipment."""
    return _now(fulfillment_id)


@blp.route("/fulfillments/<int:fulfillment_id>/retry", methods=("POST",))
@blp.response(OK, FulfillmentSchema)
def retry_fulfillment(fulfillment_id: int) -> Row:
    """Try a failed one again. What the shop has of it already is not told twice."""
    fulfillments.retry(principal().account_id, fulfillment_id, actor=principal().actor)
    return _now(fulfillment_id)


@blp.route("/fulfillments/<int:fulfillment_id>/cancel", methods=("POST",))
@blp.response(OK, FulfillmentSchema)
def cancel_fulfillment(fulfillment_id: int) -> Row:
    """Give up one that the shop does not have: it waits, or failed."""
    fulfillments.cancel(principal().account_id, fulfillment_id, actor=principal().actor)
    return _now(fulfillment_id)


def _by_line(lines: list[dict[str, int]]) -> dict[int, int]:
    """Order line id -> units. Raises InvalidInput if a line is named twice."""
    units = {line["order_line_id"]: line["quantity"] for line in lines}
    if len(units) < len(lines):
        raise InvalidInput("A line of the order is named twice.")
    return units


def _now(fulfillment_id: int) -> Row:
    return queries.fulfillment(principal().account_id, fulfillment_id)
