"""Column types and keys that every table shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Identity, MetaData, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
BigInt = Annotated[int, mapped_column(BigInteger)]
Utc = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class TenantRow:
    """A row of one account. Children refer to (account_id, id), so no key crosses tenants."""

    id: Mapped[Id]
    account_id: Mapped[BigInt]
    created_at: Mapped[CreatedAt]


def tenant_key() -> UniqueConstraint:
    """What a child's composite foreign key points at."""
    return UniqueConstraint("account_id", "id")


def tenant_ref(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key by (account_id, id): a row cannot point at another tenant's."""
    return ForeignKeyConstraint(
        ["account_id", column], [f"{table}.account_id", f"{table}.id"], ondelete=ondelete
    )


def account_ref() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["account_id"], ["accounts.id"])
