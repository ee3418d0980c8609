"""What a connection's listings are to show, by its rule as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.prices import Base, Cannot, Direction, PriceRule, Rounding, shown_price


class Unwritable(StrEnum):
    """Why a price that could be computed is not written."""

    NOT_PRICED = "not_priced"
    """The shop sells it without a price: to give it one would put it on sale."""
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class Sync:
    """A row of price_syncs."""

    connection_id: int
    account_id: int
    rule: PriceRule
    brake_percent: int
    brake_change_percent: int
    agreed: bool
    """A person has agreed to what is written now."""


def sync_of(session: Session, connection_id: int) -> Sync | None:
    """The connection's price sync, or None where nobody has ever set one."""
    row = session.execute(_SYNC, {"connection_id": connection_id}).one_or_none()
    if row is None:
        return None
    rule = PriceRule(
        currency=row.currency,
        factor=row.factor,
        rates={currency: Decimal(rate) for currency, rate in row.rates.items()},
        rounding=Rounding(row.rounding),
        rounding_minor=row.rounding_minor,
        direction=Direction(row.direction),
    )
    return Sync(
        connection_id,
        row.account_id,
        rule,
        row.brake_percent,
        row.brake_change_percent,
        row.agreed,
    )


def target_of(row: Row[Any], rule: PriceRule) -> int | Cannot:
    """What a listing is to show, in minor units of the shop's currency, of a row with BASE_COLUMNS."""
    base = Base(row.price_minor, row.currency or "", row.factor)
    return shown_price(base, rule, override_minor=row.override_minor)


BASE_COLUMNS = "v.price_minor, v.currency, l.factor, p.override_minor"
"""Of a listing `l`, its price `p` and its variant `v`."""
_SYNC = text(
    """
    SELECT s.account_id, s.factor, s.rates, s.rounding, s.rounding_minor, s.direction, s.brake_percent,
        s.brake_change_percent, c.currency,
        coalesce(s.agreed_until > clock_timestamp(), false) AS agreed
    FROM price_syncs s JOIN connections c ON c.id = s.connection_id
    WHERE s.connection_id = :connection_id
    """
)
