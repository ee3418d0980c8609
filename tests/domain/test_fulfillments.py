"""What of an order can be shipped: never more than was ordered, however it is split."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fulfillments import beyond_open, to_ship
from app.domain.orders import LinePart, PartKind, fulfilled_units, ledger_effect, open_units

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
units = st.integers(0, 20)
lines = st.dictionaries(st.integers(1, 5), units, max_size=5)
parts = st.lists(st.builds(LinePart, st.sampled_from(PartKind), units, st.just(AT)), max_size=8)


def test_all_that_is_left_is_shipped_if_nothing_is_named() -> None:
    assert to_ship({1: 2, 2: 0, 3: -1, 4: 5}, None) == {1: 2, 4: 5}
    assert to_ship({1: 2, 2: 3}, {2: 1}) == {2: 1}


@pytest.mark.parametrize(
    ("wanted", "beyond"),
    [({1: 2}, {}), ({1: 3}, {1: 1}), ({2: 1}, {2: 1}), ({9: 1}, {9: 1}), ({3: 1}, {3: 1}), ({}, {})],
)
def test_what_is_beyond_is_told_by_line(wanted: dict[int, int], beyond: dict[int, int]) -> None:
    assert beyond_open({1: 2, 2: 0, 3: -4}, wanted) == beyond


@given(lines, st.lists(st.none() | lines, max_size=6))
def test_shipments_never_exceed_what_was_open(
    still_open: dict[int, int], asked: list[dict[int, int] | None]
) -> None:
    left, shipped = dict(still_open), 0
    for each in asked:
        wanted = to_ship(left, each)
        if beyond_open(left, wanted):
            continue
        for line, quantity in wanted.items():
            left[line] = left.get(line, 0) - quantity
            shipped += quantity
    assert all(quantity >= 0 for quantity in left.values())
    assert shipped + sum(left.values()) == sum(still_open.values())


@given(parts)
def test_what_is_open_is_what_an_order_that_holds_stock_holds(all_parts: list[LinePart]) -> None:
    assert open_units(all_parts) == ledger_effect(all_parts, holds_stock=True).committed
    shipped = LinePart(PartKind.FULFILLED, open_units(all_parts), AT)
    assert open_units([*all_parts, shipped]) == 0
    assert fulfilled_units([*all_parts, shipped]) == fulfilled_units(all_parts) + shipped.quantity
