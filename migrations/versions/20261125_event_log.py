"""events that somebody should know of, low-stock thresholds, and what webhooks told and missed

Revision ID: 0011
Revises: 0010

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("cleared_at IS NULL")


def tenant_row(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def tenant_ref(table, column, referred):
    return sa.ForeignKeyConstraint(
        ["account_id", column],
        [f"{referred}.account_id", f"{referred}.id"],
        name=op.f(f"fk_{table}_account_id_{column}_{referred}"),
    )


def upgrade():
    op.add_column("variants", sa.Column("low_stock_threshold", sa.Integer))
    op.create_check_constraint(
        op.f("ck_variants_low_stock_threshold"), "variants", "low_stock_threshold >= 0"
    )
    op.create_table(
        "events",
        *tenant_row("events"),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("variant_id", sa.BigInteger),
        sa.Column("location_id", sa.BigInteger),
        sa.Column("connection_id", sa.BigInteger),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_events_account_id_accounts")
        ),
        tenant_ref("events", "variant_id", "variants"),
        tenant_ref("events", "location_id", "locations"),
        tenant_ref("events", "connection_id", "connections"),
    )
    op.create_index(
        "uq_events_open",
        "events",
        ["account_id", "kind", "variant_id", "location_id", "connection_id"],
        unique=True,
        postgresql_where=OPEN,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_events_account_id_id"), "events", ["account_id", "id"])
    op.create_index(op.f("ix_events_account_id_kind_id"), "events", ["account_id", "kind", "id"])
    op.create_index("ix_events_account_id_open", "events", ["account_id", "id"], postgresql_where=OPEN)
    op.create_table(
        "webhook_days",
        *tenant_row("webhook_days"),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("announced", sa.Integer, server_default="0", nullable=False),
        sa.Column("missed", sa.Integer, server_default="0", nullable=False),
        tenant_ref("webhook_days", "connection_id", "connections"),
        sa.UniqueConstraint("connection_id", "day", name=op.f("uq_webhook_days_connection_id_day")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "unannounced_orders",
        *tenant_row("unannounced_orders"),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        tenant_ref("unannounced_orders", "connection_id", "connections"),
        sa.UniqueConstraint(
            "connection_id", "external_id", name=op.f("uq_unannounced_orders_connection_id_external_id")
        ),
    )
    op.create_index(op.f("ix_unannounced_orders_found_at"), "unannounced_orders", ["found_at"])


def downgrade():
    op.drop_table("unannounced_orders")
    op.drop_table("webhook_days")
    op.drop_table("events")
    op.drop_constraint(op.f("ck_variants_low_stock_threshold"), "variants")
    op.drop_column("variants", "low_stock_threshold")
