"""The shop's own record of what happened and when: the evidence that a trial is judged by."""

import time
from typing import Any

from sandbox.core.store import Store


class EventLog:
    """Append-only entries ``{"seq", "at", "type", ...}``; call inside ``store.transaction()``.

    ``at`` is ``time.time()`` in seconds, taken under the state lock at the moment the state changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def stock(
        self,
        *,
        stock_id: str,
        location_id: str,
        sku: str | None,
        before: int | None,
        after: int | None,
        cause: str,
        order_id: int | None = None,
        call_id: int | None = None,
    ) -> float | None:
        """Record a stored quantity's change; return its time.

        cause: order | pay | cancel | refund | edit_order | api | merchant | catalog. A write of the value
        that is already stored is logged only for ``api``, as ``api_same``.
        """
        if before == after and cause != "api":
            return None
        return self.add(
            "stock",
            stock_id=stock_id,
            location_id=location_id,
            sku=sku,
            **{"from": before, "to": after},
            cause="api_same" if before == after else cause,
            order_id=order_id,
            call_id=call_id,
        )

    def order(
        self, action: str, *, order_id: int | None, reference: str | None, lines: list[dict[str, Any]]
    ) -> float:
        """action: placed | paid | cancelled | refunded | edited | fulfilled | status | trashed | refused;
        lines: ``{"sku", "quantity"}``."""
        return self.add("order", action=action, order_id=order_id, reference=reference, lines=lines)

    def price(
        self, *, listing_id: str, sku: str | None, before: str, after: str, cause: str, call_id: int | None
    ) -> None:
        """Record a price that was written; cause: api | merchant, or `api_same` for an API write of the price
        that was there."""
        if before == after and cause != "api":
            return
        change: dict[str, Any] = {"from": before, "to": after, "call_id": call_id}
        cause = "api_same" if before == after else cause
        self.add("price", listing_id=listing_id, sku=sku, cause=cause, **change)

    def add(self, type_: str, *, at: float | None = None, **fields: Any) -> float:
        moment = time.time() if at is None else at
        self._store.append_event({"at": moment, "type": type_, **fields})
        return moment
