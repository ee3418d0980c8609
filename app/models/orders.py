"""Every channel's orders, and what each line has already done to the ledger and to our accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
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

from app.models.base import Base, BigInt, TenantRow, account_ref, tenant_key, tenant_ref

_BY_STATE = ("connection_id", "state", "payment")
_LISTED_BY = ("placed_at", "is_test", "review_reason")
NUMBER_KEY = "lower(left(ltrim(number, '# '), 100))"
SKU_KEY = "lower(left(sku, 255))"


class Order(TenantRow, Base):
    """A whole order as last fetched. `fetch_seq` is that of the fetch applied last."""

    __tablename__ = "orders"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id", "external_id"),
        Index(None, "account_id", "placed_at", "id"),
        Index(None, "connection_id", "external_updated_at"),
        Index(
            "ix_orders_uncounted", "id", postgresql_where=text("counted_hash IS DISTINCT FROM content_hash")
        ),
        Index(
            "ix_orders_uncounted_of_account",
            "account_id",
            "id",
            postgresql_where=text("counted_hash IS DISTINCT FROM content_hash"),
        ),
        # Each order of a list, within every combination of what can be asked for; what is summed beside it.
        Index(
            "ix_orders_by_placed_at",
            *_BY_STATE,
            "placed_at",
            "id",
            postgresql_include=["is_test", "review_reason", "currency", "total_minor", "refunded_minor"],
        ),
        Index(
            "ix_orders_by_updated_at",
            *_BY_STATE,
            "external_updated_at",
            "id",
            postgresql_include=_LISTED_BY,
        ),
        Index("ix_orders_by_total", *_BY_STATE, "total_minor", "id", postgresql_include=_LISTED_BY),
        Index(
            "ix_orders_in_review",
            "account_id",
            "placed_at",
            "id",
            postgresql_where=text("review_reason IS NOT NULL"),
        ),
        Index("ix_orders_test", "account_id", "placed_at", "id", postgresql_where=text("is_test")),
        Index(None, "account_id", "number_key", "id"),
        Index(
            "ix_orders_customer",
            "connection_id",
            "customer_key",
            postgresql_where=text("customer_key IS NOT NULL"),
        ),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text, server_default="")
    number_key: Mapped[str] = mapped_column(Text(collation="C"), Computed(NUMBER_KEY, persisted=True))
    """What a search for the number's beginning compares with."""
    state: Mapped[str] = mapped_column(String(16), server_default="open")
    payment: Mapped[str] = mapped_column(String(24), server_default="pending")
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    total_minor: Mapped[BigInt] = mapped_column(server_default="0")
    subtotal_minor: Mapped[BigInt] = mapped_column(server_default="0")
    tax_minor: Mapped[BigInt] = mapped_column(server_default="0")
    shipping_minor: Mapped[BigInt] = mapped_column(server_default="0")
    discount_minor: Mapped[BigInt] = mapped_column(server_default="0")
    refunded_minor: Mapped[BigInt] = mapped_column(server_default="0")
    customer_key: Mapped[str | None] = mapped_column(Text)
    is_test: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    placed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    external_updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fetched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the fetch applied last was requested, by our clock."""
    fetch_seq: Mapped[BigInt] = mapped_column(server_default="0")
    content_hash: Mapped[str] = mapped_column(Text, server_default="")
    """Of the whole order as the mapper gave it: the same again has nothing to apply."""
    review_reason: Mapped[str | None] = mapped_column(Text)
    """Set where a person must look: the order was trashed or vanished and kept its sale."""
    counted_hash: Mapped[str | None] = mapped_column(Text)
    """`content_hash` as it was when `order_sums` and `order_day_sums` counted the order last: where they
    differ it is to be counted anew. What it counts for there is kept in the others; for nothing where
    `counted_at` is NULL."""
    counted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    counted_currency: Mapped[str | None] = mapped_column(String(3))
    counted_state: Mapped[str | None] = mapped_column(String(16))
    counted_payment: Mapped[str | None] = mapped_column(String(24))
    counted_sales: Mapped[int | None] = mapped_column(Integer)
    counted_total_minor: Mapped[int | None] = mapped_column(BigInteger)
    counted_refunded_minor: Mapped[int | None] = mapped_column(BigInteger)


class OrderHold(TenantRow, Base):
    """Units that an order which could not be read yet seems to hold; lowers publishing only."""

    __tablename__ = "order_holds"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        tenant_ref("variant_id", "variants"),
        tenant_ref("location_id", "locations"),
        UniqueConstraint("connection_id", "order_external_id", "variant_id", "location_id"),
        Index(None, "variant_id", "location_id"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    order_external_id: Mapped[str] = mapped_column(Text)
    event_id: Mapped[BigInt]
    """The inbound event that mentioned it."""
    variant_id: Mapped[int] = mapped_column(BigInteger)
    location_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)


class OrderLine(TenantRow, Base):
    """One line: its state as fetched, and the effects already applied (in listing units).

    `parts` and `channel_effects` are the mapper's dated parts, kept so that a line of a listing that
    is linked later takes effect without asking the shop again.
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        tenant_key(),
        tenant_ref("order_id", "orders"),
        tenant_ref("listing_id", "listings"),
        tenant_ref("applied_variant_id", "variants"),
        tenant_ref("applied_cell_id", "stock_cells"),
        UniqueConstraint("order_id", "external_id", "external_location_id"),
        Index(None, "listing_id"),
        Index(None, "account_id", "sku_key", "order_id"),
        Index(None, "applied_variant_id"),
        Index(
            "ix_order_lines_unapplied",
            "account_id",
            "listing_external_id",
            postgresql_where=text("applied_variant_id IS NULL"),
        ),
    )

    order_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Text)
    listing_external_id: Mapped[str | None] = mapped_column(Text)
    external_location_id: Mapped[str] = mapped_column(Text, server_default="")
    """The shop's location that its units are taken from, where the shop tells."""
    listing_id: Mapped[int | None] = mapped_column(BigInteger)
    sku: Mapped[str | None] = mapped_column(Text)
    sku_key: Mapped[str | None] = mapped_column(Text(collation="C"), Computed(SKU_KEY, persisted=True))
    """What a search for the SKU's beginning compares with."""
    title: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_minor: Mapped[BigInt]
    tax_minor: Mapped[BigInt] = mapped_column(server_default="0")
    discount_minor: Mapped[BigInt] = mapped_column(server_default="0")
    parts: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    channel_effects: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))

    effect_seq: Mapped[int] = mapped_column(Integer, server_default="0")
    applied_committed: Mapped[int] = mapped_column(Integer, server_default="0")
    applied_on_hand: Mapped[int] = mapped_column(Integer, server_default="0")
    applied_channel: Mapped[int] = mapped_column(Integer, server_default="0")
    applied_variant_id: Mapped[int | None] = mapped_column(BigInteger)
    applied_location_id: Mapped[int | None] = mapped_column(BigInteger)
    applied_cell_id: Mapped[int | None] = mapped_column(BigInteger)
    applied_factor: Mapped[int] = mapped_column(Integer, server_default="1")
    applied_components: Mapped[list[Any] | None] = mapped_column(JSONB)
    """[variant, units for one of the bundle] each, as the bundle was when the line first took effect."""
