"""Reading and writing a WooCommerce shop's numbers.

There is no compare-and-set, and a batch answers HTTP 200 whatever became of its items: each item's
own answer is compared with what was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from app.platforms.base import CellRef, LevelReading, StockWrite, Unsyncable, WriteOutcome, WriteResult
from app.platforms.errors import Transient
from app.platforms.http import OutcomeUnknown
from app.platforms.woocommerce.client import PAGE_SIZE, Client, Refused, error_words
from app.platforms.woocommerce.mapper import LEVEL_FIELDS, Doc, is_variable, level_from, units
from app.platforms.woocommerce.variations import Owned, Variations, chunks

IGNORED = "ignored"
"""Our code for a write that the shop answered as done without doing it."""


REQUESTS_AT_A_TIME = 4


class Levels:
    """The numbers of one shop."""

    def __init__(self, client: Client, variations: Variations) -> None:
        self._client = client
        self._variations = variations

    def everything(self) -> Iterator[Sequence[LevelReading]]:
        """Every number the shop keeps, and each place where it keeps none as untracked."""
        parent_ids: list[str] = []
        for page in self._client.pages("products", _fields=LEVEL_FIELDS):
            parent_ids.extend(str(product["id"]) for product in page if is_variable(product))
            yield [level_from(product) for product in page]
        for owned in self._variations.everything(parent_ids, LEVEL_FIELDS):
            yield _variation_levels(owned)

    def changed(self, since: datetime) -> Iterator[Sequence[LevelReading]]:
        """Some versions move no `date_modified` at a sale: hints only."""
        parent_ids: list[str] = []
        fields = f"{LEVEL_FIELDS},date_modified_gmt"
        for page in self._client.changed("products", since, _fields=fields):
            parent_ids.extend(str(product["id"]) for product in page if is_variable(product))
            yield [level_from(product) for product in page]
        for owned in self._variations.changed(since, parent_ids, LEVEL_FIELDS):
            yield _variation_levels(owned)

    def read(self, refs: Sequence[CellRef]) -> Sequence[LevelReading]:
        """One reading per ref, in order."""
        products = [ref.stock_id for ref in refs if _parent_id(ref) is None]
        pairs = [(parent, _own_id(ref)) for ref in refs if (parent := _parent_id(ref))]
        with ThreadPoolExecutor(2) as pool:
            of_products = pool.submit(self._read_products, list(dict.fromkeys(products)))
            of_variations = pool.submit(self._read_variations, list(dict.fromkeys(pairs)))
        found = {reading.ref: reading for reading in (*of_products.result(), *of_variations.result())}
        return [found.get(ref) or LevelReading(ref, None, Unsyncable.VANISHED) for ref in refs]

    def _read_products(self, product_ids: Sequence[str]) -> list[LevelReading]:
        def read(ids: Sequence[str]) -> Sequence[Doc]:
            return self._client.rows(
                "products", include=",".join(ids), per_page=PAGE_SIZE, _fields=LEVEL_FIELDS
            )

        with ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:
            return [level_from(row) for rows in pool.map(read, chunks(product_ids)) for row in rows]

    def _read_variations(self, pairs: Sequence[tuple[str, str]]) -> list[LevelReading]:
        if not pairs:
            return []
        by_id = self._variations.by_id(pairs, LEVEL_FIELDS)
        return [level_from(variation, parent) for (parent, _), variation in by_id.items()]

    def write(self, writes: Sequence[StockWrite], deadline: float) -> Sequence[WriteResult]:
        """Set numbers of one `write_path`, by one request, sent at most once and not after `deadline`.

        Raises Transient or AuthExpired only if it did nothing.
        """
        if time.monotonic() >= deadline:
            raise Transient("There was no time left to send the write.")
        (path,) = {write_path(write.ref) for write in writes}
        updates = [{"id": int(_own_id(write.ref)), "stock_quantity": write.to_quantity} for write in writes]
        try:
            found = self._client.update_batch(path, updates, deadline)
        except OutcomeUnknown as err:
            return _all(writes, WriteOutcome.UNKNOWN, err.code, str(err))
        except Refused as err:
            return _all(writes, WriteOutcome.REJECTED, err.refusal, str(err))
        answers = {str(answer.get("id")): answer for answer in found}
        return [_result(write, answers.get(_own_id(write.ref))) for write in writes]


def write_path(ref: CellRef) -> str:
    """Where the number is written: each parent's variations take requests of their own."""
    parent = _parent_id(ref)
    return f"products/{parent}/variations/batch" if parent else "products/batch"


def _result(write: StockWrite, answer: Doc | None) -> WriteResult:
    if answer is None:
        return WriteResult(write.ref, WriteOutcome.UNKNOWN, "unanswered", "The shop left the item out.")
    if answer.get("error"):
        code, message = error_words(answer["error"])
        return WriteResult(write.ref, WriteOutcome.REJECTED, code, message)
    if answer.get("manage_stock") is not True:
        message = "The shop does not track this number itself and ignored the write."
        return WriteResult(write.ref, WriteOutcome.REJECTED, IGNORED, message)
    try:
        now = units(answer.get("stock_quantity"))
    except ValueError:
        now = None
    if now != write.to_quantity:
        message = f"The shop answered {now} to a write of {write.to_quantity}."
        return WriteResult(write.ref, WriteOutcome.REJECTED, IGNORED, message)
    return WriteResult(write.ref, WriteOutcome.APPLIED)


def _all(
    writes: Sequence[StockWrite], outcome: WriteOutcome, code: str, message: str
) -> Sequence[WriteResult]:
    return [WriteResult(write.ref, outcome, code, message) for write in writes]


def _variation_levels(owned: Sequence[Owned]) -> Sequence[LevelReading]:
    return [level_from(variation, parent_id) for parent_id, variation in owned]


def _parent_id(ref: CellRef) -> str | None:
    parent, colon, _ = ref.stock_id.partition(":")
    return parent if colon else None


def _own_id(ref: CellRef) -> str:
    return ref.stock_id.rpartition(":")[2]
