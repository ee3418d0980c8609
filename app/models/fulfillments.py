"""Shipments that a merchant enters here, and what became of telling the shop."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, tenant_key, tenant_ref

FULFILLMENT_STATES = (
    "pending",  # the shop was not told, or certainly did not hear it
    "sending",  # it is being told, or nobody knows what it heard: it is looked at before it is told again
    "sent",
    "failed",  # it will not have it
    "cancelled",
)
_UNFINISHED = text("state IN ('pending', 'sending')")


class Fulfillment(TenantRow, Base):
    """Units of an order that left the house in one go.

    Stock moves by the order as the shop tells it, never by this row.
    """

    __tablename__ = "fulfillments"
    __table_args__ = (
        tenant_key(),
        tenant_ref("connection_id", "connections"),
        tenant_ref("order_id", "orders"),
        UniqueConstraint("account_id", "idempotency_key"),
        Index(None, "order_id", "id"),
        Index("ix_fulfillments_unfinished", "connection_id", "id", postgresql_where=_UNFINISHED),
        Index("ix_fulfillments_order_due", "connection_id", "id", postgresql_where=text("order_due")),
        Index("ix_fulfillments_failed", "id", postgresql_where=text("state = 'failed'")),
        CheckConstraint(f"state IN {FULFILLMENT_STATES}", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    asked: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    """Order line id -> units as the caller named them; None where they asked for all that was left."""
    carrier: Mapped[str] = mapped_column(Text)
    tracking_number: Mapped[str] = mapped_column(Text)
    tracking_url: Mapped[str] = mapped_column(Text)
    notify_customer: Mapped[bool] = mapped_column(Boolean)
    actor: Mapped[str] = mapped_column(Text)
    """As in the audit log."""
    idempotency_key: Mapped[str] = mapped_column(Text)

    claim: Mapped[int] = mapped_column(Integer, server_default="0")
    """Rises with every worker that takes it up: what an earlier one still has to say is not heard."""
    next_attempt_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("clock_timestamp()")
    )
    """When a worker may take it up; while one is at it, when that one's time is over."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it was sent and may have come through."""
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """Faults in a row."""
    known_before: Mapped[list[Any] | None] = mapped_column(JSONB)
    """The shop's ids of what it showed as shipped of the order before it was first told of this."""
    external_ids: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """The shop's ids of what it made of it."""
    only_noted: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The shop cannot show a part of an order as shipped: it was told in a note."""
    error_code: Mapped[str] = mapped_column(Text, server_default="")
    error: Mapped[str] = mapped_column(Text, server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When we heard that the shop has it."""
    order_due: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It ended, and the order is to be fetched again: what moved, only the shop can tell."""


class FulfillmentLine(TenantRow, Base):
    """`quantity` units of an order's line in a shipment."""

    __tablename__ = "fulfillment_lines"
    __table_args__ = (
        tenant_ref("fulfillment_id", "fulfillments"),
        tenant_ref("order_line_id", "order_lines"),
        UniqueConstraint("fulfillment_id", "order_line_id"),
        Index(None, "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    fulfillment_id: Mapped[int] = mapped_column(BigInteger)
    order_line_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
