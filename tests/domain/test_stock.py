"""When stock is low or oversold, and when it no longer is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.stock import OVERSOLD, Band, low_stock


def told(band: Band, *available: int) -> list[str]:
    """What a variant's walk through these numbers tells, beginning where nothing was counted."""
    words: list[str] = []
    before: int | None = None
    for after in available:
        if band.begins(before, after):
            words.append(f"begins {after}")
        if band.ends(before, after):
            words.append(f"ends {after}")
        before = after
    return words


@pytest.mark.parametrize(
    ("threshold", "at_most", "over_above"),
    [(0, 0, 1), (5, 5, 6), (10, 10, 11), (11, 11, 13), (100, 100, 110)],
)
def test_a_tenth_and_at_least_one_unit_lies_between(threshold: int, at_most: int, over_above: int) -> None:
    assert low_stock(threshold) == Band(at_most, over_above)


def test_a_number_that_goes_up_and_down_at_the_threshold_is_told_once() -> None:
    band = low_stock(10)
    begun = [word for word in told(band, 12, 10, 9, 10, 9, 11, 10) if word.startswith("begins")]
    assert begun[0] == "begins 10"
    assert "ends 11" not in told(band, 12, 10, 11)
    assert told(band, 12, 10, 9, 12, 10) == ["begins 10", "ends 12", "begins 10"]


def test_oversold_is_below_nothing() -> None:
    assert told(OVERSOLD, 1, 0, -1, -5, 0, -1) == ["begins -1", "ends 0", "begins -1"]


def test_what_is_low_when_it_is_first_counted_is_told() -> None:
    assert told(low_stock(10), 3) == ["begins 3"]


@given(st.integers(0, 1000), st.lists(st.integers(-50, 1200), min_size=1))
def test_what_is_open_is_low_and_what_is_closed_is_not(threshold: int, numbers: list[int]) -> None:
    """An event per begin while none is open, closed by an end."""
    band = low_stock(threshold)
    before: int | None = None
    is_open = False
    for after in numbers:
        assert not (band.begins(before, after) and band.ends(before, after))
        is_open = (is_open or band.begins(before, after)) and not band.ends(before, after)
        assert is_open or after > band.at_most
        assert not is_open or after <= band.over_above
        before = after
