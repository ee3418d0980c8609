"""What the web app keeps for those who work with it. What is a member's goes when they leave."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, TenantRow, account_ref

CHANNELS = ("app", "email", "sms")
VIEWED = (
    "connections",
    "events",
    "listings",
    "movements",
    "orders",
    "products",
    "stock",
    "sync_runs",
    "variants",
)
"""Resources that there are views of."""
DISMISSED = ("first_steps", "tour")


def _of_member() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["user_id", "account_id"], ["memberships.user_id", "memberships.account_id"], ondelete="CASCADE"
    )


class Dashboard(TenantRow, Base):
    """A member's own arrangement of widgets."""

    __tablename__ = "dashboards"
    __table_args__ = (account_ref(), _of_member(), UniqueConstraint("account_id", "user_id", "name"))

    user_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    widgets: Mapped[list[Any]] = mapped_column(JSONB)
    """As `app.api.schemas.layouts.WidgetSchema` has checked them."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Rises with every change: who changes it says which one they saw."""


class SavedView(TenantRow, Base):
    """Filters of a list under a name; shared ones are seen by all members, and changed by their owner."""

    __tablename__ = "saved_views"
    __table_args__ = (
        account_ref(),
        _of_member(),
        UniqueConstraint("account_id", "user_id", "resource", "name"),
        Index("ix_saved_views_shared", "account_id", "id", postgresql_where=text("shared")),
        CheckConstraint(f"resource IN {VIEWED}", name="resource"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger)
    resource: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sort: Mapped[str] = mapped_column(Text, server_default="")
    shared: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    version: Mapped[int] = mapped_column(Integer, server_default="1")


class NotificationPreference(Base):
    """Whether a member wants to be told of a kind of event over a channel; no row is the default."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        account_ref(),
        _of_member(),
        CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
    )

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    """`app.domain.event_log.EventKind`."""
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    wanted: Mapped[bool] = mapped_column(Boolean)


class Dismissal(Base):
    """What a member put away, and is not shown unasked any more."""

    __tablename__ = "dismissals"
    __table_args__ = (account_ref(), _of_member(), CheckConstraint(f"kind IN {DISMISSED}", name="kind"))

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)


class WebVitalDay(Base):
    """How fast the app was on a page, as browsers measured it on a day (UTC)."""

    __tablename__ = "web_vital_days"
    __table_args__ = (account_ref(), Index(None, "day"), {"postgresql_with": {"fillfactor": "70"}})

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    route: Mapped[str] = mapped_column(Text, primary_key=True)
    metric: Mapped[str] = mapped_column(String(8), primary_key=True)
    good: Mapped[BigInt] = mapped_column(server_default="0")
    fair: Mapped[BigInt] = mapped_column(server_default="0")
    poor: Mapped[BigInt] = mapped_column(server_default="0")
    sum_thousandths: Mapped[BigInt] = mapped_column(server_default="0")
    """Of what was measured: milliseconds, or the layout's shift."""
