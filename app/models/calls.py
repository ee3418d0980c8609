"""How the calls to shops went: rollups, written by `app.services.call_meter`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantRow, Utc, tenant_ref

OUTCOMES = ("succeeded", "refused", "throttled", "failed", "unreachable")


class _Calls(TenantRow):
    """Calls of a connection that were answered, or given up, in the span that begins at `starts_at` (UTC).

    A call counts in one of five columns: `succeeded` (below 300 and understood), `refused` (any other 3xx or
    4xx: what was asked is wrong, or gone), `throttled` (429), `failed` (5xx, 408, half an answer),
    `unreachable` (no connection, no answer). Each try of a call that was repeated counts by itself. What a
    platform says inside a good answer is not looked at. `total_ms / (sum of the five)` is the mean latency.
    """

    connection_id: Mapped[int] = mapped_column(BigInteger)
    starts_at: Mapped[Utc]
    succeeded: Mapped[int] = mapped_column(Integer, server_default="0")
    refused: Mapped[int] = mapped_column(Integer, server_default="0")
    throttled: Mapped[int] = mapped_column(Integer, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, server_default="0")
    unreachable: Mapped[int] = mapped_column(Integer, server_default="0")
    total_ms: Mapped[int] = mapped_column(BigInteger, server_default="0")
    slowest_ms: Mapped[int] = mapped_column(Integer, server_default="0")


class PlatformCallMinute(_Calls, Base):
    """The calls of a minute. Kept for two days."""

    __tablename__ = "platform_call_minutes"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id", "starts_at"),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class PlatformCallHour(_Calls, Base):
    """The calls of an hour. Kept for four hundred days."""

    __tablename__ = "platform_call_hours"
    __table_args__ = (
        tenant_ref("connection_id", "connections"),
        UniqueConstraint("connection_id", "starts_at"),
        {"postgresql_with": {"fillfactor": "70"}},
    )
