"""What an account is called, what it keeps back from all of its shops, and at how many units stock is low."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.errors import InvalidInput
from app.services import publishing, stock_catch_up, versions
from app.services.audit import audit_subject
from app.services.uow import unit_of_work

LONGEST_NAME = 200
SETTINGS = ("name", "safety_stock", "low_stock_threshold")


def configure(
    account_id: int, changes: Mapping[str, Any], *, actor: str, seen: Collection[str] | None = None
) -> None:
    """Change those of its SETTINGS that are given, all or none. Raises NotFound, InvalidInput, Outdated."""
    with unit_of_work() as uow:
        account = publishing.account_of(uow, account_id)
        versions.require(seen, versions.version_of(account, SETTINGS))
        if "name" in changes:
            account.name = _name(changes["name"])
            subject = f"account:{account_id}"
            audit_subject(uow.session, account_id, actor, "account.renamed", subject, {"name": account.name})
        if "safety_stock" in changes:
            publishing.keep_back(uow, account, changes["safety_stock"], actor)
        if "low_stock_threshold" in changes:
            stock_catch_up.set_threshold_of_account(uow, account, changes["low_stock_threshold"], actor=actor)
        uow.commit()


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(f"A name has 1 to {LONGEST_NAME} characters.")
    return name
