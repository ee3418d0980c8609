"""Base prices of variants, as the merchant sets them: one by one, or many together."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.domain.prices import HIGHEST_MINOR
from app.errors import InvalidInput, NotFound
from app.services.audit import audit_subject
from app.services.matching import take_turns
from app.services.prices.wants import want
from app.services.uow import unit_of_work

MOST_AT_ONCE = 1000
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class BasePrice:
    """In minor units; None takes it away. `currency` None: the variant's own."""

    variant_id: int
    price_minor: int | None
    currency: str | None = None


class InvalidPrices(InvalidInput):
    """Some of the prices cannot be used; none was set."""

    code = "invalid_rows"

    def __init__(self, errors: Mapping[int, str]) -> None:
        """`errors`: what is wrong, by the variant's id."""
        super().__init__()
        self.errors = {str(variant_id): fault for variant_id, fault in errors.items()}


def set_base_price(account_id: int, price: BasePrice, *, actor: str) -> None:
    """Raises NotFound, InvalidInput."""
    try:
        set_base_prices(account_id, [price], actor=actor)
    except InvalidPrices as err:
        [fault] = err.errors.values()
        kind = NotFound if fault == _UNKNOWN else InvalidInput
        raise kind(fault) from err


def set_base_prices(account_id: int, prices: Sequence[BasePrice], *, actor: str) -> int:
    """All or none of up to MOST_AT_ONCE, and have the shops whose price sync is on follow.

    Safe to repeat: returns how many are others now. Raises InvalidInput, InvalidPrices.
    """
    if not 1 <= len(prices) <= MOST_AT_ONCE:
        raise InvalidInput(f"Give 1 to {MOST_AT_ONCE} prices at once.")
    given = Counter(price.variant_id for price in prices)
    with unit_of_work() as uow:
        take_turns(uow.session, account_id)  # a listing that is being linked would not be found below
        params = {"account_id": account_id, "ids": list(given)}
        currencies = {row.id: row.currency for row in uow.session.execute(_LOCK, params)}
        faults = {p.variant_id: fault for p in prices if (fault := _fault(p, given, currencies))}
        if faults:
            raise InvalidPrices(faults)
        rows = [
            {
                "id": p.variant_id,
                "price_minor": p.price_minor,
                "currency": p.currency or currencies[p.variant_id],
            }
            for p in prices
        ]
        changed = list(uow.session.execute(_SET, {"rows": json.dumps(rows)}).scalars())
        if changed:
            want(uow, variant_ids=changed)
            written = {str(r["id"]): [r["price_minor"], r["currency"]] for r in rows if r["id"] in changed}
            subject = f"account:{account_id}"
            audit_subject(uow.session, account_id, actor, "prices.set", subject, {"variants": written})
        uow.commit()
    return len(changed)


def _fault(price: BasePrice, given: Counter[int], currencies: Mapping[int, str]) -> str:
    if price.variant_id not in currencies:
        return _UNKNOWN
    if given[price.variant_id] > 1:
        return "It is given more than once."
    if price.price_minor is not None and not 0 < price.price_minor <= HIGHEST_MINOR:
        return f"A price is above 0 and at most {HIGHEST_MINOR} of the currency's smallest unit."
    if price.currency is not None and not _CURRENCY.fullmatch(price.currency):
        return "A currency is a code of three capital letters."
    if price.price_minor is not None and not (price.currency or currencies[price.variant_id]):
        return "Say in which currency: the variant has none yet."
    return ""


_UNKNOWN = "There is no such variant."
_LOCK = text(
    """
    SELECT id, currency FROM variants
    WHERE account_id = :account_id AND id = ANY(CAST(:ids AS bigint[]))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_SET = text(
    """
    UPDATE variants v SET price_minor = r.price_minor, currency = r.currency
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint, price_minor bigint, currency text)
    WHERE v.id = r.id AND (v.price_minor, v.currency) IS DISTINCT FROM (r.price_minor, r.currency)
    RETURNING v.id
    """
)
