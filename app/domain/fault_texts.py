"""Faults that people read: for each English text the code and the values by which a program says it in
another language.

A fault is told, and kept, as English text, wherever it comes from, libraries included. What it says is found
again from its words, so that no table keeps it twice. A text that is not listed here is a platform's own, or
one that few people see.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping
from itertools import chain
from re import DOTALL, Pattern, escape
from re import compile as pattern
from typing import Any

FAULTS: Mapping[str, str] = {
    # A file.
    "catalog_columns": "The first line names the columns: sku, and those that you want to set of title,"
    " barcode, currency, price, unit_cost and low_stock_threshold.",
    "counts_columns": "The first line names the columns: sku, counted and, if you like, counted_at.",
    "file_empty": "The file is empty.",
    "file_without_rows": "The file has no rows.",
    "too_many_rows": "A file has at most {most} rows.",
    "too_many_columns": "A file has at most {most} columns.",
    "first_line_no_csv": "The first line is not CSV: {problem}.",
    "first_line_nul": "The first line names a column with a character (NUL) that cannot be kept.",
    "column_twice": "The first line names a column twice: {columns}.",
    "not_utf8": "Line {line} is not in UTF-8. Save the file as CSV in UTF-8.",
    "rest_unreadable": "Line {line}: {problem} What follows cannot be read.",
    "our_fault": "Something went wrong on our side. What was applied stays: upload the file again"
    " for the rest.",
    # A row of it.
    "row_no_csv": "This is not CSV: {problem}.",
    "open_quote": "a quote that is opened here is not closed",
    "line_too_long": "the line is too long",
    "row_too_wide": "It has {cells} cells, and the first line names {count} columns.",
    "row_nul": "It has a character (NUL) that cannot be kept.",
    "cell_too_long": "Its {column} has more than {most} characters.",
    "cell_wrong": "{cell!r} is no {column}.",
    "cell_wrong_like": "{cell!r} is no {column} like {example}.",
    "same_variant": "Line {line} is about the same variant.",
    "no_sku": "It has no sku.",
    "sku_of_row": "Another row has the SKU {sku!r}.",
    "sku_of_variant": "Another variant has the SKU {sku!r}.",
    "unknown_id": "There is no variant with the id {id}.",
    "unknown_sku": "There is no variant with the SKU {sku!r}.",
    "new_needs_title": "There is no variant with the SKU {sku!r}; a new one needs a title.",
    "digits_of_amount": "{amount!r} has more digits after the point than {currency} has.",
    "no_whole_number": "{cell!r} is not a whole number of units.",
    "no_time": "{cell!r} is not a time like 2026-11-25T14:30:00.",
    "is_bundle": "{sku!r} is a bundle, which has no stock of its own.",
    "counted_range": "A counted number is from 0 to {most}.",
    "counted_in_future": "It cannot have been counted in the future.",
    "counted_too_early": "A number that was counted more than {count} days ago is too old.",
    # A variant.
    "currency_missing": "Say in which currency: the variant has none yet.",
    "currency_alone": "With another currency, give its price and its cost in it too.",
    "currency_wrong": "A currency is a code of three capital letters.",
    "title_length": "A title has 1 to {most} characters.",
    "sku_length": "A SKU has 1 to {most} characters.",
    "barcode_length": "A barcode has 1 to {most} characters.",
    "blanks_at_ends": "A text has no blanks at its ends.",
    "price_range": "A price is above 0 and at most {most} of the currency's smallest unit.",
    "cost_range": "A cost is from 0 to {most} of the currency's smallest unit.",
    "threshold_range": "A threshold is between 0 and {most} units.",
    # A field of a request: what the library that reads them says, and we.
    "field_missing": "Missing data for required field.",
    "field_null": "Field may not be null.",
    "field_unknown": "Unknown field.",
    "no_string": "Not a valid string.",
    "no_text": "Not a valid text.",
    "no_number": "Not a valid number.",
    "no_integer": "Not a valid integer.",
    "no_boolean": "Not a valid boolean.",
    "no_datetime": "Not a valid datetime.",
    "no_date": "Not a valid date.",
    "no_list": "Not a valid list.",
    "no_object": "Not a valid mapping type.",
    "no_email": "Not a valid email address.",
    "no_url": "Not a valid URL.",
    "no_phone": "It has to be as +4915112345678 (E.164).",
    "too_short": "Shorter than minimum length {least}.",
    "too_long": "Longer than maximum length {most}.",
    "length_between": "Length must be between {least} and {most}.",
    "not_least": "Must be greater than or equal to {least}.",
    "not_most": "Must be less than or equal to {most}.",
    "not_between": "Must be greater than or equal to {least} and less than or equal to {most}.",
    "not_one_of": "Must be one of: {choices}.",
    "not_like": "String does not match expected pattern.",
    "given_twice": "Each only once.",
    "nothing_to_change": "Say what is to change.",
    "password_length": "A password needs {least} to {most} characters.",
}
"""Code -> English. Codes are stable, and so is what the values in braces are called: those in NUMBERS are
numbers, the others texts. A `problem` may be a fault too: then `problem_said` has its code and values."""

_WHAT = pattern(r"{(\w+)(!r)?}")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
NUMBERS = {"count", "cells", "line", "most", "least"}


def said_of(text: str) -> dict[str, Any] | None:
    """The `code` and `values` of a fault, None for one that is not known."""
    for code, known in _PATTERNS.items():
        if found := known.fullmatch(text):
            try:
                return {"code": code, "values": _values(code, found.groupdict())}
            except (SyntaxError, ValueError):  # a text of others that looks like one of ours
                return None
    return None


def _values(code: str, found: Mapping[str, str]) -> dict[str, Any]:
    quoted = {name for name, mark in _WHAT.findall(FAULTS[code]) if mark}
    values: dict[str, Any] = {
        name: literal_eval(value) if name in quoted else int(value) if name in NUMBERS else value
        for name, value in found.items()
    }
    if inner := said_of(values.get("problem", "")):
        values["problem_said"] = inner
    return values


def _pattern(english: str) -> Pattern[str]:
    parts = _WHAT.split(english)
    words = [escape(part) for part in parts[::3]]
    gaps = [f"(?P<{name}>{_shape(name, mark)})" for name, mark in zip(parts[1::3], parts[2::3], strict=True)]
    return pattern("".join(chain.from_iterable(zip(words, [*gaps, ""], strict=True))), DOTALL)


def _shape(name: str, mark: str | None) -> str:
    if mark:
        return _QUOTED
    return "-?[0-9]+" if name in NUMBERS else r"\w+" if name == "column" else ".+"


_PATTERNS = {code: _pattern(english) for code, english in FAULTS.items()}
