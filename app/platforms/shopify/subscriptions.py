"""The webhook subscriptions of one shop: every needed one once, and nothing else pointing at us.

Shopify deletes a subscription made through the API after eight failed deliveries in a row. The privacy
topics are not here: they are set up in the app itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.platforms.errors import Permanent
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import SUBSCRIBE, SUBSCRIPTION_PAGE, SUBSCRIPTIONS, UNSUBSCRIBE

TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "INVENTORY_LEVELS_UPDATE",
    "INVENTORY_LEVELS_CONNECT",
    "INVENTORY_LEVELS_DISCONNECT",
    "APP_UNINSTALLED",
)


def ensure_webhooks(client: ShopifyClient, callback_url: str) -> list[str]:
    """Create what is missing and delete what is superfluous; returns what was done, in words."""
    repaired: list[str] = []
    present: set[str] = set()
    for subscription in _ours(client, callback_url):
        topic = subscription["topic"]
        if topic in TOPICS and topic not in present and subscription["format"] == "JSON":
            present.add(topic)
        else:
            _delete(client, subscription["id"])
            repaired.append(f"deleted {topic}")
    for topic in TOPICS:
        if topic not in present:
            _create(client, topic, callback_url)
            repaired.append(f"created {topic}")
    return repaired


def remove_webhooks(client: ShopifyClient, callback_url: str) -> None:
    for subscription in _ours(client, callback_url):
        _delete(client, subscription["id"])


def _ours(client: ShopifyClient, callback_url: str) -> list[dict[str, Any]]:
    return [each for each in _all(client) if each["uri"] == callback_url]


def _all(client: ShopifyClient) -> Iterator[dict[str, Any]]:
    for page in client.pages(SUBSCRIPTIONS, {"first": SUBSCRIPTION_PAGE}, "webhookSubscriptions"):
        with understood("subscriptions"):
            yield from ({key: node[key] for key in ("id", "topic", "uri", "format")} for node in page)


def _create(client: ShopifyClient, topic: str, callback_url: str) -> None:
    subscription = {"uri": callback_url, "format": "JSON"}
    data = client.execute(SUBSCRIBE, {"topic": topic, "subscription": subscription})
    with understood("Subscribe"):
        errors = data["webhookSubscriptionCreate"]["userErrors"]
        # A repeat of a call whose answer was lost finds its own subscription already there.
        if errors and "taken" not in errors[0]["message"]:
            raise Permanent(f"Shopify refused the subscription to {topic}: {errors[0]['message']}")


def _delete(client: ShopifyClient, subscription_id: str) -> None:
    """User errors say that it is gone already."""
    client.execute(UNSUBSCRIBE, {"id": subscription_id})
