"""What a merchant takes along: exports of an account."""

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

from app.models.base import Base, BigInt, TenantRow, Utc, account_ref, tenant_key, tenant_ref

EXPORT_STATES = ("waiting", "running", "done", "failed")


class AccountExport(TenantRow, Base):
    """A zip of all of an account's data, made by a job and kept for a week."""

    __tablename__ = "account_exports"
    __table_args__ = (
        account_ref(),
        tenant_key(),
        CheckConstraint(f"state IN {EXPORT_STATES}", name="state"),
        Index(
            "uq_account_exports_open",
            "account_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_account_exports_due", "due_at", postgresql_where=text("state IN ('waiting', 'running')")),
        Index("ix_account_exports_failed", "id", postgresql_where=text("state = 'failed'")),
        Index(None, "expires_at"),
    )

    user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    """Who asked for it."""
    state: Mapped[str] = mapped_column(String(16), server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """Also the number of the claim: what an earlier one writes is not taken."""
    due_at: Mapped[Utc]
    """When the sweeper wakes it."""
    row_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    byte_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str] = mapped_column(Text, server_default="")
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[Utc]


class ExportChunk(Base):
    """A piece of an export's file. In the database: every machine that serves it can reach it there."""

    __tablename__ = "export_chunks"
    __table_args__ = (account_ref(), tenant_ref("export_id", "account_exports", ondelete="CASCADE"))

    export_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[BigInt]
    content: Mapped[bytes] = mapped_column(LargeBinary)
