"""CSV files that merchants upload, row by row, and what each row would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, BigInt, TenantRow, account_ref, tenant_key, tenant_ref

IMPORT_KINDS = ("catalog", "counts")
IMPORT_STATES = (
    "receiving",
    "checking",
    "checked",
    "applying",
    "applied",
    "cancelled",
    "refused",
    "failed",
)
ROW_OUTCOMES = ("create", "change", "same", "fault")


class CsvImport(TenantRow, Base):
    """A file on its way into the tables.

    `receiving` its bytes, `checking` what its rows would do, `checked` and waiting for a person, `applying`
    batch by batch. `refused`: it cannot be read; `failed`: our fault, too often.
    """

    __tablename__ = "csv_imports"
    __table_args__ = (
        tenant_key(),
        account_ref(),
        tenant_ref("location_id", "locations"),
        tenant_ref("count_id", "stock_counts"),
        Index(None, "account_id", "id"),
        Index("ix_csv_imports_wake", "wake_at", postgresql_where=text("wake_at IS NOT NULL")),
        Index("ix_csv_imports_failed", "id", postgresql_where=text("state = 'failed'")),
        Index(None, "created_at"),
        CheckConstraint(f"kind IN {IMPORT_KINDS}", name="kind"),
        CheckConstraint(f"state IN {IMPORT_STATES}", name="state"),
        CheckConstraint("(kind = 'counts') = (location_id IS NOT NULL)", name="counted_somewhere"),
        CheckConstraint("wake_at IS NULL OR state IN ('checking', 'applying')", name="wake"),
    )

    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), server_default="receiving")
    file_name: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    """As in the audit log."""
    currency: Mapped[str | None] = mapped_column(String(3))
    """Of amounts whose row and variant have none."""
    location_id: Mapped[int | None] = mapped_column(BigInteger)
    """Where it was counted, ..."""
    counted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """... and when, for rows that do not say."""
    count_id: Mapped[int | None] = mapped_column(BigInteger)
    """The count that its numbers were put into."""
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    ignored: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """Columns of the file that mean nothing to us."""
    size_bytes: Mapped[BigInt] = mapped_column(server_default="0")
    read_bytes: Mapped[BigInt] = mapped_column(server_default="0")
    checked_line: Mapped[int] = mapped_column(Integer, server_default="0")
    """Rows up to this line are stored."""
    creates: Mapped[int] = mapped_column(Integer, server_default="0")
    changes: Mapped[int] = mapped_column(Integer, server_default="0")
    unchanged: Mapped[int] = mapped_column(Integer, server_default="0")
    faulty: Mapped[int] = mapped_column(Integer, server_default="0")
    applied_line: Mapped[int] = mapped_column(Integer, server_default="0")
    """Rows up to this line are applied."""
    applied: Mapped[int] = mapped_column(Integer, server_default="0")
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    """In a row, of the work on it."""
    problem: Mapped[str] = mapped_column(Text, server_default="")
    """Why it was refused or failed."""
    wake_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When a worker is to be woken for it, unless one goes on with it until then."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CsvImportPart(Base):
    """A piece of the file, kept until its rows are."""

    __tablename__ = "csv_import_parts"
    __table_args__ = (tenant_ref("import_id", "csv_imports", ondelete="CASCADE"),)

    import_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[BigInt]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class CsvImportRow(Base):
    """What a row of the file gives, and what it would do or, once applied, did."""

    __tablename__ = "csv_import_rows"
    __table_args__ = (
        tenant_ref("import_id", "csv_imports", ondelete="CASCADE"),
        Index(None, "import_id", "outcome", "line"),
        Index("ix_csv_import_rows_key", "import_id", "key", postgresql_where=text("key IS NOT NULL")),
        CheckConstraint(f"outcome IN {ROW_OUTCOMES}", name="outcome"),
    )

    import_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[BigInt]
    key: Mapped[str | None] = mapped_column(Text)
    """`v<variant id>`, or `s<SKU>` of a variant that there is not yet: no two rows may have the same."""
    given: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(String(8))
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Field -> old and new."""
    problem: Mapped[str] = mapped_column(Text, server_default="")
