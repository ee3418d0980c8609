"""What a merchant may do with webhooks that we send: subscribe, change, rotate, replay, remove."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.domain.outward import SUBSCRIBABLE, OutwardKind
from app.errors import Conflict, InvalidInput, NotFound
from app.models import Account, WebhookDelivery, WebhookSubscription
from app.services import outward, versions
from app.services.audit import audit_subject
from app.services.credentials import vault
from app.services.uow import UnitOfWork, unit_of_work
from app.services.webhook_sender import check_url, new_secret
from app.settings import Settings

MOST_PER_ACCOUNT = 20
OVERLAP_HOURS = 24
"""How long the secret before a rotation still signs as well."""
REPLAYED_AT_ONCE = 10_000
CHANGEABLE = ("url", "kinds", "description", "state")


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A subscription and its secret, which is shown this once."""

    id: int
    secret: str


def subscribe(account_id: int, *, url: str, kinds: Sequence[str], description: str, actor: str) -> WithSecret:
    """Have a URL told of events from now on. Raises InvalidInput, Conflict (there are too many)."""
    _check(url=url, kinds=kinds)
    secret = new_secret()
    with unit_of_work() as uow:
        uow.session.execute(
            select(Account.id).where(Account.id == account_id).with_for_update(key_share=True)
        )
        if uow.session.execute(_COUNT, {"account_id": account_id}).scalar_one() >= MOST_PER_ACCOUNT:
            raise Conflict(f"An account has at most {MOST_PER_ACCOUNT} webhooks.")
        row = WebhookSubscription(
            account_id=account_id,
            url=url,
            kinds=sorted(set(kinds)),
            description=description,
            secret=vault().seal_text(secret),
        )
        uow.session.add(row)
        uow.session.flush()
        _audit(uow.session, row, actor, "webhook.created", {"kinds": row.kinds})
        uow.commit()
    return WithSecret(row.id, secret)


def change(
    account_id: int,
    subscription_id: int,
    changes: Mapping[str, Any],
    *,
    actor: str,
    seen: Collection[str] | None = None,
) -> None:
    """Change its `url`, `kinds`, `description`, or its `state` to active or paused. One that was disabled
    starts anew when it is made active. Raises NotFound, InvalidInput, Outdated."""
    if unknown := changes.keys() - set(CHANGEABLE):
        raise InvalidInput(f"{', '.join(sorted(unknown))} cannot be changed.")
    if changes.get("state", "active") not in ("active", "paused"):
        raise InvalidInput("The state is one of active, paused.")
    with unit_of_work() as uow:  # a name is looked up outside of any transaction, and for its owner only
        _locked(uow.session, account_id, subscription_id)
    _check(url=changes.get("url"), kinds=changes.get("kinds"))
    with unit_of_work() as uow:
        row = _locked(uow.session, account_id, subscription_id)
        versions.require(seen, versions.version_of(row, CHANGEABLE))
        for name, value in changes.items():
            setattr(row, name, sorted(set(value)) if name == "kinds" else value)
        if "state" in changes:
            row.state_reason, row.failing_since, row.quiet_until = "", None, None
            uow.after_commit(outward.wake, once=outward.wake)
        # A URL may carry a secret of the receiver's.
        told = {name: value for name, value in changes.items() if name != "url"}
        _audit(uow.session, row, actor, "webhook.changed", {**told, "names": sorted(changes)})
        uow.commit()


def remove(account_id: int, subscription_id: int, *, actor: str) -> None:
    """Nothing is sent to it any more; its log goes with it. Raises NotFound."""
    with unit_of_work() as uow:
        row = _locked(uow.session, account_id, subscription_id)
        row.state, row.url, row.secret = "deleted", "", b""
        row.previous_secret = row.previous_until = None
        _audit(uow.session, row, actor, "webhook.deleted", {})
        uow.commit()


def rotate_secret(account_id: int, subscription_id: int, *, actor: str) -> WithSecret:
    """A new secret; for `OVERLAP_HOURS` the one before signs beside it. Raises NotFound."""
    secret = new_secret()
    with unit_of_work() as uow:
        row = _locked(uow.session, account_id, subscription_id)
        row.previous_secret, row.secret = row.secret, vault().seal_text(secret)
        row.previous_until = uow.session.scalar(
            select(func.clock_timestamp() + func.make_interval(0, 0, 0, 0, OVERLAP_HOURS))
        )
        _audit(uow.session, row, actor, "webhook.secret_rotated", {})
        uow.commit()
    return WithSecret(row.id, secret)


