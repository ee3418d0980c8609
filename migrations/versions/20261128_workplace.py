"""dashboards, saved views, notification preferences and web vitals

Revision ID: 0018
Revises: 0017

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

RESOURCES = "('connections', 'events', 'listings', 'orders', 'products', 'stock', 'sync_runs')"


def upgrade():
    op.create_table(
        "dashboards",
        *_tenant_row("dashboards"),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("widgets", JSONB, nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        *_refs("dashboards", of_member=True),
        sa.UniqueConstraint("account_id", "user_id", "name", name=op.f("uq_dashboards_account_id_user_id_name")),
    )
    op.create_table(
        "saved_views",
        *_tenant_row("saved_views"),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("resource", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("sort", sa.Text, server_default="", nullable=False),
        sa.Column("shared", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        *_refs("saved_views", of_member=True),
        sa.UniqueConstraint(
            "account_id", "user_id", "resource", "name",
            name=op.f("uq_saved_views_account_id_user_id_resource_name"),
        ),
        sa.CheckConstraint(f"resource IN {RESOURCES}", name=op.f("ck_saved_views_resource")),
    )
    op.create_index(
        "ix_saved_views_shared", "saved_views", ["account_id", "id"], postgresql_where=sa.text("shared")
    )
    op.create_table(
        "notification_preferences",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        *_refs("notification_preferences", of_member=True),
        sa.PrimaryKeyConstraint(
            "account_id", "user_id", "kind", "channel", name=op.f("pk_notification_preferences")
        ),
        sa.CheckConstraint(
            "channel IN ('app', 'email', 'sms')", name=op.f("ck_notification_preferences_channel")
        ),
    )
    op.create_table(
        "web_vital_days",
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("metric", sa.String(8), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, server_default="0", nullable=False)
            for name in ("good", "fair", "poor", "sum_thousandths")
        ),
        *_refs("web_vital_days", of_member=False),
        sa.PrimaryKeyConstraint("account_id", "day", "route", "metric", name=op.f("pk_web_vital_days")),
        postgresql_with={"fillfactor": "70"},
    )


def downgrade():
    for table in ("web_vital_days", "notification_preferences", "saved_views", "dashboards"):
        op.drop_table(table)


def _tenant_row(table):
    return (
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _refs(table, *, of_member):
    yield sa.ForeignKeyConstraint(
        ["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id_accounts")
    )
    if of_member:
        yield sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["memberships.user_id", "memberships.account_id"],
            name=op.f(f"fk_{table}_user_id_account_id_memberships"),
            ondelete="CASCADE",
        )
