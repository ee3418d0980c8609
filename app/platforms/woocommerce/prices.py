"""Reading and writing a WooCommerce shop's regular prices. Its sale prices are the merchant's.

A batch answers HTTP 200 whatever became of its items, and takes garbage for no price: each item's own
answer is compared with what was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from app.domain.money import from_minor
from app.platforms.base import PriceReading, PriceRef, PriceResult, PriceWrite, WriteOutcome
from app.platforms.errors import Transient
from app.platforms.http import OutcomeUnknown
from app.platforms.woocommerce.client import PAGE_SIZE, Client, Refused, error_words
from app.platforms.woocommerce.levels import IGNORED
from app.platforms.woocommerce.mapper import PRICE_FIELDS, Doc, regular_price
from app.platforms.woocommerce.variations import Variations, chunks


class Prices:
    """The regular prices of one shop, in minor units of its currency."""

    def __init__(self, client: Client, variations: Variations, currency: str) -> None:
        self._client = client
        self._variations = variations
        self._currency = currency

    def read(self, refs: Sequence[PriceRef]) -> Sequence[PriceReading]:
        """One reading per ref, in order."""
        found: dict[str, Doc] = {}
        for ids in chunks([ref.listing_id for ref in refs if not _is_variation(ref)]):
            rows = self._client.rows(
                "products", include=",".join(ids), per_page=PAGE_SIZE, _fields=PRICE_FIELDS
            )
            found |= {str(row["id"]): row for row in rows}
        if pairs := [(ref.product_id, ref.listing_id) for ref in refs if _is_variation(ref)]:
            variations = self._variations.by_id(pairs, PRICE_FIELDS)
            found |= {listing_id: doc for (_parent, listing_id), doc in variations.items()}
        return [self._reading(ref, found) for ref in refs]

    def write(self, writes: Sequence[PriceWrite], deadline: float) -> Sequence[PriceResult]:
        """See `Channel.write_prices`."""
        if time.monotonic() >= deadline:
            raise Transient("There was no time left to send the write.")
        (path,) = {price_path(write.ref) for write in writes}
        updates = [
            {"id": int(w.ref.listing_id), "regular_price": from_minor(w.price_minor, self._currency)}
            for w in writes
        ]
        try:
            answers = self._client.update_batch(path, updates, deadline)
        except OutcomeUnknown as err:
            return _all(writes, WriteOutcome.UNKNOWN, err.code, str(err))
        except Refused as err:
            return _all(writes, WriteOutcome.REJECTED, err.refusal, str(err))
        by_id = {str(answer.get("id")): answer for answer in answers}
        return [self._result(write, by_id.get(write.ref.listing_id)) for write in writes]

    def _reading(self, ref: PriceRef, found: Mapping[str, Doc]) -> PriceReading:
        doc = found.get(ref.listing_id)
        price = None if doc is None else regular_price(doc, self._currency)
        return PriceReading(ref, price, gone=doc is None)

    def _result(self, write: PriceWrite, answer: Doc | None) -> PriceResult:
        if answer is None:
            return PriceResult(write.ref, WriteOutcome.UNKNOWN, "unanswered", "The shop left the item out.")
        if answer.get("error"):
            return PriceResult(write.ref, WriteOutcome.REJECTED, *error_words(answer["error"]))
        try:
            now = regular_price(answer, self._currency)
        except ValueError:
            now = None
        if now != write.price_minor:
            return PriceResult(write.ref, WriteOutcome.REJECTED, IGNORED, "The shop kept its own price.")
        return PriceResult(write.ref, WriteOutcome.APPLIED)


def price_path(ref: PriceRef) -> str:
    """Where the price is written: each parent's variations take requests of their own."""
    return f"products/{ref.product_id}/variations/batch" if _is_variation(ref) else "products/batch"


def _is_variation(ref: PriceRef) -> bool:
    """Products and variations are posts with one sequence of ids."""
    return ref.listing_id != ref.product_id


def _all(
    writes: Sequence[PriceWrite], outcome: WriteOutcome, code: str, message: str
) -> Sequence[PriceResult]:
    return [PriceResult(write.ref, outcome, code, message) for write in writes]
