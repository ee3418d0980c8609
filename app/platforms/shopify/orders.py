"""Whole orders: all lines, refunds and shipments, however many pages they take.

The pages of one order are not one snapshot. An order that changes between them is read as partly old;
its `updated_at` stays that of the first page, so that the change is due to be fetched again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from app.platforms.base import ExternalOrder, OrderBatch, OrderStamp
from app.platforms.errors import Transient
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import (
    FEWEST_MOVED_LINES,
    FULFILLMENT_LINES,
    FULFILLMENT_ORDER_LINES,
    LINE_PAGE,
    MOVED_LINE_PAGE,
    MOVED_ORDERS_PER_CALL,
    MOVEMENT_LIST,
    MOVEMENT_LISTS,
    MOVEMENTS,
    ORDER_LINES,
    ORDER_STAMPS,
    ORDERS,
    ORDERS_PER_CALL,
    PLACE_LINES_SHOWN,
    PLACE_PAGE,
    PLACES,
    REFUND_LINES,
    SHOWN_MOVEMENTS,
    SHOWN_PLACES,
    STAMP_PAGE,
    Document,
    lines_with_orders,
    moved_lines,
)
from app.platforms.shopify.mapper import gid, is_number, number_of
from app.platforms.shopify.order_mapper import DONE, to_order, to_stamp
from app.platforms.shopify.order_places import location_of

MOST_PAGED_STAMPS = 20_000
"""Shopify pages at most 25,000 objects of one search; well before that the search starts anew."""


def fetch_orders(client: ShopifyClient, order_ids: Sequence[str]) -> OrderBatch:
    """Whole orders in the order asked for; ids that the shop does not know are `missing`."""
    known = [each for each in dict.fromkeys(order_ids) if is_number(each)]
    found: dict[str, ExternalOrder] = {}
    for start in range(0, len(known), ORDERS_PER_CALL):
        chunk = known[start : start + ORDERS_PER_CALL]
        for raw in _complete(client, _first_pages(client, chunk)):
            with understood("an order"):
                order = to_order(raw)
            found[order.external_id] = order
    return OrderBatch(
        orders=tuple(found[each] for each in known if each in found),
        missing=tuple(each for each in dict.fromkeys(order_ids) if each not in found),
    )


def changed_orders(client: ShopifyClient, since: datetime) -> Iterator[list[OrderStamp]]:
    """Stamps of orders touched at or after `since`, oldest change first, some of them twice."""
    while True:
        count, last = 0, since
        for page in _searched(client, f"updated_at:>='{_literal(since)}'"):
            with understood("changed orders"):
                stamps = [to_stamp(raw) for raw in page]
            yield stamps
            count += len(stamps)
            last = max([last, *(stamp.updated_at for stamp in stamps)])
            if count >= MOST_PAGED_STAMPS and last > since:
                break
        else:
            return
        since = last


def open_order_ids(client: ShopifyClient) -> Iterator[list[str]]:
    """Ids of orders that are neither archived nor cancelled and not shipped in full."""
    for page in _searched(client, "status:open"):
        with understood("open orders"):
            ids = [number_of(raw["id"]) for raw in page if raw["displayFulfillmentStatus"] not in DONE]
        yield ids


def _searched(client: ShopifyClient, query: str) -> Iterator[list[dict[str, Any]]]:
    return client.pages(ORDER_STAMPS, {"first": STAMP_PAGE, "query": query}, "orders")


def _literal(at: datetime) -> str:
    """A time in Shopify's search language, which knows whole seconds: rounded down."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _first_pages(client: ShopifyClient, order_ids: Sequence[str]) -> list[dict[str, Any]]:
    variables = {
        "ids": [gid("Order", each) for each in order_ids],
        "lines": lines_with_orders(len(order_ids)),
        "movements": SHOWN_MOVEMENTS,
        "places": SHOWN_PLACES,
    }
    data = client.execute(ORDERS, variables)
    with understood("orders"):
        return [node for node in data["nodes"] if node and "lineItems" in node]


