"""Calls that carried an Idempotency-Key, and what they were answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, Utc, account_ref


class IdempotentCall(TenantRow, Base):
    """Under way while it has no status, and anybody's to try again once its lease has run out."""

    __tablename__ = "idempotent_calls"
    __table_args__ = (
        account_ref(),
        UniqueConstraint("account_id", "actor", "key"),
        Index(None, "created_at"),
    )

    actor: Mapped[str] = mapped_column(Text)
    """Whose key it is; two members may take the same one."""
    key: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the method, the path, the query and the body."""
    leased_until: Mapped[Utc]
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: it may hold a secret that is shown once. {"body": text, "headers": {name: value}}"""
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
