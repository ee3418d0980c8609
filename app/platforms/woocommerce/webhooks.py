"""WooCommerce's webhooks: is it signed by the shop, what is it called, what does it say. Pure.

Headers arrive with lower-case names. The signature is of the raw bytes, which hold `\\/` and `\\u00dc`
escapes: they are never serialised anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.platforms.base import (
    CellRef,
    Envelope,
    Ignored,
    Lane,
    LevelReported,
    Mention,
    OrderChanged,
    ProductChanged,
    Signal,
)
from app.platforms.woocommerce.mapper import is_variable, level_from, units
from app.platforms.woocommerce.order_mapper import is_draft

_PING = re.compile(rb"webhook_id=\d+")
_UNPRINTED = re.compile(r"[^\w.:-]", re.ASCII)
_LONGEST_TOPIC = 100
HOLDING_STATUSES = ("on-hold", "processing", "completed")


def webhook_secret(_settings: Mapping[str, str], own_secret: str) -> str:
    """Each connection signs with its own secret, which we give when subscribing."""
    return own_secret


def handshake(headers: Mapping[str, str], body: bytes) -> bool:
    """The ping that the shop sends, unsigned, while it is creating a subscription."""
    return "x-wc-webhook-signature" not in headers and _PING.fullmatch(body.strip()) is not None


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """base64(HMAC-SHA256(raw body)); a missing header or secret is a rejection."""
    given = headers.get("x-wc-webhook-signature", "")
    if not given or not secret:
        return False
    wanted = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return hmac.compare_digest(wanted, given.encode("utf-8", "surrogateescape"))


def envelope(headers: Mapping[str, str], body: bytes) -> Envelope:
    """Named by topic and body, which names the resource: the delivery id is one for all deliveries of a
    second."""
    topic = headers.get("x-wc-webhook-topic", "")[:_LONGEST_TOPIC]
    digest = hashlib.sha256(body).hexdigest()
    lane = Lane.HINTS if topic.startswith("product.") else Lane.ORDERS
    return Envelope(topic, f"{topic}:{digest}", event_id_is_unique=False, lane=lane)


def parse(topic: str, _headers: Mapping[str, str], body: bytes) -> Sequence[Signal]:
    """What a signed delivery asks us to look at.

    The body was built when it was delivered, not when the thing happened: only the resource counts.
    """
    document = _document(body)
    resource_id = _id(document, "id")
    resource, _, event = topic.partition(".")
    if resource_id is None:
        return (Ignored(_why_unusable(document)),)
    if resource == "order":
        if is_draft(document):
            return (Ignored("a draft"),)
        return (OrderChanged(resource_id, _mentions(document)),)
    if resource == "product":
        if event == "deleted":
            return (ProductChanged(resource_id, deleted=True),)
        return _product_signals(document, event)
    return (Ignored(f"topic {topic[:_LONGEST_TOPIC]}"),)


def _mentions(document: Mapping[str, Any]) -> tuple[Mention, ...]:
    """What an order that took stock says it holds."""
    lines = document.get("line_items")
    if document.get("status") not in HOLDING_STATUSES or not isinstance(lines, list):
        return ()
    found = []
    for line in lines:
        if not isinstance(line, dict):
            continue
        listing_id, quantity = line.get("variation_id") or line.get("product_id"), line.get("quantity")
        if isinstance(listing_id, int) and isinstance(quantity, int) and quantity > 0:
            found.append(Mention(str(listing_id), quantity))
    return tuple(found)


def _product_signals(document: Mapping[str, Any], event: str) -> Sequence[Signal]:
    """A tracked number is reported; the catalog is looked at only where the number is not the news.

    Each sale and each of our own writes arrives as `product.updated`: fetching the product each time
    would cost a call per sale. A renamed or repriced tracked product waits for the catalog's sweep.
    """
    parent_id = _id(document, "parent_id") if document.get("type") == "variation" else None
    changed = ProductChanged(parent_id or str(document["id"]))
    level = _level(document, parent_id)
    if level is None:
        return (changed,)
    return (level,) if event == "updated" and not is_variable(document) else (level, changed)


def _level(document: Mapping[str, Any], parent_id: str | None) -> LevelReported | None:
    try:
        if parent_id and document["manage_stock"] == "parent":
            return LevelReported(CellRef(parent_id), units(document["stock_quantity"]))
        reading = level_from(document, parent_id)
    except (KeyError, ValueError):
        return None
    return None if reading.quantity is None else LevelReported(reading.ref, reading.quantity)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _id(document: Mapping[str, Any], key: str) -> str | None:
    """Ids are MySQL's positive BIGINTs; anything else is no resource of the shop."""
    found = document.get(key)
    return str(found) if type(found) is int and 0 < found < 2**63 else None


def _why_unusable(document: Mapping[str, Any]) -> str:
    code = document.get("code")
    return f"an error: {_UNPRINTED.sub('?', code[:100])}" if isinstance(code, str) else "no resource"