def _complete(client: ShopifyClient, orders: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The same orders with every page of their lines, fulfillments and refunds in place."""
    for order in orders:
        _fill(client, ORDER_LINES, order["id"], order["lineItems"], LINE_PAGE, "order", "lineItems")
        shown = order["fulfillmentOrders"]["nodes"]
        if len(shown) >= SHOWN_PLACES or len({location_of(each) for each in shown}) > 1:
            order["fulfillmentOrders"] = {"nodes": _places(client, order["id"])}
    moved = [order for order in orders if order["fulfillments"] or order["refunds"]]
    for start in range(0, len(moved), MOVED_ORDERS_PER_CALL):
        _add_movements(client, moved[start : start + MOVED_ORDERS_PER_CALL])
    return orders


def _places(client: ShopifyClient, order_id: str) -> list[dict[str, Any]]:
    """All of an order's fulfilment orders, with all their lines."""
    found: list[dict[str, Any]] = []
    variables = {"id": order_id, "first": PLACE_PAGE, "lines": PLACE_LINES_SHOWN}
    for page in client.pages(PLACES, variables, "order", "fulfillmentOrders"):
        found += page
    for each in found:
        lines = each["lineItems"]
        _fill(client, FULFILLMENT_ORDER_LINES, each["id"], lines, LINE_PAGE, "fulfillmentOrder", "lineItems")
    return found


def _add_movements(client: ShopifyClient, orders: Sequence[dict[str, Any]]) -> None:
    for order in orders:
        if max(len(order["fulfillments"]), len(order["refunds"])) >= SHOWN_MOVEMENTS:
            _list_movements(client, order)
    fulfillments = max([1, *(len(order["fulfillments"]) for order in orders)])
    refunds = max([1, *(len(order["refunds"]) for order in orders)])
    lines = moved_lines(len(orders), fulfillments + refunds)
    if lines >= FEWEST_MOVED_LINES:
        _read_movements(client, orders, fulfillments=fulfillments, refunds=refunds, lines=lines)
    elif len(orders) > 1:
        for order in orders:
            _add_movements(client, [order])
        return
    for order in orders:
        for each in order["fulfillments"]:
            connection = each.setdefault("fulfillmentLineItems", _unread())
            path = ("node", "fulfillmentLineItems")
            _fill(client, FULFILLMENT_LINES, each["id"], connection, MOVED_LINE_PAGE, *path)
        for each in order["refunds"]:
            connection = each.setdefault("refundLineItems", _unread())
            _fill(client, REFUND_LINES, each["id"], connection, MOVED_LINE_PAGE, "node", "refundLineItems")


def _list_movements(client: ShopifyClient, order: dict[str, Any]) -> None:
    """Put all of an order's fulfillments and refunds in place, without their lines."""
    data = client.execute(MOVEMENT_LISTS, {"id": order["id"], "first": MOVEMENT_LIST})
    with understood("movements"):
        if data["order"] is None:
            raise _changed_meanwhile()
        order["fulfillments"], order["refunds"] = data["order"]["fulfillments"], data["order"]["refunds"]


def _read_movements(
    client: ShopifyClient, orders: Sequence[dict[str, Any]], *, fulfillments: int, refunds: int, lines: int
) -> None:
    """Put the orders' movements in place with the first page of their lines."""
    variables = {
        "ids": [order["id"] for order in orders],
        "fulfillments": fulfillments,
        "refunds": refunds,
        "lines": lines,
    }
    data = client.execute(MOVEMENTS, variables)
    with understood("movements"):
        found = {node["id"]: node for node in data["nodes"] if node and "refunds" in node}
    for order in orders:
        if order["id"] not in found:
            raise _changed_meanwhile()
        order["fulfillments"] = found[order["id"]]["fulfillments"]
        order["refunds"] = found[order["id"]]["refunds"]


def _unread() -> dict[str, Any]:
    """A connection of which no page has been read."""
    return {"pageInfo": {"hasNextPage": True, "endCursor": None}, "nodes": []}


def _changed_meanwhile() -> Transient:
    return Transient("The order changed while it was read.")


def _fill(
    client: ShopifyClient,
    document: Document,
    owner_id: str,
    connection: dict[str, Any],
    page_size: int,
    *path: str,
) -> None:
    """Append the pages that follow the first one of a nested connection."""
    with understood(document.name):
        info = connection["pageInfo"]
    if not info["hasNextPage"]:
        return
    variables, pages = {"id": owner_id, "first": page_size}, 0
    for page in client.pages(document, variables, *path, after=info["endCursor"]):
        connection["nodes"].extend(page)
        pages += 1
    if pages == 0:
        # Never half an order: what said that it has more pages has none now.
        raise _changed_meanwhile()
