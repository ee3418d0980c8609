"""What a variant's fields may be, and what a change of them is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from re import compile as pattern
from typing import Any

from app.domain.prices import HIGHEST_MINOR

FIELDS = ("sku", "title", "barcode", "currency", "price_minor", "unit_cost_minor", "low_stock_threshold")
MOST_SKU = 255
MOST_TITLE = 1000
MOST_BARCODE = 100
HIGHEST_THRESHOLD = 1_000_000_000
_CURRENCY = pattern(r"[A-Z]{3}")

Fields = Mapping[str, Any]
"""Some of FIELDS -> value; None is none, and no currency is ''."""
NEW: Fields = {name: "" if name in ("title", "currency") else None for name in FIELDS}
"""A variant of which nothing is said yet."""


def differences(now: Fields, wanted: Fields) -> dict[str, Any]:
    """What of `wanted` is not so. Blanks around a text are no difference."""
    return {name: value for name, value in wanted.items() if _bare(now[name]) != _bare(value)}


def what_is_wrong(now: Fields, changes: Fields, *, given: Collection[str]) -> str:
    """Why a variant that is `now` cannot become so, in words, or "". Only what changes is judged: a shop may
    have given it what we would not take. `given`: all that was said of it, whether it changes or not."""
    for name, value in changes.items():
        if fault := _fault(name, value):
            return fault
    after = {**now, **changes}
    amounts = [name for name in ("price_minor", "unit_cost_minor") if after[name] is not None]
    if not after["currency"] and amounts:
        return "Say in which currency: the variant has none yet."
    if "currency" in changes and now["currency"] and any(name not in given for name in amounts):
        return "With another currency, give its price and its cost in it too."
    return ""


def _fault(name: str, value: Any) -> str:
    if name == "title" and not (isinstance(value, str) and 0 < len(value) <= MOST_TITLE):
        return f"A title has 1 to {MOST_TITLE} characters."
    if value is None:
        return ""
    if isinstance(value, str) and value != value.strip():
        return "A text has no blanks at its ends."
    if name == "sku" and not 0 < len(value) <= MOST_SKU:
        return f"A SKU has 1 to {MOST_SKU} characters."
    if name == "barcode" and not 0 < len(value) <= MOST_BARCODE:
        return f"A barcode has 1 to {MOST_BARCODE} characters."
    if name == "currency" and not _CURRENCY.fullmatch(value):
        return "A currency is a code of three capital letters."
    if name == "price_minor" and not 0 < value <= HIGHEST_MINOR:
        return f"A price is above 0 and at most {HIGHEST_MINOR} of the currency's smallest unit."
    if name == "unit_cost_minor" and not 0 <= value <= HIGHEST_MINOR:
        return f"A cost is from 0 to {HIGHEST_MINOR} of the currency's smallest unit."
    if name == "low_stock_threshold" and not 0 <= value <= HIGHEST_THRESHOLD:
        return f"A threshold is between 0 and {HIGHEST_THRESHOLD} units."
    return ""


def _bare(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
