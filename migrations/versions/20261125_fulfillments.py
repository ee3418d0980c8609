"""shipments entered by a merchant, and events about an order

Revision ID: 0015
Revises: 0014

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SUBJECT = ["account_id", "kind", "variant_id", "location_id", "connection_id"]


def upgrade():
    op.create_table(
        "fulfillments",
        *_tenant_columns("fulfillments"),
        sa.Column("connection_id", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), server_default="pending", nullable=False),
        sa.Column("asked", JSONB),
        sa.Column("carrier", sa.Text, nullable=False),
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("tracking_url", sa.Text, nullable=False),
        sa.Column("notify_customer", sa.Boolean, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("claim", sa.Integer, server_default="0", nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("failures", sa.Integer, server_default="0", nullable=False),
        sa.Column("known_before", JSONB),
        sa.Column("external_ids", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("only_noted", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("error_code", sa.Text, server_default="", nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("order_due", sa.Boolean, server_default=sa.text("false"), nullable=False),
        _tenant_ref("fulfillments", "connection_id", "connections"),
        _tenant_ref("fulfillments", "order_id", "orders"),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_fulfillments_account_id_id")),
        sa.UniqueConstraint(
            "account_id", "idempotency_key", name=op.f("uq_fulfillments_account_id_idempotency_key")
        ),
        _check("fulfillments", "state", "state IN ('pending', 'sending', 'sent', 'failed', 'cancelled')"),
        _check("fulfillments", "sent", "(state = 'sent') = (sent_at IS NOT NULL)"),
    )
    op.create_index(op.f("ix_fulfillments_order_id_id"), "fulfillments", ["order_id", "id"])
    op.create_index(
        "ix_fulfillments_unfinished",
        "fulfillments",
        ["connection_id", "id"],
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_index(
        "ix_fulfillments_order_due",
        "fulfillments",
        ["connection_id", "id"],
        postgresql_where=sa.text("order_due"),
    )
    op.create_table(
        "fulfillment_lines",
        *_tenant_columns("fulfillment_lines"),
        sa.Column("fulfillment_id", sa.BigInteger, nullable=False),
        sa.Column("order_line_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        _tenant_ref("fulfillment_lines", "fulfillment_id", "fulfillments"),
        _tenant_ref("fulfillment_lines", "order_line_id", "order_lines"),
        sa.UniqueConstraint(
            "fulfillment_id",
            "order_line_id",
            name=op.f("uq_fulfillment_lines_fulfillment_id_order_line_id"),
        ),
        _check("fulfillment_lines", "quantity", "quantity > 0"),
    )
    op.create_index(op.f("ix_fulfillment_lines_order_line_id"), "fulfillment_lines", ["order_line_id"])
    op.add_column("events", sa.Column("order_id", sa.BigInteger))
    op.create_foreign_key(
        op.f("fk_events_account_id_order_id_orders"),
        "events",
        "orders",
        ["account_id", "order_id"],
        ["account_id", "id"],
    )
    _index_open_events([*SUBJECT, "order_id"])


def downgrade():
    op.execute("DELETE FROM events WHERE order_id IS NOT NULL")
    _index_open_events(SUBJECT)
    op.drop_column("events", "order_id")
    op.drop_table("fulfillment_lines")
    op.drop_table("fulfillments")


def _index_open_events(columns):
    op.drop_index("uq_events_open", "events")
    op.create_index(
        "uq_events_open",
        "events",
        columns,
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )


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
