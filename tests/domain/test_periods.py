"""Local days as moments in UTC, also where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.money import convert
from app.domain.periods import Grain, bounds, midnight

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
ZONES = sorted(available_timezones())


def hours_of(day: date, zone: str) -> float:
    begin, end = bounds(day, day, Grain.DAY, ZoneInfo(zone))
    return (end - begin) / HOUR


def test_days_on_which_clocks_change_have_23_or_25_hours() -> None:
    assert hours_of(date(2026, 3, 29), "Europe/Berlin") == 23
    assert hours_of(date(2026, 10, 25), "Europe/Berlin") == 25
    assert hours_of(date(2026, 4, 5), "Australia/Lord_Howe") == 24.5
    hours = bounds(date(2026, 10, 25), date(2026, 10, 25), Grain.HOUR, ZoneInfo("Europe/Berlin"))
    assert len(hours) == 26
    assert {b - a for a, b in pairwise(hours)} == {HOUR}


def test_a_half_hour_zone_begins_its_days_at_the_half_hour() -> None:
    assert midnight(date(2026, 11, 20), ZoneInfo("Asia/Kolkata")) == datetime(
        2026, 11, 19, 18, 30, tzinfo=UTC
    )


def test_a_midnight_that_is_left_out_or_shown_twice_is_the_days_first_moment() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # 2026-04-24 begins at 01:00
    assert midnight(date(2026, 4, 24), cairo) == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert hours_of(date(2026, 4, 24), "Africa/Cairo") == 23
    havana = ZoneInfo("America/Havana")  # 2026-11-01 shows 00:00 to 01:00 twice
    assert midnight(date(2026, 11, 1), havana) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert hours_of(date(2026, 11, 1), "America/Havana") == 25


def test_weeks_begin_on_mondays_and_months_on_the_first_cut_at_the_days_asked_for() -> None:
    weeks = bounds(date(2026, 11, 20), date(2026, 12, 1), Grain.WEEK, UTC)
    assert [day.day for day in weeks] == [20, 23, 30, 2]
    months = bounds(date(2026, 11, 20), date(2027, 1, 31), Grain.MONTH, UTC)
    assert [(day.month, day.day) for day in months] == [(11, 20), (12, 1), (1, 1), (2, 1)]


@settings(max_examples=300)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2000, 1, 1), date(2037, 12, 31)),
    st.integers(0, 60),
    st.sampled_from(list(Grain)),
)
def test_periods_of_every_zone_follow_each_other_and_are_made_of_whole_quarters(
    zone: str, first: date, days: int, grain: Grain
) -> None:
    """What lies in a quarter of an hour lies in one period."""
    last = first + timedelta(days=days)
    found = bounds(first, last, grain, ZoneInfo(zone))
    assert found == sorted(set(found))
    assert found[0] == midnight(first, ZoneInfo(zone))
    assert found[-1] == midnight(last + timedelta(days=1), ZoneInfo(zone))
    assert all((at - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER == timedelta(0) for at in found)


@pytest.mark.parametrize(
    ("amount", "source", "target", "rate", "expected"),
    [
        (1050, "JPY", "EUR", "0.0061", 641),  # 6.405: half up
        (-1050, "JPY", "EUR", "0.0061", -641),
        (100, "EUR", "JPY", "163.5", 164),  # 163.5
        (1000, "EUR", "BHD", "0.41", 4100),
        (3, "USD", "EUR", "0.333333333333", 1),
        (10**15, "USD", "EUR", "0.1", 10**14),
    ],
)
def test_conversion_is_exact_and_rounds_half_away_from_zero(
    amount: int, source: str, target: str, rate: str, expected: int
) -> None:
    assert convert(amount, source, target, Decimal(rate)) == expected
