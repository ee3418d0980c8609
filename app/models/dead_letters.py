"""What failed, each attempt at it, and what support had done about it."""

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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, CreatedAt, Id, Utc

LETTER_STATES = (
    "trying",  # it failed, and is tried again by itself
    "dead",  # it is not: it waits for a person
    "discarded",  # a person gave it up; it can be replayed all the same
    "mended",  # done after all, or gone
)
MASS_REPLAY_STATES = ("running", "done", "stopped")


class DeadLetter(Base):
    """A piece of work that failed: one row for the same piece, however often it does.

    The row that the work is about stays the truth; this one follows it (`app.services.dead_letters.follow`).
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index(None, "state", "failed_at", "id"),
        Index(None, "about_account_id", "failed_at", "id"),
        Index(None, "connection_id", "failed_at", "id"),
        CheckConstraint(f"state IN {LETTER_STATES}", name="state"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    """A kind of `app.services.dead_letters.kinds`, else the name of a job."""
    subject_id: Mapped[BigInt]
    """The id of the row that it is about, else the job's argument."""
    queue: Mapped[str] = mapped_column(String(16))
    about_account_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE")
    )
    connection_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("connections.id", ondelete="CASCADE")
    )
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """That failed, since it was mended, discarded or replayed."""
    error_class: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    """These three tell of the last failure."""
    failed_at: Mapped[Utc]
    replayed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was discarded or mended."""
    discarded_by: Mapped[str] = mapped_column(Text, server_default="")
    discarded_because: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[CreatedAt]


class FailedAttempt(Base):
    """One attempt that failed. No secret and no customer data: `app.services.faults`."""

    __tablename__ = "failed_attempts"
    __table_args__ = (Index(None, "letter_id", "id"), Index(None, "failed_at"))

    id: Mapped[Id]
    letter_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dead_letters.id", ondelete="CASCADE"))
    failed_at: Mapped[Utc]
    error_class: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text, server_default="")
    """Where in our code, without values; empty where a platform's answer was all that happened."""


class MassReplay(Base):
    """Many letters on their way back to work, some each second. Its row is how far it is."""

    __tablename__ = "mass_replays"
    __table_args__ = (
        CheckConstraint(f"state IN {MASS_REPLAY_STATES}", name="state"),
        CheckConstraint("per_second > 0", name="per_second"),
        Index("ix_mass_replays_running", "id", postgresql_where=text("state = 'running'")),
    )

    id: Mapped[Id]
    actor: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As of the list; what failed after `created_at` is left out."""
    letter_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    """Of these only, if a person picked them."""
    per_second: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8), server_default="running")
    total: Mapped[int] = mapped_column(Integer)
    replayed: Mapped[int] = mapped_column(Integer, server_default="0")
    passed_over: Mapped[int] = mapped_column(Integer, server_default="0")
    """That were mended meanwhile, or cannot be replayed."""
    last_id: Mapped[BigInt] = mapped_column(server_default="0")
    """Letters up to this one are behind it."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
