"""What may be shown of what came from outside: shape, numbers and states; nothing that may name a person."""

from __future__ import annotations

from re import IGNORECASE
from re import compile as regex
from typing import Any

MASK = "…"
DEEPEST = 20
LONGEST_LIST = 100
SHOWN = frozenset(
    [
        "id",
        "admin_graphql_api_id",
        "product_id",
        "variation_id",
        "variant_id",
        "inventory_item_id",
        "location_id",
        "line_item_id",
        "order_id",
        "parent_id",
        "order_number",
        "sku",
        "quantity",
        "stock_quantity",
        "available",
        "status",
        "stock_status",
        "fulfillment_status",
        "financial_status",
        "payment_status",
        "restock_type",
        "cancel_reason",
        "kind",
        "type",
        "currency",
        "total",
        "subtotal",
        "price",
        "total_price",
        "subtotal_price",
        "total_tax",
        "created_at",
        "updated_at",
        "processed_at",
        "cancelled_at",
        "closed_at",
        "deleted_at",
        "date_created",
        "date_created_gmt",
        "date_modified",
        "date_modified_gmt",
        "date_paid_gmt",
    ]
)
"""Keys whose texts are shown: ids, states, sums and dates. Any other text is masked."""
HIDDEN = frozenset(["phone", "zip", "postcode", "latitude", "longitude", "vat_number", "tax_id", "birthday"])
"""Keys whose numbers are masked as well."""


def masked(value: Any, *, key: str = "", depth: int = 0) -> Any:
    """A JSON document in the same shape. What is nested too deep, and the rest of a long list, is cut off."""
    if depth > DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {name: masked(part, key=name, depth=depth + 1) for name, part in value.items()}
    if isinstance(value, list):
        cut = [MASK] if len(value) > LONGEST_LIST else []
        return [masked(part, key=key, depth=depth + 1) for part in value[:LONGEST_LIST]] + cut
    if isinstance(value, str):
        return value if not value or key in SHOWN else MASK
    return MASK if key in HIDDEN and value is not None else value


_ADDRESS = regex(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+")
_SECRET = regex(
    r"((?:token|secret|password|signature|authorization|api[_-]?key|consumer[_-]?\w+|hmac)[\"']?\s*[:=]\s*)"
    r"(?:(?:bearer|basic)\s+)?[^\s&,;]+",
    IGNORECASE,
)
_LONG = regex(r"(?<![\w/.-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{32,}")
_QUERY = regex(r"(https?://)(?:[^\s/@]+@)?([^\s?#]*)[?#]\S*|(https?://)[^\s/@]+@")


_UNSEEN = regex(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def seen(words: str) -> str:
    """Without what steers a terminal or turns words around. Line breaks and tabs stay."""
    return _UNSEEN.sub("", words)


def masked_words(words: str) -> str:
    """A sentence without mail addresses, what follows the name of a secret, queries of URLs, long random
    words, and what nobody sees."""
    words = seen(words)
    words = _QUERY.sub(lambda m: f"{m[1]}{m[2]}" if m[1] else m[3], words)
    for pattern, instead in ((_ADDRESS, MASK), (_SECRET, rf"\1{MASK}"), (_LONG, MASK)):
        words = pattern.sub(instead, words)
    return words
