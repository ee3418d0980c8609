"""Changing stock by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.stock_changes import AdjustmentSchema, ReceiptSchema, StockChangeSchema, TransferSchema
from app.errors import InvalidInput
from app.services import stock_changes
from app.services.stock_changes import Change

blp = Resource("stock_changes", __name__, description="Changing stock by hand.")


@blp.route("/stock/adjustments", methods=("POST",))
@blp.arguments(AdjustmentSchema)
@blp.response(OK, StockChangeSchema)
def adjust(given: dict[str, Any]) -> Change:
    """Add units of a variant to what is on hand at a location, or take them off, for a reason."""
    caller = principal()
    return stock_changes.adjust(caller.account_id, actor=caller.actor, **given)


@blp.route("/stock/receipts", methods=("POST",))
@blp.arguments(ReceiptSchema)
@blp.response(OK, StockChangeSchema)
def receive(given: dict[str, Any]) -> Change:
    """Put a delivery on the shelf: several variants at once, all or none."""
    caller = principal()
    quantities = by_variant(given.pop("lines"), "quantity")
    return stock_changes.receive(
        caller.account_id, given.pop("location_id"), quantities, actor=caller.actor, **given
    )


@blp.route("/stock/transfers", methods=("POST",))
@blp.arguments(TransferSchema)
@blp.response(OK, StockChangeSchema)
def transfer(given: dict[str, Any]) -> Change:
    """Move units from one location to another, all or none."""
    caller = principal()
    quantities = by_variant(given.pop("lines"), "quantity")
    return stock_changes.transfer(
        caller.account_id,
        given.pop("from_location_id"),
        given.pop("to_location_id"),
        quantities,
        actor=caller.actor,
        **given,
    )


def by_variant(lines: Iterable[Mapping[str, int]], name: str) -> dict[int, int]:
    """Variant id -> number. Raises InvalidInput if a variant is named twice."""
    found: dict[int, int] = {}
    for line in lines:
        if line["variant_id"] in found:
            raise InvalidInput(f"Variant {line['variant_id']} is named twice.")
        found[line["variant_id"]] = line[name]
    return found
