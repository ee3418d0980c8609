"""What a variant's fields may be, and cells that spreadsheets would run."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csv_cells import guarded, plain
from app.domain.variants import NEW, differences, what_is_wrong

CUP = {**NEW, "sku": "CUP", "title": "Cup", "currency": "EUR", "price_minor": 500, "unit_cost_minor": 200}


@given(st.text())
def test_what_was_guarded_comes_back(value: str) -> None:
    assert plain(guarded(value)) == value
    assert guarded(value)[:1] not in set("=+-@\t\r\n")


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1"])
def test_no_cell_is_run_as_a_formula(value: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([guarded(value)])
    assert written.getvalue().lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["'quoted' title", "it's", "5' pole", "'"])
def test_an_apostrophe_of_ones_own_is_left_alone(cell: str) -> None:
    assert plain(cell) == cell


def test_only_what_differs_is_a_change_and_blanks_around_it_do_not() -> None:
    assert differences(CUP, {"title": "Cup ", "price_minor": 501, "barcode": None}) == {"price_minor": 501}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 1001}, "title"),
        ({"sku": " CUP"}, "blanks"),
        ({"sku": ""}, "SKU"),
        ({"sku": "x" * 256}, "SKU"),
        ({"barcode": "x" * 101}, "barcode"),
        ({"currency": "eur"}, "currency"),
        ({"price_minor": 0}, "price"),
        ({"price_minor": 10**13}, "price"),
        ({"unit_cost_minor": -1}, "cost"),
        ({"low_stock_threshold": -1}, "threshold"),
        ({"currency": "USD", "price_minor": 500}, "another currency"),
    ],
)
def test_what_no_variant_can_be_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in what_is_wrong(CUP, changes, given=changes)


def test_an_amount_needs_a_currency_and_another_one_needs_all_amounts() -> None:
    assert "currency" in what_is_wrong(NEW, {"price_minor": 1}, given={"price_minor"})
    new = {"currency": "USD", "price_minor": 600}
    assert what_is_wrong(CUP, new, given={*new, "unit_cost_minor"}) == ""
    assert (
        what_is_wrong(CUP, {"price_minor": None, "sku": None, "barcode": None}, given={"price_minor"}) == ""
    )


def test_what_a_shop_gave_it_stays_though_we_would_not_take_it() -> None:
    odd = {**CUP, "title": "x" * 2000, "price_minor": 0}
    assert what_is_wrong(odd, {"barcode": "1"}, given={"barcode"}) == ""
