"""The stock mutations. One with any user error writes nothing at all.

A quantity must name `changeFromQuantity` (null opts out of the comparison); the schema marks it optional, so
its absence is refused at run time with INVALID_FIELD_ARGUMENTS, as the real API does.
"""

from __future__ import annotations

import re
import time
from typing import Any

from graphql import GraphQLError

from sandbox.core.store import Document
from sandbox.shopify.state import State, number_of
from sandbox.shopify.stock import Cause, Stock

REASONS = frozenset(
    {
        "correction",
        "cycle_count_available",
        "damaged",
        "movement_created",
        "movement_updated",
        "movement_received",
        "movement_canceled",
        "other",
        "promotion",
        "quality_control",
        "received",
        "reservation_created",
        "reservation_deleted",
        "reservation_updated",
        "restock",
        "safety_stock",
        "shrinkage",
    }
)
SET_LIMIT = 1_000_000_000
ADJUST_LIMIT = 2_000_000_000
_URI = re.compile(r"^[a-z][a-z0-9+.-]*:(//)?\S+$", re.IGNORECASE)
_GID = re.compile(r"^gid://[^/\s]+/[^/\s]+/\S+$")
MESSAGES = {
    "CHANGE_FROM_QUANTITY_STALE": "The changeFromQuantity value does not match persisted value.",
    "INVALID_INVENTORY_ITEM": "The specified inventory item could not be found.",
    "INVALID_LOCATION": "The specified location could not be found.",
    "INVALID_NAME": "The quantity name must be either 'available' or 'on_hand'.",
    "INVALID_QUANTITY_NAME": "The specified quantity name is invalid.",
    "INVALID_QUANTITY_NEGATIVE": "The quantity can't be negative.",
    "INVALID_QUANTITY_TOO_HIGH": "The quantity is too high.",
    "INVALID_QUANTITY_TOO_LOW": "The quantity is too low.",
    "INVALID_REASON": "The specified reason is invalid.",
    "INVALID_REFERENCE_DOCUMENT": "The specified reference document is invalid.",
    "INVALID_AVAILABLE_DOCUMENT": "A ledger document URI is not allowed when adjusting available.",
    "NON_MUTABLE_INVENTORY_ITEM": "The specified inventory item is not allowed to be adjusted via API.",
    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR": (
        "The combination of inventoryItemId and locationId must be unique."
    ),
    "NOT_TRACKED": "Inventory item does not have inventory tracking enabled.",
    "NOT_STOCKED": "The specified inventory item is not stocked at the location.",
}


