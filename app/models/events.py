"""What came in from outside, and the runs that worked on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, TenantRow, account_ref, tenant_key, tenant_ref

EVENT_STATES = ("pending", "retrying", "done", "ignored", "dead")


class InboundEvent(Base):
    """A signed webhook, stored before it is answered. Partitioned by month of `received_at`."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        Index(
            "ix_inbound_events_unprocessed",
            "connection_id",
            "lane",
            "id",
            postgresql_where=text("state IN ('pending', 'retrying')"),
        ),
        Index(None, "connection_id", "dedupe_key"),
        Index(None, "account_id", "id"),
        CheckConstraint(f"state IN {EVENT_STATES}", name="state"),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), primary_key=True
    )
    account_id: Mapped[BigInt]
    connection_id: Mapped[BigInt]
    topic: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(String(8), server_default="orders")
    """`orders`, `hints` or `privacy` (app.platforms.base.Lane): each is worked on by itself."""
    dedupe_key: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    verdict: Mapped[str] = mapped_column(Text, server_default="")
    """What became of it, in a few words."""
    held: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Waited for so long that what it mentions was looked at (`order_holds`)."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    processed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SyncRun(TenantRow, Base):
    """One piece of work on a connection that a merchant may want to look back at."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        tenant_ref("connection_id", "connections"),
        Index(None, "account_id", "id"),
        Index(None, "connection_id", "id"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    """`import`, `first_sync`, `sweep` or `webhooks`."""
    state: Mapped[str] = mapped_column(String(16), server_default="running")
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    error: Mapped[str] = mapped_column(Text, server_default="")
    """Empty, or why it failed; `finished_at - created_at` is the duration."""


class SyncRunItem(TenantRow, Base):
    """One thing a run came upon that is worth showing."""

    __tablename__ = "sync_run_items"
    __table_args__ = (tenant_ref("run_id", "sync_runs", ondelete="CASCADE"), Index(None, "run_id", "id"))

    run_id: Mapped[int] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(Text)
    """An external id or SKU."""
    outcome: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(Text, server_default="")
    quantity: Mapped[int | None] = mapped_column(Integer)
    expected: Mapped[int | None] = mapped_column(Integer)