def ping(account_id: int, subscription_id: int, *, actor: str) -> int:
    """Send it a test event, as any other is sent; returns the delivery's id. Raises NotFound, Conflict."""
    with unit_of_work() as uow:
        row = _locked(uow.session, account_id, subscription_id)
        if row.state != "active":
            raise Conflict(f"A webhook that is {row.state} is sent nothing.")
        told = outward.event(account_id, OutwardKind.PING, {"subscription_id": row.id})
        delivery = WebhookDelivery(
            account_id=account_id, subscription_id=row.id, event_id=told.id, kind=told.kind, body=told.body
        )
        uow.session.add(delivery)
        uow.session.flush()
        _audit(uow.session, row, actor, "webhook.pinged", {})
        uow.after_commit(outward.wake, once=outward.wake)
        uow.commit()
    return delivery.id


def replay(account_id: int, delivery_id: int, *, actor: str) -> None:
    """Send it once more, with its own id, whatever became of it. Raises NotFound, Conflict (it waits to be
    sent)."""
    with unit_of_work() as uow:
        found = uow.session.execute(_DELIVERY, {"account_id": account_id, "id": delivery_id}).one_or_none()
        if found is None:
            raise NotFound("There is no such delivery.")
        if found.state == "pending":
            raise Conflict("This delivery waits to be sent.")
        _replay(uow, [found.id])
        subject = f"webhook_delivery:{found.id}"
        audit_subject(uow.session, account_id, actor, "webhook.replayed", subject)
        uow.commit()


def replay_failed(account_id: int, subscription_id: int, since: datetime, *, actor: str) -> int:
    """Send those once more that failed for good since then, oldest first and at most `REPLAYED_AT_ONCE`;
    returns how many. Raises NotFound."""
    with unit_of_work() as uow:
        row = _locked(uow.session, account_id, subscription_id)
        params = {"id": row.id, "since": since, "limit": REPLAYED_AT_ONCE}
        ids = uow.session.execute(_FAILED, params).scalars().all()
        _replay(uow, ids)
        _audit(
            uow.session, row, actor, "webhook.replayed", {"since": since.isoformat(), "deliveries": len(ids)}
        )
        uow.commit()
    return len(ids)


def _replay(uow: UnitOfWork, ids: Sequence[int]) -> None:
    uow.session.execute(_REPLAY, {"ids": list(ids)})
    uow.after_commit(outward.wake, once=outward.wake)


def _check(*, url: str | None, kinds: Sequence[str] | None) -> None:
    if kinds is not None and (not kinds or set(kinds) - set(SUBSCRIBABLE)):
        raise InvalidInput(f"The kinds are some of {', '.join(SUBSCRIBABLE)}.")
    if url is not None:
        settings: Settings = current_app.extensions["settings"]
        check_url(url, allow_private=settings.allow_private_shops)


def _locked(session: Session, account_id: int, subscription_id: int) -> WebhookSubscription:
    row = session.scalar(
        select(WebhookSubscription)
        .where(
            WebhookSubscription.id == subscription_id,
            WebhookSubscription.account_id == account_id,
            WebhookSubscription.state != "deleted",
        )
        .with_for_update(key_share=True)
    )
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def _audit(
    session: Session, row: WebhookSubscription, actor: str, action: AuditAction, detail: Mapping[str, Any]
) -> None:
    audit_subject(session, row.account_id, actor, action, f"webhook:{row.id}", detail)


_COUNT = text(
    "SELECT count(*) FROM webhook_subscriptions WHERE account_id = :account_id AND state <> 'deleted'"
)
_DELIVERY = text(
    """
    SELECT d.id, d.state FROM webhook_deliveries d JOIN webhook_subscriptions s ON s.id = d.subscription_id
    WHERE d.account_id = :account_id AND d.id = :id AND s.state <> 'deleted'
    FOR NO KEY UPDATE OF d
    """
)
_FAILED = text(
    """
    SELECT id FROM webhook_deliveries
    WHERE subscription_id = :id AND state = 'dead' AND created_at >= :since
    ORDER BY id LIMIT :limit FOR NO KEY UPDATE
    """
)
_REPLAY = text(
    """
    UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_attempt_at = clock_timestamp()
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)
