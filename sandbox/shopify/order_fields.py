"""Resolvers of orders, their lines, refunds, fulfilments, payments and customers."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.lookup import MOMENTS, Info, by_id, counted, search, state_of
from sandbox.shopify.paging import Key, Page, page_of_list
from sandbox.shopify.registry import Resolver, resolves
from sandbox.shopify.search import Reader
from sandbox.shopify.state import CURRENCY
from sandbox.shopify.totals import amount, current, unfulfilled

STATUS_OF_FULFILLMENT = {
    "UNFULFILLED": ("unfulfilled", "unshipped"),
    "PARTIALLY_FULFILLED": ("partial", "unfulfilled"),
    "FULFILLED": ("fulfilled", "shipped"),
}


def status_of(order: Document) -> str:
    """open | closed | cancelled."""
    if order["cancelled_at"]:
        return "cancelled"
    return "closed" if order["closed_at"] else "open"


def _statuses(order: Document) -> tuple[str, ...]:
    status = status_of(order)
    return (status, "not_closed", "any") if status == "open" else (status, "any")


ORDER_READERS: dict[str, Reader] = MOMENTS | {
    "processed_at": lambda row: float(row["created_at"]),
    "status": _statuses,
    "financial_status": lambda row: (row["financial"].lower(), "any"),
    "fulfillment_status": lambda row: STATUS_OF_FULFILLMENT[row["fulfillment"]],
    "name": lambda row: (f"#{row['number']}", str(row["number"])),
    "default": lambda row: (f"#{row['number']}", str(row["number"])),
    "sku": lambda row: [(line["sku"] or "").lower() for line in row["lines"]],
    "test": lambda row: bool(row["test"]),
    "source_identifier": lambda row: row["reference"],
}
SORTED_BY_CHANGE = "UPDATED_AT"
SORTED_BY_CREATION = ("ID", "CREATED_AT", "PROCESSED_AT", "ORDER_NUMBER", "RELEVANCE")


@resolves("QueryRoot", "orders")
def orders(_source: Any, info: Info, **args: Any) -> Page:
    """Ids are given in the order of creation, so every sort key but UPDATED_AT that is offered is the id."""
    state, sort = state_of(info), args.get("sortKey") or "PROCESSED_AT"
    moved = state.moved["orders"]
    if sort != SORTED_BY_CHANGE and sort not in SORTED_BY_CREATION:
        raise GraphQLError(f"the sandbox can't sort by {sort}", extensions={"code": "NOT_SUPPORTED"})

    def rows(since: float | None) -> list[Key]:
        if sort == SORTED_BY_CHANGE:
            return moved.keys if since is None else moved.since(since)
        if since is None:
            return state.order_keys
        return sorted((number, number) for _, number in moved.since(since))

    return search(info, args, ORDER_READERS, rows=rows, load=by_id(state.orders))


@resolves("QueryRoot", "ordersCount")
def orders_count(_source: Any, info: Info, **args: Any) -> Document:
    return counted(len(state_of(info).orders), args)


def bag(value: str, currency: str) -> Document:
    """A MoneyBag; another currency than the shop's is taken at par."""
    return {
        "shop_money": {"amount": value, "currency_code": CURRENCY},
        "presentment_money": {"amount": value, "currency_code": currency},
    }


def _total(name: str) -> Resolver:
    return lambda source, _info: bag(source["totals"][name], source["currency"])


def _nothing(source: Document, _info: Info, **_args: Any) -> Document:
    return bag("0.00", source["currency"])


for _field, _name in {
    "totalPriceSet": "original",
    "originalTotalPriceSet": "original",
    "subtotalPriceSet": "original",
    "currentSubtotalPriceSet": "current",
    "currentTotalPriceSet": "current",
    "totalReceivedSet": "received",
    "netPaymentSet": "net",
    "totalRefundedSet": "refunded",
    "totalOutstandingSet": "outstanding",
}.items():
    resolves("Order", _field)(_total(_name))
