"""Reading and writing Shopify's prices: one mutation for the variants of one product.

Partial updates are allowed, so that a variant that Shopify refuses holds up none of its neighbours. The
mutation takes no idempotency key: it is sent once, and what came of an unanswered one is read.
`compareAtPrice` is the merchant's and is never sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.money import from_minor, to_minor
from app.platforms.base import PriceReading, PriceRef, PriceResult, PriceWrite, WriteOutcome
from app.platforms.errors import Permanent
from app.platforms.http import OutcomeUnknown
from app.platforms.shopify.client import Refused, ShopifyClient, understood
from app.platforms.shopify.documents import IDS_PER_CALL, READ_PRICES, WRITE_PRICES
from app.platforms.shopify.mapper import gid, is_number, number_of

WRITE_SCOPE = "write_products"
OBSTACLE = (
    "This shop was connected before SyncFlow wrote prices: connect it again, to let it change products."
)
MISSING_SCOPE = "missing_scope"
UNCLEAR = "unclear"
"""Our code for a variant of which the answer tells nothing."""


def obstacle(credentials: Mapping[str, Any]) -> str:
    """See `Channel.price_obstacle`."""
    return "" if WRITE_SCOPE in str(credentials.get("scope", "")).split(",") else OBSTACLE


def price_group(ref: PriceRef) -> str:
    """A mutation concerns one product."""
    return ref.product_id


def read_prices(client: ShopifyClient, refs: Sequence[PriceRef], currency: str) -> list[PriceReading]:
    found: dict[str, int] = {}
    ids = [gid("ProductVariant", ref.listing_id) for ref in refs if is_number(ref.listing_id)]
    for start in range(0, len(ids), IDS_PER_CALL):
        data = client.execute(READ_PRICES, {"ids": ids[start : start + IDS_PER_CALL]})
        with understood(READ_PRICES.name):
            nodes = [node for node in data["nodes"] if node and "price" in node]
            found |= {number_of(node["id"]): to_minor(node["price"], currency) for node in nodes}
    return [PriceReading(ref, found.get(ref.listing_id), gone=ref.listing_id not in found) for ref in refs]


def write_prices(
    client: ShopifyClient, writes: Sequence[PriceWrite], currency: str, *, deadline: float
) -> list[PriceResult]:
    """See `Channel.write_prices`."""
    (product_id,) = {write.ref.product_id for write in writes}
    variables = {
        "product": gid("Product", product_id),
        "variants": [
            {"id": gid("ProductVariant", w.ref.listing_id), "price": from_minor(w.price_minor, currency)}
            for w in writes
        ],
    }
    try:
        data = client.execute(WRITE_PRICES, variables, deadline=deadline, repeatable=False)
    except OutcomeUnknown as err:
        return [PriceResult(write.ref, WriteOutcome.UNKNOWN, err.code, str(err)) for write in writes]
    except Refused as err:
        denied = "ACCESS_DENIED" in err.codes
        code, message = (MISSING_SCOPE, OBSTACLE) if denied else (err.code, str(err))
        return [PriceResult(write.ref, WriteOutcome.REJECTED, code, message) for write in writes]
    try:
        with understood(WRITE_PRICES.name):
            return _results(writes, data["productVariantsBulkUpdate"], currency)
    except Permanent as err:  # it was carried out, whatever it says
        return [PriceResult(write.ref, WriteOutcome.UNKNOWN, UNCLEAR, str(err)) for write in writes]


def _results(writes: Sequence[PriceWrite], answer: Mapping[str, Any], currency: str) -> list[PriceResult]:
    """The variants that Shopify shows with the price asked for have it; the others' errors name them."""
    shown = {
        number_of(variant["id"]): to_minor(variant["price"], currency)
        for variant in answer["productVariants"] or ()
    }
    errors = {_index(error["field"]): error for error in reversed(answer["userErrors"])}
    return [
        _result(write, shown.get(write.ref.listing_id), errors.get(position) or errors.get(None))
        for position, write in enumerate(writes)
    ]


def _result(write: PriceWrite, shown: int | None, error: Mapping[str, Any] | None) -> PriceResult:
    if shown == write.price_minor:
        return PriceResult(write.ref, WriteOutcome.APPLIED)
    if error is None:
        return PriceResult(write.ref, WriteOutcome.UNKNOWN, UNCLEAR)
    return PriceResult(write.ref, WriteOutcome.REJECTED, error["code"] or "", error["message"])


def _index(field: Sequence[str] | None) -> int | None:
    """["variants", "3", "price"] -> 3"""
    return next((int(part) for part in field or () if part.isascii() and part.isdigit()), None)
