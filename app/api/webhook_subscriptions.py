"""Webhooks that merchants have us send (docs/users/webhooks-out.md)."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.api.errors import ACCEPTED, CREATED, NO_CONTENT, OK
from app.api.policy import principal
from app.api.resource import Resource
from app.api.schemas.base import PageArgs, page_of
from app.api.schemas.webhook_subscriptions import (
    DeliveryArgs,
    DeliveryIdSchema,
    DeliveryInFullSchema,
    DeliverySchema,
    NewSubscriptionSchema,
    ReplayedSchema,
    ReplaySchema,
    SubscriptionChangesSchema,
    SubscriptionSchema,
    SubscriptionSecretSchema,
)
from app.api.versions import seen
from app.services import webhook_subscriptions as subscriptions
from app.services.queries import webhooks_out as queries
from app.services.queries.paging import Page, Row
from app.services.versions import version_of
from app.services.webhook_subscriptions import WithSecret

blp = Resource("webhook_subscriptions", __name__, description="Webhooks that SyncFlow sends to your systems.")
_version = partial(version_of, names=subscriptions.CHANGEABLE)


@blp.route("/webhook-subscriptions")
@blp.arguments(PageArgs, location="query")
@blp.response(OK, page_of(SubscriptionSchema))
def list_subscriptions(args: dict[str, Any]) -> Page:
    """In the order in which they were made."""
    return queries.subscriptions(principal().account_id, **args)


@blp.route("/webhook-subscriptions", methods=("POST",))
@blp.arguments(NewSubscriptionSchema)
@blp.response(CREATED, SubscriptionSecretSchema)
def subscribe(given: dict[str, Any]) -> WithSecret:
    """Have a URL told of events from now on. The answer shows the secret, once."""
    caller = principal()
    return subscriptions.subscribe(caller.account_id, **given, actor=caller.actor)


@blp.route("/webhook-subscriptions/<int:subscription_id>")
@blp.response(OK, SubscriptionSchema)
@blp.versioned(_version)
def get_subscription(subscription_id: int) -> Row:
    """One of them, without its secret."""
    return queries.subscription(principal().account_id, subscription_id)


@blp.route("/webhook-subscriptions/<int:subscription_id>", methods=("PATCH",))
@blp.arguments(SubscriptionChangesSchema)
@blp.response(OK, SubscriptionSchema)
@blp.versioned(_version)
def change_subscription(given: dict[str, Any], subscription_id: int) -> Row:
    """Change it, pause it, or make it active again."""
    caller = principal()
    subscriptions.change(caller.account_id, subscription_id, given, actor=caller.actor, seen=seen())
    return queries.subscription(caller.account_id, subscription_id)


@blp.route("/webhook-subscriptions/<int:subscription_id>", methods=("DELETE",))
@blp.response(NO_CONTENT)
def remove_subscription(subscription_id: int) -> None:
    """Nothing is sent to it any more; its log goes with it."""
    caller = principal()
    subscriptions.remove(caller.account_id, subscription_id, actor=caller.actor)


@blp.route("/webhook-subscriptions/<int:subscription_id>/secret", methods=("POST",))
@blp.response(CREATED, SubscriptionSecretSchema)
def rotate_secret(subscription_id: int) -> WithSecret:
    """A new secret, shown once. For a day the one before signs beside it."""
    caller = principal()
    return subscriptions.rotate_secret(caller.account_id, subscription_id, actor=caller.actor)


@blp.route("/webhook-subscriptions/<int:subscription_id>/ping", methods=("POST",))
@blp.response(ACCEPTED, DeliveryIdSchema)
def ping(subscription_id: int) -> dict[str, int]:
    """Send it a test event; look at the delivery to see what came of it."""
    caller = principal()
    return {"id": subscriptions.ping(caller.account_id, subscription_id, actor=caller.actor)}


@blp.route("/webhook-subscriptions/<int:subscription_id>/replay", methods=("POST",))
@blp.arguments(ReplaySchema)
@blp.response(ACCEPTED, ReplayedSchema)
def replay_failed(given: dict[str, Any], subscription_id: int) -> dict[str, int]:
    """Send all once more that failed for good since then: at most 10,000, oldest first."""
    caller = principal()
    count = subscriptions.replay_failed(
        caller.account_id, subscription_id, given["since"], actor=caller.actor
    )
    return {"deliveries": count}


@blp.route("/webhook-subscriptions/<int:subscription_id>/deliveries")
@blp.arguments(DeliveryArgs, location="query")
@blp.response(OK, page_of(DeliverySchema))
def list_deliveries(args: dict[str, Any], subscription_id: int) -> Page:
    """Newest first, of the last 30 days."""
    return queries.deliveries(principal().account_id, subscription_id, **args)


@blp.route("/webhook-deliveries/<int:delivery_id>")
@blp.response(OK, DeliveryInFullSchema)
def get_delivery(delivery_id: int) -> Row:
    """With what was sent, the first of what was answered, and every attempt."""
    return queries.delivery(principal().account_id, delivery_id)


@blp.route("/webhook-deliveries/<int:delivery_id>/replay", methods=("POST",))
@blp.response(NO_CONTENT)
def replay(delivery_id: int) -> None:
    """Send it once more, under the same id."""
    caller = principal()
    subscriptions.replay(caller.account_id, delivery_id, actor=caller.actor)
