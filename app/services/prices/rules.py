"""The price rule of a connection: set, previewed, applied, and the brake released."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.event_log import EventKind
from app.domain.prices import Direction, PriceRule, Rounding, problem_of
from app.errors import Conflict, InvalidInput, NotFound
from app.services import shops, versions
from app.services.audit import audit
from app.services.connections import AGREED_FOR
from app.services.event_log import Subject, clear_events
from app.services.prices.told import tell
from app.services.prices.wants import want
from app.services.uow import unit_of_work

BRAKE = {"brake_percent": 100, "brake_change_percent": 1000}
"""Each from 1 to so many percent."""
VERSIONED = ("state", "version")


def set_rule(
    account_id: int,
    connection_id: int,
    given: Mapping[str, Any],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Replace the rule. `enabled` switches price sync on or off; the rest is `PriceRule`'s and the brake's.

    Switched on, it waits for `apply`: nothing is written before. A rule that is on and changes is written at
    once. Raises NotFound, InvalidInput, Outdated, and Conflict where no price can be written to the shop.
    """
    if given["enabled"]:
        _require_writable(account_id, connection_id)
    for name, most in BRAKE.items():
        if not 1 <= given[name] <= most:
            raise InvalidInput(f"{name} is from 1 to {most} percent.")
    with unit_of_work() as uow:
        connection = _locked(uow.session, account_id, connection_id)
        current = uow.session.execute(_CURRENT, {"connection_id": connection_id}).mappings().one()
        versions.require(seen, versions.version_of(current, VERSIONED))
        rule = _rule(given, connection.currency)
        if problem := problem_of(rule):
            raise InvalidInput(problem)
        values = _columns(rule, given)
        row = uow.session.execute(
            _SET, {**values, "account_id": account_id, "connection_id": connection_id}
        ).one()
        audit(uow.session, account_id, actor, "prices.rule_set", connection_id, _written_down(values, row))
        if row.state == "on":
            want(uow, connection_ids=[connection_id])
        if row.state == "off":
            _clear_brake(uow.session, account_id, connection_id)
        tell(uow.session, account_id, connection_id)
        uow.commit()


def apply(account_id: int, connection_id: int, version: int, *, actor: str) -> None:
    """A person has seen what the rule of this version changes: it is written from now on.

    Raises NotFound, and Conflict where it does not wait for that, or is another one by now.
    """
    _require_writable(account_id, connection_id)
    with unit_of_work() as uow:
        _locked(uow.session, account_id, connection_id)
        params = {"connection_id": connection_id, "version": version, "agreed_for": AGREED_FOR}
        if uow.session.execute(_APPLY, params).first() is None:
            raise Conflict("There is no such rule that waits to be applied: look at its preview again.")
        uow.session.execute(_BEGIN_ANEW, params)
        want(uow, connection_ids=[connection_id])
        audit(uow.session, account_id, actor, "prices.rule_applied", connection_id, {"version": version})
        uow.commit()


def release_brake(account_id: int, connection_id: int, *, actor: str) -> None:
    """Let the prices that were held back be written; the next hour's count as agreed. Raises NotFound,
    Conflict."""
    with unit_of_work() as uow:
        _locked(uow.session, account_id, connection_id)
        params = {"connection_id": connection_id, "agreed_for": AGREED_FOR}
        if uow.session.execute(_RELEASE, params).first() is None:
            raise Conflict("The brake of this connection's prices is not on.")
        want(uow, connection_ids=[connection_id])
        audit(uow.session, account_id, actor, "prices.brake_released", connection_id)
        clear_events(uow.session, [_brake_event(account_id, connection_id)])
        uow.commit()


def _require_writable(account_id: int, connection_id: int) -> None:
    """Raises NotFound, and Conflict with the reason why no price can be written to the shop."""
    with unit_of_work() as uow:
        _locked(uow.session, account_id, connection_id)
    shop = shops.open_channel(connection_id)
    if not shop.platform.capabilities.price_batch:
        raise Conflict(f"SyncFlow writes no prices to {shop.platform.name} yet.")
    if obstacle := shop.channel.price_obstacle():
        raise Conflict(obstacle)


