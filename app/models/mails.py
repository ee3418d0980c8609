"""The outbox: mails that are to be sent, and that were."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Id, Utc

MAIL_STATES = ("pending", "sent", "failed")


class Mail(Base):
    """A mail to one person, who need not belong to any account yet."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(f"state IN {MAIL_STATES}", name="state"),
        CheckConstraint("(state = 'pending') = (body IS NOT NULL)", name="body"),
        Index("ix_mails_due", "due_at", postgresql_where=text("state = 'pending'")),
        Index("ix_mails_failed", "id", postgresql_where=text("state = 'failed'")),
        Index(None, "about_account_id"),
        Index(None, "created_at"),
    )

    id: Mapped[Id]
    about_account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE")
    )
    """The account it speaks of, if there is one; goes with it."""
    recipient: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`text` and `html`, sealed by CREDENTIAL_KEYS; they may hold a one-time token, and so go when the mail
    has gone."""
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """Also the number of the claim: what an earlier one says is not heard."""
    due_at: Mapped[Utc]
    """When the sweeper wakes it."""
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str] = mapped_column(Text, server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]
