"""Connected shops."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.api.errors import ACCEPTED, CREATED, OK
from app.api.limits import limit_connecting
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.connections import (
    ConfigureSchema,
    ConnectionSchema,
    FirstSyncArgs,
    FirstSyncRowSchema,
    FirstSyncTotalsSchema,
    ListingArgs,
    ListingSchema,
    NewConnectionSchema,
    SourceSchema,
    SpanSchema,
    StartedSchema,
    UndoneSchema,
    WebhookDaySchema,
)
from app.api.versions import seen
from app.services import connections, undo
from app.services.connecting import start_connecting as start
from app.services.first_sync import Source, approve
from app.services.queries import connections as queries
from app.services.queries.event_log import webhook_days
from app.services.queries.first_sync import first_sync, first_sync_totals
from app.services.queries.paging import Page, Row
from app.services.versions import version_of

blp = Resource("connections", __name__, description="Connected shops.")
_version = partial(version_of, names=connections.SETTINGS)


@blp.route("/connections")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(ConnectionSchema))
def list_connections(args: dict[str, Any]) -> Page:
    """All of them, with what there is to do for each."""
    return queries.connections(principal().account_id, **args)


@blp.route("/connections", methods=("POST",))
@blp.arguments(NewConnectionSchema)
@blp.response(CREATED, StartedSchema)
def start_connecting(given: dict[str, Any]) -> dict[str, Any]:
    """Begin to connect a shop. Send the browser to `authorize_url`, where there is one."""
    caller = principal()
    limit_connecting(caller.account_id)
    started = start(caller.account_id, given["platform"], given["config"], actor=caller.actor)
    return {"connection": _now(started.connection_id), "authorize_url": started.authorize_url}


@blp.route("/connections/<int:connection_id>")
@blp.response(OK, ConnectionSchema)
@blp.versioned(_version)
def get_connection(connection_id: int) -> Row:
    """One shop, its state and the reason for it, and what there is to do."""
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>", methods=("PATCH",))
@blp.arguments(ConfigureSchema)
@blp.response(OK, ConnectionSchema)
@blp.versioned(_version)
def configure(given: dict[str, Any], connection_id: int) -> Row:
    """Change its name, how much of what is available it shows, or what happens when its numbers are changed
    at the shop."""
    caller = principal()
    connections.configure(caller.account_id, connection_id, given, actor=caller.actor, seen=seen())
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/pause", methods=("POST",))
@blp.response(OK, ConnectionSchema)
def pause(connection_id: int) -> Row:
    """Stop writing to the shop. Its orders are still taken in."""
    connections.pause(principal().account_id, connection_id, actor=principal().actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/resume", methods=("POST",))
@blp.response(OK, ConnectionSchema)
def resume(connection_id: int) -> Row:
    """Write again."""
    connections.resume(principal().account_id, connection_id, actor=principal().actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/release-brake", methods=("POST",))
@blp.response(OK, ConnectionSchema)
def release_brake(connection_id: int) -> Row:
    """Let the mass change that was held back go on."""
    connections.release_brake(principal().account_id, connection_id, actor=principal().actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/undo", methods=("POST",))
@blp.arguments(SpanSchema)
@blp.response(OK, UndoneSchema)
def undo_changes(given: dict[str, Any], connection_id: int) -> dict[str, int]:
    """Take back what the shop's numbers did to the stock between two moments: what somebody changed there,
    and what a first sync took over. Every shop follows."""
    caller = principal()
    undone = undo.undo_changes_at_shop(caller.account_id, connection_id, **given, actor=caller.actor)
    return {"movements": undone}


@blp.route("/connections/<int:connection_id>/disconnect", methods=("POST",))
@blp.response(OK, ConnectionSchema)
def disconnect(connection_id: int) -> Row:
    """Forget the shop's credentials. What was recorded of it stays."""
    connections.disconnect(principal().account_id, connection_id, actor=principal().actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/import", methods=("POST",))
@blp.response(ACCEPTED, ConnectionSchema)
def import_again(connection_id: int) -> Row:
    """Read the shop's catalog again, in the background."""
    connections.import_again(principal().account_id, connection_id, actor=principal().actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/listings")
@blp.arguments(ListingArgs, location="query")
@blp.response(OK, page_of(ListingSchema))
def list_listings(args: dict[str, Any], connection_id: int) -> Page:
    """What the shop sells, and the reason for each listing that is not kept in step."""
    return queries.listings(principal().account_id, connection_id, **args)


@blp.route("/connections/<int:connection_id>/first-sync")
@blp.arguments(FirstSyncArgs, location="query")
@blp.response(OK, page_of(FirstSyncRowSchema))
def get_first_sync(args: dict[str, Any], connection_id: int) -> Page:
    """What the first sync would change at the shop, and in the ledger. Nothing was written yet."""
    return first_sync(principal().account_id, connection_id, **args)


@blp.route("/connections/<int:connection_id>/first-sync/totals")
@blp.arguments(SourceSchema, location="query")
@blp.response(OK, FirstSyncTotalsSchema)
def get_first_sync_totals(args: dict[str, Any], connection_id: int) -> Row:
    """How many numbers the first sync would change, at the shop, in the stock and at the other shops."""
    return first_sync_totals(principal().account_id, connection_id, **args)


@blp.route("/connections/<int:connection_id>/first-sync", methods=("POST",))
@blp.arguments(SourceSchema, location="query")
@blp.response(OK, ConnectionSchema)
def approve_first_sync(given: dict[str, Any], connection_id: int) -> Row:
    """Approve the first sync: from now on the shop's numbers are written."""
    caller = principal()
    approve(caller.account_id, connection_id, Source(given["source"]), actor=caller.actor)
    return _now(connection_id)


@blp.route("/connections/<int:connection_id>/webhook-days")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(WebhookDaySchema))
def list_webhook_days(args: dict[str, Any], connection_id: int) -> Page:
    """How many changed orders its webhooks told of each day, and how many only a poll found."""
    return webhook_days(principal().account_id, connection_id, **args)


def _now(connection_id: int) -> Row:
    return queries.connection(principal().account_id, connection_id)
