"""Every channel's orders."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import page_of
from app.api.schemas.orders import OrderArgs, OrderDetailSchema, OrderSchema
from app.services.queries import orders
from app.services.queries.paging import Page, Row

blp = Resource("orders", __name__, description="Every channel's orders.")


@blp.route("/orders")
@blp.arguments(OrderArgs, location="query")
@blp.response(OK, page_of(OrderSchema))
def list_orders(args: dict[str, Any]) -> Page:
    """Newest first."""
    return orders.orders(principal().account_id, **args)


@blp.route("/orders/<int:order_id>")
@blp.response(OK, OrderDetailSchema)
def get_order(order_id: int) -> Row:
    """One order with its lines and what each did to the ledger."""
    return orders.order(principal().account_id, order_id)
