"""Hours, days, weeks and months as a merchant's clock shows them, as moments in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

DAY = timedelta(days=1)


class Grain(StrEnum):
    """How long a period is. Weeks begin on Mondays."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def bounds(first: date, last: date, grain: Grain, zone: tzinfo) -> list[datetime]:
    """Where the periods of the days from `first` to `last`, both included, begin, and the last one ends.

    The first and the last period are cut at these days. A day on which clocks change has 23 or 25 hours, and
    counts as one.
    """
    end = midnight(last + DAY, zone)
    if grain is Grain.HOUR:
        begin = midnight(first, zone)
        hours = -((begin - end) // timedelta(hours=1))
        return [*(begin + timedelta(hours=hour) for hour in range(hours)), end]
    begins, day = [first], _next(first, grain)
    while day <= last:
        begins.append(day)
        day = _next(day, grain)
    return [*(midnight(day, zone) for day in begins), end]


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day there, also where clocks leave midnight out or show it twice."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _next(day: date, grain: Grain) -> date:
    """The first day of the period after the one that `day` lies in."""
    if grain is Grain.WEEK:
        return day + DAY * (7 - day.weekday())
    if grain is Grain.MONTH:
        return (day.replace(day=1) + 31 * DAY).replace(day=1)
    return day + DAY
