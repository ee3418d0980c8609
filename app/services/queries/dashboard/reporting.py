"""The time zone and the currency of a merchant's reports, and the spans of time that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.domain.money import convert
from app.domain.periods import Grain, bounds
from app.errors import InvalidInput
from app.services.queries.paging import Row, read
from app.services.reporting import zone_of

DEFAULT_DAYS = 30
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
"""Days that may be asked for."""
MOST_DAYS = {Grain.HOUR: 31, Grain.DAY: 366, Grain.WEEK: 731, Grain.MONTH: 731}


@dataclass(frozen=True, slots=True)
class Reporting:
    """`rates`: what a unit of a currency is worth in `currency`."""

    time_zone: str
    currency: str | None
    rates: Mapping[str, str]
    writes_stopped: bool

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the merchant's, both included, cut into periods."""

    first: date
    last: date
    grain: Grain
    bounds: Sequence[datetime]
    """Where each period begins, and where the last one ends."""
    zone: ZoneInfo

    @property
    def periods(self) -> list[Row]:
        return [
            {"start": start, "end": end, "local_start": start.astimezone(self.zone).isoformat()}
            for start, end in zip(self.bounds, self.bounds[1:], strict=False)
        ]

    def as_row(self, reporting: Reporting) -> Row:
        return {
            "time_zone": reporting.time_zone,
            "first": self.first,
            "last": self.last,
            "grain": self.grain.value,
            "periods": self.periods,
        }


def reporting(account_id: int) -> Reporting:
    [row] = read(_REPORTING, account_id=account_id)
    return Reporting(row["time_zone"], row["currency"], row["rates"], row["writes_stopped"])


def span(of: Reporting, first: date | None, last: date | None, grain: str, *, now: datetime) -> Span:
    """The last 30 days where none were asked for. Raises InvalidInput."""
    size = Grain(grain)
    last = last or max(of.today(now), first or EARLIEST)
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    days = (last - first).days + 1
    if not 1 <= days <= MOST_DAYS[size]:
        raise InvalidInput(f"Ask for 1 to {MOST_DAYS[size]} days by the {size}, the first one first.")
    return Span(first, last, size, bounds(first, last, size, of.zone), of.zone)


def today(of: Reporting, now: datetime) -> Span:
    day = of.today(now)
    return Span(day, day, Grain.DAY, bounds(day, day, Grain.DAY, of.zone), of.zone)


def converted(
    of: Reporting, sums: Sequence[Row], amounts: Sequence[str], counts: Sequence[str]
) -> Row | None:
    """Sums by currency as one in the reporting currency; None where the merchant has none.

    Each currency's amounts are converted once, after they were added up. Currencies without a rate stay out,
    and are named in `without_rate`.
    """
    if of.currency is None:
        return None
    total: Row = {"currency": of.currency, **dict.fromkeys([*amounts, *counts], 0)}
    without = []
    for row in sums:
        rate = "1" if row["currency"] == of.currency else of.rates.get(row["currency"])
        if rate is None:
            without.append(row["currency"])
            continue
        for name in amounts:
            total[name] += convert(row[name], row["currency"], of.currency, Decimal(rate))
        for name in counts:
            total[name] += row[name]
    return {**total, "without_rate": sorted(set(without))}


_REPORTING = text(
    """
    SELECT a.time_zone, a.reporting_currency AS currency, a.writes_stopped_at IS NOT NULL AS writes_stopped,
        (SELECT coalesce(jsonb_object_agg(r.currency, r.rate), '{}') FROM exchange_rates r
         WHERE r.account_id = a.id) AS rates
    FROM accounts a WHERE a.id = :account_id
    """
)
