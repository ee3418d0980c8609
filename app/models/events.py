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
RUN_KINDS = ("import", "first_sync", "reconcile", "push", "orders_poll", "manual", "check")
RUN_TRIGGERS = ("clock", "change", "person", "brake_release")
RUN_STATES = ("running", "succeeded", "partly", "failed")


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
        Index(
            "ix_inbound_events_order",
            "connection_id",
            "order_external_id",
            postgresql_where=text("order_external_id IS NOT NULL"),
        ),
        Index(
            "ix_inbound_events_not_well",
            "account_id",
            "id",
            postgresql_where=text("state IN ('retrying', 'dead')"),
        ),
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
    order_external_id: Mapped[str | None] = mapped_column(Text)
    """The shop's id of the order it told of, known once it was processed."""
    held: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Waited for so long that what it mentions was looked at (`order_holds`)."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    processed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SyncRun(TenantRow, Base):
    """Work on a connection that a merchant may want to look back at; it began at `created_at`.

    Short pieces of work are not stored one by one: those of a connection and kind within five minutes share
    the row of their window. Looks that found nothing share the row of the first of them (`times`).
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        tenant_ref("connection_id", "connections"),
        tenant_ref("product_id", "products", ondelete="CASCADE"),
        tenant_ref("variant_id", "variants", ondelete="CASCADE"),
        Index(None, "account_id", "created_at", "id"),
        Index(None, "account_id", "kind", "created_at", "id"),
        Index(None, "connection_id", "created_at", "id"),
        Index(None, "connection_id", "kind", "id"),
        Index(
            "ix_sync_runs_not_well",
            "account_id",
            "created_at",
            "id",
            postgresql_where=text("state IN ('partly', 'failed')"),
        ),
        Index("ix_sync_runs_running", "kind", "created_at", postgresql_where=text("state = 'running'")),
        Index(
            "uq_sync_runs_window",
            "connection_id",
            "kind",
            "window_at",
            unique=True,
            postgresql_where=text("window_at IS NOT NULL"),
        ),
        Index(
            "uq_sync_runs_asked",
            "account_id",
            "connection_id",
            "product_id",
            "variant_id",
            unique=True,
            postgresql_where=text("kind = 'manual' AND state = 'running'"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(f"kind IN {RUN_KINDS}", name="kind"),
        CheckConstraint(f"trigger IN {RUN_TRIGGERS}", name="trigger"),
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
    )

    connection_id: Mapped[int | None] = mapped_column(BigInteger)
    """None where a person asked for more than one connection."""
    product_id: Mapped[int | None] = mapped_column(BigInteger)
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    """What a person asked to sync, if not everything."""
    kind: Mapped[str] = mapped_column(String(16))
    trigger: Mapped[str] = mapped_column(String(16), server_default="clock")
    state: Mapped[str] = mapped_column(String(16), server_default="running")
    window_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The beginning of its five minutes, if it is the row of a window."""
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    times: Mapped[int] = mapped_column(Integer, server_default="1")
    looked_at: Mapped[int] = mapped_column(Integer, server_default="0")
    changed: Mapped[int] = mapped_column(Integer, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, server_default="0")
    """Numbers, listings or orders, by the kind."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    code: Mapped[str] = mapped_column(Text, server_default="")
    error: Mapped[str] = mapped_column(Text, server_default="")
    """Empty, or what went wrong last: stable for programs, and in words."""


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
