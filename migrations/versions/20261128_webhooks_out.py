"""webhooks that merchants have us send

Revision ID: 0020
Revises: 0019

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "webhook_subscriptions",
        *_tenant("webhook_subscriptions"),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("description", sa.Text, server_default="", nullable=False),
        sa.Column("state", sa.String(8), server_default="active", nullable=False),
        sa.Column("state_reason", sa.Text, server_default="", nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_until", sa.DateTime(timezone=True)),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_webhook_subscriptions_account_id_accounts")
        ),
        sa.UniqueConstraint("account_id", "id", name=op.f("uq_webhook_subscriptions_account_id_id")),
        _check("webhook_subscriptions", "state", "state IN ('active', 'paused', 'disabled', 'deleted')"),
    )
    op.create_index(
        op.f("ix_webhook_subscriptions_account_id_id"), "webhook_subscriptions", ["account_id", "id"]
    )
    op.create_table(
        "webhook_deliveries",
        *_tenant("webhook_deliveries"),
        sa.Column("subscription_id", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("claim", sa.Integer, server_default="0", nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("attempted_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Integer),
        sa.Column("fault", sa.String(32), server_default="", nullable=False),
        sa.Column("answer", sa.Text, server_default="", nullable=False),
        sa.Column("duration_ms", sa.Integer),
        sa.ForeignKeyConstraint(
            ["account_id", "subscription_id"],
            ["webhook_subscriptions.account_id", "webhook_subscriptions.id"],
            name=op.f("fk_webhook_deliveries_account_id_subscription_id_webhook_subscriptions"),
        ),
        sa.UniqueConstraint(
            "subscription_id", "event_id", name=op.f("uq_webhook_deliveries_subscription_id_event_id")
        ),
        _check("webhook_deliveries", "state", "state IN ('pending', 'delivered', 'dead')"),
    )
    op.create_index(
        op.f("ix_webhook_deliveries_subscription_id_id"), "webhook_deliveries", ["subscription_id", "id"]
    )
    op.create_index(op.f("ix_webhook_deliveries_created_at"), "webhook_deliveries", ["created_at"])
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["subscription_id", "next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade():
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_subscriptions")


def _tenant(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
