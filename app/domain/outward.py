"""What the outside is told of: the kinds of events that live streams and webhooks carry."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class OutwardKind(StrEnum):
    """Stable names; a consumer ignores those that it does not know."""

    ORDER_CREATED = "order.created"
    ORDER_UPDATED = "order.updated"
    ORDER_CANCELLED = "order.cancelled"
    STOCK_CHANGED = "stock.changed"
    STOCK_LOW = "stock.low"
    STOCK_OVERSOLD = "stock.oversold"
    LISTING_PUBLISHED = "listing.published"
    CONNECTION_CHANGED = "connection.changed"
    SYNC_FAILED = "sync.failed"
    REVIEW_OPENED = "review.opened"
    ALERT_OPENED = "alert.opened"
    PING = "ping"
    """Sent by a subscription's test only."""


_ORDER = ("order_id", "connection_id", "number", "state", "payment", "currency", "total_minor")
_ALERT = ("event_id", "kind", "variant_id", "location_id", "connection_id", "order_id")
FIELDS: Mapping[OutwardKind, tuple[str, ...]] = {
    OutwardKind.ORDER_CREATED: _ORDER,
    OutwardKind.ORDER_UPDATED: _ORDER,
    OutwardKind.ORDER_CANCELLED: _ORDER,
    OutwardKind.STOCK_CHANGED: ("levels",),
    OutwardKind.STOCK_LOW: _ALERT,
    OutwardKind.STOCK_OVERSOLD: _ALERT,
    OutwardKind.LISTING_PUBLISHED: ("connection_id", "numbers"),
    OutwardKind.CONNECTION_CHANGED: ("connection_id", "state"),
    OutwardKind.SYNC_FAILED: ("run_id", "connection_id", "kind"),
    OutwardKind.REVIEW_OPENED: _ALERT,
    OutwardKind.ALERT_OPENED: _ALERT,
    OutwardKind.PING: ("subscription_id",),
}
"""The members of each kind's `data`: ids, numbers and states, never customer data. New ones may come; none
changes its meaning."""
SUBSCRIBABLE = tuple(kind.value for kind in OutwardKind if kind is not OutwardKind.PING)
