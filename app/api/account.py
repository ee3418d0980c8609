"""What holds for all of a merchant's shops."""

from __future__ import annotations

from typing import Any

from app.api.errors import OK
from app.api.etags import if_unchanged, tagged
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.account import AccountSchema, ConfigureAccountSchema
from app.services import publishing
from app.services.queries import account as queries
from app.services.queries.paging import Row

blp = Resource("account", __name__, description="What holds for all of a merchant's shops.")


@blp.route("/account")
@blp.response(OK, AccountSchema)
@tagged(ConfigureAccountSchema)
def get_account() -> Row:
    """Its name, its safety stock, and whether writes are stopped."""
    return _now()


@blp.route("/account", methods=("PATCH",))
@blp.arguments(ConfigureAccountSchema)
@blp.response(OK, AccountSchema)
@if_unchanged(lambda: _now(), ConfigureAccountSchema)
def configure_account(given: dict[str, Any]) -> Row:
    """Keep so many units of each variant back from all channels."""
    publishing.set_safety_stock(principal().account_id, given["safety_stock"], actor=principal().actor)
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