resolves(
    "Order",
    "cartDiscountAmountSet",
    "currentCartDiscountAmountSet",
    "currentShippingPriceSet",
    "currentTotalDiscountsSet",
    "currentTotalTaxSet",
    "totalCapturableSet",
    "totalDiscountsSet",
    "totalRefundedShippingSet",
    "totalShippingPriceSet",
    "totalTaxSet",
    "totalTipReceivedSet",
)(_nothing)
resolves("LineItem", "totalDiscountSet")(_nothing)
resolves("RefundLineItem", "totalTaxSet")(_nothing)

_ORDER: dict[str, Resolver] = {
    "name": lambda order, _info: f"#{order['number']}",
    "processedAt": lambda order, _info: order["created_at"],
    "closed": lambda order, _info: order["closed_at"] is not None,
    "email": lambda order, info: (_customer(order, info) or {}).get("email"),
    "currencyCode": lambda _order, _info: CURRENCY,
    "presentmentCurrencyCode": lambda order, _info: order["currency"],
    "displayFinancialStatus": lambda order, _info: order["financial"],
    "displayFulfillmentStatus": lambda order, _info: order["fulfillment"],
    "fullyPaid": lambda order, _info: (
        Decimal(order["totals"]["outstanding"]) <= 0 and bool(order["transactions"])
    ),
    "unpaid": lambda order, _info: not order["transactions"],
    "fulfillable": lambda order, _info: any(unfulfilled(line) for line in order["lines"]),
    "refundable": lambda order, _info: Decimal(order["totals"]["net"]) > 0,
    "restockable": lambda order, _info: any(current(line) for line in order["lines"]),
    "sourceIdentifier": lambda order, _info: order["reference"],
    "confirmationNumber": lambda order, _info: f"C{order['number']}",
    "statusPageUrl": lambda order, info, **_: f"https://{state_of(info).domain}/orders/{order['id']}",
    "subtotalLineItemsQuantity": lambda order, _info: order["totals"]["quantity"],
    "currentSubtotalLineItemsQuantity": lambda order, _info: order["totals"]["current_quantity"],
    "customer": lambda order, info: _customer(order, info),
    "fulfillmentsCount": lambda order, _info: counted(len(order["fulfillments"]), {}),
    "transactionsCount": lambda order, _info: counted(len(order["transactions"]), {}),
    "lineItems": lambda order, _info, **args: page_of_list(order["lines"], args),
    "refunds": lambda order, _info, first=None: order["refunds"][:first],
    "fulfillments": lambda order, _info, first=None: order["fulfillments"][:first],
    "transactions": lambda order, _info, first=None: order["transactions"][:first],
}
for _field, _resolver in _ORDER.items():
    resolves("Order", _field)(_resolver)


def _customer(order: Document, info: Info) -> Document | None:
    return state_of(info).customers.get(order["customer_id"]) if order["customer_id"] else None


def _times(line: Document, units: int) -> Document:
    return bag(amount(Decimal(line["price"]) * units), line["currency"])


def _unit(line: Document, _info: Info) -> Document:
    return bag(line["price"], line["currency"])


_LINE: dict[str, Resolver] = {
    "name": lambda line, _info: line["title"],
    "currentQuantity": lambda line, _info: current(line),
    "unfulfilledQuantity": lambda line, _info: unfulfilled(line),
    "fulfillableQuantity": lambda line, _info: unfulfilled(line),
    "refundableQuantity": lambda line, _info: current(line),
    "nonFulfillableQuantity": lambda line, _info: line["removed_unfulfilled"],
    "restockable": lambda line, _info: current(line) > 0,
    "product": lambda line, info: state_of(info).products.get(line["product_id"]),
    "variant": lambda line, info: state_of(info).variants.get(line["variant_id"]),
    "originalUnitPriceSet": _unit,
    "discountedUnitPriceSet": _unit,
    "discountedUnitPriceAfterAllDiscountsSet": _unit,
    "originalTotalSet": lambda line, _info: _times(line, line["quantity"]),
    "discountedTotalSet": lambda line, _info, **_: _times(line, line["quantity"]),
    "unfulfilledOriginalTotalSet": lambda line, _info: _times(line, unfulfilled(line)),
    "unfulfilledDiscountedTotalSet": lambda line, _info: _times(line, unfulfilled(line)),
    "taxLines": lambda _line, _info, **_: [],
}
for _field, _resolver in _LINE.items():
    resolves("LineItem", _field)(_resolver)


