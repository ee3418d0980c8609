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
    "order_fetched": "It was fetched: nothing to do. If that goes on, see whether the shop's webhooks come.",
    "order_missed": "It is looked for again the next night. If that goes on, tell support.",
    "number_not_listed": "It is read once more by itself, and says then whether the listing is gone.",
    "many_not_listed": "See whether the shop still has these listings: with so many gone, none was touched.",
    "location_gone": "Say in the connection's locations where its numbers belong now.",
    "internal": "Try again. If that goes on, tell support when it happened.",
}
_OF_A_SHOP = "See the listing at the shop: whether it still exists and keeps a number. Then sync it again."


def remedy(code: str) -> str:
    """In a sentence; "" where nothing is wrong. A code that is not ours is a shop's own."""
    return REMEDIES.get(code, _OF_A_SHOP) if code else ""