class Inventory:
    """Checks a whole mutation, then writes it whole."""

    def __init__(self, state: State, stock: Stock) -> None:
        self.state = state
        self.stock = stock

    def set_quantities(self, given: dict[str, Any], call_id: int | None) -> Document:
        """`inventorySetQuantities`: absolute `available` or `on_hand`, never below zero."""
        rows: list[dict[str, Any]] = given["quantities"]
        require_change_from(rows, "InventoryQuantityInput")
        errors = Errors("quantities")
        if given["name"] not in ("available", "on_hand"):
            errors.add("INVALID_NAME", "name")
        self._check_head(given, errors)
        seen: set[tuple[str, str]] = set()
        writes: list[tuple[Document, int]] = []
        for position, row in enumerate(rows):
            pair = (row["inventoryItemId"], row["locationId"])
            if pair in seen:
                errors.at(position, "inventoryItemId", "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
            seen.add(pair)
            if row["quantity"] < 0:
                errors.at(position, "quantity", "INVALID_QUANTITY_NEGATIVE")
            elif row["quantity"] > SET_LIMIT:
                errors.at(position, "quantity", "INVALID_QUANTITY_TOO_HIGH")
            level = self._level(row, position, errors)
            if level is None:
                continue
            stored = level["available"] + (level["committed"] if given["name"] == "on_hand" else 0)
            if row["changeFromQuantity"] not in (None, stored):
                errors.at(position, "changeFromQuantity", "CHANGE_FROM_QUANTITY_STALE")
            writes.append((level, row["quantity"] - stored))
        return self._write(given, writes, errors, call_id)

    def adjust_quantities(self, given: dict[str, Any], call_id: int | None) -> Document:
        """`inventoryAdjustQuantities` for `available`: deltas, which may take a level below zero.

        The other quantity names (`damaged`, `reserved`, ...) are refused as INVALID_QUANTITY_NAME: this shop
        keeps no such states.
        """
        rows: list[dict[str, Any]] = given["changes"]
        require_change_from(rows, "InventoryChangeInput")
        errors = Errors("changes")
        if given["name"] != "available":
            errors.add("INVALID_QUANTITY_NAME", "name")
        self._check_head(given, errors)
        running: dict[int, int] = {}
        writes: list[tuple[Document, int]] = []
        for position, row in enumerate(rows):
            if row.get("ledgerDocumentUri") is not None:
                errors.at(position, "ledgerDocumentUri", "INVALID_AVAILABLE_DOCUMENT")
            level = self._level(row, position, errors)
            if level is None:
                continue
            stored = running.get(level["id"], level["available"])
            if row["changeFromQuantity"] not in (None, stored):
                errors.at(position, "changeFromQuantity", "CHANGE_FROM_QUANTITY_STALE")
            running[level["id"]] = stored + row["delta"]
            if abs(running[level["id"]]) > ADJUST_LIMIT:
                high = running[level["id"]] > 0
                errors.at(
                    position, "delta", "INVALID_QUANTITY_TOO_HIGH" if high else "INVALID_QUANTITY_TOO_LOW"
                )
            writes.append((level, row["delta"]))
        return self._write(given, writes, errors, call_id)

    def activate(self, args: dict[str, Any], call_id: int | None) -> Document:
        """`inventoryActivate`: stock an item at a location; its errors carry no code."""
        variant = self._variant(args["inventoryItemId"])
        location_id = number_of(args["locationId"], "Location") or 0
        if variant is None or location_id not in self.state.locations:
            name = "inventoryItemId" if variant is None else "locationId"
            code = "INVALID_INVENTORY_ITEM" if variant is None else "INVALID_LOCATION"
            return _uncoded(name, MESSAGES[code])
        level = self.state.level(variant["item_id"], location_id)
        if level is None:
            available = args.get("available")
            opening = args.get("onHand") if available is None else available
            level = self.state.add_level(variant["item_id"], location_id, opening or 0)
            self.stock.start(level, Cause("api", call_id=call_id))
            self.stock.announce(level)
        elif args.get("available") is not None or args.get("onHand") is not None:
            name = "available" if args.get("available") is not None else "onHand"
            return _uncoded(name, f"Not allowed to set {name} quantity when the item is already active.")
        return {"level_id": level["id"], "user_errors": []}

    def _check_head(self, given: dict[str, Any], errors: Errors) -> None:
        if given["reason"] not in REASONS:
            errors.add("INVALID_REASON", "reason")
        document = given.get("referenceDocumentUri")
        if document is not None and not _is_reference(document):
            errors.add("INVALID_REFERENCE_DOCUMENT", "referenceDocumentUri")

    def _variant(self, item_gid: str) -> Document | None:
        return self.state.variant_of_item.get(number_of(item_gid, "InventoryItem") or 0)

    def _level(self, row: dict[str, Any], position: int, errors: Errors) -> Document | None:
        variant = self._variant(row["inventoryItemId"])
        location_id = number_of(row["locationId"], "Location") or 0
        if variant is None:
            errors.at(position, "inventoryItemId", "INVALID_INVENTORY_ITEM")
            return None
        if location_id not in self.state.locations:
            errors.at(position, "locationId", "INVALID_LOCATION")
            return None
        level = self.state.level(variant["item_id"], location_id)
        if variant["bundle"]:
            errors.at(position, "inventoryItemId", "NON_MUTABLE_INVENTORY_ITEM")
        elif not variant["tracked"]:
            errors.at(position, "inventoryItemId", "INVALID_INVENTORY_ITEM", MESSAGES["NOT_TRACKED"])
        elif level is None:
            errors.at(position, "locationId", "INVALID_LOCATION", MESSAGES["NOT_STOCKED"])
        else:
            return level
        return None

    def _write(
        self, given: dict[str, Any], writes: list[tuple[Document, int]], errors: Errors, call_id: int | None
    ) -> Document:
        if errors.found:
            return {"inventory_adjustment_group": None, "user_errors": errors.found}
        cause = Cause("api", call_id=call_id)
        changes = []
        for level, delta in writes:
            if not delta:
                self.stock.same(level, cause)
                continue
            self.stock.move(level, cause, available=delta)
            on_hand = level["available"] + level["committed"]
            changes.append(_change("available", level, delta, level["available"]))
            changes.append(_change("on_hand", level, delta, on_hand))
        return {
            "inventory_adjustment_group": self._group(given, changes) if changes else None,
            "user_errors": [],
        }

    def _group(self, given: dict[str, Any], changes: list[Document]) -> Document:
        return {
            "id": self.state.next_id("adjustments"),
            "created_at": time.time(),
            "reason": given["reason"],
            "reference_document_uri": given.get("referenceDocumentUri"),
            "changes": changes,
        }


class Errors:
    """User errors with the path of the input that caused them, positions as text."""

    def __init__(self, rows: str) -> None:
        self.rows = rows
        self.found: list[Document] = []

    def add(self, code: str, *path: str, message: str | None = None) -> None:
        self.found.append({"field": ["input", *path], "message": message or MESSAGES[code], "code": code})

    def at(self, position: int, name: str, code: str, message: str | None = None) -> None:
        self.add(code, self.rows, str(position), name, message=message)


def require_change_from(rows: list[dict[str, Any]], input_type: str) -> None:
    """Raises GraphQLError where `changeFromQuantity` is absent; an explicit null is fine."""
    if any("changeFromQuantity" not in row for row in rows):
        raise GraphQLError(
            f"{input_type} must include the following argument: changeFromQuantity.",
            extensions={"code": "INVALID_FIELD_ARGUMENTS"},
        )


def _is_reference(document: str) -> bool:
    pattern = _GID if document.startswith("gid:") else _URI
    return pattern.match(document) is not None


def _change(name: str, level: Document, delta: int, after: int) -> Document:
    place = {"item_id": level["item_id"], "location_id": level["location_id"]}
    return {"name": name, "delta": delta, "quantity_after_change": after, **place}


def _uncoded(name: str, message: str) -> Document:
    return {"level_id": None, "user_errors": [{"field": [name], "message": message}]}
