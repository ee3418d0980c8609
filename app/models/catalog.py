"""What the merchant sells (products, variants) and where it is listed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
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

from app.models.base import Base, TenantRow, account_ref, tenant_key, tenant_ref


class Product(TenantRow, Base):
    __tablename__ = "products"
    __table_args__ = (tenant_key(), account_ref(), Index(None, "account_id", "id"))

    title: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str | None] = mapped_column(Text)
    product_type: Mapped[str | None] = mapped_column(Text)
    image_url: Mapped[str | None] = mapped_column(Text)


class Variant(TenantRow, Base):
    """The thing that stock is counted of. Its SKU, where it has one, is unique and case-sensitive."""

    __tablename__ = "variants"
    __table_args__ = (
        tenant_key(),
        tenant_ref("product_id", "products"),
        Index(
            "uq_variants_account_sku",
            "account_id",
            "sku",
            unique=True,
            postgresql_where=text("sku IS NOT NULL"),
        ),
        Index(
            "ix_variants_barcode_key",
            "account_id",
            "barcode_key",
            postgresql_where=text("barcode_key IS NOT NULL"),
        ),
        Index("ix_variants_words", "words", postgresql_using="gin"),
        Index(
            "ix_variants_search",
            "account_id",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index(None, "account_id", "sku_key", "id"),
        Index(None, "account_id", "title_key", "id"),
        Index(None, "product_id"),
        CheckConstraint("sku <> ''", name="sku_not_empty"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock_threshold"),
    )

    product_id: Mapped[int] = mapped_column(BigInteger)
    sku: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    barcode: Mapped[str | None] = mapped_column(Text)
    barcode_key: Mapped[str | None] = mapped_column(Text, Computed("barcode_key(barcode)", persisted=True))
    """Its digits, filled to 14, to look it up by. What is a GTIN, `app.domain.matching.gtin` says."""
    words: Mapped[list[str]] = mapped_column(
        ARRAY(Text), Computed("title_words(account_id, title)", persisted=True)
    )
    """Of its title, each with the account before it: an index of words knows no tenants."""
    currency: Mapped[str] = mapped_column(String(3))
    price_minor: Mapped[int | None] = mapped_column(BigInteger)
    unit_cost_minor: Mapped[int | None] = mapped_column(BigInteger)
    low_stock_threshold: Mapped[int | None] = mapped_column(Integer)
    """In units available over all locations; NULL is the account's number."""
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Since when it is sold no more: lists leave it out. A listing that is linked to it brings it back."""
    search_text: Mapped[str] = mapped_column(
        Text, Computed("search_text(sku, title, barcode)", persisted=True)
    )
    """What free text finds it by, in lower case."""
    sku_key: Mapped[str] = mapped_column(Text, Computed("sort_key(sku)", persisted=True))
    title_key: Mapped[str] = mapped_column(Text, Computed("sort_key(title)", persisted=True))
    """What lists sort it by: the beginning, in lower case, which fits into an index however long it is."""


class Listing(TenantRow, Base):
    """A variant as one shop sells it. One unit of it is `factor` units of the variant."""

    __tablename__ = "listings"
    __table_args__ = (
        tenant_key(),
        tenant_ref("connection_id", "connections"),
        tenant_ref("variant_id", "variants"),
        UniqueConstraint("connection_id", "external_id"),
        Index(None, "connection_id", "external_product_id"),
        Index(None, "connection_id", "sku"),
        Index(
            "ix_listings_barcode_key",
            "connection_id",
            "barcode_key",
            postgresql_where=text("barcode_key IS NOT NULL"),
        ),
        Index("ix_listings_unlinked", "connection_id", "id", postgresql_where=text("variant_id IS NULL")),
        Index(
            "ix_listings_account_unlinked", "account_id", "id", postgresql_where=text("variant_id IS NULL")
        ),
        Index(None, "account_id", "id"),
        Index(None, "connection_id", "id"),
        Index(
            "ix_listings_search",
            "account_id",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index(None, "variant_id"),
        Index(None, "connection_id", "external_stock_id"),
        CheckConstraint("factor > 0", name="factor_positive"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent"),
        CheckConstraint("buffer >= 0 AND cap >= 0 AND fixed_quantity >= 0", name="publishing"),
        CheckConstraint("(variant_id IS NULL) = (unlinked_reason IS NOT NULL)", name="unlinked_says_why"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str] = mapped_column(Text)
    external_product_id: Mapped[str] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    factor: Mapped[int] = mapped_column(Integer, server_default="1")
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    external_stock_id: Mapped[str | None] = mapped_column(Text)
    """Its numbers: the cells of its connection that have the same, one at each of the shop's locations."""
    unlinked_reason: Mapped[str | None] = mapped_column(String(32))
    """`app.domain.matching.UnlinkedReason`."""
    paused: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Its number is read and its orders are taken in, and nothing is written."""
    share_percent: Mapped[int | None] = mapped_column(Integer)
    """`app.domain.publish.Publishing`; NULL takes the connection's."""
    buffer: Mapped[int | None] = mapped_column(Integer)
    cap: Mapped[int | None] = mapped_column(Integer)
    fixed_quantity: Mapped[int | None] = mapped_column(Integer)
    kept_apart: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """A person unlinked it: its codes link it to nothing any more."""
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What a variant made from it would take over: product title, vendor, type, image, prices."""
    barcode_key: Mapped[str | None] = mapped_column(
        Text, Computed("barcode_key((details ->> 'barcode'\\:\\:text))", persisted=True)
    )
    search_text: Mapped[str] = mapped_column(
        Text, Computed("search_text(sku, title, (details ->> 'barcode'\\:\\:text))", persisted=True)
    )
    """As a variant's."""
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last import that saw it."""


class BundleComponent(TenantRow, Base):
    """One unit of the bundle takes `quantity` units of the component. A bundle has no stock of its own, and
    is no component of another."""

    __tablename__ = "bundle_components"
    __table_args__ = (
        tenant_ref("bundle_id", "variants"),
        tenant_ref("component_id", "variants"),
        UniqueConstraint("bundle_id", "component_id"),
        Index(None, "account_id", "bundle_id"),
        Index(None, "component_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("bundle_id <> component_id", name="not_of_itself"),
    )

    bundle_id: Mapped[int] = mapped_column(BigInteger)
    component_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
