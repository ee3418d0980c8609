"""Sandbox shops, for trying SyncFlow before connecting one's own."""

from __future__ import annotations

from typing import Any

from app.api.errors import CREATED, OK
from app.api.limits import limit_connecting
from app.api.policy import signed_in
from app.api.resource import Resource
from app.api.schemas.connections import StartedSchema
from app.api.schemas.sandbox_shops import SandboxShopChoiceSchema, SandboxShopsSchema
from app.services import sandbox_shops
from app.services.queries.connections import connection

blp = Resource("sandbox_shops", __name__, description="Sandbox shops, for trying SyncFlow.")


@blp.route("/sandbox-shops")
@blp.response(OK, SandboxShopsSchema)
def list_sandbox_shops() -> dict[str, Any]:
    """Those that this installation offers; a production one offers none."""
    return {"items": sandbox_shops.offers(signed_in().account_id)}


@blp.route("/sandbox-shops/connect", methods=("POST",))
@blp.arguments(SandboxShopChoiceSchema)
@blp.response(CREATED, StartedSchema)
def connect(given: dict[str, int]) -> dict[str, Any]:
    """Connect one, like `POST /connections` with what it needs to be connected, which stays at the server."""
    caller = signed_in()
    limit_connecting(caller.account_id)
    started = sandbox_shops.connect(caller.account_id, given["number"], actor=caller.actor)
    return {
        "connection": connection(caller.account_id, started.connection_id),
        "authorize_url": started.authorize_url,
    }
