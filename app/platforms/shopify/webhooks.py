"""Shopify's webhooks: proved by the raw bytes, named by the headers, read without trust.

Source: shopify.dev, "Webhooks" (headers, HMAC, privacy topics) and its topic reference. A payload
says which thing to look at; no number in it is used as truth.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.platforms.base import (
    CellRef,
    Disconnected,
    Envelope,
    Ignored,
    Lane,
    LevelReported,
    Mention,
    OrderChanged,
    PrivacyRequest,
    ProductChanged,
    Signal,
)
from app.platforms.shopify.auth import SHOP_DOMAIN
from app.platforms.shopify.order_mapper import customer_key

_HINTS = ("inventory_levels/", "products/")


def webhook_secret(settings: Mapping[str, str], own_secret: str) -> str:
    """Shopify signs all webhooks of an app with the app's client secret."""
    return settings["client_secret"]


def handshake(headers: Mapping[str, str], body: bytes) -> bool:
    """Shopify sends no unsigned pings."""
    return False


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    given = headers.get("x-shopify-hmac-sha256", "")
    if not given or not secret:
        return False
    right = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return hmac.compare_digest(given.encode("utf-8", "replace"), right)


def shop_of_webhook(headers: Mapping[str, str]) -> str | None:
    domain = headers.get("x-shopify-shop-domain", "")
    return domain if SHOP_DOMAIN.fullmatch(domain) else None


def envelope(headers: Mapping[str, str], body: bytes) -> Envelope:
    """The event's own id is the key: a repeat of a delivery keeps it."""
    topic = headers.get("x-shopify-topic", "")
    event_id = headers.get("x-shopify-event-id") or headers.get("x-shopify-webhook-id")
    return Envelope(
        topic=topic,
        dedupe_key=event_id or hashlib.sha256(body).hexdigest(),
        event_id_is_unique=bool(event_id),
        lane=_lane(topic),
        triggered_at=_moment(headers.get("x-shopify-triggered-at")),
    )


def _lane(topic: str) -> Lane:
    if topic in PRIVACY_TOPICS:
        return Lane.PRIVACY
    return Lane.HINTS if topic.startswith(_HINTS) else Lane.ORDERS


def parse(topic: str, headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return (Ignored("the body is not JSON"),)
    if not isinstance(payload, dict):
        return (Ignored("the body is not an object"),)
    reader = READERS.get(topic)
    if reader is None:
        return (Ignored("nothing is done on this topic"),)
    return (reader(payload) or Ignored("the body names nothing"),)


def _order(payload: Mapping[str, Any]) -> Signal | None:
    order_id = _id(payload.get("id"))
    return OrderChanged(order_id, _mentions(payload)) if order_id else None


def _mentions(payload: Mapping[str, Any]) -> tuple[Mention, ...]:
    lines = payload.get("line_items")
    if payload.get("cancelled_at") or payload.get("test") or not isinstance(lines, list):
        return ()
    found = []
    for line in lines:
        if isinstance(line, dict) and (variant_id := _id(line.get("variant_id"))):
            quantity = line.get("current_quantity", line.get("quantity"))
            if isinstance(quantity, int) and quantity > 0:
                found.append(Mention(variant_id, quantity))
    return tuple(found)


def _part_of_order(payload: Mapping[str, Any]) -> Signal | None:
    order_id = _id(payload.get("order_id"))
    return OrderChanged(order_id) if order_id else None


def _order_edit(payload: Mapping[str, Any]) -> Signal | None:
    edit = payload.get("order_edit")
    return _part_of_order(edit) if isinstance(edit, dict) else None


def _product(payload: Mapping[str, Any]) -> Signal | None:
    product_id = _id(payload.get("id"))
    return ProductChanged(product_id) if product_id else None


def _deleted_product(payload: Mapping[str, Any]) -> Signal | None:
    product_id = _id(payload.get("id"))
    return ProductChanged(product_id, deleted=True) if product_id else None


def _level(payload: Mapping[str, Any]) -> Signal | None:
    item_id, location_id = _id(payload.get("inventory_item_id")), _id(payload.get("location_id"))
    if not item_id or not location_id:
        return None
    available = payload.get("available")
    number = available if isinstance(available, int) and not isinstance(available, bool) else None
    return LevelReported(CellRef(item_id, location_id), number)


def _uninstalled(payload: Mapping[str, Any]) -> Signal | None:
    return Disconnected()


def _privacy(kind: str, orders_key: str) -> Callable[[Mapping[str, Any]], Signal | None]:
    def read(payload: Mapping[str, Any]) -> Signal | None:
        customer = payload.get("customer")
        customer = customer if isinstance(customer, dict) else {}
        orders = payload.get(orders_key)
        ids = (_id(order) for order in orders) if isinstance(orders, list) else ()
        return PrivacyRequest(
            kind=kind,
            customer_key=customer_key(customer.get("email"), _id(customer.get("id"))),
            order_ids=tuple(order_id for order_id in ids if order_id),
        )

    return read


PRIVACY_TOPICS: Mapping[str, Callable[[Mapping[str, Any]], Signal | None]] = {
    "customers/data_request": _privacy("data_request", "orders_requested"),
    "customers/redact": _privacy("redact_customer", "orders_to_redact"),
    "shop/redact": _privacy("redact_shop", "orders_to_redact"),
}
READERS: Mapping[str, Callable[[Mapping[str, Any]], Signal | None]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/cancelled": _order,
    "orders/paid": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/delete": _order,
    "orders/edited": _order_edit,
    "refunds/create": _part_of_order,
    "fulfillments/create": _part_of_order,
    "fulfillments/update": _part_of_order,
    "products/create": _product,
    "products/update": _product,
    "products/delete": _deleted_product,
    "inventory_levels/update": _level,
    "inventory_levels/connect": _level,
    "inventory_levels/disconnect": _level,
    "app/uninstalled": _uninstalled,
    **PRIVACY_TOPICS,
}


def _id(value: object) -> str | None:
    """A Shopify id in a payload: a positive number, or one in digits."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return text if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
