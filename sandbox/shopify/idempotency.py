"""`@idempotent(key:)`: required on stock mutations since 2026-04, kept 24 hours per shop.

The same key and parameters get the stored answer; other parameters IDEMPOTENCY_KEY_PARAMETER_MISMATCH; a key
whose first call is still running IDEMPOTENCY_CONCURRENT_REQUEST; a key whose first call ended in user errors
(and so wrote nothing) IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED: so the codes' descriptions in the official schema.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.state import State

KEPT_S = 24 * 3600
MESSAGES = {
    "IDEMPOTENCY_CONCURRENT_REQUEST": "This request is currently in progress, please try again.",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": (
        "The same idempotency key cannot be used with different operation parameters."
    ),
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": (
        "A previous request with this idempotency key failed. Retry with a new idempotency key."
    ),
}


class Answers:
    """The stored answers of keyed mutations, and the keys that are being worked on."""

    def __init__(self, state: State) -> None:
        self.table = state.table("idempotency")
        self._running: set[str] = set()
        self._guard = threading.Lock()

    @contextmanager
    def claim(self, keys: set[str]) -> Iterator[set[str]]:
        """Hold keys while a request runs; yields those that another request holds already."""
        with self._guard:
            busy = keys & self._running
            mine = keys - busy
            self._running |= mine
        try:
            yield busy
        finally:
            with self._guard:
                self._running -= mine

    def once(
        self, *, key: str | None, busy: set[str], mutation: str, parameters: Any, work: Callable[[], Document]
    ) -> Document:
        """Do `work` (a payload with `user_errors`) unless the key has an answer. Raises GraphQLError."""
        if key is None:
            raise _bad_request(
                "The @idempotent directive is required for this mutation but was not provided."
            )
        if not key.strip():
            raise _bad_request("The idempotency key cannot be an empty string or whitespace only.")
        if key in busy:
            return refusal("IDEMPOTENCY_CONCURRENT_REQUEST")
        fingerprint = hashlib.sha256(json.dumps([mutation, parameters], sort_keys=True).encode()).hexdigest()
        stored = self.table.get(key)
        if stored is not None and stored["at"] > time.time() - KEPT_S:
            if stored["fingerprint"] != fingerprint:
                return refusal("IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
            return refusal("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED") if stored["failed"] else stored["payload"]
        self._forget_old()
        payload = work()
        failed = bool(payload["user_errors"])
        kept = {} if failed else payload
        self.table.put(
            key, {"fingerprint": fingerprint, "failed": failed, "payload": kept, "at": time.time()}
        )
        return payload

    def _forget_old(self) -> None:
        """Answers are kept in the order they came, so the old ones are in front."""
        while self.table:
            oldest = next(iter(self.table))
            if self.table[oldest]["at"] > time.time() - KEPT_S:
                return
            del self.table[oldest]


def refusal(code: str) -> Document:
    return {"user_errors": [{"field": None, "message": MESSAGES[code], "code": code}]}


def _bad_request(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})