def _locked(session: Session, account_id: int, connection_id: int) -> Row[Any]:
    row = session.execute(_OWN, {"account_id": account_id, "id": connection_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def _rule(given: Mapping[str, Any], currency: str) -> PriceRule:
    return PriceRule(
        currency=currency,
        factor=Decimal(given["factor"]),
        rates={name: Decimal(rate) for name, rate in given["rates"].items()},
        rounding=Rounding(given["rounding"]),
        rounding_minor=given["rounding_minor"],
        direction=Direction(given["direction"]),
    )


def _columns(rule: PriceRule, given: Mapping[str, Any]) -> dict[str, object]:
    return {
        "state": "preview" if given["enabled"] else "off",
        "factor": rule.factor,
        "rates": json.dumps({name: str(rate) for name, rate in rule.rates.items()}),
        "rounding": rule.rounding.value,
        "rounding_minor": rule.rounding_minor,
        "direction": rule.direction.value,
        **{name: given[name] for name in BRAKE},
    }


def _written_down(values: Mapping[str, object], row: Row[Any]) -> dict[str, object]:
    return {**values, "factor": str(values["factor"]), "state": row.state, "version": row.version}


def _clear_brake(session: Session, account_id: int, connection_id: int) -> None:
    session.execute(_TAKE_OFF, {"connection_id": connection_id})
    clear_events(session, [_brake_event(account_id, connection_id)])


def _brake_event(account_id: int, connection_id: int) -> tuple[EventKind, Subject]:
    return EventKind.PRICE_BRAKE, Subject(account_id, connection_id=connection_id)


_OWN = text(
    """
    SELECT currency FROM connections WHERE account_id = :account_id AND id = :id FOR NO KEY UPDATE
    """
)
_CURRENT = text(
    """
    SELECT coalesce(s.state, 'off') AS state, coalesce(s.version, 0) AS version
    FROM connections c LEFT JOIN price_syncs s ON s.connection_id = c.id WHERE c.id = :connection_id
    """
)
_SET = text(
    """
    INSERT INTO price_syncs AS s (account_id, connection_id, state, factor, rates, rounding, rounding_minor,
        direction, brake_percent, brake_change_percent)
    VALUES (:account_id, :connection_id, :state, :factor, CAST(:rates AS jsonb), :rounding, :rounding_minor,
        :direction, :brake_percent, :brake_change_percent)
    ON CONFLICT (connection_id) DO UPDATE SET version = s.version + 1, factor = EXCLUDED.factor,
        rates = EXCLUDED.rates, rounding = EXCLUDED.rounding, rounding_minor = EXCLUDED.rounding_minor,
        direction = EXCLUDED.direction, brake_percent = EXCLUDED.brake_percent,
        brake_change_percent = EXCLUDED.brake_change_percent, agreed_until = NULL,
        state = CASE WHEN s.state = 'on' AND EXCLUDED.state = 'preview' THEN 'on' ELSE EXCLUDED.state END
    RETURNING state, version
    """
)
_APPLY = text(
    """
    UPDATE price_syncs SET state = 'on', braked_at = NULL,
        agreed_until = clock_timestamp() + CAST(:agreed_for AS interval)
    WHERE connection_id = :connection_id AND state = 'preview' AND version = :version
    RETURNING id
    """
)
# What was kept, changed or refused under an earlier rule, before it was switched off, says nothing any more.
_BEGIN_ANEW = text(
    """
    WITH those AS (
        SELECT id FROM listing_prices WHERE connection_id = :connection_id
        ORDER BY listing_id FOR NO KEY UPDATE
    )
    UPDATE listing_prices p SET kept_minor = NULL, state = 'active', reversals = 0, changed_at = NULL,
        hold_until = NULL, error = '', problem = ''
    FROM those WHERE p.id = those.id
    """
)
_RELEASE = text(
    """
    UPDATE price_syncs SET braked_at = NULL,
        agreed_until = clock_timestamp() + CAST(:agreed_for AS interval)
    WHERE connection_id = :connection_id AND braked_at IS NOT NULL
    RETURNING id
    """
)
_TAKE_OFF = text("UPDATE price_syncs SET braked_at = NULL WHERE connection_id = :connection_id")
