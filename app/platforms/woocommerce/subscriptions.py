"""Keeping a WooCommerce shop's webhooks alive.

The shop disables a webhook at its seventh failure in a row and keeps the count when it is activated
again, so a dead one is deleted and made anew. It never tells a webhook's secret: ours carry a
fingerprint of it in their name, so that one with an older secret is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from app.platforms.woocommerce.client import Client
from app.platforms.woocommerce.mapper import Doc

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
    "product.deleted",
)


class Subscriptions:
    """Our webhooks in one shop: those that deliver to our callback URL."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ensure(self, callback_url: str, secret: str) -> Sequence[str]:
        """One active webhook per topic, with our secret; returns what was repaired. Safe to repeat.

        The shop pings us, and waits for the answer, inside the call that creates one.
        """
        ours = self._ours(callback_url)
        repaired = []
        for topic in TOPICS:
            name = _name(topic, secret)
            found = [webhook for webhook in ours if webhook.get("topic") == topic]
            good = [hook for hook in found if hook.get("status") == "active" and hook.get("name") == name]
            for webhook in found:
                if webhook not in good[:1]:
                    self._client.delete(f"webhooks/{webhook['id']}")
                    repaired.append(f"{topic}: removed ({_fault(webhook, name)})")
            if not good:
                self._create(topic, name, callback_url, secret)
                repaired.append(f"{topic}: created")
        return repaired

    def remove(self, callback_url: str) -> None:
        """Delete all of ours."""
        for webhook in self._ours(callback_url):
            self._client.delete(f"webhooks/{webhook['id']}")

    def _ours(self, callback_url: str) -> Sequence[Doc]:
        fields = "id,name,topic,status,delivery_url"
        pages = self._client.pages("webhooks", _fields=fields, status="all")
        return [hook for page in pages for hook in page if hook.get("delivery_url") == callback_url]

    def _create(self, topic: str, name: str, callback_url: str, secret: str) -> None:
        body = {
            "name": name,
            "topic": topic,
            "delivery_url": callback_url,
            "secret": secret,
            "status": "active",
        }
        self._client.create("webhooks", body, _fields="id")


def _name(topic: str, secret: str) -> str:
    return f"SyncFlow {topic} {hashlib.sha256(secret.encode()).hexdigest()[:8]}"


def _fault(webhook: Doc, name: str) -> str:
    if webhook.get("status") != "active":
        return str(webhook.get("status"))
    return "a duplicate" if webhook.get("name") == name else "another secret"
