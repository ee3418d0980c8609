"""The ledger of stock, and what we believe of each channel's numbers."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, TenantRow, Utc, tenant_key, tenant_ref

MOVEMENT_CAUSES = ("order", "fulfillment", "return", "adjustment", "drift", "import", "transfer", "count")
ATTEMPT_OUTCOMES = ("open", "unknown", "applied", "not_applied", "stale", "rejected")
CELL_STATES = ("waiting", "active", "failed")
DRIFT_STATES = ("pending", "review", "booked", "overwritten", "reversed")
REVIEW_REASONS = ("", "policy", "no_identity", "reversed")


class StockLevel(TenantRow, Base):
    """`available = on_hand - committed`, in units of the variant. Both may be negative for a while."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        UniqueConstraint("account_id", "id", "variant_id", "location_id"),  # what a movement points at
        tenant_ref("variant_id", "variants"),
        tenant_ref("location_id", "locations"),
        UniqueConstraint("variant_id", "location_id"),
        Index(None, "account_id", "location_id"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    variant_id: Mapped[int] = mapped_column(BigInteger)
    location_id: Mapped[int] = mapped_column(BigInteger)
    on_hand: Mapped[int] = mapped_column(Integer, server_default="0")
    committed: Mapped[int] = mapped_column(Integer, server_default="0")


class StockMovement(TenantRow, Base):
    """The append-only ledger: a trigger refuses UPDATE and DELETE. Balances are after the movement."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "level_id", "variant_id", "location_id"],
            [f"stock_levels.{name}" for name in ("account_id", "id", "variant_id", "location_id")],
            name="fk_stock_movements_account_id_level",
        ),
        UniqueConstraint("account_id", "source_key"),
        Index(None, "level_id", "id"),
        Index(None, "account_id", "location_id", "cause", "created_at", "id"),
        Index(
            "ix_stock_movements_by_hand",
            "level_id",
            "created_at",
            postgresql_where=text("cause NOT IN ('order', 'fulfillment', 'return', 'import')"),
        ),
        Index(
            "ix_stock_movements_first_sync",
            "account_id",
            "created_at",
            postgresql_where=text("source_key LIKE 'first_sync:%'"),
        ),
        CheckConstraint(f"cause IN {MOVEMENT_CAUSES}", name="cause"),
        CheckConstraint("on_hand_delta <> 0 OR committed_delta <> 0", name="moves_something"),
    )

    level_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int] = mapped_column(BigInteger)
    location_id: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(String(16))
    source_key: Mapped[str] = mapped_column(Text)
    """`line:<order line id>:<effect_seq>`, `drift:<id>`, `baseline:<cell id>:<variant id>`, ..."""
    on_hand_delta: Mapped[int] = mapped_column(Integer)
    committed_delta: Mapped[int] = mapped_column(Integer)
    on_hand_after: Mapped[int] = mapped_column(Integer)
    committed_after: Mapped[int] = mapped_column(Integer)
    occurred_at: Mapped[Utc]


class StockCell(TenantRow, Base):
    """Where a channel keeps one number, and what we believe of it.

    `account`: what the number would be if all we know were all there is; NULL before the baseline.
    `drift`: last accepted reading - account. The expected number is account + drift.
    `version` rises at an attempt's start and end and at every accepted reading.
    Dirty: `wanted_version > synced_version`, since `dirty_since`. `check_due_at`: when a reading is wanted,
    if at all.
    """

    __tablename__ = "stock_cells"
    __table_args__ = (
        tenant_key(),
        tenant_ref("connection_id", "connections"),
        tenant_ref("location_id", "locations"),
        tenant_ref("variant_id", "variants"),
        UniqueConstraint("connection_id", "external_stock_id", "external_location_id"),
        Index(None, "variant_id"),
        Index(
            "ix_stock_cells_dirty",
            "connection_id",
            "dirty_since",
            postgresql_where=text("dirty_since IS NOT NULL AND state = 'active'"),
        ),
        Index(
            "ix_stock_cells_check_due",
            "connection_id",
            "check_due_at",
            postgresql_where=text("check_due_at IS NOT NULL"),
        ),
        Index(
            "ix_stock_cells_track_due",
            "connection_id",
            "track_due_at",
            postgresql_where=text("track_due_at IS NOT NULL"),
        ),
        Index(None, "account_id", "location_id"),
        Index("ix_stock_cells_failed", "connection_id", postgresql_where=text("state = 'failed'")),
        Index(
            "ix_stock_cells_differs",
            "account_id",
            "variant_id",
            postgresql_where=text("state <> 'active' OR dirty_since IS NOT NULL OR drift <> 0"),
        ),
        Index(
            "ix_stock_cells_not_active",
            "account_id",
            "state",
            "id",
            postgresql_where=text("state <> 'active'"),
        ),
        CheckConstraint(f"state IN {CELL_STATES}", name="state"),
        CheckConstraint("(dirty_since IS NOT NULL) = (wanted_version > synced_version)", name="dirty"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_stock_id: Mapped[str] = mapped_column(Text)
    external_location_id: Mapped[str] = mapped_column(Text, server_default="")
    location_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    factor: Mapped[int] = mapped_column(Integer, server_default="1")
    state: Mapped[str] = mapped_column(String(16), server_default="waiting")
    """`waiting`: unlinked or before the first sync; `failed`: the platform refuses this cell."""
    error: Mapped[str] = mapped_column(Text, server_default="")

    account: Mapped[int | None] = mapped_column(Integer)
    drift: Mapped[int] = mapped_column(Integer, server_default="0")
    version: Mapped[BigInt] = mapped_column(server_default="0")
    baseline_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_level: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Its baseline opened the ledger's level: what the channel took and did not ship is on the shelf."""
    track_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """A listing of it was linked by hand: when it is to be read, and the orders before to take effect."""
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the last recorded reading was requested, ..."""
    read_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """... when it had been answered, ..."""
    read_quantity: Mapped[int | None] = mapped_column(Integer)
    """... and the number that it showed."""
    reported: Mapped[int | None] = mapped_column(Integer)
    """A number seen in passing that differed; a reading is due unless we come to expect it."""
    check_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    checks: Mapped[int] = mapped_column(Integer, server_default="0")
    """Readings in a row that were in doubt."""
    in_review: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Its drift waits for a person: until then its number is only lowered."""
    reversals: Mapped[int] = mapped_column(Integer, server_default="0")
    """Times in a row that somebody at the shop put back what we had written over."""
    stale: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Compare-and-set failed since the last reading: raises wait, lowers go as deltas."""

    wanted_version: Mapped[BigInt] = mapped_column(server_default="0")
    synced_version: Mapped[BigInt] = mapped_column(server_default="0")
    dirty_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PushAttempt(TenantRow, Base):
    """A write of one cell, recorded before its HTTP call. Rows of one call share `batch_key`."""

    __tablename__ = "push_attempts"
    __table_args__ = (
        tenant_ref("cell_id", "stock_cells"),
        tenant_ref("connection_id", "connections"),
        Index(
            "uq_push_attempts_open_cell",
            "cell_id",
            unique=True,
            postgresql_where=text("outcome IN ('open', 'unknown')"),
        ),
        Index(
            "ix_push_attempts_open",
            "connection_id",
            "deadline_at",
            postgresql_where=text("outcome IN ('open', 'unknown')"),
        ),
        Index(None, "cell_id", "id"),
        Index(None, "connection_id", "created_at", "id"),
        Index("ix_push_attempts_age", "created_at", postgresql_using="brin"),
        Index(
            "ix_push_attempts_unexplained",
            "connection_id",
            "created_at",
            postgresql_where=text("unexplained"),
        ),
        CheckConstraint(f"outcome IN {ATTEMPT_OUTCOMES}", name="outcome"),
        CheckConstraint("kind IN ('set', 'delta')", name="kind"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    cell_id: Mapped[int] = mapped_column(BigInteger)
    batch_key: Mapped[uuid.UUID] = mapped_column(Uuid)
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(8))
    from_quantity: Mapped[int] = mapped_column(Integer)
    to_quantity: Mapped[int] = mapped_column(Integer)
    wanted_version: Mapped[BigInt]
    unexplained: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It zeroes or raises a number for another reason than orders: `app.services.brakes` counts it."""
    tries: Mapped[int] = mapped_column(Integer, server_default="1")
    outcome: Mapped[str] = mapped_column(String(16), server_default="open")
    started_at: Mapped[Utc]
    """When the number it starts from was read or expected: the start of its read-to-write window."""
    deadline_at: Mapped[Utc]
    """No request of this attempt is in flight or can still land after it."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    code: Mapped[str] = mapped_column(Text, server_default="")
    message: Mapped[str] = mapped_column(Text, server_default="")


class CellEffect(TenantRow, Base):
    """A change that a channel made to its own number and that we learned of. Kept for a day."""

    __tablename__ = "cell_effects"
    __table_args__ = (
        tenant_ref("cell_id", "stock_cells"),
        Index(None, "cell_id", "learned_at"),
        Index(None, "learned_at"),
    )

    cell_id: Mapped[int] = mapped_column(BigInteger)
    delta: Mapped[int] = mapped_column(Integer)
    effected_at: Mapped[Utc]
    """By the platform's clock."""
    known_at: Mapped[Utc]
    """When the answer that told of it was complete: it happened before."""
    learned_at: Mapped[Utc]
    """When our account was moved by it."""
    overwritten: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """A write without compare-and-set wiped it out of the number, as far as readings tell: the account does
    not count it."""


class Drift(TenantRow, Base):
    """A difference between a reading and the account, and what became of it."""

    __tablename__ = "drifts"
    __table_args__ = (
        tenant_key(),
        tenant_ref("cell_id", "stock_cells"),
        Index(
            "uq_drifts_open_cell",
            "cell_id",
            unique=True,
            postgresql_where=text("state IN ('pending', 'review')"),
        ),
        Index("ix_drifts_review", "account_id", "id", postgresql_where=text("state = 'review'")),
        Index(None, "account_id", "id"),
        Index(None, "account_id", "closed_at", "id"),
        Index(None, "cell_id", "id"),
        CheckConstraint(f"state IN {DRIFT_STATES}", name="state"),
        CheckConstraint(f"review_reason IN {REVIEW_REASONS}", name="review_reason"),
    )

    cell_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16), server_default="pending")
    seen_at: Mapped[Utc]
    """When this quantity was first read."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    review_reason: Mapped[str] = mapped_column(String(16), server_default="")
    """Why a person has to decide: the connection's policy, a number that is not simply what is available, or
    somebody who keeps putting his own number back."""
    shown: Mapped[int | None] = mapped_column(Integer)
    """The channel's number when it was decided; of one that waits for a person, what it was changed to."""
