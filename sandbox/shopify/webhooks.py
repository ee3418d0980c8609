"""Subscriptions and deliveries: signed bodies, retries of the original payload, removal of dead ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.core import Delivery, Outgoing
from sandbox.core.store import Document
from sandbox.shopify import payloads
from sandbox.shopify.state import State

API_VERSION = "2026-10"
RETRIES = 8
RETRY_SPAN_S = 4 * 3600
RETRY_DELAYS_S = tuple(RETRY_SPAN_S * 2**n / (2**RETRIES - 1) for n in range(RETRIES))
TIMEOUT_S = 5.0
LATE_TOPIC = "inventory_levels/update"
PRIVACY_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")


class Webhooks:
    """Turns changes into deliveries. `emit` runs inside the transaction that made the change."""

    def __init__(self, state: State, client_secret: str) -> None:
        self.state = state
        self.secret = client_secret.encode()
        self.subscriptions = state.table("subscriptions")

    def emit(self, topic: str, resource_id: int | str, body: Callable[[], Document]) -> None:
        """Queue a delivery to each subscriber, with the payload as it is now."""
        event = self._event()
        for subscription in self._subscribers(topic):
            text = _text(_only(body(), subscription["include_fields"]))
            self._queue(subscription, topic, resource_id, text, event)

    def announce_level(self, level: Document) -> None:
        """Queue `inventory_levels/update`, which reads the level late: 0 -> 10 -> 0 arrives as 0, 0."""
        event = self._event()
        for subscription in self._subscribers(LATE_TOPIC):
            self._queue(subscription, LATE_TOPIC, level["id"], None, event)

    def emit_privacy(self, topic: str, url: str, body: Document) -> None:
        """The mandatory privacy topics go to the address in the app's own settings, not to subscriptions."""
        address = {"id": 0, "uri": url, "name": None}
        self._queue(address, topic, 0, _text(body), self._event() | {"lasting": True})

    def emit_uninstalled(self) -> None:
        """The last webhook of an app: it is delivered although its subscription goes with the app."""
        body = _text(payloads.shop(self.state))
        for subscription in self._subscribers("app/uninstalled"):
            self._queue(subscription, "app/uninstalled", 0, body, self._event() | {"lasting": True})
        for number in list(self.subscriptions):
            del self.subscriptions[number]

    def build(self, delivery: Delivery) -> Outgoing | None:
        """The request to send now, None when the subscription is gone."""
        context = delivery.context
        if delivery.subscription_id not in self.subscriptions and not context.get("lasting"):
            return None
        if delivery.payload is None:
            level = self.state.levels.get(delivery.resource_id)
            if level is None:
                return None
            # Kept on the delivery: a retry carries the original payload, however late it comes.
            subscription = self.subscriptions[delivery.subscription_id]
            delivery.payload = _text(_only(payloads.level(level), subscription["include_fields"]))
        body = delivery.payload.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": self.sign(body),
            "X-Shopify-Shop-Domain": self.state.domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": context["webhook_id"],
            "X-Shopify-Event-Id": context["event_id"],
            "X-Shopify-Triggered-At": context["triggered_at"],
        }
        if context["name"]:
            headers["X-Shopify-Name"] = context["name"]
        return Outgoing(context["url"], headers, body)

    def sign(self, body: bytes) -> str:
        return base64.b64encode(hmac.new(self.secret, body, hashlib.sha256).digest()).decode()

    def done(self, delivery: Delivery, *, status: int | None, will_retry: bool) -> None:
        """Delete a subscription when a delivery's last retry failed and nothing got through since it came."""
        subscription = self.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        if status is not None and 200 <= status < 300:
            subscription["delivered_at"] = time.time()
            return
        if not will_retry and subscription.get("delivered_at", 0) < delivery.context["queued_at"]:
            del self.subscriptions[delivery.subscription_id]

    def _subscribers(self, topic: str) -> list[Document]:
        name = topic.upper().replace("/", "_")
        return [row for row in self.subscriptions.values() if row["topic"] == name]

    def _event(self) -> Document:
        now = time.time()
        triggered_at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        return {"event_id": str(uuid.uuid4()), "triggered_at": triggered_at, "queued_at": now}

    def _queue(
        self, subscription: Document, topic: str, resource_id: int | str, payload: str | None, event: Document
    ) -> None:
        # The address is kept: retries go where the subscription pointed when the event happened.
        context = {
            **event,
            "url": subscription["uri"],
            "name": subscription["name"],
            "webhook_id": str(uuid.uuid4()),
        }
        self.state.core.webhooks.enqueue(
            Delivery(
                subscription_id=subscription["id"],
                topic=topic,
                resource_id=resource_id,
                payload=payload,
                context=context,
            )
        )


def _only(body: Document, fields: list[str]) -> Document:
    return {name: value for name, value in body.items() if name in fields} if fields else body


def _text(body: Document) -> str:
    """JSON as the real shop writes it: UTF-8 as it is, but `&`, `<` and `>` escaped.

    A body that is parsed and written anew has other bytes, and so another signature.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
