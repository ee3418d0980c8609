"""Programs that act for an account."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, account_ref


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
