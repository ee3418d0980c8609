"""Webhooks that merchants have us send, and every one that was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, account_ref, tenant_key, tenant_ref

SUBSCRIPTION_STATES = (
    "active",
    "paused",  # by a person: what happens is kept until it is active again
    "disabled",  # it failed for days, or is gone: what happens meanwhile is not sent
    "deleted",  # its row stays without its secrets: deliveries may refer to it, also some being written
)
DELIVERY_STATES = ("pending", "delivered", "dead")


class WebhookSubscription(TenantRow, Base):
    """A URL that is told of some kinds of events (`app.domain.outward`)."""

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        Index(None, "account_id", "id"),
        CheckConstraint(f"state IN {SUBSCRIPTION_STATES}", name="state"),
    )

    url: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(String(8), server_default="active")
    state_reason: Mapped[str] = mapped_column(Text, server_default="")
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted, as is the one before it."""
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signs beside the secret until `previous_until`."""
    previous_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The first failure since the last success."""
    quiet_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Nothing is sent before: the receiver asked for that (Retry-After)."""


class WebhookDelivery(TenantRow, Base):
    """An event for a subscription: written with what it tells of, and kept for a while."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        tenant_ref("subscription_id", "webhook_subscriptions"),
        UniqueConstraint("subscription_id", "event_id"),
        Index(None, "subscription_id", "id"),
        Index(None, "created_at"),
        Index(
            "ix_webhook_deliveries_pending",
            "subscription_id",
            "next_attempt_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_webhook_deliveries_failed", "id", postgresql_where=text("state = 'dead'")),
        CheckConstraint(f"state IN {DELIVERY_STATES}", name="state"),
    )

    subscription_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    """What is sent, to the letter: it is signed."""
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """Since it was written, or replayed."""
    claim: Mapped[int] = mapped_column(Integer, server_default="0")
    """Rises with every worker that takes it up: what an earlier one still has to say is not heard."""
    next_attempt_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("clock_timestamp()")
    )
    """While a worker is at it, when that one's time is over."""
    attempted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(Integer)
    """These four tell of the last attempt. None where no answer came."""
    fault: Mapped[str] = mapped_column(String(32), server_default="")
    """"" or what went wrong: `app.services.webhook_sender.Fault`."""
    answer: Mapped[str] = mapped_column(Text, server_default="")
    """The first bytes of the answer."""
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Of every attempt, oldest first: `at`, `status`, `fault`, `duration_ms`."""
