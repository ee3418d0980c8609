"""Resolvers of the mutations, of webhook subscriptions, bulk operations and the app's installation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, get_directive_values

from sandbox.core.store import Document
from sandbox.shopify.lookup import Info, item_of, state_of
from sandbox.shopify.paging import Page, page_of_list
from sandbox.shopify.registry import Request, resolves
from sandbox.shopify.state import gid, number_of

APP = {"id": 1, "title": "SyncFlow", "handle": "syncflow"}
TOPIC_SCOPES = {
    "ORDERS": "read_orders",
    "REFUNDS": "read_orders",
    "FULFILLMENTS": "read_orders",
    "PRODUCTS": "read_products",
    "INVENTORY": "read_inventory",
    "LOCATIONS": "read_locations",
    "CUSTOMERS": "read_customers",
}


def _once(info: Info, parameters: Any, work: Callable[[], Document]) -> Document:
    request: Request = info.context
    directive = info.schema.get_directive("idempotent")
    values = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
    return request.shop.answers.once(
        key=values["key"] if values else None,
        busy=request.busy,
        mutation=info.field_name,
        parameters=parameters,
        work=work,
    )


@resolves("Mutation", "inventorySetQuantities")
def set_quantities(_source: Any, info: Info, input: dict[str, Any]) -> Document:
    request: Request = info.context
    return _once(info, input, lambda: request.shop.inventory.set_quantities(input, request.call_id))


@resolves("Mutation", "inventoryAdjustQuantities")
def adjust_quantities(_source: Any, info: Info, input: dict[str, Any]) -> Document:
    request: Request = info.context
    return _once(info, input, lambda: request.shop.inventory.adjust_quantities(input, request.call_id))


@resolves("Mutation", "inventoryActivate")
def activate(_source: Any, info: Info, **args: Any) -> Document:
    request: Request = info.context
    return _once(info, args, lambda: request.shop.inventory.activate(args, request.call_id))


@resolves("Mutation", "productVariantsBulkUpdate")
def update_variants(_source: Any, info: Info, **args: Any) -> Document:
    request: Request = info.context
    return request.shop.prices.update(args, request.call_id)


@resolves("InventoryActivatePayload", "inventoryLevel")
def activated_level(source: Document, info: Info) -> Document | None:
    return state_of(info).levels.get(source.get("level_id"))


@resolves("InventoryAdjustmentGroup", "app")
def app_of_group(_source: Document, info: Info) -> Document:
    return _app(info)


@resolves("InventoryAdjustmentGroup", "changes")
def changes(
    source: Document,
    _info: Info,
    inventoryItemIds: list[str] | None = None,  # noqa: N803
    locationIds: list[str] | None = None,  # noqa: N803
    quantityNames: list[str] | None = None,  # noqa: N803
) -> list[Document]:
    return [
        change
        for change in source["changes"]
        if (inventoryItemIds is None or gid("InventoryItem", change["item_id"]) in inventoryItemIds)
        and (locationIds is None or gid("Location", change["location_id"]) in locationIds)
        and (quantityNames is None or change["name"] in quantityNames)
    ]


@resolves("InventoryChange", "item")
def changed_item(source: Document, info: Info) -> Document | None:
    return item_of(state_of(info).variant_of_item.get(source["item_id"]))


@resolves("InventoryChange", "location")
def changed_location(source: Document, info: Info) -> Document | None:
    return state_of(info).locations.get(source["location_id"])


def _app(info: Info) -> Document:
    return {**APP, "api_key": info.context.shop.client_id}


@resolves("QueryRoot", "currentAppInstallation")
def installation(_source: Any, info: Info) -> Document:
    scopes = [
        {"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(info.context.scopes)
    ]
    return {"id": 1, "app": _app(info), "access_scopes": scopes}


@resolves("QueryRoot", "webhookSubscriptions")
def subscriptions(_source: Any, info: Info, **args: Any) -> Page:
    address = args.get("uri") or args.get("callbackUrl")
    rows = [
        row
        for row in info.context.shop.webhooks.subscriptions.values()
        if (not args.get("topics") or row["topic"] in args["topics"])
        and (not address or row["uri"] == address)
        and args.get("format") in (None, row["format"])
    ]
    return page_of_list(rows, args)


@resolves("WebhookSubscription", "callbackUrl")
def callback_url(source: Document, _info: Info) -> str:
    return str(source["uri"])


@resolves("WebhookSubscription", "endpoint")
def endpoint(source: Document, _info: Info) -> Document:
    return {"kind": "WebhookHttpEndpoint", "callback_url": source["uri"]}


@resolves("Mutation", "webhookSubscriptionCreate")
def create_subscription(
    _source: Any,
    info: Info,
    topic: str,
    webhookSubscription: dict[str, Any],  # noqa: N803
) -> Document:
    request: Request = info.context
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl")
    errors = _check(info, topic, uri, webhookSubscription, None)
    if errors:
        return {"webhook_subscription": None, "user_errors": errors}
    now, number = time.time(), request.shop.state.next_id("subscriptions")
    document = {"id": number, "kind": "WebhookSubscription", "topic": topic, "uri": uri, "created_at": now}
    document |= _settings(webhookSubscription)
    request.shop.webhooks.subscriptions.put(number, {**document, "updated_at": now})
    return {"webhook_subscription": document | {"updated_at": now}, "user_errors": []}


@resolves("Mutation", "webhookSubscriptionUpdate")
def update_subscription(_source: Any, info: Info, id: str, webhookSubscription: dict[str, Any]) -> Document:  # noqa: N803
    table = info.context.shop.webhooks.subscriptions
    number = number_of(id, "WebhookSubscription")
    if number not in table:
        return {"webhook_subscription": None, "user_errors": [_missing()]}
    stored = table[number]
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl") or stored["uri"]
    errors = _check(info, stored["topic"], uri, webhookSubscription, number)
    if errors:
        return {"webhook_subscription": None, "user_errors": errors}
    changes = {"uri": uri, "updated_at": time.time(), **_settings(webhookSubscription)}
    return {"webhook_subscription": table.put(number, {**stored, **changes}), "user_errors": []}


@resolves("Mutation", "webhookSubscriptionDelete")
def delete_subscription(_source: Any, info: Info, id: str) -> Document:
    table = info.context.shop.webhooks.subscriptions
    number = number_of(id, "WebhookSubscription")
    if number not in table:
        return {"deleted_webhook_subscription_id": None, "user_errors": [_missing()]}
    del table[number]
    return {"deleted_webhook_subscription_id": id, "user_errors": []}


def _missing() -> Document:
    return {"field": ["id"], "message": "Webhook subscription does not exist"}


def _settings(given: dict[str, Any]) -> Document:
    return {
        "format": given.get("format") or "JSON",
        "include_fields": given.get("includeFields") or [],
        "metafield_namespaces": given.get("metafieldNamespaces") or [],
        "name": given.get("name"),
    }


def _check(info: Info, topic: str, uri: str | None, given: dict[str, Any], own: int | None) -> list[Document]:
    """https only, as the real one; http too to this machine, where a stand-in's subscribers live."""
    request: Request = info.context
    here = ["webhookSubscription", "callbackUrl"]
    scope = TOPIC_SCOPES.get(topic.split("_", 1)[0])
    if scope is not None and scope not in request.scopes:
        name = topic.lower().replace("_", "/", 1)
        message = f"You do not have permission to create or update webhooks with {name} topic"
        return [{"field": ["webhookSubscription"], "message": message}]
    local = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
    if not uri or not uri.startswith(("https://", *local)):
        return [{"field": here, "message": "Address protocol http:// is not supported"}]
    if given.get("format") == "XML" or given.get("filter"):
        raise GraphQLError(
            "the sandbox sends JSON without filters only", extensions={"code": "NOT_SUPPORTED"}
        )
    for row in request.shop.webhooks.subscriptions.values():
        if (row["topic"], row["uri"]) == (topic, uri) and row["id"] != own:
            return [{"field": here, "message": "Address for this topic has already been taken"}]
    return []


@resolves("Mutation", "bulkOperationRunQuery")
def run_bulk_query(_source: Any, info: Info, query: str, groupObjects: bool) -> Document:  # noqa: N803
    request: Request = info.context
    return request.shop.bulk.start(query, grouped=groupObjects, scopes=request.scopes)


@resolves("Mutation", "bulkOperationCancel")
def cancel_bulk(_source: Any, info: Info, id: str) -> Document:
    return info.context.shop.bulk.cancel(number_of(id, "BulkOperation"))  # type: ignore[no-any-return]  # a context is Any


@resolves("QueryRoot", "currentBulkOperation")
def current_bulk(_source: Any, info: Info, type: str | None = None) -> Document | None:
    if type == "MUTATION":
        return None
    rows = list(info.context.shop.bulk.table.values())
    return rows[-1] if rows else None


@resolves("QueryRoot", "bulkOperations")
def bulk_operations(_source: Any, info: Info, **args: Any) -> Page:
    return page_of_list(info.context.shop.bulk.table.values(), args)
