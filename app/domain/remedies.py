"""What a merchant can do about a fault, by its stable code."""

from __future__ import annotations

REMEDIES = {
    "platform_auth_expired": "Connect the shop again.",
    "platform_transient": "It is tried again by itself. If that goes on, see whether the shop is up.",
    "platform_outcome_unknown": "The shop's number is read before it is written again: nothing to do.",
    "platform_permanent": "See what the shop says against it, and mend it there.",
    "credentials_unreadable": "Ask the operator: the key that the credentials were stored with is missing.",
    "conflict": "Try again in a minute.",
    "reading_decides": "The shop's number is read before it is written again: nothing to do.",
    "not_registered": "Register the shop's webhooks again; until then its orders come in by polling.",
    "worker_lost": "It is done again by itself. If that goes on, ask the operator to see why workers end.",
    "not_finished": "Look at the health of the connections that it was for.",
    "internal": "Try again. If that goes on, tell support when it happened.",
}
_OF_A_SHOP = "See the listing at the shop: whether it still exists and keeps a number. Then sync it again."


def remedy(code: str) -> str:
    """In a sentence; "" where nothing is wrong. A code that is not ours is a shop's own."""
    return REMEDIES.get(code, _OF_A_SHOP) if code else ""
