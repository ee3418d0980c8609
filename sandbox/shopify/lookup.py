"""Finding things: searches, global ids, counts, and the resolvers that do nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from sandbox.core.store import Document
from sandbox.shopify.paging import Key, Page, paginate
from sandbox.shopify.registry import SCOPES, Request, deny, resolves
from sandbox.shopify.search import Reader, parse_query
from sandbox.shopify.state import CURRENCY, SHOP_ID, State, number_of

Info = GraphQLResolveInfo[Any]
MOMENTS: dict[str, Reader] = {
    "created_at": lambda row: float(row["created_at"]),
    "updated_at": lambda row: float(row["updated_at"]),
    "id": lambda row: row["id"],
}


def state_of(info: Info) -> State:
    request: Request = info.context
    return request.shop.state


def search(
    info: Info,
    args: dict[str, Any],
    readers: dict[str, Reader],
    *,
    rows: Callable[[float | None], list[Key]],
    load: Callable[[int], Any],
    order_by: Callable[[Document], Any] | None = None,
) -> Page:
    """One page of what `args["query"]` finds.

    `rows(since)` gives ascending keys of everything changed since a moment (None: everything); `order_by`
    sorts what is left by another value than the key's own.
    """
    wanted = parse_query(args.get("query"), readers)
    warn(info, args, wanted.warnings)
    if wanted.ids is not None:
        keys = [(number, number) for number in sorted(set(wanted.ids))]
    else:
        keys = _from_id(rows(wanted.lower_bound("updated_at")), wanted.least_id())
    if order_by is not None:
        loaded = [row for _, number in keys if (row := load(number)) is not None and wanted.accept(row)]
        keys = sorted((order_by(row), row["id"]) for row in loaded)
    return paginate(keys, load, args, accept=wanted.accept)


def _from_id(keys: list[Key], least: int | None) -> list[Key]:
    """The keys of a list by id, which are (id, id), from an id on; those of a list by moments as they are."""
    if least is None or not keys or keys[0][0] != keys[0][1]:
        return keys
    return keys[bisect_left(keys, (least, least)) :]


def warn(info: Info, args: dict[str, Any], warnings: list[dict[str, str]]) -> None:
    if warnings:
        path = [str(step) for step in info.path.as_list()]
        info.context.searches.append({"path": path, "query": args["query"], "warnings": warnings})


def ids(table: Any) -> list[Key]:
    return [(number, number) for number in table]


def by_id(table: Any) -> Callable[[int], Any]:
    found: Callable[[int], Any] = table.get
    return found


@resolves("QueryRoot", "shop")
def shop(_source: Any, info: Info) -> Document:
    state = state_of(info)
    name = state.domain.split(".", 1)[0]
    return {
        "id": SHOP_ID,
        "name": name,
        "email": f"owner@{state.domain}",
        "contact_email": f"owner@{state.domain}",
        "myshopify_domain": state.domain,
        "currency_code": CURRENCY,
        "iana_timezone": "Etc/UTC",
        "timezone_offset": "+0000",
        "timezone_offset_minutes": 0,
        "taxes_included": False,
        "url": f"https://{state.domain}",
        "created_at": state.created_at,
        "updated_at": state.created_at,
        "primary_domain": {
            "id": 1,
            "host": state.domain,
            "url": f"https://{state.domain}",
            "ssl_enabled": True,
        },
        "plan": _plan(info.context.shop.plan),
    }


def _plan(name: str) -> Document:
    shown = {"display_name": name.title(), "public_display_name": name.title(), "partner_development": False}
    return {**shown, "shopify_plus": name in ("plus", "enterprise", "unlimited")}


@resolves("QueryRoot", "node")
def node(_source: Any, info: Info, id: str) -> Document | None:
    found = find(info, id)
    if found is not None and found["kind"] in SCOPES:
        deny(info.context, SCOPES[found["kind"]], info.field_name)
    return found


@resolves("QueryRoot", "nodes")
def nodes(_source: Any, info: Info, ids: list[str]) -> list[Document | None]:
    return [node(None, info, number) for number in ids]


def find(info: Info, global_id: str) -> Document | None:
    state = state_of(info)
    if not global_id.startswith("gid://shopify/"):
        raise GraphQLError(
            f"Invalid global id '{global_id}'", extensions={"code": "argumentLiteralsIncompatible"}
        )
    kind = global_id.split("/")[3]
    number = number_of(global_id, kind) or 0
    if kind == "InventoryItem":
        return item_of(state.variant_of_item.get(number))
    if kind == "Shop":
        return shop(None, info) | {"kind": "Shop"}
    tables: dict[str, Mapping[int, Document]] = {}
    tables |= {"Product": state.products, "ProductVariant": state.variants, "InventoryLevel": state.levels}
    tables |= {"Order": state.orders, "Location": state.locations, "Customer": state.customers}
    tables |= {"Refund": state.refunds, "Fulfillment": state.fulfillments}
    tables |= {"FulfillmentOrder": state.fulfillment_orders}
    tables |= {"WebhookSubscription": state.table("subscriptions"), "BulkOperation": state.table("bulk")}
    return tables[kind].get(number) if kind in tables else None


def item_of(variant: Document | None) -> Document | None:
    """The inventory item is the stock side of the variant's document, under its own id."""
    return None if variant is None else {**variant, "id": variant["item_id"], "kind": "InventoryItem"}


def _lookup(kind: str) -> Callable[..., Document | None]:
    def resolve(_source: Any, info: Info, id: str) -> Document | None:
        return find(info, id) if number_of(id, kind) is not None else None

    return resolve


for _name, _type in {
    "product": "Product",
    "productVariant": "ProductVariant",
    "inventoryItem": "InventoryItem",
    "inventoryLevel": "InventoryLevel",
    "order": "Order",
    "webhookSubscription": "WebhookSubscription",
    "bulkOperation": "BulkOperation",
}.items():
    resolves("QueryRoot", _name)(_lookup(_type))


def counted(count: int, args: dict[str, Any]) -> Document:
    """A Count; a `query` is refused, since only whole counts are kept."""
    if args.get("query"):
        raise GraphQLError("the sandbox counts without a query only", extensions={"code": "NOT_SUPPORTED"})
    limit = args.get("limit") or 10_000
    return {"count": min(count, limit), "precision": "EXACT" if count <= limit else "AT_LEAST"}
