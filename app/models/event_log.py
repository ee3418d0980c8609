"""Things that happened and that somebody should know of. (`inbound_events` are webhooks that came in.)"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, Utc, account_ref, tenant_ref

_OPEN = text("cleared_at IS NULL")


class Event(TenantRow, Base):
    """Open for as long as it is so; one open event per account, kind and subject."""

    __tablename__ = "events"
    __table_args__ = (
        account_ref(),
        tenant_ref("variant_id", "variants"),
        tenant_ref("location_id", "locations"),
        tenant_ref("connection_id", "connections"),
        tenant_ref("order_id", "orders"),
        Index(
            "uq_events_open",
            "account_id",
            "kind",
            "variant_id",
            "location_id",
            "connection_id",
            "order_id",
            unique=True,
            postgresql_where=_OPEN,
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "account_id", "id"),
        Index(None, "account_id", "kind", "id"),
        Index("ix_events_account_id_open", "account_id", "id", postgresql_where=_OPEN),
        Index("ix_events_kind_open", "kind", "connection_id", postgresql_where=_OPEN),
    )

    kind: Mapped[str] = mapped_column(String(32))
    """`app.domain.event_log.EventKind`."""
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    location_id: Mapped[int | None] = mapped_column(BigInteger)
    connection_id: Mapped[int | None] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What was so when it began."""
    raised_at: Mapped[Utc]
    cleared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookDay(TenantRow, Base):
    """How many changed orders of a day a shop's webhooks told of, and how many only a poll found."""

    __tablename__ = "webhook_days"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id", "day"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date] = mapped_column(Date)
    """In UTC."""
    announced: Mapped[int] = mapped_column(Integer, server_default="0")
    missed: Mapped[int] = mapped_column(Integer, server_default="0")


class UnannouncedOrder(TenantRow, Base):
    """A changed order that a poll found first: its webhook may still come. Gone once that is decided."""

    __tablename__ = "unannounced_orders"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id", "external_id"),
        Index(None, "found_at"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[Utc]
    """By the shop's clock."""
    found_at: Mapped[Utc]
    """By ours."""
