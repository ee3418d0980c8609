"""Queues that staff paused."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Id


class QueuePause(Base):
    """While it is there, no worker takes a job from the queue. Redis has a copy, which workers look at."""

    __tablename__ = "queue_pauses"
    __table_args__ = (UniqueConstraint("queue"),)

    id: Mapped[Id]
    queue: Mapped[str] = mapped_column(Text)
    staff_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff_users.id"))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
