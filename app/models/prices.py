"""What each connected shop is to show of base prices, and what we know that it shows."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, TenantRow, Utc, tenant_key, tenant_ref

SYNC_STATES = (
    "off",
    "preview",  # switched on; what it would change waits for the merchant
    "on",
)
LISTING_PRICE_STATES = (
    "active",
    "changed",  # somebody changed it at the shop; written again from `hold_until` on
    "contested",  # that again and again: it waits for a person
    "failed",  # the platform refuses it; tried again when it is wanted anew
)
PRICE_OUTCOMES = ("open", "unknown", "applied", "not_applied", "rejected")


class PriceSync(TenantRow, Base):
    """The price rule of a connection; no row is one that is off. `app.domain.prices.PriceRule`."""

    __tablename__ = "price_syncs"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id"),
        CheckConstraint(f"state IN {SYNC_STATES}", name="state"),
        CheckConstraint("factor > 0", name="factor"),
        CheckConstraint("rounding IN ('unit', 'step', 'ending')", name="rounding"),
        CheckConstraint("direction IN ('nearest', 'up')", name="direction"),
        CheckConstraint("brake_percent BETWEEN 1 AND 100", name="brake_percent"),
        CheckConstraint("brake_change_percent BETWEEN 1 AND 1000", name="brake_change_percent"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8), server_default="off")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Rises with each change of the rule: a person applies the one whose preview he saw."""
    factor: Mapped[Decimal] = mapped_column(Numeric(12, 6), server_default="1")
    rates: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Currency -> units of the shop's currency for one of it, as decimal text."""
    rounding: Mapped[str] = mapped_column(String(8), server_default="unit")
    rounding_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    direction: Mapped[str] = mapped_column(String(8), server_default="nearest")
    brake_percent: Mapped[int] = mapped_column(Integer, server_default="20")
    """Of its listings, how many may change within an hour ..."""
    brake_change_percent: Mapped[int] = mapped_column(Integer, server_default="30")
    """... by more than so many percent of the price."""
    braked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Since when no price is written, as a person has to look."""
    agreed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """A person has agreed to what is written until then."""


class ListingPrice(TenantRow, Base):
    """The price of one listing. Dirty: `wanted_version > synced_version`, since `dirty_since`.

    Prices are in minor units of the connection's currency.
    """

    __tablename__ = "listing_prices"
    __table_args__ = (
        tenant_key(),
        tenant_ref("listing_id", "listings"),
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("listing_id"),
        Index(
            "ix_listing_prices_dirty",
            "connection_id",
            "dirty_since",
            postgresql_where=text("dirty_since IS NOT NULL AND state IN ('active', 'changed')"),
        ),
        Index(
            "ix_listing_prices_state", "connection_id", "state", postgresql_where=text("state <> 'active'")
        ),
        CheckConstraint(f"state IN {LISTING_PRICE_STATES}", name="state"),
        CheckConstraint("(dirty_since IS NOT NULL) = (wanted_version > synced_version)", name="dirty"),
        CheckConstraint("override_minor > 0", name="override"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    listing_id: Mapped[int] = mapped_column(BigInteger)
    connection_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), server_default="active")
    shop_minor: Mapped[int | None] = mapped_column(BigInteger)
    """What the shop shows, as far as we know; NULL where it sells without a price."""
    kept_minor: Mapped[int | None] = mapped_column(BigInteger)
    """What it showed when it was last right; NULL before the first time."""
    override_minor: Mapped[int | None] = mapped_column(BigInteger)
    """A price that a person has fixed."""
    problem: Mapped[str] = mapped_column(String(32), server_default="")
    """Why nothing is written: `app.domain.prices.Cannot`, or a reason of `app.services.price_plan`."""
    error: Mapped[str] = mapped_column(Text, server_default="")
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was last seen that somebody had changed it at the shop."""
    hold_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """Writes in a row that got no answer and had no effect."""
    reversals: Mapped[int] = mapped_column(Integer, server_default="0")
    """Times in a row that somebody at the shop changed what we had written."""
    wanted_version: Mapped[BigInt] = mapped_column(server_default="0")
    synced_version: Mapped[BigInt] = mapped_column(server_default="0")
    dirty_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PriceAttempt(TenantRow, Base):
    """A write of one price, recorded before its HTTP call. Rows of one claim share `batch_key`."""

    __tablename__ = "price_attempts"
    __table_args__ = (
        tenant_ref("listing_price_id", "listing_prices"),
        tenant_ref("connection_id", "connections"),
        Index(
            "uq_price_attempts_open",
            "listing_price_id",
            unique=True,
            postgresql_where=text("outcome IN ('open', 'unknown')"),
        ),
        Index(
            "ix_price_attempts_unanswered",
            "connection_id",
            "deadline_at",
            postgresql_where=text("outcome IN ('open', 'unknown')"),
        ),
        Index("ix_price_attempts_large", "connection_id", "created_at", postgresql_where=text("large")),
        Index(None, "listing_price_id", "id"),
        Index(None, "created_at"),
        CheckConstraint(f"outcome IN {PRICE_OUTCOMES}", name="outcome"),
        CheckConstraint("to_minor > 0", name="never_free"),
    )

    listing_price_id: Mapped[int] = mapped_column(BigInteger)
    connection_id: Mapped[int] = mapped_column(BigInteger)
    batch_key: Mapped[uuid.UUID] = mapped_column(Uuid)
    from_minor: Mapped[int] = mapped_column(BigInteger)
    to_minor: Mapped[int] = mapped_column(BigInteger)
    large: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It changes the price by more than the brake's share: `app.services.price_brake` counts it."""
    wanted_version: Mapped[BigInt]
    outcome: Mapped[str] = mapped_column(String(16), server_default="open")
    deadline_at: Mapped[Utc]
    """No request of this attempt is in flight or can still land after it."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    code: Mapped[str] = mapped_column(Text, server_default="")
    message: Mapped[str] = mapped_column(Text, server_default="")
