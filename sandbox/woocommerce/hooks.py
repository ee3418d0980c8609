"""Webhook subscriptions: when they fire, what they send, how they die.

Source: WooCommerce's WC_Webhook, wc_webhook_execute_queue and measurements on 10.9.2.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.core import Core, Delivery, Outgoing
from sandbox.core.store import Document
from sandbox.woocommerce.php import json_encode

VERSION = "10.9.2"
WORDPRESS = "7.0.2"
USER_AGENT = f"WooCommerce/{VERSION} Hookshot (WordPress/{WORDPRESS})"
FAILURES_ALLOWED = 5

TOPIC_HOOKS: dict[str, list[str]] = {
    "coupon.created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
    "coupon.updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
    "coupon.deleted": ["wp_trash_post"],
    "coupon.restored": ["untrashed_post"],
    "customer.created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "customer.deleted": ["delete_user"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
}

PayloadBuilder = Callable[[str, int], Any]


class Hooks:
    """The shop's webhooks. Call under the state lock, inside a transaction."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.table = core.store.table("webhooks")
        self._fired: dict[tuple[str, int], None] = {}
        self._depth = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """One PHP request: what it fires is queued at its end, once per topic and resource."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                fired, self._fired = list(self._fired), {}
                for topic, resource_id in fired:
                    self._queue(topic, resource_id)

    def fire(self, topic: str, resource_id: int) -> None:
        """A WordPress action that webhooks of this topic listen to, inside ``request()``."""
        self._fired[(topic, resource_id)] = None

    def add(self, fields: Document) -> Document:
        """Store a webhook; ``fields`` has name, topic, delivery_url, secret, status."""
        webhook_id = self._core.store.next_id("webhooks")
        now = time.time()
        webhook = {"id": webhook_id, **fields, "failures": 0, "created": now, "modified": now}
        return self.table.put(webhook_id, webhook)

    def build(self, delivery: Delivery, payload_of: PayloadBuilder) -> Outgoing | None:
        """The request as it would be sent at this moment: the resource's present state, or the error body
        of a resource that is gone. Deliveries queued before the webhook was disabled still go out."""
        webhook = self.table.get(delivery.subscription_id)
        if webhook is None:
            return None
        resource, event = webhook["topic"].split(".", 1)
        resource_id = int(delivery.resource_id)
        payload = {"id": resource_id} if event == "deleted" else payload_of(resource, resource_id)
        body = json_encode(payload)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-WC-Webhook-Source": f"{self._core.base_url}/",
            "X-WC-Webhook-Topic": webhook["topic"],
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": sign(body, webhook["secret"]),
            "X-WC-Webhook-ID": str(webhook["id"]),
            "X-WC-Webhook-Delivery-ID": delivery_hash(webhook["id"], int(time.time())),
        }
        return Outgoing(webhook["delivery_url"], headers, body)

    def done(self, delivery: Delivery, status: int | None) -> None:
        """Count failures in a row: the seventh disables. 2xx, 301 and 302 are successes."""
        webhook = self.table.get(delivery.subscription_id)
        if webhook is None:
            return
        if status is not None and 200 <= status < 303:
            if webhook["failures"] == 0:
                return
            webhook["failures"] = 0
        elif webhook["failures"] > FAILURES_ALLOWED:
            webhook["status"] = "disabled"
        else:
            webhook["failures"] += 1
        webhook["modified"] = time.time()
        self.table.save(webhook["id"])

    def _queue(self, topic: str, resource_id: int) -> None:
        for webhook in self.table.values():
            if webhook["status"] != "active" or webhook["topic"] != topic:
                continue
            # A delivery of the same resource that still waits covers this event too: its payload is
            # built when it is sent.
            if not self._core.webhooks.is_waiting(webhook["id"], resource_id):
                self._core.webhooks.enqueue(Delivery(webhook["id"], topic, resource_id))


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def delivery_hash(webhook_id: int, second: int) -> str:
    """WooCommerce hashes the webhook's id and the current second, so ids repeat within a second."""
    return hashlib.md5(f"{webhook_id}{second}".encode(), usedforsecurity=False).hexdigest()
