"""Whether the service did its work: what `app.services.uptime` saw, minute by minute."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Id, Utc

STATES = ("down", "unknown")

_NONE = text("'{}'")


class ProbeMinute(Base):
    """What was seen in a minute. One without a row was seen by nobody: the scheduler did not run, or did not
    reach the database. Kept for a week, and the first of all for ever."""

    __tablename__ = "probe_minutes"

    minute: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    down: Mapped[list[str]] = mapped_column(ARRAY(String(16)), server_default=_NONE)
    """The parts that did not work at the minute's last look; the minute was good if there are none."""
    unknown: Mapped[list[str]] = mapped_column(ARRAY(String(16)), server_default=_NONE)
    """The parts of which nothing could be told."""


class Interruption(Base):
    """Whole minutes, one after the other, in which something did not work, or nobody can tell. They never
    overlap. The newest minute with a row is not in one yet. Kept for four hundred days."""

    __tablename__ = "interruptions"
    __table_args__ = (
        CheckConstraint("state IN ('down', 'unknown')", name="state"),
        Index(None, "ended_at"),
    )

    id: Mapped[Id]
    started_at: Mapped[Utc]
    ended_at: Mapped[Utc]
    state: Mapped[str] = mapped_column(String(8))
    parts: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
