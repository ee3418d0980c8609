"""Errors by what they have in common, and the alerts of those who run the installation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, Id, Utc


class ErrorGroup(Base):
    """Errors with one fingerprint: the same fault, in the same work, at the same place in our code, on the
    same platform. It holds no id, and says nothing of any merchant. Kept for 90 days after the last one."""

    __tablename__ = "error_groups"
    __table_args__ = (
        UniqueConstraint("kind", "platform", "code", "error_class", "place", name="uq_error_groups_print"),
        Index(None, "last_seen", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(80))
    """What was worked on: a kind of dead letter, a job, or `GET /api/v1/...`."""
    platform: Mapped[str] = mapped_column(String(32))
    """"" where it had to do with no shop."""
    code: Mapped[str] = mapped_column(String(64))
    error_class: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(160))
    """Module and function, without a line, so that a release does not begin it anew."""
    first_seen: Mapped[Utc]
    last_seen: Mapped[Utc]
    count: Mapped[BigInt]
    message: Mapped[str] = mapped_column(Text)
    """Of the last one; as `app.services.faults` keeps it, without secrets and customers' data."""


class ErrorHour(Base):
    """How many of a group there were in an hour (UTC). Kept for 35 days."""

    __tablename__ = "error_hours"
    __table_args__ = (Index(None, "hour"), {"postgresql_with": {"fillfactor": "70"}})

    group_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("error_groups.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class Alert(Base):
    """Something about the installation that its operators should know of; merchants have `events`. Open for
    as long as it is so; one open alert per kind and subject. Kept for 400 days."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("uq_alerts_open", "kind", "subject", unique=True, postgresql_where=text("cleared_at IS NULL")),
        Index(None, "raised_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    """`app.domain.alerts.AlertKind`."""
    subject: Mapped[str] = mapped_column(String(64), server_default="")
    """A queue's name, for one; "" where there is only one such thing."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What was so when it began."""
    raised_at: Mapped[Utc]
    cleared_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
