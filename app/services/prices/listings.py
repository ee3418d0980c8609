"""The price of one listing, as a person says: fixed whatever the rule, or decided where it was contested."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.prices import HIGHEST_MINOR
from app.errors import Conflict, InvalidInput, NotFound
from app.services.audit import audit_subject
from app.services.prices.told import tell
from app.services.prices.wants import hold_sync, want
from app.services.uow import unit_of_work


class Choice(StrEnum):
    OURS = "ours"
    """Write ours again."""
    SHOP = "shop"
    """Let the shop's price stand: it is the listing's fixed price from now on."""


def fix_price(account_id: int, listing_id: int, override_minor: int | None, *, actor: str) -> None:
    """Fix what a listing shows, in minor units of its shop's currency; None: by the rule again.

    It decides a price that is changed or contested, too. Raises NotFound, InvalidInput.
    """
    if override_minor is not None and not 0 < override_minor <= HIGHEST_MINOR:
        raise InvalidInput(f"A price is above 0 and at most {HIGHEST_MINOR} of the currency's smallest unit.")
    with unit_of_work() as uow:
        listing = _own(uow.session, account_id, listing_id)
        hold_sync(uow.session, listing_id)
        uow.session.execute(_FIX, {"id": listing_id, "override_minor": override_minor})
        uow.session.execute(_FORGET_REVERSALS, {"id": listing_id})
        want(uow, listing_ids=[listing_id])
        detail = {"override_minor": override_minor, "currency": listing.currency}
        _write_down(uow.session, listing, actor, "price.fixed", detail)
        tell(uow.session, account_id, listing.connection_id)
        uow.commit()


def decide(account_id: int, listing_id: int, choice: Choice, *, actor: str) -> None:
    """Whose price is right, where it was changed at the shop or the shop refused ours. Raises NotFound,
    Conflict where there is nothing to decide."""
    with unit_of_work() as uow:
        listing = _own(uow.session, account_id, listing_id)
        hold_sync(uow.session, listing_id)
        price = uow.session.execute(_PRICE, {"id": listing_id}).one_or_none()
        if price is None or price.state == "active":
            raise Conflict("Nobody has to decide about this price.")
        if choice is Choice.SHOP:
            if not price.shop_minor:
                raise Conflict("The shop shows no price that could stand.")
            uow.session.execute(_FIX, {"id": listing_id, "override_minor": price.shop_minor})
        uow.session.execute(_FORGET_REVERSALS, {"id": listing_id})
        want(uow, listing_ids=[listing_id])
        detail = {
            "choice": choice.value,
            "shop_minor": price.shop_minor,
            "currency": listing.currency,
        }
        _write_down(uow.session, listing, actor, "price.decided", detail)
        tell(uow.session, account_id, listing.connection_id)
        uow.commit()


def _own(session: Session, account_id: int, listing_id: int) -> Row[Any]:
    row = session.execute(_LISTING, {"account_id": account_id, "id": listing_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such listing.")
    return row


def _write_down(
    session: Session, listing: Row[Any], actor: str, action: AuditAction, detail: dict[str, object]
) -> None:
    audit_subject(session, listing.account_id, actor, action, f"listing:{listing.id}", detail)


_LISTING = text(
    """
    SELECT l.id, l.account_id, l.connection_id, c.currency
    FROM listings l JOIN connections c ON c.id = l.connection_id
    WHERE l.account_id = :account_id AND l.id = :id
    """
)
_PRICE = text("SELECT state, shop_minor FROM listing_prices WHERE listing_id = :id FOR NO KEY UPDATE")
_FIX = text(
    """
    INSERT INTO listing_prices AS p (account_id, listing_id, connection_id, shop_minor, override_minor)
    SELECT account_id, id, connection_id, CAST(details ->> 'price_minor' AS bigint), :override_minor
    FROM listings WHERE id = :id
    ON CONFLICT (listing_id) DO UPDATE SET override_minor = EXCLUDED.override_minor
    """
)
_FORGET_REVERSALS = text(
    """
    UPDATE listing_prices SET state = 'active', reversals = 0, changed_at = NULL, hold_until = NULL,
        error = ''
    WHERE listing_id = :id
    """
)
