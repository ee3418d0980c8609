"""How people prove who they are. All of it is a person's, whatever accounts they belong to.

Of every token only its SHA-256 is kept: they are random and long, so that nothing is gained by guessing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Id, Utc


def _of_user() -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))


class UserSession(Base):
    """A person signed in on a device. One that was ended is gone, and so are its access tokens at once."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("family_hash"),
        Index(None, "user_id", "id"),
        Index(None, "last_account_id"),
        Index(None, "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = _of_user()
    last_account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="SET NULL")
    )
    """The account that was acted for last, and is again where a refresh names none."""
    family_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the part that all refresh tokens of the session share."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the part that is new in each: any other one with this family was used before."""
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of that part of the token before, which is still answered until `previous_until`, ..."""
    previous_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """... by the current one's, which the one before opens and nobody else."""
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    address: Mapped[str] = mapped_column(Text, server_default="")
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[Utc]
    created_at: Mapped[CreatedAt]


class SecondFactor(Base):
    """A person's one-time codes; asked for once `confirmed_at` is set."""

    __tablename__ = "second_factors"
    __table_args__ = (UniqueConstraint("user_id"),)

    id: Mapped[Id]
    user_id: Mapped[int] = _of_user()
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Base32, sealed by CREDENTIAL_KEYS."""
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The 30 seconds of the last code that was taken: neither it nor an earlier one is taken again."""
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """Wrong codes since the last right one."""
    locked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]


class RecoveryCode(Base):
    """Stands in for a one-time code, once: a code that was used is gone."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[Id]
    user_id: Mapped[int] = _of_user()
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class Registration(Base):
    """What somebody entered to register, until the address is confirmed.

    One is written for an address that is known, too, though nobody is sent its token.
    """

    __tablename__ = "registrations"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "email", "id"), Index(None, "expires_at"))

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    """Where the account's days will begin."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[Utc]
    created_at: Mapped[CreatedAt]


class PasswordReset(Base):
    """Leave to set a new password. One is written for an address that is unknown, too, and sent to nobody."""

    __tablename__ = "password_resets"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "email"), Index(None, "expires_at"))

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[Utc]
    created_at: Mapped[CreatedAt]
