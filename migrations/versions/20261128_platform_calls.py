"""how the calls to shops went

Revision ID: 0021
Revises: 0020

"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CALLS = ("platform_call_minutes", "platform_call_hours")


def upgrade():
    for table in CALLS:
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
            sa.Column("account_id", sa.BigInteger, nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
            sa.Column("connection_id", sa.BigInteger, nullable=False),
            sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
            *(_count(name) for name in ("succeeded", "refused", "throttled", "failed", "unreachable")),
            sa.Column("total_ms", sa.BigInteger, nullable=False, server_default="0"),
            _count("slowest_ms"),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint(
                "connection_id", "starts_at", name=op.f(f"uq_{table}_connection_id_starts_at")
            ),
            sa.ForeignKeyConstraint(
                ["account_id", "connection_id"],
                ["connections.account_id", "connections.id"],
                name=op.f(f"fk_{table}_account_id_connection_id_connections"),
            ),
            postgresql_with={"fillfactor": "70"},
        )


def downgrade():
    for table in CALLS:
        op.drop_table(table)


def _count(name):
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")
