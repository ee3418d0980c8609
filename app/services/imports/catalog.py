"""Rows of variants: new ones by their SKU, others changed. What a row does not say stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.domain.money import exponent, to_minor
from app.domain.variants import NEW, differences, what_is_wrong
from app.errors import InvalidInput
from app.services import variants
from app.services.csv_rows import CsvFile, CsvRow
from app.services.imports.base import MOST_SHOWN, Given, Judged, fault
from app.services.uow import UnitOfWork

_TEXTS = ("sku", "title", "barcode")
_AMOUNTS = {"price": "price_minor", "unit_cost": "unit_cost_minor"}
_AMOUNT = re.compile(r"[0-9]{1,13}([.,][0-9]{1,6})?")
_NUMBERS = {"id": re.compile("[0-9]{1,18}"), "low_stock_threshold": re.compile("[0-9]{1,10}")}
_CURRENCY = re.compile("[A-Za-z]{3}")


class Catalog:
    """Variants by `id`, or by `sku` where the row has no id; a SKU that no variant has makes a new one."""

    columns: tuple[str, ...] = ("id", *_TEXTS, "currency", *_AMOUNTS, "low_stock_threshold")
    applies: tuple[str, ...] = ("create", "change")

    def require_columns(self, file: CsvFile) -> None:
        if not {"sku", "id"} & set(file.columns):
            raise InvalidInput(
                "The first line names the columns: sku, and those that you want to set of title, barcode,"
                " currency, price, unit_cost and low_stock_threshold."
            )

    def read(self, row: CsvRow) -> Given | str:
        values: dict[str, Any] = {}
        for name in self.columns:
            cell = row.cells.get(name, "")
            if not cell:
                continue
            if (value := _understood(name, cell)) is None:
                return _not_understood(name, cell[:MOST_SHOWN])
            values[name] = value
        if not {"id", "sku"} & values.keys():
            return "It has no sku."
        return Given(row.line, values)

    def judge(self, session: Session, imported: Row[Any], rows: Sequence[Given]) -> list[Judged]:
        found = variants.known(
            session,
            imported.account_id,
            ids=[row.values["id"] for row in rows if "id" in row.values],
            skus=[row.values["sku"] for row in rows if "sku" in row.values],
        )
        owners = {fields["sku"]: variant_id for variant_id, fields in found.items() if fields["sku"]}
        judged = []
        for row in rows:
            one = _judge(row, found, owners, imported.currency or "")
            judged.append(one)
            if one.outcome in self.applies and "sku" in one.changes:
                # What comes later in the batch finds it taken, as it would in the next one.
                owners[one.changes["sku"][1]] = one.variant_id or _NEW_ONE
        return judged

    def apply(self, uow: UnitOfWork, imported: Row[Any], rows: Sequence[Judged]) -> None:
        new = [_new(row) for row in rows if row.outcome == "create"]
        changed = {row.variant_id: _new(row) for row in rows if row.outcome == "change" and row.variant_id}
        if new:
            variants.insert(uow.session, imported.account_id, new)
        if changed:
            variants.update(uow, imported.account_id, changed)

    def finish(self, imported: Row[Any]) -> None:
        """Nothing remains."""


_LIKE = {"price": "12.50", "unit_cost": "12.50", "currency": "EUR"}
MOST_KEY = 300
"""Characters: a SKU that is longer is a fault, and an index has no room for it."""
_NEW_ONE = 0
"""Stands for a variant that the batch makes."""


def _understood(name: str, cell: str) -> Any:
    """The value of a cell, None if it has none."""
    if name in _NUMBERS:
        return int(cell) if _NUMBERS[name].fullmatch(cell) else None
    if name in _AMOUNTS:
        return cell.replace(",", ".") if _AMOUNT.fullmatch(cell) else None
    if name == "currency":
        return cell.upper() if _CURRENCY.fullmatch(cell) else None
    return cell


def _not_understood(name: str, cell: str) -> str:
    if like := _LIKE.get(name):
        return f"{cell!r} is no {name} like {like}."
    return f"{cell!r} is no {name}."


def _judge(
    row: Given, found: Mapping[int, Mapping[str, Any]], owners: Mapping[str, int], currency: str
) -> Judged:
    sku, variant_id = row.values.get("sku"), row.values.get("id")
    owner = None if sku is None else owners.get(sku)
    if variant_id is not None and variant_id not in found:
        return fault(row, f"There is no variant with the id {variant_id}.")
    if owner is not None and variant_id is not None and owner != variant_id:
        return fault(row, f"Another variant has the SKU {sku!r}.", f"v{variant_id}")
    variant_id = variant_id or owner
    if variant_id == _NEW_ONE:
        return fault(row, f"Another row has the SKU {sku!r}.", f"s{sku}"[:MOST_KEY])
    now = NEW if variant_id is None else found[variant_id]
    key = f"s{sku}" if variant_id is None else f"v{variant_id}"
    wanted = _wanted(row.values, now, currency)
    if isinstance(wanted, str):
        return fault(row, wanted, key[:MOST_KEY])
    new = differences(now, wanted)
    if variant_id is None and "title" not in new:
        return fault(row, f"There is no variant with the SKU {sku!r}; a new one needs a title.", key)
    if problem := what_is_wrong(now, new, given=wanted):
        return fault(row, problem, key[:MOST_KEY])
    outcome = "create" if variant_id is None else "change" if new else "same"
    changes = {name: [None if now[name] == "" else now[name], value] for name, value in new.items()}
    return Judged(row.line, row.values, outcome, key, changes)


def _wanted(values: Mapping[str, Any], now: Mapping[str, Any], currency: str) -> dict[str, Any] | str:
    """The fields that a row asks for, or why its amounts are none."""
    currency = values.get("currency") or now["currency"] or currency
    wanted = {name: values[name] for name in (*_TEXTS, "low_stock_threshold") if name in values}
    amounts = {name: values[name] for name in _AMOUNTS if name in values}
    if amounts and not currency:
        return "Say in which currency: the variant has none yet."
    if amounts or "currency" in values:
        wanted["currency"] = currency
    for name, amount in amounts.items():
        if -int(Decimal(amount).normalize().as_tuple().exponent) > exponent(currency):
            return f"{amount!r} has more digits after the point than {currency} has."
        wanted[_AMOUNTS[name]] = to_minor(amount, currency)
    return wanted


def _new(row: Judged) -> dict[str, Any]:
    return {name: new for name, (_old, new) in row.changes.items()}
