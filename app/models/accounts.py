"""Who uses SyncFlow: accounts, users, memberships, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Id, TenantRow, account_ref

ROLES = ("owner", "admin", "staff", "viewer")
LANGUAGES = ("en", "de")
"""Of mails; the first is for whoever reads none of them."""
PHONE = r"\+[1-9][0-9]{6,14}"
"""A number of E.164: `+`, the country's code, the rest without blanks."""


class Account(Base):
    """A merchant. The tenant of every other row."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("safety_stock >= 0", name="safety_stock"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock_threshold"),
        Index("ix_accounts_leaving", "delete_at", postgresql_where=text("delete_at IS NOT NULL")),
        Index(None, "sample_of", postgresql_where=text("sample_of IS NOT NULL")),
        Index(
            "ix_accounts_name_part",
            func.lower(text("name")).label("name_lower"),
            postgresql_using="gin",
            postgresql_ops={"name_lower": "gin_trgm_ops"},
        ),
        Index("uq_accounts_sample_of", "sample_of", unique=True, postgresql_where=text("delete_at IS NULL")),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    safety_stock: Mapped[int] = mapped_column(Integer, server_default="0")
    """Units of each variant that no channel is shown."""
    low_stock_threshold: Mapped[int] = mapped_column(Integer, server_default="10")
    """At how many units available over all locations variants are low that have no number of their own."""
    writes_stopped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The kill switch: while set, nothing is written to any shop. Orders are still taken in."""
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    """IANA's name of it: where the merchant's days begin."""
    reporting_currency: Mapped[str | None] = mapped_column(String(3))
    """What sums in other currencies are converted to, at the merchant's `exchange_rates`."""
    delete_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """While set, no shop is connected; when it has come, every row of the account goes."""
    ledger_proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When its books were last compared, whatever came of it."""
    sample_of: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="SET NULL"))
    """The account whose members look at this one, which holds sample data, of which nothing reaches the
    outside. An account has one, beside those that are going."""
    created_at: Mapped[CreatedAt]


class User(Base):
    """A person who signs in; belongs to accounts through memberships. `email` is lower case."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint(f"language IN {LANGUAGES}", name="language"),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    """Argon2id, PHC string."""
    language: Mapped[str | None] = mapped_column(Text)
    """The last one that they signed in with, for mails that they did not ask for themselves."""
    created_at: Mapped[CreatedAt]


class Membership(TenantRow, Base):
    __tablename__ = "memberships"
    __table_args__ = (
        account_ref(),
        UniqueConstraint("user_id", "account_id"),
        Index(None, "account_id"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint(f"phone ~ '^{PHONE}$'", name="phone"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    role: Mapped[str] = mapped_column(String(16))
    phone: Mapped[str | None] = mapped_column(Text)
    """By which they want to be told of events; theirs alone."""


class AuditEntry(TenantRow, Base):
    """Who did what. `detail` never holds secrets or customer data."""

    __tablename__ = "audit_log"
    __table_args__ = (
        account_ref(),
        Index(None, "account_id", "created_at", "id"),
        Index(None, "account_id", "actor", "created_at", "id"),
        Index(None, "account_id", "action", "created_at", "id"),
        Index(None, "account_id", "subject", "created_at", "id"),
    )

    actor: Mapped[str] = mapped_column(Text)
    """`user:<id>`, `key:<id>`, `staff:<id>`, `cli` or `system`."""
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
