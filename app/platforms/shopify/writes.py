"""Writing numbers into Shopify: one mutation for many, all of it or nothing.

A mutation with user errors wrote nothing. Every call carries an idempotency key, so that an identical
repeat is answered with what the first one did.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.platforms.base import StockWrite, WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import Permanent
from app.platforms.http import OutcomeUnknown
from app.platforms.shopify.client import Refused, ShopifyClient, understood
from app.platforms.shopify.documents import ADJUST_QUANTITIES, IDS_PER_CALL, SET_QUANTITIES, Document
from app.platforms.shopify.mapper import gid

REASON = "correction"
CONCURRENT_TRIES = 3
CONCURRENT_PAUSE_SECONDS = 0.5
"""How long the same call, still running elsewhere, is given before it is asked for again."""

STALE = "CHANGE_FROM_QUANTITY_STALE"
CONCURRENT = "IDEMPOTENCY_CONCURRENT_REQUEST"
MISMATCH = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
_TRY_LATER = frozenset({FAILED_BEFORE, MISMATCH, "SERVICE_UNAVAILABLE", "ADJUST_QUANTITIES_FAILED"})
"""Nothing was written, and not because of the numbers: a new call with a new key may succeed. A key that
stands for another call was withdrawn."""
NEVER_STORED = -2_000_000_000
"""No level is ever as low: a change from this number cannot take effect."""
WITHDRAW_SECONDS = 10.0


def write_levels(
    client: ShopifyClient,
    writes: Sequence[StockWrite],
    *,
    kind: WriteKind,
    key: str,
    deadline: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[WriteResult]:
    """One result per write, in order; see `Channel.write_levels`."""
    if not writes:
        return []
    if len(writes) > IDS_PER_CALL:
        raise Permanent(f"Shopify takes at most {IDS_PER_CALL} numbers a call.")
    document, root, variables = _call(writes, kind, key)
    for attempt in range(1, CONCURRENT_TRIES + 1):
        errors = _errors_of(client, document, root, variables, deadline)
        if errors is None:
            return _all(writes, WriteOutcome.UNKNOWN)
        if CONCURRENT not in {error["code"] for error in errors}:
            return _results(writes, errors)
        if attempt == CONCURRENT_TRIES or clock() + CONCURRENT_PAUSE_SECONDS >= deadline:
            break
        sleep(CONCURRENT_PAUSE_SECONDS)
    return _all(writes, WriteOutcome.UNKNOWN, CONCURRENT)


def withdraw(
    client: ShopifyClient, writes: Sequence[StockWrite], *, kind: WriteKind, key: str
) -> list[WriteResult]:
    """Use up the key of a call that nobody heard of again; see `Channel.withdraw`.

    A key stands for one call only: Shopify refuses another one under it, as documented for
    IDEMPOTENCY_KEY_PARAMETER_MISMATCH. A change that cannot take effect is sent under the key. If that
    fails for its number, the key is taken, and the call itself can no longer come through. If it is
    refused for the key, the call has come through, and an identical repeat tells what it did.
    """
    impossible, root, variables = _call(writes[:1], kind, key)
    for change in variables["input"].get("quantities", variables["input"].get("changes")):
        change["changeFromQuantity"] = NEVER_STORED
    deadline = time.monotonic() + WITHDRAW_SECONDS
    errors = _errors_of(client, impossible, root, variables, deadline)
    codes = {error["code"] for error in errors or ()}
    if errors is None or CONCURRENT in codes:
        return _all(writes, WriteOutcome.UNKNOWN, *sorted(codes))
    if MISMATCH in codes or not codes:  # without any error it can only be the answer to the call itself
        return write_levels(client, writes, kind=kind, key=key, deadline=deadline)
    return _all(writes, WriteOutcome.NOT_APPLIED, *sorted(codes)[:1])


def _call(writes: Sequence[StockWrite], kind: WriteKind, key: str) -> tuple[Document, str, dict[str, Any]]:
    about = {"name": "available", "reason": REASON, "referenceDocumentUri": _reference(key)}
    if kind is WriteKind.SET:
        quantities = [
            {**_place(w), "quantity": w.to_quantity, "changeFromQuantity": w.from_quantity} for w in writes
        ]
        variables = {"input": {**about, "quantities": quantities}, "key": key}
        return SET_QUANTITIES, "inventorySetQuantities", variables
    changes = [
        # null opts out of compare-and-set, and has to be said.
        {**_place(w), "delta": w.to_quantity - w.from_quantity, "changeFromQuantity": None}
        for w in writes
    ]
    variables = {"input": {**about, "changes": changes}, "key": key}
    return ADJUST_QUANTITIES, "inventoryAdjustQuantities", variables


def _reference(key: str) -> str:
    """What Shopify's inventory history names as the cause; the same for an identical repeat."""
    return f"gid://syncflow/StockPush/{quote(key, safe='')}"


def _place(write: StockWrite) -> dict[str, str]:
    return {
        "inventoryItemId": gid("InventoryItem", write.ref.stock_id),
        "locationId": gid("Location", write.ref.location_id),
    }


def _errors_of(
    client: ShopifyClient, document: Document, root: str, variables: Mapping[str, Any], deadline: float
) -> list[dict[str, Any]] | None:
    """The mutation's user errors; None if nobody knows what it did."""
    try:
        data = client.execute(document, variables, deadline=deadline)
    except OutcomeUnknown:
        return None
    except Refused as refused:
        # The idempotency codes are documented as user errors; as top-level errors they mean the same.
        codes = [code for code in refused.codes if code.startswith("IDEMPOTENCY_")]
        if not codes:
            raise
        return [{"code": code, "field": None, "message": str(refused)} for code in codes]
    with understood(document.name):
        return [
            {"code": error["code"] or "", "field": error["field"], "message": error["message"]}
            for error in data[root]["userErrors"]
        ]


def _results(writes: Sequence[StockWrite], errors: Sequence[Mapping[str, Any]]) -> list[WriteResult]:
    if not errors:
        return _all(writes, WriteOutcome.APPLIED)
    for error in errors:
        if error["code"] in _TRY_LATER:
            return _all(writes, WriteOutcome.NOT_APPLIED, error["code"], error["message"])
    by_index = {_index(error["field"]): error for error in reversed(errors)}
    whole = by_index.pop(None, None)
    if whole is not None and not by_index:
        return [_blamed(write, whole) for write in writes]
    return [
        _blamed(write, by_index[i])
        if i in by_index
        else WriteResult(write.ref, WriteOutcome.NOT_APPLIED, "BATCH_REFUSED")
        for i, write in enumerate(writes)
    ]


def _blamed(write: StockWrite, error: Mapping[str, Any]) -> WriteResult:
    outcome = WriteOutcome.STALE if error["code"] == STALE else WriteOutcome.REJECTED
    return WriteResult(write.ref, outcome, error["code"], error["message"])


def _index(field: Sequence[str] | None) -> int | None:
    """["input", "quantities", "3", "quantity"] -> 3"""
    return next((int(part) for part in field or () if part.isascii() and part.isdigit()), None)


def _all(
    writes: Sequence[StockWrite], outcome: WriteOutcome, code: str = "", message: str = ""
) -> list[WriteResult]:
    return [WriteResult(write.ref, outcome, code, message) for write in writes]
