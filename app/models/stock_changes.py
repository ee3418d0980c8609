"""What a merchant does to stock by hand: adjustments, receipts, transfers, and counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, Utc, tenant_key, tenant_ref

CHANGE_KINDS = ("adjustment", "receipt", "transfer")
REASONS = (
    "correction",
    "damaged",
    "expired",
    "found",
    "lost",
    "received",
    "returned",
    "sample",
    "theft",
    "other",
)
COUNT_STATES = ("open", "finishing", "finished", "cancelled")


class StockChange(TenantRow, Base):
    """Who changed stock by hand, and why. Its movements have the source keys `change:<id>:...`."""

    __tablename__ = "stock_changes"
    __table_args__ = (
        tenant_ref("location_id", "locations"),
        tenant_ref("to_location_id", "locations"),
        UniqueConstraint("account_id", "idempotency_key"),
        CheckConstraint(f"kind IN {CHANGE_KINDS}", name="kind"),
        CheckConstraint(f"reason IN {REASONS}", name="reason"),
        CheckConstraint("(kind = 'transfer') = (reason IS NULL)", name="has_a_reason"),
        CheckConstraint("(kind = 'transfer') = (to_location_id IS NOT NULL)", name="goes_somewhere"),
    )

    kind: Mapped[str] = mapped_column(String(16))
    location_id: Mapped[int] = mapped_column(BigInteger)
    """Where; of a transfer, where from."""
    to_location_id: Mapped[int | None] = mapped_column(BigInteger)
    quantities: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Variant id -> units, signed for an adjustment."""
    reason: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    """As in the audit log."""
    idempotency_key: Mapped[str] = mapped_column(Text)


class StockCount(TenantRow, Base):
    """Counting what is on the shelves of one location, from the first number to the correction.

    `finishing`: its corrections are being booked, some transactions at a time.
    """

    __tablename__ = "stock_counts"
    __table_args__ = (
        tenant_key(),
        tenant_ref("location_id", "locations"),
        UniqueConstraint("account_id", "idempotency_key"),
        CheckConstraint(f"state IN {COUNT_STATES}", name="state"),
        CheckConstraint("(state IN ('open', 'finishing')) = (closed_at IS NULL)", name="closed"),
    )

    location_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), server_default="open")
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    """Who began it."""
    idempotency_key: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was finished or cancelled."""


class StockCountLine(TenantRow, Base):
    """`counted` units of a variant were on the shelf at `counted_at`. Its movement is `count:<id>`."""

    __tablename__ = "stock_count_lines"
    __table_args__ = (
        tenant_ref("count_id", "stock_counts"),
        tenant_ref("variant_id", "variants"),
        UniqueConstraint("count_id", "variant_id"),
        Index(None, "variant_id"),
        Index(None, "variant_id", "counted_at", postgresql_where=text("booked_at IS NOT NULL")),
        CheckConstraint("counted >= 0", name="counted"),
        CheckConstraint(
            "(booked_at IS NULL) = (on_hand_then IS NULL) AND (booked_at IS NULL) = (correction IS NULL)",
            name="booked",
        ),
    )

    count_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int] = mapped_column(BigInteger)
    counted: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[Utc]
    actor: Mapped[str] = mapped_column(Text)
    """Who counted."""
    booked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    on_hand_then: Mapped[int | None] = mapped_column(Integer)
    """What the ledger had for `counted_at` when the line was booked, ..."""
    correction: Mapped[int | None] = mapped_column(Integer)
    """... and by how much it was moved."""
    superseded: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Another count had booked a later number: nothing was moved."""
