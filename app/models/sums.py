"""Sums over many rows, folded by a job from what changed since (`app.services.rollups`).

Those over time are by quarters of an hour, in UTC: every time zone's days are made of whole ones. By days,
also in UTC, is what the totals of lists are made of.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, Id, account_ref, tenant_ref

_HOT = {"postgresql_with": {"fillfactor": "70"}}
Money = Annotated[int, mapped_column(Numeric(38, 0), server_default="0")]
"""Sums of amounts that others gave us have no end: one that did not fit would stop the fold for everybody."""


class Rollup(Base):
    """How far a fold is. All ids up to `counted_id` are counted; those up to `seen_id` were drawn by
    transactions older than `seen_xid`, and can be counted once those have ended."""

    __tablename__ = "rollups"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(16))
    counted_id: Mapped[BigInt] = mapped_column(server_default="0")
    seen_id: Mapped[BigInt] = mapped_column(server_default="0")
    seen_xid: Mapped[BigInt] = mapped_column(server_default="0")


class OrderSum(Base):
    """Orders of a connection that were placed within a quarter of an hour. What each counts for,
    `app.services.rollups.orders` says, and its own row keeps."""

    __tablename__ = "order_sums"
    __table_args__ = (account_ref(), tenant_ref("connection_id", "connections"), _HOT)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    connection_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    orders: Mapped[BigInt] = mapped_column(server_default="0")
    """Sales."""
    cancelled: Mapped[BigInt] = mapped_column(server_default="0")
    """Those that came to nothing: cancelled, or their payment failed."""
    total_minor: Mapped[Money]
    """Of the sales, ..."""
    refunded_minor: Mapped[Money]
    """... and what of it was paid back, whenever that was."""


class OrderDaySum(Base):
    """Orders of a connection that were placed within a day, by what became of them. Also those count that
    were no sales; test orders and those without a date do not."""

    __tablename__ = "order_day_sums"
    __table_args__ = (account_ref(), tenant_ref("connection_id", "connections"), _HOT)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    connection_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), primary_key=True)
    payment: Mapped[str] = mapped_column(String(24), primary_key=True)
    orders: Mapped[BigInt] = mapped_column(server_default="0")
    total_minor: Mapped[Money]
    refunded_minor: Mapped[Money]


class MovementSum(Base):
    """Units that came to a location's shelves and left them, by what moved them and when it was booked."""

    __tablename__ = "movement_sums"
    __table_args__ = (account_ref(), tenant_ref("location_id", "locations"), _HOT)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    location_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    """A movement's cause, or `receipt`: an adjustment that was a delivery."""
    units_in: Mapped[BigInt] = mapped_column(server_default="0")
    units_out: Mapped[BigInt] = mapped_column(server_default="0")


class PushSum(Base):
    """Writes of numbers to a shop, by when they were begun and what became of them."""

    __tablename__ = "push_sums"
    __table_args__ = (account_ref(), tenant_ref("connection_id", "connections"), _HOT)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    connection_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    applied: Mapped[BigInt] = mapped_column(server_default="0")
    stale: Mapped[BigInt] = mapped_column(server_default="0")
    """The shop's number was another than expected: nothing was written, and it is looked at again."""
    failed: Mapped[BigInt] = mapped_column(server_default="0")
    """Refused, or it never arrived."""


class UncountedPush(Base):
    """A write that a fold has passed while its outcome was open."""

    __tablename__ = "uncounted_pushes"
    __table_args__ = (account_ref(),)

    attempt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[BigInt]


class UnvaluedVariant(Base):
    """A variant to be valued anew: a trigger notes it where its cost or price changes, the fold of movements
    where its stock does. Notes are only added and taken, so that nobody waits for another's."""

    __tablename__ = "unvalued_variants"
    __table_args__ = (account_ref(),)

    id: Mapped[Id]
    account_id: Mapped[BigInt]
    variant_id: Mapped[BigInt]


class VariantValue(Base):
    """What a variant counts for in `stock_values`."""

    __tablename__ = "variant_values"
    __table_args__ = (
        tenant_ref("variant_id", "variants", ondelete="CASCADE"),
        account_ref(),
        _HOT,
    )

    variant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[BigInt]
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    units: Mapped[BigInt] = mapped_column(server_default="0")
    value_minor: Mapped[Money]
    basis: Mapped[str] = mapped_column(String(8), server_default="none")
    """What a unit is worth: its `cost`, else its `price`, else `none`."""


class StockValue(Base):
    """What is on the shelves is worth, by currency and by what it is valued at."""

    __tablename__ = "stock_values"
    __table_args__ = (account_ref(), _HOT)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    basis: Mapped[str] = mapped_column(String(8), primary_key=True)
    variants: Mapped[BigInt] = mapped_column(server_default="0")
    """Those of which there is something on hand, or less than nothing."""
    units: Mapped[BigInt] = mapped_column(server_default="0")
    value_minor: Mapped[Money]


class ExchangeRate(Base):
    """What one unit of a currency is worth in the account's reporting currency, as the merchant says."""

    __tablename__ = "exchange_rates"
    __table_args__ = (account_ref(),)

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    rate: Mapped[str] = mapped_column(Text)
    """A decimal number as it was given: 1.0825."""
