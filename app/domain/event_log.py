"""The kinds of things that somebody should know of."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """Each stays open for as long as it is so."""

    LOW_STOCK = "low_stock"
    OVERSOLD = "oversold"
    DRIFT_IN_REVIEW = "drift_in_review"
    BRAKE = "brake"
    LEDGER_MISMATCH = "ledger_mismatch"
    WEBHOOKS_MISSED = "webhooks_missed"
    SHOP_FAILING = "shop_failing"
    SYNC_FAILED = "sync_failed"
    RECONNECT_NEEDED = "reconnect_needed"
    CREDENTIALS_EXPIRING = "credentials_expiring"
    FULFILLMENT_FAILED = "fulfillment_failed"
    PRICES_CHANGED = "prices_changed"
    PRICES_CONTESTED = "prices_contested"
    PRICES_REFUSED = "prices_refused"
    PRICE_BRAKE = "price_brake"
