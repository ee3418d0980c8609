"""Binding resolvers to the schema: explicit ones by decorator, the rest by the document's own key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from sandbox.shopify.paging import Edge, Page
from sandbox.shopify.state import gid

if TYPE_CHECKING:
    from sandbox.shopify.shop import ShopifyShop

Resolver = Callable[..., Any]
R = TypeVar("R", bound=Resolver)
RESOLVERS: dict[tuple[str, str], Resolver] = {}
SCOPES = {
    "Product": "read_products",
    "ProductVariant": "read_products",
    "InventoryItem": "read_inventory",
    "InventoryLevel": "read_inventory",
    "Location": "read_locations",
    "Order": "read_orders",
    "Refund": "read_orders",
    "Fulfillment": "read_orders",
    "FulfillmentOrder": "read_merchant_managed_fulfillment_orders",
    "Customer": "read_customers",
}
WRITE_SCOPES = {
    "inventorySetQuantities": "write_inventory",
    "inventoryAdjustQuantities": "write_inventory",
    "inventoryActivate": "write_inventory",
    "fulfillmentCreate": "write_merchant_managed_fulfillment_orders",
    "productVariantsBulkUpdate": "write_products",
}
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass
class Request:
    """The context of one GraphQL request."""

    shop: ShopifyShop
    scopes: frozenset[str]
    call_id: int | None = None
    busy: set[str] = field(default_factory=set)
    """Idempotency keys that another request was working on when this one came."""
    searches: list[dict[str, Any]] = field(default_factory=list)
    """Warnings about search terms, for `extensions.search`."""


def resolves(type_: str, *names: str) -> Callable[[R], R]:
    """Register a resolver ``(source, info, **arguments)`` for fields of a type."""

    def register(resolver: R) -> R:
        for name in names:
            RESOLVERS[(type_, name)] = resolver
        return resolver

    return register


def bind(schema: GraphQLSchema) -> None:
    """Give every field of the schema its resolver, and the scalars and interfaces their behaviour."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field_ in type_.fields.items():
                field_.resolve = _guarded(type_, name, field_)
        elif isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
            type_.resolve_type = _kind
    moments = schema.type_map["DateTime"]
    if isinstance(moments, GraphQLScalarType):
        moments.coerce_output_value = iso  # SDL gives a scalar no other way


def iso(at: Any) -> str:
    """Epoch seconds as Shopify prints a DateTime: UTC, whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def deny(request: Request, scope: str, name: str) -> None:
    """Raises GraphQLError ACCESS_DENIED unless the token has the scope."""
    if scope in request.scopes:
        return
    needed = f"`{scope}` access scope."
    raise GraphQLError(
        f"Access denied for {name} field. Required access: {needed}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": needed,
        },
    )


def _guarded(type_: GraphQLObjectType, name: str, field_: GraphQLField) -> Resolver:
    resolver = RESOLVERS.get((type_.name, name)) or _default(type_, name)
    returned = get_named_type(field_.type).name
    scope = SCOPES.get(returned.removesuffix("Connection"))
    if type_.name.endswith(("Connection", "Edge")):
        scope = None
    if type_.name == "Mutation":
        scope = WRITE_SCOPES.get(name, scope)
    if scope is None:
        return resolver

    def guarded(source: Any, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        deny(info.context, scope, name)
        return resolver(source, info, **args)

    return guarded


def _default(type_: GraphQLObjectType, name: str) -> Resolver:
    if type_.name.endswith("Connection"):
        return {"nodes": _nodes, "edges": _edges, "pageInfo": _itself}[name]
    if type_.name.endswith("Edge"):
        return {"node": _node, "cursor": _cursor}[name]
    if type_.name == "PageInfo":
        return PAGE_INFO[name]
    if name == "legacyResourceId":
        return lambda source, _info: str(source["id"])
    if name == "id" and any(interface.name == "Node" for interface in type_.interfaces):
        kind = type_.name
        return lambda source, _info: gid(kind, source["id"])
    key = _CAPITAL.sub("_", name).lower()
    return lambda source, _info: source.get(key)


def _kind(value: Mapping[str, Any], _info: GraphQLResolveInfo[Any], _type: Any) -> str:
    return str(value["kind"])


def _nodes(page: Page, _info: GraphQLResolveInfo[Any]) -> list[Any]:
    return page.nodes


def _edges(page: Page, _info: GraphQLResolveInfo[Any]) -> list[Edge]:
    return page.edges


def _itself(page: Page, _info: GraphQLResolveInfo[Any]) -> Page:
    return page


def _node(edge: Edge, _info: GraphQLResolveInfo[Any]) -> Any:
    return edge.node


def _cursor(edge: Edge, _info: GraphQLResolveInfo[Any]) -> str:
    return edge.cursor


PAGE_INFO: dict[str, Resolver] = {
    "hasNextPage": lambda page, _info: page.has_next,
    "hasPreviousPage": lambda page, _info: page.has_previous,
    "startCursor": lambda page, _info: page.start_cursor,
    "endCursor": lambda page, _info: page.end_cursor,
}