@resolves("RefundLineItem", "lineItem")
@resolves("FulfillmentLineItem", "lineItem")
def line_of(row: Document, info: Info) -> Document:
    """The line that a refund's or fulfilment's row speaks of; an order's line ids ascend."""
    lines: list[Document] = state_of(info).orders[row["order_id"]]["lines"]
    return lines[bisect_left(lines, row["line_id"], key=lambda line: line["id"])]


def _order_of(row: Document, info: Info) -> Document:
    return state_of(info).orders[row["order_id"]]


def _refund_transactions(refund: Document, info: Info, **args: Any) -> Page:
    kept = [t for t in _order_of(refund, info)["transactions"] if t["id"] in refund["transactions"]]
    return page_of_list(kept, args)


_REFUND: dict[str, Resolver] = {
    "order": _order_of,
    "processedAt": lambda refund, _info: refund["created_at"],
    "updatedAt": lambda refund, _info: refund["created_at"],
    "totalRefundedSet": lambda refund, _info: bag(refund["amount"], refund["currency"]),
    "refundLineItems": lambda refund, _info, **args: page_of_list(refund["lines"], args),
    "orderAdjustments": lambda _refund, _info, **args: page_of_list([], args),
    "transactions": _refund_transactions,
}
for _field, _resolver in _REFUND.items():
    resolves("Refund", _field)(_resolver)

_REFUND_LINE: dict[str, Resolver] = {
    "id": lambda row, _info: f"gid://shopify/RefundLineItem/{row['id']}",
    "location": lambda row, info: state_of(info).locations.get(row["location_id"]),
    "priceSet": lambda row, _info: bag(row["price"], row["currency"]),
    "subtotalSet": lambda row, _info: bag(row["subtotal"], row["currency"]),
}
for _field, _resolver in _REFUND_LINE.items():
    resolves("RefundLineItem", _field)(_resolver)

_FULFILLMENT: dict[str, Resolver] = {
    "order": _order_of,
    "name": lambda row, info: f"#{_order_of(row, info)['number']}-F{row['id'] % 1000}",
    "location": lambda row, info: state_of(info).locations.get(row["location_id"]),
    "totalQuantity": lambda row, _info: sum(line["quantity"] for line in row["lines"]),
    "fulfillmentLineItems": lambda row, _info, **args: page_of_list(row["lines"], args),
    "trackingInfo": lambda row, _info, first=None: [row["tracking"]][:first] if row["tracking"] else [],
}
for _field, _resolver in _FULFILLMENT.items():
    resolves("Fulfillment", _field)(_resolver)


@resolves("FulfillmentLineItem", "originalTotalSet", "discountedTotalSet")
def fulfilled_total(row: Document, info: Info) -> Document:
    return _times(line_of(row, info), row["quantity"])


_TRANSACTION: dict[str, Resolver] = {
    "kind": lambda row, _info: row["transaction"],
    "amountSet": lambda row, _info: bag(row["amount"], row["currency"]),
    "processedAt": lambda row, _info: row["created_at"],
}
for _field, _resolver in _TRANSACTION.items():
    resolves("OrderTransaction", _field)(_resolver)

_CUSTOMER: dict[str, Resolver] = {
    "displayName": lambda row, _info: (
        " ".join(n for n in (row["first_name"], row["last_name"]) if n) or row["email"]
    ),
    "defaultEmailAddress": lambda row, _info: {"email_address": row["email"], "valid_format": True},
    "numberOfOrders": lambda row, _info: str(row["orders"]),
}
for _field, _resolver in _CUSTOMER.items():
    resolves("Customer", _field)(_resolver)
