"""A query that Shopify runs by itself and answers with a file of one JSON object a line.

Source: shopify.dev, "Perform bulk operations with the GraphQL Admin API".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from app.platforms.errors import Permanent, Transient
from app.platforms.shopify.client import ShopifyClient, understood
from app.platforms.shopify.documents import BULK_STATE, RUN_BULK

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
PATIENCE_SECONDS = 1800.0
BUSY_RETRY_SECONDS = 60.0
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})


def run_bulk(
    client: ShopifyClient,
    lines: Callable[[str], Iterator[bytes]],
    query: str,
    *,
    grouped: bool,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, Any]]:
    """The result's objects; `grouped` puts children right after the parent they name.

    Raises Transient where Shopify has no room for it, gives up or takes longer than half an hour.
    """
    url = _finished(client, _started(client, query, grouped), sleep, clock)
    if url is None:
        return
    for line in lines(url):
        try:
            raw = json.loads(line)
        except (ValueError, RecursionError) as err:
            raise Transient("The bulk result broke off.") from err
        if not isinstance(raw, dict):
            raise Permanent("The bulk result has an unknown shape.")
        yield raw


def _started(client: ShopifyClient, query: str, grouped: bool) -> str:
    data = client.execute(RUN_BULK, {"query": query, "grouped": grouped}, repeatable=False)
    with understood("RunBulk"):
        started = data["bulkOperationRunQuery"]
        errors = started["userErrors"]
        if any(error["code"] in _BUSY for error in errors):
            raise Transient("Shopify already runs bulk operations.", retry_after=BUSY_RETRY_SECONDS)
        if errors:
            raise Permanent(f"Shopify refused the bulk query: {errors[0]['message']}")
        return str(started["bulkOperation"]["id"])


def _finished(
    client: ShopifyClient,
    operation_id: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> str | None:
    """Where the finished result lies; None if it is empty."""
    until, pause = clock() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS
    while True:
        data = client.execute(BULK_STATE, {"id": operation_id})
        with understood("BulkState"):
            operation = data["bulkOperation"]
            status, url = operation["status"], operation["url"]
        if status == "COMPLETED":
            return str(url) if url else None
        if status not in _RUNNING:
            raise Transient(f"The bulk operation ended as {status} {operation['errorCode'] or ''}.")
        if clock() >= until:
            raise Transient("The bulk operation takes too long.")
        sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
