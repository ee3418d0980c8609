"""In which time zone and currency a merchant's reports are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sqlalchemy import text

from app.errors import InvalidInput
from app.services import versions
from app.services.audit import audit_subject
from app.services.uow import unit_of_work

CURRENCY = re.compile(r"[A-Z]{3}")
RATE = re.compile(r"(?=.*[1-9])\d{1,9}(\.\d{1,12})?")
"""A decimal number above zero, as it is written down."""
MOST_RATES = 200
VERSIONED = ("time_zone", "currency", "rates")


def set_reporting(
    account_id: int,
    *,
    time_zone: str,
    currency: str | None,
    rates: Mapping[str, str],
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Replace all of it. Raises InvalidInput, Outdated.

    `rates`: what a unit of each currency is worth in `currency`. Sums in one that has none stay out of what
    is converted.
    """
    require_zone(time_zone)
    if any(not CURRENCY.fullmatch(code) for code in [*rates, *([currency] if currency else [])]):
        raise InvalidInput("A currency is three capital letters, such as EUR.")
    if rates and currency is None:
        raise InvalidInput("Rates need a currency that they convert to.")
    if currency in rates or len(rates) > MOST_RATES:
        raise InvalidInput(f"Rates are of other currencies, {MOST_RATES} at most.")
    if any(not RATE.fullmatch(rate) for rate in rates.values()):
        raise InvalidInput("A rate is a decimal number above 0, such as 1.0825.")
    with unit_of_work() as uow:
        session = uow.session
        # First the account's row: of two that replace at once one waits for the other.
        session.execute(_LOCK, {"id": account_id})
        current = session.execute(_CURRENT, {"id": account_id}).mappings().one()
        versions.require(seen, versions.version_of(current, VERSIONED))
        session.execute(_SET, {"id": account_id, "time_zone": time_zone, "currency": currency})
        session.execute(_DROP_RATES, {"id": account_id})
        session.execute(
            _ADD_RATES, {"id": account_id, "currencies": list(rates), "rates": list(rates.values())}
        )
        detail = {"time_zone": time_zone, "currency": currency, "rates": dict(rates)}
        audit_subject(session, account_id, actor, "account.reporting", f"account:{account_id}", detail)
        uow.commit()


def is_zone(name: str) -> bool:
    """Whether it is a time zone of IANA's."""
    return name in _zones()


def require_zone(name: str) -> ZoneInfo:
    """Raises InvalidInput for what is none."""
    if not is_zone(name):
        raise InvalidInput("A time zone has a name such as Europe/Berlin.")
    return zone_of(name)


def zone_of(name: str) -> ZoneInfo:
    """A stored time zone; UTC where this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


_LOCK = text("SELECT 1 FROM accounts WHERE id = :id FOR NO KEY UPDATE")
_CURRENT = text(
    """
    SELECT time_zone, reporting_currency AS currency, coalesce((
        SELECT jsonb_agg(jsonb_build_object('currency', r.currency, 'rate', r.rate::text) ORDER BY r.currency)
        FROM exchange_rates r WHERE r.account_id = a.id
    ), '[]') AS rates
    FROM accounts a WHERE a.id = :id
    """
)
_SET = text("UPDATE accounts SET time_zone = :time_zone, reporting_currency = :currency WHERE id = :id")
_DROP_RATES = text("DELETE FROM exchange_rates WHERE account_id = :id")
_ADD_RATES = text(
    """
    INSERT INTO exchange_rates (account_id, currency, rate)
    SELECT :id, r.currency, r.rate
    FROM unnest(CAST(:currencies AS text[]), CAST(:rates AS text[])) AS r (currency, rate)
    """
)
