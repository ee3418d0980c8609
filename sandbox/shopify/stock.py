"""Moving a level: the one place where `available` and `committed` change (`on_hand` is their sum)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from sandbox.core.store import Document
from sandbox.shopify.state import State


class Announce(Protocol):
    """Tells the subscribers of `inventory_levels/update`; the payload is assembled later."""

    def __call__(self, level: Document) -> None: ...


@dataclass(frozen=True)
class Cause:
    """Why stock moves, in the words of the event log."""

    name: str
    order_id: int | None = None
    call_id: int | None = None


class Stock:
    """Writes levels, their event log entries and their webhooks."""

    def __init__(self, state: State, announce: Announce) -> None:
        self.state = state
        self.announce = announce

    def move(self, level: Document, cause: Cause, *, available: int = 0, committed: int = 0) -> float:
        """Add both deltas and return the moment of the change.

        Units that are sold and not shipped are committed; shipping takes them off `committed` and thereby off
        `on_hand`. A change of `available` alone is announced, and an API write of the same value as well.
        """
        before = level["available"]
        level["available"] += available
        level["committed"] += committed
        at = self._log(level, before, cause) or time.time()
        self.state.save_level(level, at=at)
        if available:
            self.announce(level)
        return at

    def same(self, level: Document, cause: Cause) -> None:
        """Log an API write of the number that is already there: it changes and announces nothing."""
        self._log(level, level["available"], cause)

    def start(self, level: Document, cause: Cause) -> None:
        """Log a level that has just come into being."""
        self._log(level, None, cause)

    def _log(self, level: Document, before: int | None, cause: Cause) -> float | None:
        variant = self.state.variant_of_item[level["item_id"]]
        return self.state.core.events.stock(
            stock_id=str(level["item_id"]),
            location_id=str(level["location_id"]),
            sku=variant["sku"],
            before=before,
            after=level["available"],
            cause=cause.name,
            order_id=cause.order_id,
            call_id=cause.call_id,
        )
