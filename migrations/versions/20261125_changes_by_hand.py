"""what a merchant does to stock by hand: changes and counts

Revision ID: 0010
Revises: 0009

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

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


def upgrade():
    op.create_table(
        "stock_changes",
        *_tenant_columns("stock_changes"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("location_id", sa.BigInteger, nullable=False),
        sa.Column("to_location_id", sa.BigInteger),
        sa.Column("quantities", postgresql.JSONB, nullable=False),
        sa.Column("reason", sa.String(16)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        _tenant_ref("stock_changes", "location_id", "locations"),
        _tenant_ref("stock_changes", "to_location_id", "locations"),
        sa.UniqueConstraint(
            "account_id", "idempotency_key", name=op.f("uq_stock_changes_account_id_idempotency_key")
        ),
        _check("stock_changes", "kind", "kind IN ('adjustment', 'receipt', 'transfer')"),
        _check("stock_changes", "reason", f"reason IN {REASONS}"),
        _check("stock_changes", "has_a_reason", "(kind = 'transfer') = (reason IS NULL)"),
        _check("stock_changes", "goes_somewhere", "(kind = 'transfer') = (to_location_id IS NOT NULL)"),
    )
    op.create_table(
        "stock_counts",
        *_tenant_columns("stock_counts"),
        sa.Column("location_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), server_default="open", nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        _tenant_ref("stock_counts", "location_id", "locations"),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_stock_counts_account_id_id")),
        sa.UniqueConstraint(
            "account_id", "idempotency_key", name=op.f("uq_stock_counts_account_id_idempotency_key")
        ),
        _check("stock_counts", "state", "state IN ('open', 'finishing', 'finished', 'cancelled')"),
        _check("stock_counts", "closed", "(state IN ('open', 'finishing')) = (closed_at IS NULL)"),
    )
    op.create_table(
        "stock_count_lines",
        *_tenant_columns("stock_count_lines"),
        sa.Column("count_id", sa.BigInteger, nullable=False),
        sa.Column("variant_id", sa.BigInteger, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True)),
        sa.Column("on_hand_then", sa.Integer),
        sa.Column("correction", sa.Integer),
        sa.Column("superseded", sa.Boolean, server_default=sa.text("false"), nullable=False),
        _tenant_ref("stock_count_lines", "count_id", "stock_counts"),
        _tenant_ref("stock_count_lines", "variant_id", "variants"),
        sa.UniqueConstraint(
            "count_id", "variant_id", name=op.f("uq_stock_count_lines_count_id_variant_id")
        ),
        _check("stock_count_lines", "counted", "counted >= 0"),
        _check(
            "stock_count_lines",
            "booked",
            "(booked_at IS NULL) = (on_hand_then IS NULL) AND (booked_at IS NULL) = (correction IS NULL)",
        ),
    )
    op.create_index(
        op.f("ix_stock_count_lines_variant_id_counted_at"),
        "stock_count_lines",
        ["variant_id", "counted_at"],
        postgresql_where=sa.text("booked_at IS NOT NULL"),
    )


def downgrade():
    op.drop_table("stock_count_lines")
    op.drop_table("stock_counts")
    op.drop_table("stock_changes")


def _tenant_columns(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _tenant_ref(table, column, referred):
    return sa.ForeignKeyConstraint(
        ["account_id", column],
        [f"{referred}.account_id", f"{referred}.id"],
        name=op.f(f"fk_{table}_account_id_{column}_{referred}"),
    )


def _check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
