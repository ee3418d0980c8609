"""How a connected shop is doing, and what can be done about it."""

from __future__ import annotations

from typing import Any

from app.api.errors import ACCEPTED, OK
from app.api.limits import limit_connecting, limit_to
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.connection_care import HealthSchema, ReconnectSchema, TrialSchema
from app.api.schemas.connections import ConnectionSchema, StartedSchema
from app.services import connection_care as care
from app.services.queries import connections as queries
from app.services.queries.connection_health import health
from app.services.queries.paging import Row

TRIALS_A_MINUTE = 6

blp = Resource("connection_care", __name__, description="How connected shops are doing.")


@blp.route("/connections/<int:connection_id>/health")
@blp.response(OK, HealthSchema)
def get_health(connection_id: int) -> Row:
    """A light, the reason for it and what to do, and what it was made from."""
    return health(principal().account_id, connection_id)


@blp.route("/connections/<int:connection_id>/test", methods=("POST",))
@blp.response(OK, TrialSchema)
def try_connection(connection_id: int) -> care.Trial:
    """Call the shop with the stored credentials and say what came of it. A few times a minute."""
    limit_to(TRIALS_A_MINUTE, f"test:{principal().account_id}:{connection_id}")
    return care.try_out(principal().account_id, connection_id)


@blp.route("/connections/<int:connection_id>/reconnect", methods=("POST",))
@blp.arguments(ReconnectSchema)
@blp.response(OK, StartedSchema)
def reconnect(given: dict[str, Any], connection_id: int) -> dict[str, Any]:
    """Connect the same shop again, where it no longer accepts our credentials or was disconnected. Send the
    browser to `authorize_url`, where there is one."""
    caller = principal()
    limit_connecting(caller.account_id)
    started = care.reconnect(caller.account_id, connection_id, given["config"], actor=caller.actor)
    shown = queries.connection(caller.account_id, connection_id)
    return {"connection": shown, "authorize_url": started.authorize_url}


@blp.route("/connections/<int:connection_id>/webhooks", methods=("POST",))
@blp.response(ACCEPTED, ConnectionSchema)
def renew_webhooks(connection_id: int) -> Row:
    """Register the shop's webhooks again, in the background: `webhooks_checked_at` of its health tells
    when."""
    caller = principal()
    care.renew_webhooks(caller.account_id, connection_id, actor=caller.actor)
    return queries.connection(caller.account_id, connection_id)
