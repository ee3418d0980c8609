"""Connected shops, where they keep stock, and who is working on them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, account_ref, tenant_key, tenant_ref

CONNECTION_STATES = (
    "connecting",  # the merchant was sent to the platform
    "importing",  # credentials work, catalog not yet read
    "review",  # imported; the first-sync diff waits for the merchant
    "active",
    "paused",  # takes orders in, writes nothing
    "needs_auth",  # the platform refuses our credentials
    "disconnected",
    "sample",  # of a sample account: no shop stands behind it, and nothing works on it
)
DRIFT_POLICIES = ("merge", "syncflow_wins", "last_write_wins", "review")


class Connection(TenantRow, Base):
    """One shop on one platform. A reconnect of the same shop reuses the row.

    `orders_cursor` is the highest `updated_at` seen, by the platform's clock; polls start before it.
    `token_version` rises with every stored set of credentials.
    """

    __tablename__ = "connections"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        UniqueConstraint("public_id"),
        Index(
            "uq_connections_active_shop",
            "platform",
            "external_shop_id",
            unique=True,
            postgresql_where=text("state NOT IN ('connecting', 'disconnected')"),
        ),
        Index(
            "uq_connections_connect_state",
            "connect_state_hash",
            unique=True,
            postgresql_where=text("connect_state_hash IS NOT NULL"),
        ),
        CheckConstraint(f"state IN {CONNECTION_STATES}", name="state"),
        CheckConstraint(f"drift_policy IN {DRIFT_POLICIES}", name="drift_policy"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="share_percent"),
        CheckConstraint("buffer >= 0 AND cap >= 0", name="publishing"),
        CheckConstraint("brake_percent BETWEEN 1 AND 100", name="brake_percent"),
    )

    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    """Names the connection in URLs."""
    platform: Mapped[str] = mapped_column(Text)
    external_shop_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3), server_default="")
    state: Mapped[str] = mapped_column(String(16), server_default="connecting")
    state_reason: Mapped[str] = mapped_column(Text, server_default="")
    config: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What the merchant filled in to connect, without secrets."""
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted JSON document."""
    token_version: Mapped[int] = mapped_column(Integer, server_default="0")
    token_lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    webhook_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted; signs this connection's webhooks where the platform lets us choose."""
    connect_state_hash: Mapped[str | None] = mapped_column(Text)
    """SHA-256 hex of the one-time state of an authorisation under way."""
    connect_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    drift_policy: Mapped[str] = mapped_column(String(16), server_default="merge")
    share_percent: Mapped[int] = mapped_column(Integer, server_default="100")
    """These three are `app.domain.publish.Publishing`; a listing's own go before them."""
    buffer: Mapped[int] = mapped_column(Integer, server_default="0")
    cap: Mapped[int | None] = mapped_column(Integer)
    brake_percent: Mapped[int] = mapped_column(Integer, server_default="20")
    """Of its numbers, how many may be zeroed or raised within an hour for other reasons than orders."""
    braked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Since when such writes wait for a person."""
    brakes_off_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """A person has agreed to what is written until then."""
    orders_cursor: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    orders_polled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    levels_cursor: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    levels_swept_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sweep_not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """After a standstill the sweeps of all shops are due; they are spread, unless somebody asks for one."""
    webhooks_checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """Calls in a row that failed; 0 after any success."""
    backoff_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_success_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """After failures, or before it was asked to be read anew; polls and sweeps that went well count too."""
    last_error: Mapped[str] = mapped_column(Text, server_default="")


class Location(TenantRow, Base):
    """A place where the merchant keeps stock."""

    __tablename__ = "locations"
    __table_args__ = (tenant_key(), account_ref(), UniqueConstraint("account_id", "name"))

    name: Mapped[str] = mapped_column(Text)


class ConnectionLocation(TenantRow, Base):
    """A place where a shop keeps numbers, and which of ours it stands for: none, where we leave it alone.

    On a platform without locations the shop's one place, "", may stand for several of ours. Where there is a
    choice, what happens hits them by priority, lowest first.
    """

    __tablename__ = "connection_locations"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        tenant_ref("location_id", "locations"),
        UniqueConstraint(
            "connection_id",
            "external_location_id",
            "location_id",
            name="uq_connection_locations_place",
            postgresql_nulls_not_distinct=True,
        ),
        UniqueConstraint("account_id", "connection_id", "location_id"),
        Index(None, "account_id", "location_id"),
    )

    connection_id: Mapped[int] = mapped_column(BigInteger)
    external_location_id: Mapped[str] = mapped_column(Text, server_default="")
    name: Mapped[str] = mapped_column(Text, server_default="")
    """As the shop calls it."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """The shop still has it."""
    location_id: Mapped[int | None] = mapped_column(BigInteger)
    priority: Mapped[int] = mapped_column(Integer, server_default="0")


class DrainLease(Base):
    """At most one drain of a kind works on a connection; a dead worker's lease runs out.

    Rows are claims, not data: they belong to the connection, whose account they share.
    """

    __tablename__ = "drain_leases"

    connection_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    token: Mapped[uuid.UUID] = mapped_column(Uuid)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    wanted: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Somebody else came for it meanwhile: there may be work that its holder has not seen."""
    awaited: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Somebody is waiting for it now: its holder should make room soon."""
