"""What holds for all of a merchant's shops."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.api.errors import OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.account import AccountSchema, ConfigureAccountSchema
from app.api.versions import seen
from app.services import accounts, publishing
from app.services.queries import account as queries
from app.services.queries.paging import Row
from app.services.versions import version_of

blp = Resource("account", __name__, description="What holds for all of a merchant's shops.")
_version = partial(version_of, names=accounts.SETTINGS)


@blp.route("/account")
@blp.response(OK, AccountSchema)
@blp.versioned(_version)
def get_account() -> Row:
    """Its name, what it keeps back, when stock is low, and whether writes are stopped."""
    return _now()


@blp.route("/account", methods=("PATCH",))
@blp.arguments(ConfigureAccountSchema)
@blp.response(OK, AccountSchema)
@blp.versioned(_version)
def configure_account(given: dict[str, Any]) -> Row:
    """Call it otherwise, keep so many units of each variant back from all channels, or say at how many
    stock is low. What is so by the new number is told within moments, or is over."""
    accounts.configure(principal().account_id, given, actor=principal().actor, seen=seen())
    return _now()


@blp.route("/account/stop-writes", methods=("POST",))
@blp.response(OK, AccountSchema)
def stop_writes() -> Row:
    """Write nothing more to any shop, at once. Orders are still taken in."""
    publishing.stop_writes(principal().account_id, actor=principal().actor)
    return _now()


@blp.route("/account/allow-writes", methods=("POST",))
@blp.response(OK, AccountSchema)
def allow_writes() -> Row:
    """Write again, after orders and levels were read anew."""
    publishing.allow_writes(principal().account_id, actor=principal().actor)
    return _now()


def _now() -> Row:
    return queries.account(principal().account_id)
