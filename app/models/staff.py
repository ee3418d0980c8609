"""The people who run SyncFlow, apart from merchants' users: how they sign in to the console, what they did.

All of it is global: staff belong to no account.
"""

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
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Id, Utc


class StaffUser(Base):
    """Somebody who may use the console; never removed, since actions name them. `email` is lower case."""

    __tablename__ = "staff_users"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    """Argon2id, PHC string."""
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time."""
    created_at: Mapped[CreatedAt]


class StaffFactor(Base):
    """A staff member's one-time codes, as `SecondFactor` has a user's; all of them have to have them."""

    __tablename__ = "staff_factors"
    __table_args__ = (UniqueConstraint("staff_user_id"),)

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff_users.id"))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Base32, sealed by CREDENTIAL_KEYS."""
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]


class StaffSession(Base):
    """A staff member at the console. One that was ended is gone."""

    __tablename__ = "staff_sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "staff_user_id"),
        Index(None, "last_used_at"),
    )

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff_users.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of what the cookie holds."""
    signed_in: Mapped[bool] = mapped_column(server_default=text("false"))
    """False while only the password was right: such a session leads to the code and nowhere else."""
    address: Mapped[str] = mapped_column(Text, server_default="")
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_at: Mapped[CreatedAt]


class StaffAction(Base):
    """What was done by staff or to staff. Nothing is changed or removed here, also when its account goes."""

    __tablename__ = "staff_actions"
    __table_args__ = (
        Index(None, "staff_user_id", "id"),
        Index(None, "action", "id"),
        Index(None, "about_account", "id"),
        Index(None, "subject_kind", "subject_id", "id"),
    )

    id: Mapped[Id]
    staff_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff_users.id"))
    """None for the command line."""
    address: Mapped[str] = mapped_column(Text, server_default="")
    action: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    about_account: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Reasons and numbers; neither secrets nor personal data."""
    created_at: Mapped[CreatedAt]


class SupportVisit(Base):
    """Leave for a staff member to read an account through the API, until it ends or is ended."""

    __tablename__ = "support_visits"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "about_account", "id"),
        Index(None, "expires_at"),
        Index(None, "staff_user_id"),
    )

    id: Mapped[Id]
    staff_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff_users.id"))
    about_account: Mapped[int] = mapped_column(BigInteger)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[Utc]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time, to the minute."""
    created_at: Mapped[CreatedAt]


class FlagSetting(Base):
    """A flag of `app.services.flags` that is not as it comes, for everybody or for one account."""

    __tablename__ = "flag_settings"
    __table_args__ = (UniqueConstraint("flag", "about_account", postgresql_nulls_not_distinct=True),)

    id: Mapped[Id]
    flag: Mapped[str] = mapped_column(Text)
    about_account: Mapped[int | None] = mapped_column(BigInteger)
    """None for everybody."""
    is_on: Mapped[bool]
    created_at: Mapped[CreatedAt]
