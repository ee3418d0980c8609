"""Who may join an account, and programs that act for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.accounts import ROLES
from app.models.base import Base, TenantRow, Utc, account_ref


class ApiKey(TenantRow, Base):
    """Lets a program act for the account within its scopes, with no more rights than its maker has now."""

    __tablename__ = "api_keys"
    __table_args__ = (account_ref(), UniqueConstraint("secret_hash"), Index(None, "account_id", "id"))

    user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    """Who made it."""
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(16))
    """The beginning of the secret, by which people tell keys apart."""
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256: the secret has 256 random bits, so that no slow hash is needed."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """To the minute."""


class Invitation(TenantRow, Base):
    """An open offer to join the account; the row goes when it is accepted or revoked."""

    __tablename__ = "invitations"
    __table_args__ = (
        account_ref(),
        ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["memberships.user_id", "memberships.account_id"],
            ondelete="CASCADE",
        ),
        Index(None, "user_id", "account_id"),
        UniqueConstraint("account_id", "email"),
        UniqueConstraint("token_hash"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
    )

    email: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int] = mapped_column(BigInteger)
    """Who invites. The invitation goes with them."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of what the last mail's link holds."""
    sent_at: Mapped[Utc]
    expires_at: Mapped[Utc]
